// The exit statuses of the launcher and of a worker. Documented in docs/exit-codes.md and gofer(8).
#pragma once

namespace base {

// How `gofer` ends. With `-- CMD` a start that succeeded ends with CMD's own status instead.
enum class ExitCode : int {
  kOk = 0,               // every connection was closed by its client
  kInternal = 1,         // a fault of ours, or a system call that failed for no reason named below
  kUsage = 2,            // the command line is wrong
  kPolicyViolation = 3,  // a worker made a system call that its policy forbids
  kPanicOnWrite = 4,     // a client tried to write to a panic-on-write attach point
  kWorkerDied = 5,       // a worker was ended by any other signal
  kNotAsPlanned = 8,     // a process is not as its plan says: the start is given up
  kWeaker = 9,           // gofer doctor: it works here, with less than it could have
  kBadSpec = 65,         // config.json is wrong (EX_DATAERR)
  kUnavailable = 69,     // the kernel lacks something the jail needs (EX_UNAVAILABLE)
  kNoPermission = 77,    // not allowed to do what the start needs (EX_NOPERM)
};

// How a worker ends by itself; the supervisor turns it into a cause.
enum class WorkerExit : int {
  kHangup = 0,        // the client closed the connection
  kInternal = 1,      // a fault of ours
  kPanicOnWrite = 4,  // a write was tried on a panic-on-write attach point
  kProtocol = 6,      // the client sent what cannot be a 9P frame
  kSetup = 7,         // a step of the jail failed; the reason went to the launcher
};

}  // namespace base

// Runtime: what the C and C++ libraries and the launcher left in a process, brought to a known
// state while every system call is still allowed.
#pragma once

namespace sandbox {

// True in builds with sanitizers or coverage. Their run-time libraries make system calls and
// mappings of their own: filter, MDWE and RLIMIT_AS are left out there, and nothing else differs.
#ifdef GOFER_INSTRUMENTED
inline constexpr bool kInstrumented = true;
#else
inline constexpr bool kInstrumented = false;
#endif

// Every signal has its default action but SIGPIPE and SIGXFSZ, which are ignored (EPIPE and EFBIG
// come instead); none is blocked. umask 0: the server's clients say what they want.
void reset_signals_and_umask();

// Overwrites the texts of the environment, which a launcher may hold secrets in, and empties it.
void wipe_environment();

// One malloc arena, and the fixed thresholds that keep its system calls to brk, mmap, munmap,
// mremap and madvise; and the first throw of the process, whose one-time work needs calls that no
// policy has.
void settle_allocator_and_unwinder();

}  // namespace sandbox

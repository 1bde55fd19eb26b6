// What the processes of a role do for a living, each work in a child under a given filter. The
// tests say how the child ends under its role's own program, and that with any rule less it dies.
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <functional>
#include <span>
#include <string>
#include <utility>

#include "spec/base/fd.h"
#include "tests/support/temp_dir.h"

namespace audit {

using Filter = std::span<const sock_filter>;

// How a child ended: a status of waitpid(2), and what it logged.
struct Ended {
  int status = 0;
  std::string log;

  bool by(int signal) const;
  bool with(int exit_status) const;
  std::string text() const;
};

// A child process that is killed and reaped when this goes out of scope.
class Child {
 public:
  // Forks a child that runs `body`, with no core file, and exits with what it returns.
  explicit Child(const std::function<int()>& body);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  pid_t pid() const { return pid_; }
  // Waits for its end; the status of waitpid(2).
  int end();
  // Waits until the process `pid` is in `state` (a letter of /proc/PID/stat) under a filter. False
  // if this child or `pid` ended before.
  bool sees(pid_t pid, char state);

 private:
  pid_t pid_ = -1;
  int status_ = 0;
  bool ended_ = false;
};

// A directory to serve, a client's socket, and a child that has a worker's descriptors
// (spec/base/worker_fd.h) and settled runtime, under a filter.
class WorkerChild {
 public:
  // `prepare` runs before the filter is in force.
  WorkerChild(
      Filter filter, const std::function<int()>& body,
      const std::function<void()>& prepare = [] {});

  const support::TempDir& root() const { return root_; }
  base::UniqueFd& client() { return sockets_.second; }
  Child& child() { return child_; }
  Ended end();  // hangs up and waits

 private:
  support::TempDir root_;
  base::UniqueFd log_;
  std::pair<base::UniqueFd, base::UniqueFd> sockets_;  // the worker's end, the client's
  Child child_;
};

// Makes no_new_privs true and puts the process under `filter`, or aborts.
void go_under(Filter filter);

// The works. Each returns how the process under the filter ended.
Ended exit_with_six(Filter filter);
Ended abort_itself(Filter filter);
Ended use_memory(Filter filter);
Ended read_the_clock(Filter filter);
Ended log_a_line(Filter filter);
Ended answer_a_request(Filter filter);
Ended be_stopped_and_continued(Filter filter);
Ended sleep_for_ever(Filter filter);

// Those that need files: the server with a client that looks, or that looks and changes, and asks
// in vain for what takes an extra. `log` has what the server refused as well.
Ended open_list_and_read(Filter filter);
Ended change_files(Filter filter);
// The same server with threads that wait for disks: it reads what is in memory, and what is not;
// and it writes, and has the disk have it.
Ended read_and_wait(Filter filter);
Ended write_and_wait(Filter filter);
// With the extras: what each of them is for. Reading is as a read-only worker does it.
Ended donate_descriptors(Filter filter);
Ended read_xattrs(Filter filter);
Ended read_and_change_xattrs(Filter filter);
Ended lock_files(Filter filter);
Ended make_special_files(Filter filter);
// The client gets connected sockets, and FIFOs open for reading or in every way.
Ended connect_to_sockets(Filter filter);
Ended open_fifos_for_reading(Filter filter);
Ended open_fifos(Filter filter);

// And with a client that looks through channels: everything that threads and shared memory need,
// and a write that panics.
Ended serve_channels(Filter filter);
Ended panic_on_a_channel(Filter filter);

// Those of the supervisor, which is cmd::Supervisor with a worker and, in the last one, a CMD. What
// it writes to the status descriptor is in `log` as well.
Ended report_a_native_call(Filter filter);
Ended report_an_i386_call(Filter filter);
Ended report_a_call_of_a_thread(Filter filter);
Ended leave_a_worker_stopped(Filter filter);
Ended pass_on_to_command(Filter filter, int signal);

}  // namespace audit

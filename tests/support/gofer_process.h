// Gofer: the real binary, started the way a runtime starts it, and ended with the test.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spec/base/fd.h"
#include "spec/json.h"
#include "tests/support/tree.h"

namespace support {

// Long enough for a loaded machine; only a broken program gets near it.
inline constexpr std::chrono::seconds kDeadline{30};

// How a process ended: its exit status, or the signal.
struct End {
  std::optional<int> status;
  std::optional<int> signal;
  friend bool operator==(const End&, const End&) = default;
};
void PrintTo(const End& end, std::ostream* out);  // for GoogleTest

// A program under test: its arguments, and descriptors that it inherits under the same numbers.
class Process {
 public:
  struct Start {
    std::vector<std::string> words;        // words[0] is the binary's path
    std::vector<base::Fd> inherited;       // besides 0 (null), 1 and 2 (memory files)
    std::vector<std::string> environment;  // added to the test's own
    std::optional<uid_t> user;             // run as this user and group, without groups
  };

  explicit Process(const Start& start);
  explicit Process(pid_t child);  // that was started otherwise, and says nothing here
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();  // kills it

  pid_t pid() const { return pid_; }
  void send_signal(int signal) const;
  // Waits for its end; throws std::runtime_error when the deadline passes.
  End wait(std::chrono::milliseconds deadline = kDeadline);
  bool ended() const { return end_.has_value(); }
  std::string out() const;
  std::string err() const;

 private:
  void watch();

  base::UniqueFd out_;
  base::UniqueFd err_;
  pid_t pid_ = -1;
  base::UniqueFd pidfd_;
  std::optional<End> end_;
};

// What the launcher says on --status-fd, line by line; each must be one JSON object.
class StatusLines {
 public:
  explicit StatusLines(base::UniqueFd reading) : reading_(std::move(reading)) {}

  // The next line whose "event" is `event`; lines before it are kept in seen(). Nothing if the
  // stream ends first. Throws std::runtime_error at the deadline or for a line that is no object.
  std::optional<spec::Json> next(std::string_view event);
  const std::vector<std::string>& seen() const { return seen_; }

 private:
  std::optional<std::string> next_line();
  base::UniqueFd reading_;
  std::string pending_;
  std::vector<std::string> seen_;
};

std::string text_of(const spec::Json& object, std::string_view key);  // "" if there is none
int64_t number_of(const spec::Json& object, std::string_view key);    // -1 if there is none

// gofer with one socketpair per attach point, a status pipe and a mounts pipe.
class Gofer {
 public:
  struct Options {
    std::string binary;
    std::vector<std::string> arguments;  // besides --spec, --io-fds, --status-fd, --mounts-fd
    std::vector<base::Fd> inherited;
    std::optional<uid_t> user;
  };

  Gofer(const path& config, std::size_t attach_points, Options options);

  // Waits for "ready". False if the start failed; failure() says why.
  bool ready();
  std::string failure() const;
  // The client's end of an attach point, once. A receive timeout is set on it.
  base::UniqueFd take_client(std::size_t attach_point);
  // The worker of an attach point, or -1. Valid after ready().
  pid_t worker(std::size_t attach_point) const;
  const spec::Json& ready_event() const { return ready_; }

  // The "worker-end" event of this worker, waiting for it; earlier ends of others are remembered.
  spec::Json worker_end(pid_t worker);
  // Everything on --mounts-fd, to its end.
  std::string mounts();

  Process& process() { return process_; }
  StatusLines& status() { return status_; }

 private:
  struct Ends {
    std::vector<base::UniqueFd> theirs;
    std::vector<base::UniqueFd> ours;
  };
  static Ends make_ends(std::size_t attach_points);
  static Process::Start command_line(const path& config, const Ends& ends, const Options& options);

  Ends ends_;  // ours: status, mounts, then one socket per attach point; theirs alike
  Process process_;
  StatusLines status_;
  spec::Json ready_;
  std::vector<spec::Json> ended_;
};

// A receive timeout: a server that does not answer is a failed test, not a hanging one.
void set_receive_deadline(base::Fd socket);

// The state letter in /proc/PID/stat ("R", "S", "Z" ...); empty if there is no such process.
std::string process_state(pid_t pid);
// Waits until no process has this pid, or it is a zombie.
void wait_until_gone(pid_t pid);

}  // namespace support

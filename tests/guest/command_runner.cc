#include "tests/guest/command_runner.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/guest/must.h"
#include "tests/guest/wire.h"

namespace guest {
namespace {

using base::UniqueFd;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

// For what the processes of a command do on their way out. One that has left the process group is
// not killed, and waited for no longer than this.
constexpr std::chrono::seconds kLastWords{10};

// One command with its process group, its input and its output.
class Run {
 public:
  Run(UniqueFd socket, std::string_view body) : socket_(std::move(socket)) {
    fields_ = split(body, 6);
  }

  void serve() {
    watch_children();
    start();
    deadline_ = steady_clock::now() + std::chrono::seconds(std::stol(fields_[1]));
    while (!status_ || output_.valid() || !alone_) {
      auto left = std::chrono::duration_cast<milliseconds>(deadline_ - steady_clock::now()).count();
      if (left > 0) {
        wait_for_news(static_cast<int>(left));
      } else if (status_) {
        break;
      } else {
        timed_out_ = true;
        ::kill(-child_, SIGKILL);
        wait_for_news(1000);
      }
    }
    send_frame(socket_,
               {FrameKind::kEnd, join({std::to_string(*status_), timed_out_ ? "1" : "0"})});
  }

 private:
  void watch_children() {
    ::signal(SIGCHLD, SIG_DFL);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, SIGCHLD);
    must(::sigprocmask(SIG_BLOCK, &only, nullptr) == 0, "sigprocmask");
    children_ = UniqueFd(::signalfd(-1, &only, SFD_CLOEXEC | SFD_NONBLOCK));
    must(children_.valid(), "signalfd");
    must(::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0, "PR_SET_CHILD_SUBREAPER");
  }

  void start() {
    int in[2];
    int out[2];
    must(::pipe2(in, O_CLOEXEC) == 0 && ::pipe2(out, O_CLOEXEC) == 0, "pipe2");
    child_ = ::fork();
    must(child_ >= 0, "fork");
    if (child_ == 0) become_command(in[0], out[1]);
    ::setpgid(child_, child_);  // whichever of the two comes first
    ::close(in[0]);
    ::close(out[1]);
    input_ = UniqueFd(in[1]);
    output_ = UniqueFd(out[0]);
  }

  [[noreturn]] void become_command(int in, int out) {
    ::setpgid(0, 0);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    ::dup2(in, 0);
    ::dup2(out, 1);
    ::dup2(out, 2);
    become_user();
    ::umask(022);
    if (::chdir(fields_[5].c_str()) != 0) {
      std::perror(fields_[5].c_str());
      ::_exit(125);
    }
    ::execl("/bin/sh", "sh", "-c", fields_[0].c_str(), nullptr);
    std::perror("/bin/sh");
    ::_exit(126);
  }

  void become_user() {
    auto uid = static_cast<uid_t>(std::stoul(fields_[2]));
    auto gid = static_cast<gid_t>(std::stoul(fields_[3]));
    std::vector<gid_t> groups;
    std::istringstream words(fields_[4]);
    for (gid_t group = 0; words >> group;) groups.push_back(group);
    bool done = ::setgroups(groups.size(), groups.data()) == 0 && ::setresgid(gid, gid, gid) == 0 &&
                ::setresuid(uid, uid, uid) == 0;
    if (done) return;
    std::perror("guest_agent: cannot become that user");
    ::_exit(125);
  }

  void wait_for_news(int timeout) {
    pollfd news[] = {{children_.raw(), POLLIN, 0},
                     {output_.raw(), POLLIN, 0},
                     {listening_ ? socket_.raw() : -1, POLLIN, 0}};
    if (::poll(news, 3, timeout) < 0) return;
    if (news[1].revents != 0) pass_output();
    if (news[0].revents != 0) reap();
    if (news[2].revents != 0) obey();
  }

  void pass_output() {
    char buffer[65536];
    ssize_t n = ::read(output_.raw(), buffer, sizeof buffer);
    if (n <= 0) {
      output_.reset();
      return;
    }
    send_frame(socket_, {FrameKind::kOutput, std::string(buffer, static_cast<std::size_t>(n))});
  }

  // What the command leaves in the background ends with it. All of them are waited for, the orphans
  // too: when the command is said to have ended no descriptor of it is open any more.
  void reap() {
    signalfd_siginfo ignored{};
    while (::read(children_.raw(), &ignored, sizeof ignored) > 0) {
    }
    int status = 0;
    pid_t ended = 0;
    while ((ended = ::waitpid(-1, &status, WNOHANG)) > 0) {
      if (ended != child_) continue;
      status_ = status;
      ::kill(-child_, SIGKILL);
      deadline_ = steady_clock::now() + kLastWords;
    }
    alone_ = ended < 0;
  }

  void obey() {
    std::optional<Frame> frame = receive_frame(socket_);
    if (!frame) {  // nobody wants it any more
      listening_ = false;
      ::kill(-child_, SIGKILL);
      return;
    }
    if (frame->kind == FrameKind::kInput) pass_input(frame->body);
    if (frame->kind == FrameKind::kInputEnd) input_.reset();
    if (frame->kind == FrameKind::kSignal) ::kill(-child_, std::stoi(frame->body));
  }

  void pass_input(std::string_view text) {
    while (!text.empty()) {
      ssize_t n = ::write(input_.raw(), text.data(), text.size());
      if (n < 0) return;
      text.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  UniqueFd socket_;
  std::vector<std::string> fields_;  // line, timeout, uid, gid, groups, directory
  UniqueFd children_;
  UniqueFd input_;
  UniqueFd output_;
  pid_t child_ = -1;
  steady_clock::time_point deadline_;
  bool timed_out_ = false;
  bool listening_ = true;
  bool alone_ = false;  // no process of the command is left
  std::optional<int> status_;
};

}  // namespace

void serve_command(UniqueFd connection, std::string_view body) {
  Run(std::move(connection), body).serve();
}

}  // namespace guest

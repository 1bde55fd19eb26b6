#include "tests/sandbox/child.h"

#include <grp.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "tests/support/descriptors.h"

namespace sandbox_test {
namespace {

void require(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
}

void write_all(int fd, const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    ssize_t written = ::write(fd, text.data() + done, text.size() - done);
    if (written <= 0) ::_exit(125);
    done += static_cast<std::size_t>(written);
  }
}

std::string read_to_end(int fd) {
  std::string text;
  char block[4096];
  ssize_t got = 0;
  while ((got = ::read(fd, block, sizeof block)) > 0)
    text.append(block, static_cast<std::size_t>(got));
  return text;
}

}  // namespace

std::string in_child(const std::function<std::string()>& body) {
  auto [reading, writing] = support::make_pipe();
  pid_t pid = ::fork();
  require(pid, "fork");
  if (pid == 0) {
    // A jail closes what it does not know: the pipe has to be found again by the body's end.
    std::string text;
    try {
      text = body();
    } catch (const std::exception& error) {
      text = std::string("exception: ") + error.what();
    }
    write_all(writing.raw(), text);
    ::_exit(0);
  }
  writing.reset();
  std::string text = read_to_end(reading.raw());
  int status = 0;
  require(::waitpid(pid, &status, 0), "waitpid");
  if (WIFSIGNALED(status)) return text + "killed by signal " + std::to_string(WTERMSIG(status));
  if (WEXITSTATUS(status) != 0) return text + "exited with " + std::to_string(WEXITSTATUS(status));
  return text;
}

void become_user(uid_t uid, const std::vector<gid_t>& groups) {
  require(::setgroups(groups.size(), groups.data()), "setgroups");
  require(::setresgid(uid, uid, uid), "setresgid");
  require(::setresuid(uid, uid, uid), "setresuid");
  require(::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), "prctl");  // as after the execve of a login
}

std::string said(long result) {
  return result == -1 ? base::errno_name(errno) : "ok";
}

std::string pass_descriptor(base::Fd socket) {
  return said(support::send_descriptor(socket, base::Fd(0)) ? 0 : -1);
}

}  // namespace sandbox_test

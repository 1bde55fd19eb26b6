#include "tests/audit/probe.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "sandbox/seccomp.h"

namespace audit {
namespace {

long native(const Probe& probe) {
  long result = 0;
  register uint64_t a3 asm("r10") = probe.args[3];
  register uint64_t a4 asm("r8") = probe.args[4];
  register uint64_t a5 asm("r9") = probe.args[5];
  asm volatile("syscall"
               : "=a"(result)
               : "a"(probe.number), "D"(probe.args[0]), "S"(probe.args[1]), "d"(probe.args[2]),
                 "r"(a3), "r"(a4), "r"(a5)
               : "rcx", "r11", "memory");
  return result;
}

long int80(const Probe& probe) {
  long result = 0;
  asm volatile("int $0x80"
               : "=a"(result)
               : "a"(probe.number), "b"(probe.args[0]), "c"(probe.args[1]), "d"(probe.args[2])
               : "r8", "r9", "r10", "r11", "memory");
  return result;
}

long call(const Probe& probe) {
  switch (probe.entry) {
    case Entry::kNative:
      return native(probe);
    case Entry::kInt80:
      return int80(probe);
    case Entry::kVsyscall:
      return reinterpret_cast<long (*)(void*, void*)>(probe.number)(nullptr, nullptr);
  }
  std::abort();
}

[[noreturn]] void be_the_child(std::span<const sock_filter> program, const Probe& probe,
                               int milliseconds) {
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  itimerval timer{{0, 0}, {milliseconds / 1000, milliseconds % 1000 * 1000}};
  ::setitimer(ITIMER_REAL, &timer, nullptr);
  bool ready = program.empty() || (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                                   sandbox::install_filter(program).has_value());
  if (!ready) std::abort();
  if (call(probe) == -ENXIO) asm volatile("int3");
  asm volatile("ud2");
  __builtin_unreachable();
}

}  // namespace

bool End::by(int signal) const {
  return WIFSIGNALED(status_) && WTERMSIG(status_) == signal;
}
bool End::returned() const {
  return by(SIGILL) || by(SIGTRAP);
}
bool End::exited_with(int status) const {
  return WIFEXITED(status_) && WEXITSTATUS(status_) == status;
}

std::string End::text() const {
  if (WIFEXITED(status_)) return "exited with " + std::to_string(WEXITSTATUS(status_));
  return "ended by signal " + std::to_string(WTERMSIG(status_));
}

End run(std::span<const sock_filter> program, const Probe& probe, int milliseconds) {
  pid_t child = ::fork();
  if (child == 0) be_the_child(program, probe, milliseconds);
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) std::abort();
  return End(status);
}

}  // namespace audit

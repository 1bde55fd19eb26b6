#include "sandbox/runtime.h"

#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace sandbox {

void reset_signals_and_umask() {
  struct sigaction action{};
  for (int signal = 1; signal <= SIGRTMAX; ++signal) {
    bool ignored = signal == SIGPIPE || signal == SIGXFSZ;
    action.sa_handler = ignored ? SIG_IGN : SIG_DFL;
    // SIGKILL, SIGSTOP and those of the C library refuse; they are as they should be.
    (void)::sigaction(signal, &action, nullptr);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::umask(0);
}

void wipe_environment() {
  if (environ == nullptr) return;
  for (char** variable = environ; *variable != nullptr; ++variable)
    ::explicit_bzero(*variable, std::strlen(*variable));
  environ[0] = nullptr;
}

void settle_allocator_and_unwinder() {
  ::mallopt(M_ARENA_MAX, 1);
  ::mallopt(M_MMAP_THRESHOLD, 256 << 10);
  ::mallopt(M_TRIM_THRESHOLD, 128 << 10);
  ::mallopt(M_TOP_PAD, 32 << 10);
  try {
    throw 0;
  } catch (int) {
    return;
  }
}

}  // namespace sandbox

#include "tests/sandbox/broken_call.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <system_error>

namespace sandbox_test {

void break_call(const BrokenCall& call) {
  auto number = static_cast<uint32_t>(call.number);
  uint32_t answer = SECCOMP_RET_ERRNO | static_cast<uint32_t>(call.error);
  uint32_t wanted = call.first_argument.value_or(0);
  uint8_t otherwise = call.first_argument ? uint8_t{1} : uint8_t{0};
  std::array<sock_filter, 6> program = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, wanted, 0, otherwise),
      BPF_STMT(BPF_RET | BPF_K, answer),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  sock_fprog filter{.len = static_cast<unsigned short>(program.size()), .filter = program.data()};
  bool forced = ::geteuid() != 0 && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0;
  if (forced || ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0)
    throw std::system_error(errno, std::generic_category(), "seccomp");
}

}  // namespace sandbox_test

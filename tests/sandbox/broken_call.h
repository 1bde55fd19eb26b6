// Makes one system call of this process fail for good, the way a kernel or a container that lacks
// it does: by a seccomp filter that answers with an errno.
#pragma once

#include <cstdint>
#include <optional>

namespace sandbox_test {

struct BrokenCall {
  int number = -1;  // SYS_...
  int error = 0;
  std::optional<uint32_t> first_argument = {};  // only with this one
};

// Throws std::system_error. Sets no_new_privs if this process is not root.
void break_call(const BrokenCall& call);

}  // namespace sandbox_test

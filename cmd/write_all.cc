#include "cmd/write_all.h"

#include <unistd.h>

#include <cerrno>

namespace cmd {

base::Result<void> write_all(base::Fd to, std::string_view text) {
  while (!text.empty()) {
    ssize_t n = ::write(to.raw(), text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::fail_errno();
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace cmd

#include "gofer/outlet.h"

#include <unistd.h>

#include <cerrno>

namespace gofer {

base::Result<void> Outlet::Sending::send(p9::Bytes bytes) {
  while (!bytes.empty()) {
    ssize_t count = ::write(socket_.raw(), bytes.data(), bytes.size());
    if (count >= 0)
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    else if (errno != EINTR)
      return base::fail_errno();
  }
  return {};
}

base::Result<void> Outlet::Sending::send_with(p9::Bytes bytes, base::Fd fd) {
  std::size_t sent = TRY(pass_descriptor(socket_, bytes, fd, 0));
  return send(bytes.subspan(sent));
}

}  // namespace gofer

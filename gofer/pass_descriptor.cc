#include "gofer/pass_descriptor.h"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace gofer {

base::Result<std::size_t> pass_descriptor(base::Fd socket, p9::Bytes data, base::Fd fd, int more) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): the kernel only reads it
  iovec bytes{.iov_base = const_cast<std::byte*>(data.data()), .iov_len = data.size()};
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &bytes;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  int raw = fd.raw();
  std::memcpy(CMSG_DATA(header), &raw, sizeof raw);
  for (;;) {
    long count = ::syscall(SYS_sendmsg, static_cast<long>(socket.raw()), &message,
                           static_cast<long>(MSG_NOSIGNAL | more));
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) return base::fail_errno();
  }
}

}  // namespace gofer

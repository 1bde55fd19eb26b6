#include "gofer/outlet.h"

#include <unistd.h>

#include <cerrno>

#include "gofer/p9/dispatch.h"

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

base::Result<void> Outlet::Sending::send(const Answer& answer, std::span<std::byte> room) {
  p9::Bytes reply = room.first(answer.size);
  if (!answer.donation.valid()) return send(reply);
  auto sent = pass_descriptor(socket_, reply, answer.donation.fd(), 0);
  if (sent) return send(reply.subspan(*sent));
  if (sent.error().code() != ETOOMANYREFS) return base::failure(sent.error());
  if (answer.donation.reply() == Alone::kUseless)
    reply = room.first(TRY(p9::replace_frame(room, sent.error().code())));
  return send(reply);
}

}  // namespace gofer

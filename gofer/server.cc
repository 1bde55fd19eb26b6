#include "gofer/server.h"

#include <algorithm>
#include <cerrno>

#include "gofer/dispatcher.h"
#include "gofer/session.h"
#include "gofer/transport.h"

namespace gofer {
namespace {

using base::Log;
using base::LogLevel;
using base::Result;
using base::WorkerExit;

// A reply before Tversion is short, and msize is never less.
std::size_t largest_reply(const Session& session) {
  return std::max<std::size_t>(session.msize(), kMinMsize);
}

// Serves all whole frames that have come; the replies are collected.
Result<void> serve_batch(Transport& transport, Session& session) {
  while (!session.panicked()) {
    p9::Bytes frame = TRY(transport.next_frame(session.frame_limit()));
    if (frame.empty()) return {};
    std::size_t limit = largest_reply(session);
    std::span<std::byte> room = TRY(transport.reply_room(limit));
    std::size_t size = TRY(serve_frame(session, frame, room.first(limit)));
    base::UniqueFd donation = session.take_donation();
    if (session.panicked()) return {};
    if (donation.valid())
      TRY(transport.send_with(size, donation));
    else
      transport.collect(size);
  }
  return {};
}

WorkerExit ending(const Log& log, base::Errno error) {
  switch (error.code()) {
    case EPIPE:
    case ECONNRESET:
      return WorkerExit::kHangup;
    case EBADMSG:
      log.write(LogLevel::kError, "the client sent what cannot be a 9P frame");
      return WorkerExit::kProtocol;
    default:
      log.write(LogLevel::kError, "the transport failed",
                {{"errno", static_cast<uint64_t>(error.code())}});
      return WorkerExit::kInternal;
  }
}

}  // namespace

WorkerExit serve(base::Fd socket, const AttachPoint& attach_point, const Log& log) {
  Result<Session> session = Session::start(attach_point, log);
  if (!session) {
    log.write(LogLevel::kError, "the root of the attach point cannot be served",
              {{"attach_point", attach_point.destination},
               {"errno", static_cast<uint64_t>(session.error().code())}});
    return WorkerExit::kInternal;
  }
  Transport transport(socket, attach_point.limits.msize);
  for (;;) {
    Result<void> served = serve_batch(transport, *session);
    Result<void> flushed = transport.flush();
    if (session->panicked()) return WorkerExit::kPanicOnWrite;
    if (!served) return ending(log, served.error());
    if (!flushed) return ending(log, flushed.error());
    Result<std::size_t> received = transport.receive();
    if (!received) return ending(log, received.error());
    if (*received == 0) return WorkerExit::kHangup;
  }
}

}  // namespace gofer

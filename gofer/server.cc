#include "gofer/server.h"

#include <algorithm>
#include <cerrno>

#include "gofer/channel_loops.h"
#include "gofer/transport.h"

namespace gofer {
namespace {

using base::fail;
using base::Log;
using base::LogLevel;
using base::Result;
using base::WorkerExit;

// A reply before Tversion is short, and msize is never less.
std::size_t largest_reply(const Session& session) {
  return std::max<std::size_t>(session.msize(), kMinMsize);
}

// Serves all whole frames that have come; the replies are collected.
Result<void> serve_batch(Transport& transport, Connection& connection) {
  const Session& session = connection.session();
  connection.begin_batch();
  for (;;) {
    p9::Bytes frame = TRY(transport.next_frame(session.frame_limit()));
    if (frame.empty()) return {};
    std::size_t limit = largest_reply(session);
    std::span<std::byte> room = TRY(transport.reply_room(limit));
    Answer answer = TRY(connection.serve(frame, room.first(limit)));
    if (answer.panicked) return fail(EPIPE);
    if (answer.donation.valid())
      TRY(transport.send_with(answer));
    else
      transport.collect(answer.size);
  }
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

// Until the connection ends; what was answered before its end is sent.
base::Errno serve_socket(Transport& transport, Connection& connection) {
  for (;;) {
    Result<void> served = serve_batch(transport, connection);
    Result<void> flushed = transport.flush();
    if (!served) return served.error();
    if (!flushed) return flushed.error();
    Result<std::size_t> received = transport.receive();
    if (!received) return received.error();
    if (*received == 0) return base::Errno(EPIPE);
  }
}

base::Errno serve_all(Transport& transport, Connection& connection) {
  ChannelLoops loops(connection.session().attach_point().channels, connection);
  return serve_socket(transport, connection);
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
  Outlet outlet(socket);
  Transport transport(socket, outlet, attach_point.limits.msize);
  Connection connection(*session, socket, outlet);
  base::Errno end = serve_all(transport, connection);
  return connection.panicked() ? WorkerExit::kPanicOnWrite : ending(log, end);
}

}  // namespace gofer

#include "gofer/channel_loops.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "gofer/p9/dispatch.h"
#include "gofer/pass_descriptor.h"

namespace gofer {
namespace {

using base::fail;
using base::LogLevel;
using base::Result;
using Channel = Channels::Channel;

std::span<std::byte> own_room(const Channel& channel) {
  return {channel.request.get(), p9::kDatagramCapacity};
}

Result<void> shake_hands(Channel& channel) {
  auto expected = std::as_bytes(std::span(p9::kHandshake));
  std::size_t length = TRY(channel.window.wait());
  p9::Datagram greeting = channel.window.take(length, own_room(channel));
  if (!std::ranges::equal(greeting.bytes, expected)) return fail(EBADMSG);
  std::ranges::copy(expected, channel.window.reply_room().begin());
  return channel.window.hand_over(expected.size());
}

// Before the turn is passed, so that the client need not wait for it. One that does not fit stays,
// for the client has not collected those before: then the reply goes alone, or is an error if it is
// useless so. Returns the size of the reply in `room`.
Result<std::size_t> send_ahead(const Channel& channel, const Answer& answer,
                               std::span<std::byte> room) {
  const Donation& donation = answer.donation;
  if (!donation.valid()) return answer.size;
  auto passed = pass_descriptor(channel.socket, {}, donation.fd(), MSG_DONTWAIT);
  if (!passed && donation.reply() == Alone::kUseless)
    return p9::replace_datagram(room, passed.error().code());
  if (passed) room[p9::kHasFd] = std::byte{1};
  return answer.size;
}

// Returns how the channel ended: ESHUTDOWN when it was meant to.
Result<void> serve_all(Channel& channel, Connection& connection) {
  TRY(shake_hands(channel));
  for (;;) {
    std::size_t length = TRY(channel.window.wait());
    p9::Datagram request = channel.window.take(length, own_room(channel));
    std::span<std::byte> room = channel.window.reply_room();
    Answer answer = TRY(connection.serve(request, room, own_room(channel)));
    if (answer.panicked) {
      connection.hang_up();
      return fail(ESHUTDOWN);
    }
    TRY(channel.window.hand_over(TRY(send_ahead(channel, answer, room))));
  }
}

// `connection` may be gone when the last turn is over.
void live(Channels& channels, std::size_t id, Connection& connection, const base::Log& log) {
  Channel& channel = channels.at(id);
  int how = serve_all(channel, connection).error().code();
  if (how == EBADMSG) {
    log.write(LogLevel::kWarning, "the client broke the rules of a channel", {{"channel", id}});
  } else if (how != ESHUTDOWN) {
    log.write(LogLevel::kError, "a channel failed",
              {{"channel", id}, {"errno", static_cast<uint64_t>(how)}});
  }
  channel.window.close();
}

}  // namespace

ChannelLoops::ChannelLoops(Channels* channels, Connection& connection) : channels_(channels) {
  if (channels_ == nullptr) return;
  base::Log log = connection.session().log();
  for (std::size_t id = 0; id < channels_->count(); ++id)
    channels_->threads().run(
        id, [all = channels_, id, &connection, log] { live(*all, id, connection, log); });
}

ChannelLoops::~ChannelLoops() {
  if (channels_ == nullptr) return;
  for (std::size_t id = 0; id < channels_->count(); ++id) channels_->at(id).window.stop();
}

}  // namespace gofer

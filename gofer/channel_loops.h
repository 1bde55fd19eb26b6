// ChannelLoops: the channels of a connection at work.
#pragma once

#include "gofer/channels.h"
#include "gofer/connection.h"

namespace gofer {

// While it lives, every channel serves the connection in a thread of its own: the handshake, then
// one request after the other. A client that breaks the rules of a channel ends that channel, and
// the connection goes on; a write that panics ends the connection.
class ChannelLoops {
 public:
  // `channels` may be null: there are none. All are borrowed.
  ChannelLoops(Channels* channels, Connection& connection);
  ChannelLoops(const ChannelLoops&) = delete;
  ChannelLoops& operator=(const ChannelLoops&) = delete;
  // Ends all channels, whatever the client does; on return none of their threads knows of the
  // connection any more. They park, unless the client keeps one asleep: see Window::stop().
  ~ChannelLoops();

 private:
  Channels* channels_;
};

}  // namespace gofer

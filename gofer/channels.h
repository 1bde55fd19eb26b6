// Channels: the shared-memory channels of one connection, and the threads that serve them. All of
// it is made while the process may still make such things.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <span>

#include "gofer/watch.h"
#include "gofer/window.h"
#include "spec/base/fd.h"
#include "spec/base/parked_threads.h"
#include "spec/base/problem.h"

namespace gofer {

// The windows lie in one file of memory that can neither shrink nor grow, so that the client, which
// gets it too, cannot take a page away from under the server. Next to its window a channel has a
// socket on which descriptors go to the client; nothing comes back on it.
class Channels {
 public:
  // Descriptors at fixed numbers, so that a policy can name them.
  struct Numbers {
    base::Fd windows;         // the file
    base::Fd sockets;         // the server's end of channel 0; those of the others follow
    base::Fd client_sockets;  // the client's ends, likewise
  };

  struct Channel {
    Channel(std::span<std::byte, p9::kWindowSize> memory, Watch& watch) : window(memory, &watch) {}
    Window window;
    base::UniqueFd socket;
    base::UniqueFd client_socket;
    std::unique_ptr<std::byte[]> request = {};  // kDatagramCapacity bytes for the server alone
  };

  Channels() = default;
  Channels(const Channels&) = delete;
  Channels& operator=(const Channels&) = delete;
  // Waits for its threads, which a client may keep asleep for ever, and ends them: see
  // base::ParkedThreads.
  ~Channels();

  // Makes `count` channels, each with a thread. Once. With `numbers`, those must be free. Errors
  // leave some of it behind.
  base::Outcome<void> make(std::size_t count, const std::optional<Numbers>& numbers = {});

  std::size_t count() const { return channels_.size(); }
  Channel& at(std::size_t id) { return channels_[id]; }
  base::ParkedThreads& threads() { return threads_; }  // one for each channel

  // What Tchannel gives away.
  base::Fd windows() const { return windows_; }
  static uint64_t offset_of(std::size_t id) { return id * p9::kWindowSize; }

 private:
  base::Outcome<void> make_windows(std::size_t count);
  base::Outcome<void> make_channel(std::size_t id);

  Watch watch_;
  base::UniqueFd windows_;
  std::span<std::byte> memory_;
  std::deque<Channel> channels_;
  base::ParkedThreads threads_;
};

}  // namespace gofer

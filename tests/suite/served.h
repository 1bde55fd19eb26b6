// Served: one tree being served to one client, and what can be asked about its server.
//
// The suite is a library of tests. Whoever links it says how trees are served by defining this
// class: bare.cc calls the server in a thread of the test, jailed.cc starts the real binary.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "spec/base/fd.h"
#include "tests/support/tree.h"

namespace suite {

struct Export {
  bool read_only = false;
  bool panic_on_write = false;
  bool make_fifo = false;
  bool make_socket = false;
  bool donate = true;
  // Extended attributes besides user.*, or none at all.
  bool no_xattrs = false;
  bool acls = false;
  bool security = false;
  bool trusted = false;
  bool locks = true;
  bool uds = false;
  bool fifo = false;
  uint32_t channels = 0;
};

// What World::serve() has the client send its requests over. Defined by one more file of those who
// link the suite: over_socket.cc or over_channel.cc.
enum class Way : uint8_t { kSocket, kChannel };
extern const Way kWay;

// How often a hostile client breaks the rules of its channels: ten times as often per second where
// a server need not be put into a jail first.
extern const std::size_t kChannelMutations;

class Served {
 public:
  Served(const support::path& source, const Export& how);
  Served(Served&&) noexcept;
  ~Served();

  // The client's end of the connection, once. A receive timeout is set on it.
  base::UniqueFd take_client();
  // Waits for the server to end, which it does when the client is gone; says why it ended:
  // "hangup", "protocol", "panic-on-write" or what else gofer(8) lists as a cause.
  std::string end();
  // What it logged so far.
  std::string log() const;
  // Descriptors that the server's process has open, and the threads it has.
  std::size_t descriptors() const;
  std::size_t threads() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace suite

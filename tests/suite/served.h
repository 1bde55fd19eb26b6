// Served: trees being served, each to one client, and what can be asked about their servers.
//
// The suite is a library of tests. Whoever links it says how trees are served by defining this
// class: bare.cc calls the server in a thread of the test, jailed.cc starts the real binary.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

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
  bool kernel_fs = false;  // proc and the like may be in the tree
};

struct ServedTree {
  support::path source;
  Export how;
};

// What World::serve() has the client send its requests over. Defined by one more file of those who
// link the suite: over_socket.cc or over_channel.cc.
enum class Way : uint8_t { kSocket, kChannel };
extern const Way kWay;

// Whether World sets up the rig of the hostile cases (rig.h). Defined there, too.
extern const bool kRigged;

// How often a hostile client breaks the rules of its channels: ten times as often per second where
// a server need not be put into a jail first.
extern const std::size_t kChannelMutations;

// The trees are numbered in the order in which they were given; a question is about the first one
// where no number is said.
class Served {
 public:
  explicit Served(const std::vector<ServedTree>& trees);
  Served(const support::path& source, const Export& how)
      : Served(std::vector{ServedTree{.source = source, .how = how}}) {}
  Served(Served&&) noexcept;
  ~Served();

  // The client's end of a connection, once. A receive timeout is set on it.
  base::UniqueFd take_client(std::size_t tree = 0);
  // Waits for a server to end, which it does when its client is gone; says why it ended: "hangup",
  // "protocol", "panic-on-write" or what else gofer(8) lists as a cause.
  std::string end(std::size_t tree = 0);
  // What all of them logged so far.
  std::string log() const;
  // Descriptors that the server's process has open, and the threads it has.
  std::size_t descriptors() const;
  std::size_t threads() const;
  // KiB of memory that the server's process has in use (VmRSS), for each tree. Nothing where that
  // process is the test's own.
  std::vector<std::size_t> resident() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace suite

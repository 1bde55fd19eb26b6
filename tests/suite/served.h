// Served: one tree being served to one client, and what can be asked about its server.
//
// The suite is a library of tests. Whoever links it says how trees are served by defining this
// class: bare.cc calls the server in a thread of the test, jailed.cc starts the real binary.
#pragma once

#include <cstddef>
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
};

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
  // Descriptors that the server's process has open.
  std::size_t descriptors() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace suite

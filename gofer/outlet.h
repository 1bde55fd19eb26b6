// Outlet: the sending side of a socket, for all threads that answer on it.
#pragma once

#include <mutex>

#include "gofer/p9/wire.h"
#include "gofer/pass_descriptor.h"
#include "spec/base/fd.h"
#include "spec/base/result.h"

namespace gofer {

class Outlet {
 public:
  // `socket` is borrowed.
  explicit Outlet(base::Fd socket) : socket_(socket) {}

  // While it lives nobody else sends.
  class [[nodiscard]] Sending {
   public:
    // All of it, however long the client takes to read it. Errors of write(2).
    base::Result<void> send(p9::Bytes bytes);
    // The same, with a descriptor on its first byte; `fd` is borrowed. Nothing was sent when it
    // fails with ETOOMANYREFS: the kernel bounds how many descriptors lie in sockets that nobody
    // reads.
    base::Result<void> send_with(p9::Bytes bytes, base::Fd fd);

   private:
    friend class Outlet;
    explicit Sending(Outlet& outlet) : turn_(outlet.one_at_a_time_), socket_(outlet.socket_) {}
    std::unique_lock<std::mutex> turn_;
    base::Fd socket_;
  };
  Sending sending() { return Sending(*this); }

 private:
  std::mutex one_at_a_time_;
  base::Fd socket_;
};

}  // namespace gofer

// Outlet: the sending side of a socket, for all threads that answer on it.
#pragma once

#include <mutex>
#include <span>

#include "gofer/answer.h"
#include "gofer/p9/wire.h"
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
    // The answer that lies at the front of `room`, with its descriptor, if it has one, on its first
    // byte. Where the kernel takes no more of them, for it bounds how many lie in sockets that
    // nobody reads, the reply goes alone, or as an Rlerror if it is useless so.
    base::Result<void> send(const Answer& answer, std::span<std::byte> room);

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

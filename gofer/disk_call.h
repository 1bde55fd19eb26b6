// DiskCall: a system call that may have to wait for a disk, with all it takes, so that any thread
// can make it.
#pragma once

#include <cstdint>
#include <span>

#include "gofer/fid_table.h"
#include "gofer/p9/dispatch.h"
#include "gofer/p9/messages.h"
#include "spec/base/fd.h"
#include "spec/base/result.h"

namespace gofer {

struct DiskCall {
  enum class Kind : uint8_t { kRead, kWrite, kSync, kDataSync };

  Kind kind = Kind::kRead;
  base::Fd file{-1};
  uint64_t offset = 0;
  std::span<std::byte> room = {};  // where a read puts its data: where the reply has it
  p9::Bytes data = {};             // what is written
  FidUse use = {};                 // keeps the file open once the request is not served any more

  // Makes it. How many bytes were read or written; errors are those of the call.
  base::Result<std::size_t> make() const;

  // `encode(reply)` for the reply of the request, or for its Rlerror.
  template <class Encode>
  base::Result<std::size_t> reply(const base::Result<std::size_t>& made, Encode encode) const {
    if (!made) return encode(p9::Rlerror{static_cast<uint32_t>(made.error().code())});
    switch (kind) {
      case Kind::kRead:
        return encode(p9::Rread{.data = room.first(*made)});
      case Kind::kWrite:
        return encode(p9::Rwrite{.count = static_cast<uint32_t>(*made)});
      case Kind::kSync:
      case Kind::kDataSync:
        break;
    }
    return encode(p9::Rfsync{});
  }
};

}  // namespace gofer

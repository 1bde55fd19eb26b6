// What the open flags of Tlopen and Tlcreate mean to this kernel.
#pragma once

#include <cstdint>

#include "spec/base/result.h"

namespace gofer {

enum class Access : uint8_t { kRead, kWrite, kReadWrite };

int access_flags(Access access);  // O_RDONLY, O_WRONLY or O_RDWR

struct OpenMode {
  Access access = Access::kRead;
  bool exclusive = false;  // EXCL: Tlcreate only
  bool directory = false;  // DIRECTORY: refuse anything else
  bool truncate = false;   // TRUNC
  int flags = 0;           // for openat: access mode and TRUNC, APPEND, DSYNC, SYNC
};

// Translates by a table of two columns, never by value. Honoured: the access mode, TRUNC, EXCL,
// DIRECTORY, and for a file opened for writing APPEND, DSYNC and SYNC. Taken and ignored, because
// they mean nothing here or are the client's own business: CREATE, NOCTTY, NONBLOCK, FASYNC,
// DIRECT, LARGEFILE, NOFOLLOW, NOATIME, CLOEXEC. Anything else, and access mode 3: EINVAL.
base::Result<OpenMode> parse_open_flags(uint32_t wire);

}  // namespace gofer

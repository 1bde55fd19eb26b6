#include "gofer/open_flags.h"

#include <fcntl.h>

#include <cerrno>

#include "gofer/p9/flags.h"

namespace gofer {
namespace {

struct Row {
  uint32_t wire;
  int host;
};

// For writing only: on a file that is read they have no effect that a client could see.
constexpr Row kWriteFlags[] = {
    {p9::kOpenAppend, O_APPEND},
    {p9::kOpenDsync, O_DSYNC},
    {p9::kOpenSync, O_SYNC},
};

constexpr uint32_t kIgnored = p9::kOpenCreate | p9::kOpenNoctty | p9::kOpenNonblock |
                              p9::kOpenFasync | p9::kOpenDirect | p9::kOpenLargefile |
                              p9::kOpenNofollow | p9::kOpenNoatime | p9::kOpenCloexec;

constexpr uint32_t kKnown = kIgnored | p9::kOpenAccess | p9::kOpenExcl | p9::kOpenTrunc |
                            p9::kOpenAppend | p9::kOpenDsync | p9::kOpenSync | p9::kOpenDirectory;

}  // namespace

int access_flags(Access access) {
  switch (access) {
    case Access::kRead:
      return O_RDONLY;
    case Access::kWrite:
      return O_WRONLY;
    case Access::kReadWrite:
      break;
  }
  return O_RDWR;
}

base::Result<OpenMode> parse_open_flags(uint32_t wire) {
  if ((wire & ~kKnown) != 0) return base::fail(EINVAL);
  OpenMode mode;
  switch (wire & p9::kOpenAccess) {
    case p9::kOpenRdonly:
      mode.access = Access::kRead;
      break;
    case p9::kOpenWronly:
      mode.access = Access::kWrite;
      break;
    case p9::kOpenRdwr:
      mode.access = Access::kReadWrite;
      break;
    default:
      return base::fail(EINVAL);
  }
  mode.flags = access_flags(mode.access);
  mode.exclusive = (wire & p9::kOpenExcl) != 0;
  mode.directory = (wire & p9::kOpenDirectory) != 0;
  mode.truncate = (wire & p9::kOpenTrunc) != 0;
  if (mode.truncate) mode.flags |= O_TRUNC;
  if (mode.access != Access::kRead)
    for (const Row& row : kWriteFlags)
      if ((wire & row.wire) != 0) mode.flags |= row.host;
  return mode;
}

}  // namespace gofer

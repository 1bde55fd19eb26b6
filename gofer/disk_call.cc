#include "gofer/disk_call.h"

#include "gofer/host_file.h"

namespace gofer {
namespace {

base::Result<std::size_t> nothing_counted(const base::Result<void>& done) {
  if (!done) return base::failure(done.error());
  return std::size_t{0};
}

}  // namespace

base::Result<std::size_t> DiskCall::make() const {
  switch (kind) {
    case Kind::kRead:
      return host::pread64(file, room, offset);
    case Kind::kWrite:
      return host::pwrite64(file, data, offset);
    case Kind::kSync:
      return nothing_counted(host::fsync(file));
    case Kind::kDataSync:
      break;
  }
  return nothing_counted(host::fdatasync(file));
}

}  // namespace gofer

#include "gofer/attributes.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace gofer {

base::Result<Attributes> attributes_of(Session& session, base::Fd file) {
  auto asked = host::statx(file, host::Path::empty(), STATX_BASIC_STATS | STATX_BTIME);
  if (!asked) return base::failure(asked.error());
  const host::Stat& stat = *asked;
  bool has_birth = (stat.stx_mask & STATX_BTIME) != 0;
  auto seconds = [](const statx_timestamp& time) { return static_cast<uint64_t>(time.tv_sec); };
  return Attributes{
      .valid = p9::kGetattrBasic | (has_birth ? p9::kGetattrBtime : 0),
      .qid = TRY(session.qid(identity_of(stat))),
      .attr = {.mode = stat.stx_mode,
               .uid = stat.stx_uid,
               .gid = stat.stx_gid,
               .nlink = stat.stx_nlink,
               .rdev = gnu_dev_makedev(stat.stx_rdev_major, stat.stx_rdev_minor),
               .size = stat.stx_size,
               .blksize = stat.stx_blksize,
               .blocks = stat.stx_blocks,
               .atime_sec = seconds(stat.stx_atime),
               .atime_nsec = stat.stx_atime.tv_nsec,
               .mtime_sec = seconds(stat.stx_mtime),
               .mtime_nsec = stat.stx_mtime.tv_nsec,
               .ctime_sec = seconds(stat.stx_ctime),
               .ctime_nsec = stat.stx_ctime.tv_nsec,
               .btime_sec = has_birth ? seconds(stat.stx_btime) : 0,
               .btime_nsec = has_birth ? stat.stx_btime.tv_nsec : 0},
  };
}

}  // namespace gofer

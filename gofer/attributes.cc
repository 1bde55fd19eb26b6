#include "gofer/attributes.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace gofer {
namespace {

using base::Result;

bool has_birth(const host::Stat& stat) {
  return (stat.stx_mask & STATX_BTIME) != 0;
}

// Rgetattr and the Attr of the Google extensions name them alike.
template <class A>
void fill(A& attr, const host::Stat& stat) {
  auto seconds = [](const statx_timestamp& time) { return static_cast<uint64_t>(time.tv_sec); };
  attr.mode = stat.stx_mode;
  attr.uid = stat.stx_uid;
  attr.gid = stat.stx_gid;
  attr.nlink = stat.stx_nlink;
  attr.rdev = gnu_dev_makedev(stat.stx_rdev_major, stat.stx_rdev_minor);
  attr.size = stat.stx_size;
  attr.blksize = stat.stx_blksize;
  attr.blocks = stat.stx_blocks;
  attr.atime_sec = seconds(stat.stx_atime);
  attr.atime_nsec = stat.stx_atime.tv_nsec;
  attr.mtime_sec = seconds(stat.stx_mtime);
  attr.mtime_nsec = stat.stx_mtime.tv_nsec;
  attr.ctime_sec = seconds(stat.stx_ctime);
  attr.ctime_nsec = stat.stx_ctime.tv_nsec;
  attr.btime_sec = has_birth(stat) ? seconds(stat.stx_btime) : 0;
  attr.btime_nsec = has_birth(stat) ? stat.stx_btime.tv_nsec : 0;
}

// Written once, where the caller wants it: what is copied here costs as much as the question.
template <class Reply>
Result<Reply> describe(Session& session, const Result<host::Stat>& stat) {
  Result<Reply> reply(std::in_place);
  auto qid = stat ? session.qid(identity_of(*stat)) : base::failure(stat.error());
  if (!qid) {
    reply = base::failure(qid.error());
    return reply;
  }
  reply->valid = p9::kGetattrBasic | (has_birth(*stat) ? p9::kGetattrBtime : 0);
  reply->qid = *qid;
  if constexpr (requires { reply->attr; })
    fill(reply->attr, *stat);
  else
    fill(*reply, *stat);
  return reply;
}

Result<host::Stat> ask(base::Fd file) {
  return host::statx(file, host::Path::empty(), STATX_BASIC_STATS | STATX_BTIME);
}

}  // namespace

Result<Attributes> attributes_of(Session& session, base::Fd file) {
  return describe<Attributes>(session, ask(file));
}

Result<p9::Rgetattr> getattr(Session& session, base::Fd file) {
  return describe<p9::Rgetattr>(session, ask(file));
}

}  // namespace gofer

#include "gofer/attributes.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace gofer {
namespace {

using base::Result;

constexpr int64_t kSecond = 1'000'000'000;

struct Birth {
  bool known = false;
  int64_t sec = 0;
  int64_t nsec = 0;
};

Birth birth_of(const Node& node) {
  int64_t since = node.knows_birth() ? node.identity().birth_ns : 0;
  if (since == 0) return Birth{};
  int64_t nsec = since % kSecond < 0 ? since % kSecond + kSecond : since % kSecond;
  return Birth{.known = true, .sec = (since - nsec) / kSecond, .nsec = nsec};
}

Birth birth_of(const host::Stat& stat) {
  return {.known = (stat.stx_mask & STATX_BTIME) != 0,
          .sec = stat.stx_btime.tv_sec,
          .nsec = stat.stx_btime.tv_nsec};
}

host::BasicStat basic(const host::Stat& stat) {
  auto time = [](const statx_timestamp& at) {
    return timespec{.tv_sec = at.tv_sec, .tv_nsec = at.tv_nsec};
  };
  host::BasicStat basic{};
  basic.st_dev = gnu_dev_makedev(stat.stx_dev_major, stat.stx_dev_minor);
  basic.st_ino = stat.stx_ino;
  basic.st_mode = stat.stx_mode;
  basic.st_uid = stat.stx_uid;
  basic.st_gid = stat.stx_gid;
  basic.st_nlink = stat.stx_nlink;
  basic.st_rdev = gnu_dev_makedev(stat.stx_rdev_major, stat.stx_rdev_minor);
  basic.st_size = static_cast<off_t>(stat.stx_size);
  basic.st_blksize = stat.stx_blksize;
  basic.st_blocks = static_cast<blkcnt_t>(stat.stx_blocks);
  basic.st_atim = time(stat.stx_atime);
  basic.st_mtim = time(stat.stx_mtime);
  basic.st_ctim = time(stat.stx_ctime);
  return basic;
}

// Rgetattr and the Attr of the Google extensions name them alike.
template <class A>
void fill(A& attr, const host::BasicStat& stat, const Birth& birth) {
  auto number = [](int64_t value) { return static_cast<uint64_t>(value); };
  attr.mode = stat.st_mode;
  attr.uid = stat.st_uid;
  attr.gid = stat.st_gid;
  attr.nlink = stat.st_nlink;
  attr.rdev = stat.st_rdev;
  attr.size = number(stat.st_size);
  attr.blksize = number(stat.st_blksize);
  attr.blocks = number(stat.st_blocks);
  attr.atime_sec = number(stat.st_atim.tv_sec);
  attr.atime_nsec = number(stat.st_atim.tv_nsec);
  attr.mtime_sec = number(stat.st_mtim.tv_sec);
  attr.mtime_nsec = number(stat.st_mtim.tv_nsec);
  attr.ctime_sec = number(stat.st_ctim.tv_sec);
  attr.ctime_nsec = number(stat.st_ctim.tv_nsec);
  attr.btime_sec = number(birth.sec);
  attr.btime_nsec = number(birth.nsec);
}

// Written once, where the caller wants it: what is copied here costs as much as the question.
template <class Reply>
Result<Reply> describe(Session& session, const Birth& birth, const Result<host::BasicStat>& stat) {
  Result<Reply> reply(std::in_place);
  auto qid = stat ? session.qid(identity_of(*stat)) : base::failure(stat.error());
  if (!qid) {
    reply = base::failure(qid.error());
    return reply;
  }
  reply->valid = p9::kGetattrBasic | (birth.known ? p9::kGetattrBtime : 0);
  reply->qid = *qid;
  if constexpr (requires { reply->attr; })
    fill(reply->attr, *stat, birth);
  else
    fill(*reply, *stat, birth);
  return reply;
}

template <class Reply>
[[gnu::cold, gnu::noinline]] Result<Reply> describe_with_birth(Session& session, Node& node,
                                                               base::Fd file) {
  auto stat = host::statx(file, host::Path::empty(), STATX_BASIC_STATS | STATX_BTIME);
  if (!stat) return base::failure(stat.error());
  session.tree().note_birth(node, identity_of(*stat));
  return describe<Reply>(session, birth_of(*stat), basic(*stat));
}

template <class Reply>
Result<Reply> ask(Session& session, Node& node, base::Fd file, bool wants_birth) {
  if (wants_birth && !node.knows_birth()) return describe_with_birth<Reply>(session, node, file);
  return describe<Reply>(session, birth_of(node), host::fstat(file));
}

}  // namespace

Result<Attributes> attributes_of(Session& session, Node& node, base::Fd file) {
  return ask<Attributes>(session, node, file, true);
}

Result<p9::Rgetattr> getattr(Session& session, Node& node, base::Fd file, uint64_t wanted) {
  return ask<p9::Rgetattr>(session, node, file, (wanted & p9::kGetattrBtime) != 0);
}

}  // namespace gofer

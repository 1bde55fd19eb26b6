#include "gofer/attributes.h"

#include <sys/stat.h>

namespace gofer {
namespace {

using base::Result;

constexpr int64_t kSecond = 1'000'000'000;

struct Birth {
  bool known = false;
  int64_t sec = 0;
  int64_t nsec = 0;
};

// A file is born once, and walking to it has asked when; a file system that copies what is written
// may say something else afterwards.
[[gnu::cold, gnu::noinline]] Result<Birth> ask_birth(base::Fd file) {
  auto stat = host::statx(file, host::Path::empty(), STATX_BTIME);
  if (!stat) return base::failure(stat.error());
  return Birth{.known = (stat->stx_mask & STATX_BTIME) != 0,
               .sec = stat->stx_btime.tv_sec,
               .nsec = stat->stx_btime.tv_nsec};
}

Result<Birth> birth_of(const Node& node, base::Fd file) {
  if (!node.knows_birth()) [[unlikely]]
    return ask_birth(file);
  int64_t since = node.identity().birth_ns;
  if (since == 0) return Birth{};
  int64_t nsec = since % kSecond < 0 ? since % kSecond + kSecond : since % kSecond;
  return Birth{.known = true, .sec = (since - nsec) / kSecond, .nsec = nsec};
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
Result<Reply> describe(Session& session, const Result<Birth>& birth,
                       const Result<host::BasicStat>& stat) {
  Result<Reply> reply(std::in_place);
  auto qid = stat ? session.qid(identity_of(*stat)) : base::failure(stat.error());
  if (!qid || !birth) {
    reply = base::failure(qid ? birth.error() : qid.error());
    return reply;
  }
  reply->valid = p9::kGetattrBasic | (birth->known ? p9::kGetattrBtime : 0);
  reply->qid = *qid;
  if constexpr (requires { reply->attr; })
    fill(reply->attr, *stat, *birth);
  else
    fill(*reply, *stat, *birth);
  return reply;
}

}  // namespace

Result<Attributes> attributes_of(Session& session, const Node& node, base::Fd file) {
  return describe<Attributes>(session, birth_of(node, file), host::fstat(file));
}

Result<p9::Rgetattr> getattr(Session& session, const Node& node, base::Fd file) {
  return describe<p9::Rgetattr>(session, birth_of(node, file), host::fstat(file));
}

}  // namespace gofer

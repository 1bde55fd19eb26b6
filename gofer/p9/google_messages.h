// The messages that gVisor's client speaks in addition: 9P2000.L.Google.1 to .13. Each says, next
// to what messages.h asks for:
//   kSince        the least N of 9P2000.L.Google.N that has it.
#pragma once

#include "gofer/p9/attributes.h"
#include "gofer/p9/messages.h"

namespace p9 {

inline constexpr uint32_t kNewestGoogle = 13;

struct Rlistxattr {
  static constexpr Line kLine{29, "size[4] Rlistxattr tag[2] n[2] n*(name[s])"};
  EncodedList<std::string_view> names;
};

struct Tlistxattr {
  static constexpr Line kLine{28, "size[4] Tlistxattr tag[2] fid[4] size[8]"};
  using Reply = Rlistxattr;
  static constexpr bool kMutates = false;
  static constexpr uint32_t kSince = 11;
  Fid fid;
  uint64_t size{};
};

struct Rgetxattr {
  static constexpr Line kLine{35, "size[4] Rgetxattr tag[2] value[s]"};
  std::string_view value;
};

struct Tgetxattr {
  static constexpr Line kLine{34, "size[4] Tgetxattr tag[2] fid[4] name[s] size[8]"};
  using Reply = Rgetxattr;
  static constexpr bool kMutates = false;
  static constexpr uint32_t kSince = 10;
  Fid fid;
  std::string_view name;
  uint64_t size{};
};

struct Rsetxattr {
  static constexpr Line kLine{37, "size[4] Rsetxattr tag[2]"};
};

struct Tsetxattr {
  static constexpr Line kLine{36, "size[4] Tsetxattr tag[2] fid[4] name[s] value[s] flags[4]"};
  using Reply = Rsetxattr;
  static constexpr bool kMutates = true;
  static constexpr uint32_t kSince = 10;
  Fid fid;
  std::string_view name;
  std::string_view value;
  uint32_t flags{};
};

struct Rremovexattr {
  static constexpr Line kLine{39, "size[4] Rremovexattr tag[2]"};
};

struct Tremovexattr {
  static constexpr Line kLine{38, "size[4] Tremovexattr tag[2] fid[4] name[s]"};
  using Reply = Rremovexattr;
  static constexpr bool kMutates = true;
  static constexpr uint32_t kSince = 11;
  Fid fid;
  std::string_view name;
};

struct Rflushf {
  static constexpr Line kLine{125, "size[4] Rflushf tag[2]"};
};

struct Tflushf {
  static constexpr Line kLine{124, "size[4] Tflushf tag[2] fid[4]"};
  using Reply = Rflushf;
  static constexpr bool kMutates = false;
  static constexpr uint32_t kSince = 1;
  Fid fid;
};

struct Rwalkgetattr {
  static constexpr Line kLine{
      127, "size[4] Rwalkgetattr tag[2] valid[8] attr[132] nwqid[2] nwqid*(wqid[13])"};
  uint64_t valid{};
  Attr attr;
  WalkList<Qid> wqids;
};

struct Twalkgetattr {
  static constexpr Line kLine{
      126, "size[4] Twalkgetattr tag[2] fid[4] newfid[4] nwname[2] nwname*(wname[s])"};
  using Reply = Rwalkgetattr;
  static constexpr bool kMutates = false;
  static constexpr uint32_t kSince = 2;
  Fid fid;
  Fid newfid;
  WalkList<Name> wnames;
};

struct Rucreate {
  static constexpr Line kLine{129, "size[4] Rucreate tag[2] qid[13] iounit[4]"};
  Qid qid;
  uint32_t iounit{};
};

struct Tucreate {
  static constexpr Line kLine{
      128, "size[4] Tucreate tag[2] fid[4] name[s] flags[4] mode[4] gid[4] uid[4]"};
  using Reply = Rucreate;
  static constexpr bool kMutates = true;
  static constexpr uint32_t kSince = 3;
  Fid fid;
  Name name;
  uint32_t flags{};
  uint32_t mode{};
  uint32_t gid{};
  uint32_t uid{};
};

struct Rumkdir {
  static constexpr Line kLine{131, "size[4] Rumkdir tag[2] qid[13]"};
  Qid qid;
};

struct Tumkdir {
  static constexpr Line kLine{130, "size[4] Tumkdir tag[2] dfid[4] name[s] mode[4] gid[4] uid[4]"};
  using Reply = Rumkdir;
  static constexpr bool kMutates = true;
  static constexpr uint32_t kSince = 3;
  Fid dfid;
  Name name;
  uint32_t mode{};
  uint32_t gid{};
  uint32_t uid{};
};

struct Rumknod {
  static constexpr Line kLine{133, "size[4] Rumknod tag[2] qid[13]"};
  Qid qid;
};

struct Tumknod {
  static constexpr Line kLine{
      132, "size[4] Tumknod tag[2] dfid[4] name[s] mode[4] major[4] minor[4] gid[4] uid[4]"};
  using Reply = Rumknod;
  static constexpr bool kMutates = true;
  static constexpr uint32_t kSince = 3;
  Fid dfid;
  Name name;
  uint32_t mode{};
  uint32_t major{};
  uint32_t minor{};
  uint32_t gid{};
  uint32_t uid{};
};

struct Rusymlink {
  static constexpr Line kLine{135, "size[4] Rusymlink tag[2] qid[13]"};
  Qid qid;
};

struct Tusymlink {
  static constexpr Line kLine{134,
                              "size[4] Tusymlink tag[2] fid[4] name[s] symtgt[s] gid[4] uid[4]"};
  using Reply = Rusymlink;
  static constexpr bool kMutates = true;
  static constexpr uint32_t kSince = 3;
  Fid fid;
  Name name;
  std::string_view symtgt;
  uint32_t gid{};
  uint32_t uid{};
};

struct Rlconnect {
  static constexpr Line kLine{137, "size[4] Rlconnect tag[2]"};
};

struct Tlconnect {
  static constexpr Line kLine{136, "size[4] Tlconnect tag[2] fid[4] socktype[4]"};
  using Reply = Rlconnect;
  static constexpr bool kMutates = false;
  static constexpr uint32_t kSince = 4;
  Fid fid;
  uint32_t socktype{};
};

struct Rallocate {
  static constexpr Line kLine{139, "size[4] Rallocate tag[2]"};
};

struct Tallocate {
  static constexpr Line kLine{138, "size[4] Tallocate tag[2] fid[4] mode[4] offset[8] length[8]"};
  using Reply = Rallocate;
  static constexpr bool kMutates = true;
  static constexpr uint32_t kSince = 7;
  Fid fid;
  uint32_t mode{};
  uint64_t offset{};
  uint64_t length{};
};

struct Rsetattrclunk {
  static constexpr Line kLine{141, "size[4] Rsetattrclunk tag[2]"};
};

struct Tsetattrclunk {
  static constexpr Line kLine{
      140,
      "size[4] Tsetattrclunk tag[2] fid[4] valid[4] mode[4] uid[4] gid[4] size[8] atime_sec[8] "
      "atime_nsec[8] mtime_sec[8] mtime_nsec[8]"};
  using Reply = Rsetattrclunk;
  static constexpr bool kMutates = true;
  static constexpr bool kReleasesFid = true;
  static constexpr uint32_t kSince = 12;
  Fid fid;
  uint32_t valid{};
  uint32_t mode{};
  uint32_t uid{};
  uint32_t gid{};
  uint64_t size{};
  uint64_t atime_sec{};
  uint64_t atime_nsec{};
  uint64_t mtime_sec{};
  uint64_t mtime_nsec{};
};

struct Rmultigetattr {
  static constexpr Line kLine{143, "size[4] Rmultigetattr tag[2] n[2] n*(stat[153])"};
  EncodedList<FullStat> stats;
};

struct Tmultigetattr {
  static constexpr Line kLine{142, "size[4] Tmultigetattr tag[2] fid[4] n[2] n*(name[s])"};
  using Reply = Rmultigetattr;
  static constexpr bool kMutates = false;
  static constexpr uint32_t kSince = 13;
  Fid fid;
  PathNames names;
};

struct Rchannel {
  static constexpr Line kLine{251, "size[4] Rchannel tag[2] offset[8] length[8]"};
  uint64_t offset{};
  uint64_t length{};
};

struct Tchannel {
  static constexpr Line kLine{250, "size[4] Tchannel tag[2] id[4] control[4]"};
  using Reply = Rchannel;
  static constexpr bool kMutates = false;
  static constexpr uint32_t kSince = 8;
  uint32_t id{};
  uint32_t control{};
};

}  // namespace p9

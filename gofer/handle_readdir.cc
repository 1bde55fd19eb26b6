// Directory listings.
#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "gofer/handlers.h"
#include "gofer/p9/flags.h"

namespace gofer {
namespace {

using base::fail;
using base::Fd;

// linux_dirent64: d_ino[8] d_off[8] d_reclen[2] d_type[1] d_name, with its NUL, padded to 8.
constexpr std::size_t kHostOffset = 8;
constexpr std::size_t kHostLength = 16;
constexpr std::size_t kHostType = 18;
constexpr std::size_t kHostName = 19;
constexpr std::size_t kLargestHostEntry = 280;  // with a name of 255 bytes

// 9P: qid[13] offset[8] type[1] name[s]
constexpr std::size_t kEntryHeader = 24;

constexpr uint64_t kUnknown = UINT64_MAX;  // a position that no client can ask for

struct Entry {
  uint64_t inode = 0;
  uint64_t cookie = 0;
  uint8_t type = DT_UNKNOWN;
  std::string_view name;  // in the record
  std::size_t record = 0;
};

template <class T>
T load(const std::byte* from) {
  T value{};
  std::memcpy(&value, from, sizeof value);
  return value;
}

Entry read_entry(const std::byte* record) {
  return {.inode = load<uint64_t>(record),
          .cookie = load<uint64_t>(record + kHostOffset),
          .type = load<uint8_t>(record + kHostType),
          .name = reinterpret_cast<const char*>(record + kHostName),
          .record = load<uint16_t>(record + kHostLength)};
}

// Replaces host records by 9P entries in the same room. The records lie at its end; because a 9P
// entry is at most 7/6 of its record, writing from the front never reaches what is still to be
// read when the records take at most 6/7 of the room.
class Listing {
 public:
  Listing(Session& session, Node& dir, Fd fd, std::size_t count)
      : session_(session), dir_(dir), fd_(fd), count_(count) {}

  // Adds the entry; false when it does not fit into `count` any more.
  Result<bool> add(std::span<std::byte> room, Entry entry) {
    if (used_ + kEntryHeader + entry.name.size() > count_) return false;
    p9::Qid qid = TRY(identify(entry));
    std::byte* to = room.data() + used_;
    auto length = static_cast<uint16_t>(entry.name.size());
    std::memmove(to + kEntryHeader, entry.name.data(), length);
    p9::Writer header(room.subspan(used_, kEntryHeader));
    p9::Codec<p9::Qid>::write(header, qid);
    header.number(entry.cookie);
    // gVisor's clients take this byte for the type of a qid, everybody else for a DT_ value.
    header.number(session_.google() > 0 ? qid.type : entry.type);
    header.number(length);
    used_ += kEntryHeader + length;
    return true;
  }
  std::size_t used() const { return used_; }

 private:
  // The nodes know what "." and ".." are: above the root is the root, whatever the host has there.
  Result<p9::Qid> identify(Entry& entry) {
    if (entry.name == ".") return session_.qid(dir_.identity());
    if (entry.name == "..")
      return session_.qid((dir_.is_root() ? dir_ : *dir_.parent()).identity());
    if (entry.type == DT_UNKNOWN) {
      if (auto name = p9::Name::parse(entry.name)) {
        auto stat = host::statx(fd_, host::Path(*name), STATX_TYPE);
        if (stat) entry.type = static_cast<uint8_t>(IFTODT(stat->stx_mode));
      }
    }
    Identity identity{.device = dir_.identity().device,
                      .inode = entry.inode,
                      .type = static_cast<uint32_t>(DTTOIF(entry.type))};
    return session_.qid(identity);
  }

  Session& session_;
  Node& dir_;
  Fd fd_;
  std::size_t count_;
  std::size_t used_ = 0;
};

}  // namespace

Result<p9::Rreaddir> handle(Session& session, const p9::Treaddir& request) {
  FidState& state = *TRY(session.fids().find(request.fid));
  if (!state.is_open()) return fail(EBADF);
  auto* directory = state.use.as<OpenDirectory>();
  if (directory == nullptr) return fail(ENOTDIR);
  if (request.offset > INT64_MAX) return fail(EINVAL);
  if (request.offset != directory->position) TRY(host::lseek(directory->fd, request.offset));
  directory->position = kUnknown;

  std::span<std::byte> room = session.scratch();
  std::size_t count = std::min<std::size_t>(request.count, room.size());
  std::span<std::byte> records = room.last(std::max(count / 7 * 6, kLargestHostEntry));
  std::size_t filled = TRY(host::getdents64(directory->fd, records));
  Listing listing(session, *state.node, directory->fd, count);
  uint64_t reached = request.offset;
  std::size_t at = 0;
  while (at < filled) {
    Entry entry = read_entry(records.data() + at);
    if (!TRY(listing.add(room, entry))) break;
    reached = entry.cookie;
    at += entry.record;
  }
  if (at == filled) directory->position = reached;
  if (filled > 0 && listing.used() == 0) return fail(EINVAL);
  return p9::Rreaddir{.data = room.first(listing.used())};
}

}  // namespace gofer

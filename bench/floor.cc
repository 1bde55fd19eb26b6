#include "bench/floor.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <string_view>

#include "bench/floor_request.h"
#include "bench/frame_reader.h"
#include "gofer/p9/flags.h"
#include "gofer/p9/requests.h"

namespace bench {
namespace {

constexpr std::size_t kFids = 4096;
constexpr std::size_t kRoom = 2 * kMsize;
constexpr std::size_t kQidSize = 13;

struct File {
  int fd = -1;
  uint64_t position = 0;  // where the next entry of an open directory is
  std::array<std::byte, kQidSize> qid{};
};

class Floor {
 public:
  Floor(base::Fd socket, base::Fd root)
      : socket_(socket),
        root_(root.raw()),
        own_fds_(::open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
        requests_(socket),
        room_(std::make_unique<std::byte[]>(kRoom)),
        records_(std::make_unique<std::byte[]>(kMsize)),
        files_(std::make_unique<File[]>(kFids)) {}

  void run();

 private:
  void serve(std::byte* frame);
  bool answer(uint8_t type, Request in);
  bool attach(Request in);
  bool getattr(Request in);
  bool walk(Request in);
  bool open(Request in);
  bool create(Request in);
  bool read(Request in);
  bool write(Request in);
  bool readdir(Request in);
  bool mkdir(Request in);
  bool unlink(Request in);
  bool rename(Request in);

  template <class T>
  void put(T value) {
    store(room_.get() + used_, value);
    used_ += sizeof value;
  }
  void put_qid(const File& file) {
    std::memcpy(room_.get() + used_, file.qid.data(), kQidSize);
    used_ += kQidSize;
  }
  File& file(Request& in) { return files_[in.number<uint32_t>()]; }
  bool examine(int fd, const char* name, File& file);
  std::size_t list(std::size_t filled, uint64_t& position);

  base::Fd socket_;
  int root_;
  int own_fds_;
  FrameReader requests_;
  std::unique_ptr<std::byte[]> room_;
  std::unique_ptr<std::byte[]> records_;  // of a directory
  std::unique_ptr<File[]> files_;         // by fid
  std::size_t used_ = 0;                  // of room_
};

void Floor::run() {
  while (requests_.fill()) {
    for (auto frame = requests_.buffered(); !frame.empty(); frame = requests_.buffered()) {
      if (used_ > kRoom - kMsize) {
        write_all(socket_, {room_.get(), used_});
        used_ = 0;
      }
      serve(frame.data());
    }
    if (!write_all(socket_, {room_.get(), used_})) return;
    used_ = 0;
  }
}

void Floor::serve(std::byte* frame) {
  std::size_t start = used_;
  auto type = load<uint8_t>(frame + kTypeAt);
  auto tag = load<uint16_t>(frame + kTagAt);
  used_ += kBodyAt;
  auto replied = static_cast<uint8_t>(type + 1);
  if (!answer(type, Request(frame))) {
    used_ = start + kBodyAt;
    put(errno);
    replied = p9::Rlerror::kLine.type;
  }
  store(room_.get() + start, static_cast<uint32_t>(used_ - start));
  store(room_.get() + start + kTypeAt, replied);
  store(room_.get() + start + kTagAt, tag);
}

bool Floor::answer(uint8_t type, Request in) {
  switch (type) {
    case p9::Tversion::kLine.type: {
      constexpr std::string_view kVersion = "9P2000.L";
      put(static_cast<uint32_t>(kMsize));
      put(static_cast<uint16_t>(kVersion.size()));
      std::memcpy(room_.get() + used_, kVersion.data(), kVersion.size());
      used_ += kVersion.size();
      return true;
    }
    case p9::Tattach::kLine.type:
      return attach(in);
    case p9::Tgetattr::kLine.type:
      return getattr(in);
    case p9::Twalk::kLine.type:
      return walk(in);
    case p9::Tclunk::kLine.type:
      ::close(file(in).fd);
      return true;
    case p9::Tlopen::kLine.type:
      return open(in);
    case p9::Tlcreate::kLine.type:
      return create(in);
    case p9::Tread::kLine.type:
      return read(in);
    case p9::Twrite::kLine.type:
      return write(in);
    case p9::Treaddir::kLine.type:
      return readdir(in);
    case p9::Tmkdir::kLine.type:
      return mkdir(in);
    case p9::Tunlinkat::kLine.type:
      return unlink(in);
    case p9::Trenameat::kLine.type:
      return rename(in);
    default:
      errno = EOPNOTSUPP;
      return false;
  }
}

// Fills in the qid of a file.
bool Floor::examine(int fd, const char* name, File& file) {
  struct statx stat;  // NOLINT(cppcoreguidelines-pro-type-member-init): the kernel fills it
  constexpr int kFlags = AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW;
  if (::statx(fd, name, kFlags, STATX_TYPE | STATX_MTIME | STATX_INO, &stat) != 0) return false;
  uint8_t type = S_ISDIR(stat.stx_mode)   ? p9::kQidDirectory
                 : S_ISLNK(stat.stx_mode) ? p9::kQidSymlink
                                          : uint8_t{0};
  store(file.qid.data(), type);
  store(file.qid.data() + 1, stat.stx_mtime.tv_nsec);
  store(file.qid.data() + 5, uint64_t{stat.stx_ino});
  return true;
}

bool Floor::attach(Request in) {
  File& root = file(in);
  root.fd = root_;
  if (!examine(root_, "", root)) return false;
  put_qid(root);
  return true;
}

bool Floor::getattr(Request in) {
  const File& of = file(in);
  struct stat stat;  // NOLINT(cppcoreguidelines-pro-type-member-init): the kernel fills it
  if (::syscall(SYS_fstat, of.fd, &stat) != 0) return false;
  put(p9::kGetattrBasic);
  put_qid(of);
  put(uint32_t{stat.st_mode});
  put(stat.st_uid);
  put(stat.st_gid);
  put(uint64_t{stat.st_nlink});
  put(uint64_t{0});  // rdev
  put(stat.st_size);
  put(stat.st_blksize);
  put(stat.st_blocks);
  for (const timespec& time : {stat.st_atim, stat.st_mtim, stat.st_ctim, timespec{}}) {
    put(time.tv_sec);
    put(time.tv_nsec);
  }
  put(uint64_t{0});  // gen
  put(uint64_t{0});  // data_version
  return true;
}

bool Floor::walk(Request in) {
  const File& from = file(in);
  File& to = file(in);
  auto count = in.number<uint16_t>();
  put(count);
  to.qid = from.qid;
  to.position = 0;
  if (count == 0) return (to.fd = ::fcntl(from.fd, F_DUPFD_CLOEXEC, 0)) >= 0;
  int at = from.fd;
  for (unsigned i = 0; i < count; ++i) {
    int fd = ::openat(at, in.name(), O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return false;
    if (at != from.fd) ::close(at);
    at = fd;
    if (!examine(fd, "", to)) return false;
    put_qid(to);
  }
  to.fd = at;
  return true;
}

bool Floor::open(Request in) {
  File& of = file(in);
  auto flags = static_cast<int>(in.number<uint32_t>());
  char number[16] = {};
  std::to_chars(std::begin(number), std::end(number), of.fd);
  int fd = ::openat(own_fds_, number, flags | O_CLOEXEC);
  if (fd < 0) return false;
  ::close(of.fd);
  of.fd = fd;
  of.position = 0;
  put_qid(of);
  put(static_cast<uint32_t>(kMsize - 24));  // iounit
  return true;
}

bool Floor::create(Request in) {
  File& of = file(in);
  const char* name = in.name();
  auto flags = static_cast<int>(in.number<uint32_t>());
  int fd = ::openat(of.fd, name, flags | O_CREAT | O_CLOEXEC, in.number<uint32_t>());
  if (fd < 0) return false;
  ::close(of.fd);
  of.fd = fd;
  if (!examine(fd, "", of)) return false;
  put_qid(of);
  put(static_cast<uint32_t>(kMsize - 24));  // iounit
  return true;
}

bool Floor::read(Request in) {
  const File& of = file(in);
  auto offset = in.number<int64_t>();
  auto count = in.number<uint32_t>();
  ssize_t n = ::pread(of.fd, room_.get() + used_ + sizeof count, count, offset);
  if (n < 0) return false;
  put(static_cast<uint32_t>(n));
  used_ += static_cast<std::size_t>(n);
  return true;
}

bool Floor::write(Request in) {
  const File& of = file(in);
  auto offset = in.number<int64_t>();
  auto count = in.number<uint32_t>();
  ssize_t n = ::pwrite(of.fd, in.rest(), count, offset);
  if (n < 0) return false;
  put(static_cast<uint32_t>(n));
  return true;
}

bool Floor::readdir(Request in) {
  File& of = file(in);
  auto offset = in.number<uint64_t>();
  auto count = in.number<uint32_t>();
  if (offset != of.position && ::lseek(of.fd, static_cast<off_t>(offset), SEEK_SET) < 0)
    return false;
  // An entry of 9P takes at most 7/6 of what the kernel's takes.
  ssize_t n = ::getdents64(of.fd, records_.get(), std::size_t{count} / 7 * 6);
  if (n < 0) return false;
  of.position = offset;
  std::size_t listed = list(static_cast<std::size_t>(n), of.position);
  store(room_.get() + used_ - listed - sizeof count, static_cast<uint32_t>(listed));
  return true;
}

// Puts down what lies in records_ as entries of 9P, behind room for their size, which it returns.
std::size_t Floor::list(std::size_t filled, uint64_t& position) {
  used_ += sizeof(uint32_t);
  std::size_t begin = used_;
  for (std::size_t at = 0; at < filled;) {
    const auto* entry = reinterpret_cast<const dirent64*>(records_.get() + at);
    std::size_t length = std::strlen(entry->d_name);
    put(entry->d_type == DT_DIR ? p9::kQidDirectory : uint8_t{0});
    put(uint32_t{0});
    put(entry->d_ino);
    put(static_cast<uint64_t>(entry->d_off));
    put(uint8_t{entry->d_type});
    put(static_cast<uint16_t>(length));
    std::memcpy(room_.get() + used_, entry->d_name, length);
    used_ += length;
    position = static_cast<uint64_t>(entry->d_off);
    at += entry->d_reclen;
  }
  return used_ - begin;
}

bool Floor::mkdir(Request in) {
  const File& in_which = file(in);
  const char* name = in.name();
  if (::mkdirat(in_which.fd, name, in.number<uint32_t>()) != 0) return false;
  File made;
  if (!examine(in_which.fd, name, made)) return false;
  put_qid(made);
  return true;
}

bool Floor::unlink(Request in) {
  const File& in_which = file(in);
  const char* name = in.name();
  return ::unlinkat(in_which.fd, name, static_cast<int>(in.number<uint32_t>())) == 0;
}

bool Floor::rename(Request in) {
  const File& from = file(in);
  const char* old_name = in.name();
  const File& to = file(in);
  return ::renameat(from.fd, old_name, to.fd, in.name()) == 0;
}

}  // namespace

void serve_floor(base::Fd socket, base::Fd root) {
  Floor(socket, root).run();
}

}  // namespace bench

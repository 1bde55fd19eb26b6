#include "tests/support/held_disk.h"

#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <iterator>
#include <span>
#include <system_error>

namespace support {
namespace {

constexpr uint64_t kFirstFile = 2;
constexpr uint64_t kForEver = 3600;
constexpr std::size_t kRequestRoom = std::size_t{1} << 18;
constexpr std::chrono::seconds kPatience{10};

std::system_error failed(const char* what) {
  return {errno, std::generic_category(), what};
}

base::UniqueFd open_device() {
  return base::UniqueFd(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
}

// The request's own struct, behind its header.
template <class T>
T body_of(const std::vector<std::byte>& request) {
  T body{};
  std::memcpy(&body, request.data() + sizeof(fuse_in_header),
              std::min(sizeof body, request.size() - sizeof(fuse_in_header)));
  return body;
}

fuse_attr attributes_of(uint64_t node) {
  fuse_attr attr{};
  attr.ino = node;
  bool is_file = node >= kFirstFile;
  attr.mode = is_file ? S_IFREG | 0666 : S_IFDIR | 0777;
  attr.nlink = 1;
  attr.size = is_file ? HeldDisk::kContent.size() : 0;
  attr.blksize = 4096;
  return attr;
}

}  // namespace

bool HeldDisk::possible() {
  return open_device().valid() && ::geteuid() == 0;
}

HeldDisk::HeldDisk() : device_(open_device()), stop_(::eventfd(0, EFD_CLOEXEC)) {
  std::string options =
      "fd=" + std::to_string(device_.raw()) + ",rootmode=40000,user_id=0,group_id=0,allow_other";
  if (::mount("held", path().c_str(), "fuse", MS_NOSUID | MS_NODEV, options.c_str()) != 0)
    throw failed("mount fuse");
  thread_ = std::thread([this] { live(); });
}

HeldDisk::~HeldDisk() {
  release();
  ::umount2(path().c_str(), MNT_DETACH);
  (void)::eventfd_write(stop_.raw(), 1);
  thread_.join();
}

void HeldDisk::hold(What what) {
  std::lock_guard alone(mutex_);
  holding_ = what;
}

void HeldDisk::release() {
  std::vector<Held> held;
  {
    std::lock_guard alone(mutex_);
    holding_.reset();
    held.swap(held_);
  }
  for (const Held& each : held) answer(each.unique, each.reply.data(), each.reply.size());
}

bool HeldDisk::holds(std::size_t count) {
  std::unique_lock alone(mutex_);
  return changed_.wait_for(alone, kPatience, [&] { return held_.size() == count; });
}

bool HeldDisk::was_closed(std::size_t count) {
  std::unique_lock alone(mutex_);
  return changed_.wait_for(alone, kPatience, [&] { return closed_ == count; });
}

void HeldDisk::live() {
  std::vector<std::byte> room(kRequestRoom);
  for (;;) {
    pollfd ready[] = {{.fd = device_.raw(), .events = POLLIN, .revents = 0},
                      {.fd = stop_.raw(), .events = POLLIN, .revents = 0}};
    if (::poll(ready, 2, -1) < 0 && errno != EINTR) return;
    if (ready[1].revents != 0) return;
    ssize_t size = ::read(device_.raw(), room.data(), room.size());
    if (size < 0 && errno == ENODEV) return;
    if (size >= static_cast<ssize_t>(sizeof(fuse_in_header)))
      serve({room.begin(), room.begin() + size});
  }
}

void HeldDisk::answer(uint64_t unique, const void* reply, std::size_t size) {
  fuse_out_header header{
      .len = static_cast<uint32_t>(sizeof header + size), .error = 0, .unique = unique};
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): the kernel only reads it
  iovec pieces[] = {{&header, sizeof header}, {const_cast<void*>(reply), size}};
  // It fails where the request was interrupted, and nobody waits for it.
  [[maybe_unused]] ssize_t sent = ::writev(device_.raw(), pieces, 2);
}

void HeldDisk::fail(uint64_t unique, int error) {
  fuse_out_header header{.len = sizeof header, .error = -error, .unique = unique};
  [[maybe_unused]] ssize_t sent = ::write(device_.raw(), &header, sizeof header);
}

void HeldDisk::answer_in_time(What what, uint64_t unique, const void* reply, std::size_t size) {
  {
    std::lock_guard alone(mutex_);
    if (holding_ == what) {
      auto bytes = static_cast<const std::byte*>(reply);
      held_.push_back({unique, {bytes, bytes + size}});
      changed_.notify_all();
      return;
    }
  }
  answer(unique, reply, size);
}

void HeldDisk::serve_data(uint64_t unique, uint32_t opcode, const std::vector<std::byte>& request) {
  switch (opcode) {
    case FUSE_READ: {
      auto in = body_of<fuse_read_in>(request);
      auto rest = kContent.substr(std::min<std::size_t>(in.offset, kContent.size()));
      return answer_in_time(What::kData, unique, rest.data(),
                            std::min<std::size_t>(in.size, rest.size()));
    }
    case FUSE_WRITE: {
      fuse_write_out out{.size = body_of<fuse_write_in>(request).size, .padding = 0};
      return answer_in_time(What::kData, unique, &out, sizeof out);
    }
    default:  // FUSE_FSYNC
      return answer_in_time(What::kData, unique, nullptr, 0);
  }
}

void HeldDisk::look_up(uint64_t unique, const char* name) {
  std::string_view asked(name);
  auto file = std::ranges::find(kFiles, asked);
  uint64_t place = static_cast<uint64_t>(file - std::begin(kFiles));
  if (file == std::end(kFiles)) {
    if (!asked.starts_with("cold")) return fail(unique, ENOENT);
    auto cold = std::ranges::find(cold_, asked);
    place += static_cast<uint64_t>(cold - cold_.begin());
    if (cold == cold_.end()) cold_.emplace_back(asked);
  }
  fuse_entry_out out{};
  out.nodeid = kFirstFile + place;
  out.entry_valid = out.attr_valid = kForEver;
  out.attr = attributes_of(out.nodeid);
  answer_in_time(What::kDirectory, unique, &out, sizeof out);
}

// From the entry with this number on.
void HeldDisk::list(uint64_t unique, uint64_t from) {
  std::vector<std::byte> reply;
  for (uint64_t i = from; i < std::size(kFiles); ++i) {
    fuse_dirent entry{.ino = kFirstFile + i,
                      .off = i + 1,
                      .namelen = static_cast<uint32_t>(kFiles[i].size()),
                      .type = S_IFREG >> 12};
    std::size_t begin = reply.size();
    reply.resize(begin + FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + kFiles[i].size()));
    std::memcpy(reply.data() + begin, &entry, FUSE_NAME_OFFSET);
    std::ranges::copy(std::as_bytes(std::span(kFiles[i])),
                      reply.begin() + static_cast<std::ptrdiff_t>(begin + FUSE_NAME_OFFSET));
  }
  answer_in_time(What::kDirectory, unique, reply.data(), reply.size());
}

void HeldDisk::serve(const std::vector<std::byte>& request) {
  fuse_in_header header{};
  std::memcpy(&header, request.data(), sizeof header);
  switch (header.opcode) {
    case FUSE_INIT: {
      fuse_init_out out{};
      out.major = FUSE_KERNEL_VERSION;
      out.minor = 31;
      out.max_write = 1U << 17;
      return answer(header.unique, &out, sizeof out);
    }
    case FUSE_LOOKUP:
      return look_up(header.unique, reinterpret_cast<const char*>(request.data() + sizeof header));
    case FUSE_READDIR:
      return list(header.unique, body_of<fuse_read_in>(request).offset);
    case FUSE_GETATTR: {
      fuse_attr_out out{};
      out.attr_valid = kForEver;
      out.attr = attributes_of(header.nodeid);
      return answer(header.unique, &out, sizeof out);
    }
    case FUSE_OPEN:
    case FUSE_OPENDIR: {
      fuse_open_out out{};
      out.open_flags =
          header.opcode == FUSE_OPEN ? FOPEN_DIRECT_IO : FOPEN_CACHE_DIR | FOPEN_KEEP_CACHE;
      return answer(header.unique, &out, sizeof out);
    }
    case FUSE_READ:
    case FUSE_WRITE:
    case FUSE_FSYNC:
      return serve_data(header.unique, header.opcode, request);
    case FUSE_RELEASE: {
      answer(header.unique, nullptr, 0);
      std::lock_guard alone(mutex_);
      ++closed_;
      return changed_.notify_all();
    }
    case FUSE_STATFS: {
      fuse_statfs_out out{};
      out.st.bsize = out.st.frsize = 4096;
      out.st.namelen = 255;
      return answer(header.unique, &out, sizeof out);
    }
    case FUSE_FLUSH:
    case FUSE_RELEASEDIR:
      return answer(header.unique, nullptr, 0);
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
    case FUSE_INTERRUPT:
      return;
    default:
      return fail(header.unique, ENOSYS);
  }
}

}  // namespace support

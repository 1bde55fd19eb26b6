// Feeds any sequence of 9P frames to a session on a real tree, and checks what must hold whatever a
// client says.
//
// The first byte of an input says how the tree is served (kReadOnly ...); the rest are frames. The
// size of a frame that lies about it is put right, so that changes of one frame leave the others.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <vector>

#include "gofer/dispatcher.h"
#include "gofer/window.h"
#include "tests/fuzz/frames.h"
#include "tests/support/descriptors.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tree.h"

namespace {

using support::path;

void require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

// The tree that is served, beside what must never be reached: links in the tree lead there.
class Place {
 public:
  Place() {
    support::make_file(outside() / "secret", "secret");
    support::make_fifo(outside() / "fifo");
    support::set_xattr(outside() / "secret", "user.secret", "secret");
    // Read for the first time since the file was changed, a file shows that in its access time.
    const std::array<timespec, 2> never{timespec{.tv_sec = 0, .tv_nsec = 0},
                                        timespec{.tv_sec = 0, .tv_nsec = UTIME_OMIT}};
    for (const path& each : watched())
      require(::utimensat(AT_FDCWD, each.c_str(), never.data(), 0) == 0, "times can be set");
    make_served();
    outside_ = look();
  }

  path served() const { return dir_ / "served"; }
  path outside() const { return dir_ / "outside"; }
  bool outside_is_untouched() const { return look() == outside_; }

  void make_served() {
    support::make_file(served() / "f", "0123456789");
    support::make_file(served() / "d" / "f", "below");
    support::make_symlink(served() / "l", (outside() / "secret").native());
    support::make_symlink(served() / "d" / "out", outside().native());
    support::make_fifo(served() / "p");
    listener_ = support::bind_socket(served() / "s", SOCK_STREAM);
    support::set_xattr(served() / "f", "user.a", "value");
    support::set_xattr(served() / "d", "user.a", "value");
  }
  void make_anew() {
    std::filesystem::remove_all(served());
    make_served();
  }

 private:
  struct Seen {
    uint64_t numbers[9];
    friend bool operator==(const Seen&, const Seen&) = default;
  };
  std::array<path, 4> watched() const {
    return {dir_.path(), outside(), outside() / "secret", outside() / "fifo"};
  }
  std::array<Seen, 4> look() const {
    std::array<Seen, 4> all{};
    std::ranges::transform(watched(), all.begin(), [](const path& each) {
      struct statx stat{};
      if (::statx(AT_FDCWD, each.c_str(), AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &stat) != 0)
        throw std::system_error(errno, std::generic_category(), each);
      auto nanoseconds = [](const statx_timestamp& time) {
        return static_cast<uint64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
      };
      return Seen{{stat.stx_mode, stat.stx_uid, stat.stx_gid, stat.stx_nlink, stat.stx_ino,
                   stat.stx_size, nanoseconds(stat.stx_atime), nanoseconds(stat.stx_mtime),
                   nanoseconds(stat.stx_ctime)}};
    });
    // The served tree is made anew beside them.
    Seen& parent = all[0];
    parent.numbers[6] = parent.numbers[7] = parent.numbers[8] = 0;
    return all;
  }

  support::TempDir dir_;
  base::UniqueFd listener_;  // its backlog fills up, and then nobody waits
  std::array<Seen, 4> outside_{};
};

// Stands in a directory while it lives, and goes back: the fuzzer has relative paths of its own.
class Standing {
 public:
  explicit Standing(base::Fd in) : back_(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)) {
    require(::fchdir(in.raw()) == 0, "a directory can be stood in");
  }
  Standing(const Standing&) = delete;
  Standing& operator=(const Standing&) = delete;
  ~Standing() { require(::fchdir(back_.raw()) == 0, "there is a way back"); }

 private:
  base::UniqueFd back_;
};

gofer::AttachPoint attach_point(uint8_t how, base::Fd root, base::Fd own_fds) {
  gofer::AttachPoint point{.root = root, .own_fds = own_fds};
  point.read_only = (how & fuzz::kReadOnly) != 0;
  point.make_fifo = point.make_socket = true;
  point.uds = point.fifo = true;
  if ((how & fuzz::kAllXattrs) != 0)
    point.xattrs = {.user = true, .acl = true, .security = true, .trusted = true};
  if ((how & fuzz::kTight) != 0)
    point.limits = {.fids = 8,
                    .nodes = 12,
                    .open_files = 3,
                    .lock_owners = 2,
                    .lock_ranges = 4,
                    .xattr_bytes = 1100,
                    .node_fds = 4};
  point.limits.msize = fuzz::kMsize;
  return point;
}

void check_reply(p9::Bytes request, p9::Bytes reply) {
  p9::Reader in(reply);
  require(in.number<uint32_t>() == reply.size(), "a reply says its own size");
  auto type = in.number<uint8_t>();
  require(type == p9::Rlerror::kLine.type || type == static_cast<uint8_t>(request[4]) + 1,
          "a request is answered by its own reply or an error");
  require(std::ranges::equal(reply.subspan(5, 2), request.subspan(5, 2)), "tags come back");
}

// A frame as the datagram that has the same to say, taken out of a window and answered there. What
// the window held before is rubbish, and what it holds afterwards is not looked at but for its
// type.
void serve_in_window(gofer::Session& session, p9::Bytes frame) {
  static std::vector<std::byte> memory(p9::kWindowSize);
  static std::vector<std::byte> copy(p9::kDatagramCapacity);
  if (frame.size() > p9::kDatagramCapacity) return;
  gofer::Window window(std::span<std::byte, p9::kWindowSize>(memory.data(), memory.size()));
  std::span<std::byte> room = window.reply_room();
  room[0] = frame[4];
  room[p9::kHasFd] = std::byte{0};
  p9::Bytes body = frame.subspan(p9::kHeaderSize);
  std::ranges::copy(body, room.begin() + p9::kDatagramHeader);
  p9::Datagram taken = window.take(p9::kDatagramHeader + body.size(), copy);
  auto replied = gofer::serve_datagram(session, taken, room, copy);
  require(replied.has_value() && *replied >= p9::kDatagramHeader, "a datagram is answered");
  auto type = static_cast<uint8_t>(room[0]);
  require(type == p9::Rlerror::kLine.type || type == static_cast<uint8_t>(frame[4]) + 1,
          "a datagram is answered by its own reply or an error");
}

void serve(gofer::Session& session, bool channel, p9::Bytes input) {
  static std::vector<std::byte> room(fuzz::kMsize);
  while (input.size() >= p9::kHeaderSize) {
    uint32_t size = 0;
    std::memcpy(&size, input.data(), sizeof size);
    if (size < p9::kHeaderSize || size > input.size()) size = static_cast<uint32_t>(input.size());
    std::vector<std::byte> frame(input.begin(), input.begin() + size);
    std::memcpy(frame.data(), &size, sizeof size);
    input = input.subspan(size);
    if (channel && frame[4] != std::byte{p9::Tversion::kLine.type}) {
      serve_in_window(session, frame);
      (void)session.take_donation();
      continue;
    }
    auto replied = gofer::serve_frame(session, frame, room);
    require(replied.has_value(), "a frame of its true size is answered");
    (void)session.take_donation();  // as the loop does, with each reply
    check_reply(frame, std::span(room).first(*replied));
  }
}

void run(const Place& place, uint8_t how, p9::Bytes frames) {
  base::UniqueFd own_fds(::open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  base::UniqueFd root =
      support::open_path((how & fuzz::kSingleFile) != 0 ? place.served() / "f" : place.served());
  base::UniqueFd silence(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  base::Log log(silence, base::LogFormat::kText, base::LogLevel::kDebug, "worker");
  gofer::AttachPoint point = attach_point(how, root, own_fds);
  Standing standing(own_fds);
  auto session = gofer::Session::start(point, log);
  require(session.has_value(), "a session starts");
  serve(*session, (how & fuzz::kChannel) != 0, frames);
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  static Place place;
  if (size == 0) return 0;
  ::umask(0);
  bool read_only = (data[0] & fuzz::kReadOnly) != 0;
  std::size_t descriptors = support::count_descriptors(::getpid());
  support::Inventory before;
  if (read_only) before = support::inventory(place.served());
  run(place, data[0], std::as_bytes(std::span(data, size)).subspan(1));
  require(support::count_descriptors(::getpid()) == descriptors, "every descriptor comes back");
  require(place.outside_is_untouched(), "nothing outside is read or written");
  if (read_only)
    require(support::inventory(place.served()) == before, "a read-only tree stays as it is");
  else
    place.make_anew();
  return 0;
}

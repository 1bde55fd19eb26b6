#include "tests/fuzz/served_place.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <vector>

#include "gofer/dispatcher.h"
#include "tests/support/descriptors.h"

namespace fuzz {
namespace {

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
  point.read_only = (how & kReadOnly) != 0;
  point.make_fifo = point.make_socket = true;
  point.uds = point.fifo = true;
  if ((how & kAllXattrs) != 0)
    point.xattrs = {.user = true, .acl = true, .security = true, .trusted = true};
  if ((how & kTight) != 0)
    point.limits = {.fids = 8,
                    .nodes = 12,
                    .open_files = 3,
                    .lock_owners = 2,
                    .lock_ranges = 4,
                    .xattr_bytes = 1100,
                    .node_fds = 4};
  point.limits.msize = kMsize;
  return point;
}

}  // namespace

void require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

// A client may ask for terabytes, and a disk would give what it has: the tree is on a small one of
// its own where this process may mount.
void Place::bound() {
  mounted_ = ::unshare(CLONE_NEWNS) == 0 &&
             ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
             ::mount("tmpfs", dir_.path().c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "size=64m") == 0;
  // Linux 6.6 gave a tmpfs the attributes of users.
  if (mounted_ && ::setxattr(dir_.path().c_str(), "user.a", "", 0, 0) != 0) {
    ::umount2(dir_.path().c_str(), MNT_DETACH);
    mounted_ = false;
  }
}

Place::~Place() {
  if (mounted_) ::umount2(dir_.path().c_str(), MNT_DETACH);
}

Place::Place() {
  bound();
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

void Place::make_anew() {
  std::filesystem::remove_all(served());
  make_served();
}

void Place::make_served() {
  support::make_file(served() / "f", "0123456789");
  support::make_file(served() / "d" / "f", "below");
  support::make_symlink(served() / "l", (outside() / "secret").native());
  support::make_symlink(served() / "d" / "out", outside().native());
  support::make_fifo(served() / "p");
  listener_ = support::bind_socket(served() / "s", SOCK_STREAM);
  support::set_xattr(served() / "f", "user.a", "value");
  support::set_xattr(served() / "d", "user.a", "value");
}

std::array<path, 4> Place::watched() const {
  return {dir_.path(), outside(), outside() / "secret", outside() / "fifo"};
}

std::array<Place::Seen, 4> Place::look() const {
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

namespace {

void run(const Place& place, uint8_t how, const std::function<void(gofer::Session&)>& client) {
  base::UniqueFd own_fds(::open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  base::UniqueFd root =
      support::open_path((how & kSingleFile) != 0 ? place.served() / "f" : place.served());
  base::UniqueFd silence(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  base::Log log(silence, base::LogFormat::kText, base::LogLevel::kDebug, "worker");
  gofer::AttachPoint point = attach_point(how, root, own_fds);
  Standing standing(own_fds);
  auto session = gofer::Session::start(point, log);
  require(session.has_value(), "a session starts");
  client(*session);
}

}  // namespace

void with_session(uint8_t how, const std::function<void(gofer::Session&)>& client) {
  static Place place;
  ::umask(0);
  bool read_only = (how & kReadOnly) != 0;
  std::size_t descriptors = support::count_descriptors(::getpid());
  support::Inventory before;
  if (read_only) before = support::inventory(place.served());
  run(place, how, client);
  require(support::count_descriptors(::getpid()) == descriptors, "every descriptor comes back");
  require(place.outside_is_untouched(), "nothing outside is read or written");
  if (read_only)
    require(support::inventory(place.served()) == before, "a read-only tree stays as it is");
  else
    place.make_anew();
}

void check_reply(p9::Bytes request, p9::Bytes reply) {
  p9::Reader in(reply);
  require(in.number<uint32_t>() == reply.size(), "a reply says its own size");
  auto type = in.number<uint8_t>();
  require(type == p9::Rlerror::kLine.type || type == static_cast<uint8_t>(request[4]) + 1,
          "a request is answered by its own reply or an error");
  require(std::ranges::equal(reply.subspan(5, 2), request.subspan(5, 2)), "tags come back");
}

p9::Bytes answer(gofer::Session& session, p9::Bytes frame) {
  static std::vector<std::byte> room(kMsize);
  uint32_t limit = session.frame_limit();
  auto replied = gofer::serve_frame(session, frame, room);
  require(replied.has_value(), "a frame of its true size is answered");
  (void)session.take_donation();  // as the loop does, with each reply
  p9::Bytes reply = std::span(room).first(*replied);
  require(reply.size() <= std::max(limit, session.frame_limit()),
          "a reply is no larger than msize");
  check_reply(frame, reply);
  return reply;
}

}  // namespace fuzz

#include "tests/gofer/served.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "tests/support/descriptors.h"

namespace gofer {

Served::Served()
    : own_fds_(::open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
      log_(support::make_memory_file("log")),
      attach_point_(none()),
      payload_(kOwnMsize - p9::kPayloadOffset) {
  ::umask(0);
  support::stand_in(own_fds_);
}

void Served::serve(const path& root, AttachPoint options, uint32_t uid) {
  session_.reset();
  root_ = support::open_path(root);
  attach_point_ = options;
  attach_point_.root = root_;
  attach_point_.own_fds = own_fds_;
  base::Log log(log_, base::LogFormat::kText, base::LogLevel::kDebug, "worker");
  auto started = Session::start(attach_point_, log);
  ASSERT_EQ(outcome(started), "ok");
  session_ = std::make_unique<Session>(*std::move(started));
  ASSERT_EQ(outcome(call(p9::Tversion{kOwnMsize, "9P2000.L"})), "ok");
  ASSERT_EQ(outcome(call(p9::Tattach{kRoot, p9::Fid{p9::kNoFid}, "", "/", uid})), "ok");
}

Result<p9::Rwalk> Served::walk_to(p9::Fid fid, std::initializer_list<std::string_view> names,
                                  p9::Fid from) {
  p9::Twalk request{.fid = from, .newfid = fid};
  for (std::string_view text : names) request.wnames.push(name(text));
  return call(request);
}

p9::Fid Served::walk(std::initializer_list<std::string_view> names, p9::Fid from) {
  p9::Fid fid = next_fid();
  EXPECT_EQ(outcome(walk_to(fid, names, from)), "ok") << (names.size() ? *names.begin() : "");
  return fid;
}

p9::Fid Served::open(std::initializer_list<std::string_view> names, uint32_t flags) {
  p9::Fid fid = walk(names);
  EXPECT_EQ(outcome(call(p9::Tlopen{fid, flags})), "ok");
  return fid;
}

std::string Served::read(p9::Fid fid, uint64_t offset, uint32_t count) {
  auto reply = call(p9::Tread{fid, offset, count});
  if (!reply) return outcome(reply);
  return {reinterpret_cast<const char*>(reply->data.data()), reply->data.size()};
}

std::string Served::write(p9::Fid fid, uint64_t offset, std::string_view text) {
  auto reply = call(p9::Twrite{fid, offset, std::as_bytes(std::span(text))});
  return reply ? std::to_string(reply->count) : outcome(reply);
}

std::string Served::log() const {
  return support::content_of(log_);
}

}  // namespace gofer

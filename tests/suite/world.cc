#include "tests/suite/world.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

namespace suite {

World::World() {
  support::make_directory(exported());
  support::make_file(outside() / "secret", kSecret);
  support::make_file(outside() / "directory" / "secret", kSecret);
  support::make_fifo(outside() / "fifo");
  listener_ = support::bind_socket(outside() / "socket", SOCK_STREAM);
  reader_ = base::UniqueFd(::open((outside() / "fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  support::set_xattr(outside() / "secret", "user.secret", kSecret);
  support::set_xattr(outside() / "directory" / "secret", "user.secret", kSecret);
  for (const auto& [name, description] : support::contents(outside())) {
    EXPECT_EQ(::lchown((outside() / name).c_str(), kOutsideOwner, kOutsideOwner), 0) << name;
  }
  outside_before_ = support::inventory(outside());
}

void World::TearDown() {
  if (client_) {
    if (rig_) rig_->expect_at_peace(*served_, *client_);
    EXPECT_EQ(hang_up(), "hangup");
  }
  expect_outside_untouched();
}

void World::expect_outside_untouched() {
  EXPECT_EQ(support::inventory(outside()), outside_before_);
  pollfd nothing[] = {{.fd = listener_.raw(), .events = POLLIN, .revents = 0},
                      {.fd = reader_.raw(), .events = POLLIN, .revents = 0}};
  EXPECT_EQ(::poll(nothing, 2, 0), 0) << "somebody came to the socket or the FIFO outside";
}

void World::serve_silently(const path& source, const Export& how) {
  Export served = how;
  if (kWay == Way::kChannel) served.channels = std::max(served.channels, 1U);
  std::vector<ServedTree> trees{{.source = source, .how = served}};
  if (kRigged) trees = rig_.emplace().trees(source, served);
  served_.emplace(trees);
  client_.emplace(served_->take_client());
  if (rig_) rig_->start(*served_);
}

void World::serve(const path& source, const Export& how) {
  serve_silently(source, how);
  if (kWay == Way::kChannel) {
    // Any dialect goes over a channel, once there is one.
    ASSERT_EQ(outcome(client().version(p9client::kDefaultMsize, p9::kNewestGoogle)), "ok");
    ASSERT_EQ(outcome(client().use_channel(0)), "ok");
  }
  ASSERT_EQ(outcome(client().version()), "ok");
  ASSERT_EQ(outcome(client().attach(Client::root())), "ok");
}

void World::speak(uint32_t google) {
  ASSERT_EQ(outcome(client().version(p9client::kDefaultMsize, google)), "ok");
  ASSERT_EQ(client().google(), google);
  ASSERT_EQ(outcome(client().attach(Client::root())), "ok");
}

std::string World::hang_up() {
  client_.reset();
  std::string why = served_->end();
  if (rig_) rig_->expect_unharmed(*served_);
  return why;
}

void World::expect_alive() {
  EXPECT_EQ(outcome(client().getattr(Client::root())), "ok");
}

p9::Name World::name(std::string_view text) const {
  auto name = p9::Name::parse(text);
  if (!name) throw std::logic_error("not a name: " + std::string(text));
  return *name;
}

UniqueFid World::walk(std::string_view path) {
  auto fid = client().walk(path);
  if (!fid) throw std::runtime_error("walk to " + std::string(path) + ": " + outcome(fid));
  return *std::move(fid);
}

UniqueFid World::open(std::string_view path, uint32_t flags) {
  UniqueFid fid = walk(path);
  auto opened = client().open(fid, flags);
  if (!opened) throw std::runtime_error("open of " + std::string(path) + ": " + outcome(opened));
  return fid;
}

}  // namespace suite

// A client that breaks every rule of its channels, at random. It may end its channels and its own
// connection, and nothing else.
#include "tests/suite/hostile_channel.h"

#include <sys/resource.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/suite/samples.h"
#include "tests/suite/world.h"
#include "tests/support/raw_channel.h"

namespace suite {
namespace {

using Bytes = std::vector<std::byte>;

constexpr uint32_t kChannels = 4;
constexpr p9::Fid kFile{1};       // open for reading and writing
constexpr p9::Fid kDirectory{2};  // open
constexpr p9::Fid kOther{3};      // not open
constexpr rlim_t kLargestFile = rlim_t{64} << 20;
constexpr std::size_t kPlaces = 4;  // descriptors that a server keeps of places nobody is at

class HostileChannel : public World {
 protected:
  HostileChannel() {
    support::make_file(peaceful_ / "file");
    // A request at random may ask for any size.
    EXPECT_EQ(::getrlimit(RLIMIT_FSIZE, &file_size_), 0);
    rlimit small{.rlim_cur = kLargestFile, .rlim_max = file_size_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  }
  ~HostileChannel() override { ::setrlimit(RLIMIT_FSIZE, &file_size_); }

  // One connection after the other, until there were as many mutations.
  void attack(std::size_t mutations);

 private:
  void begin_life();
  void end_life();
  void mutate();

  // What is done to a channel. Each returns whether the channel still serves.
  bool ask();
  bool garble();
  bool lie_about_length();
  bool lie_about_payload();
  bool lie_about_state();
  bool claim_a_descriptor();
  bool reserved_for_the_socket();
  bool rewrite_while_it_is_read();
  bool change_length_while_it_is_read();
  bool change_state_while_it_works();
  bool forget_to_wake();
  bool plant_sleepers();
  bool punch_a_hole();
  void make_hole();
  bool punch_a_hole_while_it_works();
  bool reach_for_the_size();
  bool unmap_in_the_middle();
  bool flood_the_side();
  bool close_the_side();
  bool never_collect();
  bool storm_with_tchannel();
  bool ask_on_all_at_once();
  bool begin_a_session_in_between();

  // The server must answer what it was given.
  bool answered(const LawlessChannel& channel);
  bool ended(const LawlessChannel& channel);
  // Whichever it is, the server does it by itself.
  bool answered_or_ended(const LawlessChannel& channel);
  // The connection answers, whatever its fids are.
  void expect_answers() { EXPECT_EQ(outcome(client().call(p9::Tflush{p9::Tag{9}})), "ok"); }
  // Gives `request`, which the server must answer.
  bool give(const Bytes& request);
  bool open_something();
  void make_tree();
  void attach();

  std::size_t number(std::size_t below) {
    return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_);
  }
  std::byte any_byte() { return static_cast<std::byte>(number(256)); }
  const Bytes& any_request() { return requests_[number(requests_.size())]; }
  LawlessChannel& it() { return *channels_[current_]; }

  rlimit file_size_{};
  std::mt19937 random_{20261125};
  support::TempDir peaceful_directory_;
  path peaceful_ = peaceful_directory_ / "served";
  std::vector<Bytes> requests_;
  std::vector<std::unique_ptr<LawlessChannel>> channels_;
  std::size_t current_ = 0;
  std::size_t descriptors_ = 0;
  std::size_t threads_ = 0;
  std::map<std::string, int> done_;
  Scribbler scribbler_;
};

// Requests may have made anything of the tree, and one that was given up may go on doing so.
void HostileChannel::make_tree() {
  std::error_code failed;
  for (int i = 0; i < 100; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(exported()))
      std::filesystem::remove_all(entry, failed);
    if (std::filesystem::is_empty(exported())) break;
  }
  support::make_file(exported() / "file", "0123456789");
  support::make_file(exported() / "directory" / "file", "below");
  support::make_symlink(exported() / "out", outside().native());
}

void HostileChannel::attach() {
  make_tree();
  Client& on_socket = client();
  ASSERT_EQ(outcome(on_socket.version(p9client::kDefaultMsize, p9::kNewestGoogle)), "ok");
  ASSERT_EQ(outcome(on_socket.attach(Client::root())), "ok");
  for (auto [fid, name, flags] : {std::tuple{kFile, "file", p9::kOpenRdwr},
                                  {kDirectory, "directory", p9::kOpenRdonly},
                                  {kOther, "file", ~0U}}) {
    p9::Twalk walk{.fid = Client::root(), .newfid = fid, .wnames = {*p9::Name::parse(name)}};
    ASSERT_EQ(outcome(on_socket.call(walk)), "ok");
    if (flags != ~0U) {
      ASSERT_EQ(outcome(on_socket.call(p9::Tlopen{fid, flags})), "ok");
    }
  }
}

void HostileChannel::begin_life() {
  serve_silently({.channels = kChannels});
  ASSERT_NO_FATAL_FAILURE(attach());
  descriptors_ = served().descriptors();
  threads_ = served().threads();
  for (uint32_t id = 0; id < kChannels; ++id) {
    auto parts = p9client::Channel::ask(client().connection(), id);
    ASSERT_EQ(outcome(parts), "ok");
    channels_.push_back(std::make_unique<LawlessChannel>(*std::move(parts)));
    LawlessChannel& channel = *channels_.back();
    if (number(20) == 0) {
      // Not what is to be said first.
      Bytes greeting(1 + number(5000));
      std::ranges::generate(greeting, [&] { return any_byte(); });
      channel.put(greeting);
      channel.give(greeting.size());
      ASSERT_EQ(channel.settle(), p9::kShutDown);
      channels_.pop_back();
      continue;
    }
    channel.put(std::as_bytes(std::span(p9::kHandshake)));
    channel.give(p9::kHandshake.size());
    ASSERT_EQ(channel.settle(), p9::kClientActive);
  }
}

void HostileChannel::end_life() {
  bool in_the_middle = number(2) == 0;
  bool no_frame = number(50) == 0;
  if (!in_the_middle) {
    // What the client could have had is given back; so is what the server had because of it.
    channels_.clear();
    ASSERT_NO_FATAL_FAILURE(attach());
    EXPECT_LE(served().descriptors(), descriptors_ + kPlaces);
    EXPECT_EQ(served().threads(), threads_);
  }
  for (const auto& channel : channels_) {
    const Bytes& request = any_request();
    channel->put(request);
    channel->give(request.size());
  }
  if (no_frame) {
    ASSERT_EQ(outcome(client().connection().send_raw(Bytes(7, std::byte{1}))), "ok");
  }
  EXPECT_EQ(hang_up(), no_frame ? "protocol" : "hangup");
  channels_.clear();
}

bool HostileChannel::answered(const LawlessChannel& channel) {
  EXPECT_EQ(channel.settle(), p9::kClientActive);
  return true;
}
bool HostileChannel::ended(const LawlessChannel& channel) {
  EXPECT_EQ(channel.settle(), p9::kShutDown);
  return false;
}
bool HostileChannel::answered_or_ended(const LawlessChannel& channel) {
  uint32_t state = channel.settle();
  EXPECT_TRUE(state == p9::kClientActive || state == p9::kShutDown) << state;
  return state == p9::kClientActive;
}

bool HostileChannel::give(const Bytes& request) {
  it().put(request);
  it().give(request.size());
  if (!answered(it())) return false;
  std::size_t length = it().header().length;
  EXPECT_GE(length, p9::kDatagramHeader);
  EXPECT_LE(length, p9::kDatagramCapacity);
  auto type = static_cast<uint8_t>(it().datagram()[0]);
  EXPECT_TRUE(type == p9::Rlerror::kLine.type ||
              type == static_cast<uint8_t>(static_cast<uint8_t>(request[0]) + 1))
      << int{type};
  return true;
}

bool HostileChannel::ask() {
  return give(any_request());
}

bool HostileChannel::garble() {
  Bytes request = any_request();
  for (std::size_t n = number(4); n > 0 && !request.empty(); --n)
    request[number(request.size())] = any_byte();
  if (number(2) == 0) request.resize(std::max<std::size_t>(2, number(2 * request.size())));
  return give(request);
}

bool HostileChannel::lie_about_length() {
  const std::size_t lengths[] = {
      0,         1,          p9::kDatagramCapacity + 1,
      INT32_MAX, UINT32_MAX, p9::kDatagramCapacity + number(UINT32_MAX / 2)};
  it().put(any_request());
  if (number(2) == 0) {
    it().give(lengths[number(std::size(lengths))]);
    return ended(it());
  }
  // In the window, but longer than what was written there.
  it().give(2 + number(p9::kDatagramCapacity - 2));
  return answered(it());
}

bool HostileChannel::lie_about_payload() {
  auto count = static_cast<uint32_t>(random_());
  if (number(2) == 0) count = static_cast<uint32_t>(number(p9::kDatagramCapacity + 100));
  switch (number(3)) {
    case 0: {
      give(support::RawChannel::datagram_of(p9::Tread{kFile, number(20), count}));
      return true;
    }
    case 1:
      return give(support::RawChannel::datagram_of(p9::Treaddir{kDirectory, number(20), count}));
    default: {
      Bytes write = support::RawChannel::datagram_of(p9::Twrite{kFile, 0, kSampleData});
      std::memcpy(&write[p9::kDatagramHeader + 12], &count, sizeof count);
      write.resize(number(100) == 0 ? p9::kDatagramCapacity : 2 + number(2000));
      return give(write);
    }
  }
}

bool HostileChannel::lie_about_state() {
  it().put(any_request());
  it().say(3 + static_cast<uint32_t>(random_() % (UINT32_MAX - 3)), any_request().size());
  it().wake();
  return ended(it());
}

bool HostileChannel::claim_a_descriptor() {
  Bytes request = any_request();
  request[1] = any_byte();
  return give(request);
}

bool HostileChannel::reserved_for_the_socket() {
  bool version = number(2) == 0;
  give(version ? support::RawChannel::datagram_of(p9::Tversion{8192, "9P2000.L"})
               : support::RawChannel::datagram_of(p9::Tchannel{0, p9::kChannelMemory}));
  uint32_t error = 0;
  std::memcpy(&error, &it().datagram()[p9::kDatagramHeader], sizeof error);
  EXPECT_EQ(int(it().datagram()[0]), p9::Rlerror::kLine.type);
  EXPECT_EQ(error, uint32_t{EINVAL});
  return true;
}

bool HostileChannel::rewrite_while_it_is_read() {
  const Bytes& request = any_request();
  std::vector<Scribbler::Lie> lies(1 + number(4));
  for (Scribbler::Lie& lie : lies) {
    lie.at = p9::kDatagram + number(request.size());
    lie.size = 1 + number(4);
    std::ranges::generate(lie.one, [&] { return static_cast<uint8_t>(number(256)); });
    for (std::size_t i = 0; i < lie.size; ++i)
      lie.other[i] = lie.at + i - p9::kDatagram < request.size()
                         ? static_cast<uint8_t>(request[lie.at + i - p9::kDatagram])
                         : uint8_t{0};
  }
  it().put(request);
  scribbler_.start(it().window().data(), std::move(lies));
  it().give(request.size());
  bool serves = answered(it());
  scribbler_.stop();
  return serves;
}

bool HostileChannel::change_length_while_it_is_read() {
  const Bytes& request = any_request();
  it().put(request);
  Scribbler::Lie lie{.at = p9::kWindowLength, .size = 4};
  auto other = static_cast<uint32_t>(number(2) == 0 ? random_() : number(2 * request.size()));
  auto right = static_cast<uint32_t>(request.size());
  std::memcpy(lie.one.data(), &other, sizeof other);
  std::memcpy(lie.other.data(), &right, sizeof right);
  scribbler_.start(it().window().data(), {lie});
  it().give(request.size());
  bool serves = answered_or_ended(it());
  scribbler_.stop();
  return serves;
}

// Who has overwritten the state cannot know any more what the server makes of the channel.
bool HostileChannel::change_state_while_it_works() {
  const Bytes& request = any_request();
  it().put(request);
  Scribbler::Lie lie{.at = p9::kWindowState};
  lie.one[0] = static_cast<uint8_t>(number(4));
  lie.other[0] = static_cast<uint8_t>(number(4));
  it().say(p9::kServerActive, request.size());
  scribbler_.start(it().window().data(), {lie});
  it().wake();
  expect_answers();
  scribbler_.stop();
  it().give_up();
  return false;
}

bool HostileChannel::forget_to_wake() {
  const Bytes& request = any_request();
  it().put(request);
  it().say(p9::kServerActive, request.size());
  expect_answers();
  it().wake();
  return answered(it());
}

bool HostileChannel::plant_sleepers() {
  const Bytes& request = any_request();
  it().put(request);
  {
    Sleepers sleepers(it(), 1 + number(3));
    it().give(request.size());
    expect_answers();
  }
  it().wake(base::kWakeAll);
  return answered(it());
}

void HostileChannel::make_hole() {
  auto at = number(2) * number(p9::kWindowSize);
  auto length = 1 + number(p9::kWindowSize - at);
  EXPECT_EQ(::fallocate(it().memory().raw(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                        static_cast<off_t>(it().offset() + at), static_cast<off_t>(length)),
            0);
}

bool HostileChannel::punch_a_hole() {
  it().put(any_request());
  make_hole();
  return give(any_request());
}

// The hole may take the state with it: as above.
bool HostileChannel::punch_a_hole_while_it_works() {
  const Bytes& request = any_request();
  it().put(request);
  it().give(request.size());
  for (std::size_t n = 1 + number(3); n > 0; --n) make_hole();
  it().give_up();
  return false;
}

bool HostileChannel::reach_for_the_size() {
  int memory = it().memory().raw();
  constexpr auto kSize = static_cast<off_t>(kChannels * p9::kWindowSize);
  auto refused = [](int result) { return result == -1 && errno == EPERM; };
  EXPECT_TRUE(refused(::ftruncate(memory, static_cast<off_t>(number(kSize)))));
  EXPECT_TRUE(refused(::ftruncate(memory, kSize + static_cast<off_t>(1 + number(kSize)))));
  EXPECT_TRUE(refused(::fallocate(memory, 0, kSize, static_cast<off_t>(1 + number(kSize)))));
  for (int seal : {F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE, F_SEAL_FUTURE_WRITE})
    EXPECT_TRUE(refused(::fcntl(memory, F_ADD_SEALS, seal))) << seal;
  return give(any_request());
}

bool HostileChannel::unmap_in_the_middle() {
  const Bytes& request = any_request();
  it().put(request);
  it().give(request.size());
  it().unmap();
  it().map();
  return answered(it());
}

bool HostileChannel::open_something() {
  const p9::Fid fid{1000 + static_cast<uint32_t>(number(100'000))};
  give(
      support::RawChannel::datagram_of(p9::Twalk{Client::root(), fid, {*p9::Name::parse("file")}}));
  return give(support::RawChannel::datagram_of(p9::Tlopen{fid, p9::kOpenRdonly}));
}

bool HostileChannel::flood_the_side() {
  if (it().side().raw() >= 0) flood(it().side(), 100);
  return open_something();
}

bool HostileChannel::close_the_side() {
  if (it().side().raw() >= 0) {
    if (number(2) == 0) ::shutdown(it().side().raw(), number(2) == 0 ? SHUT_RD : SHUT_RDWR);
    it().close_side();
  }
  return open_something();
}

bool HostileChannel::never_collect() {
  for (int i = 0; i < 20; ++i) open_something();
  return true;
}

bool HostileChannel::storm_with_tchannel() {
  Bytes frames;
  uint16_t count = 0;
  for (; count < 30; ++count) {
    p9::Tchannel request{static_cast<uint32_t>(number(kChannels + 2)),
                         static_cast<uint32_t>(number(3))};
    if (number(10) == 0) request.id = static_cast<uint32_t>(random_());
    Bytes frame = support::RawFrame::of(p9::Tag{count}, request);
    frames.insert(frames.end(), frame.begin(), frame.end());
  }
  EXPECT_EQ(outcome(client().connection().send_raw(frames)), "ok");
  bool serves = give(any_request());
  for (uint16_t i = 0; i < count; ++i) EXPECT_EQ(outcome(client().connection().receive()), "ok");
  return serves;
}

bool HostileChannel::ask_on_all_at_once() {
  for (const auto& channel : channels_) {
    const Bytes& request = any_request();
    channel->put(request);
    channel->give(request.size());
  }
  expect_answers();
  for (const auto& channel : channels_) answered(*channel);
  return true;
}

bool HostileChannel::begin_a_session_in_between() {
  const Bytes& request = any_request();
  it().put(request);
  it().give(request.size());
  auto google = static_cast<uint32_t>(number(p9::kNewestGoogle));
  EXPECT_EQ(outcome(client().version(p9client::kDefaultMsize, google)), "ok");
  bool serves = answered(it());
  attach();
  return serves;
}

void HostileChannel::mutate() {
  struct Way {
    const char* name;
    bool (HostileChannel::*run)();
    int weight;
  };
  static const Way kWays[] = {
      {"ask", &HostileChannel::ask, 100},
      {"garble", &HostileChannel::garble, 300},
      {"lie about the length", &HostileChannel::lie_about_length, 20},
      {"lie about the payload", &HostileChannel::lie_about_payload, 100},
      {"lie about the state", &HostileChannel::lie_about_state, 10},
      {"claim a descriptor", &HostileChannel::claim_a_descriptor, 50},
      {"what only the socket may ask", &HostileChannel::reserved_for_the_socket, 20},
      {"rewrite while it is read", &HostileChannel::rewrite_while_it_is_read, 200},
      {"change the length", &HostileChannel::change_length_while_it_is_read, 10},
      {"change the state", &HostileChannel::change_state_while_it_works, 10},
      {"forget to wake", &HostileChannel::forget_to_wake, 50},
      {"plant sleepers", &HostileChannel::plant_sleepers, 5},
      {"punch a hole", &HostileChannel::punch_a_hole, 20},
      {"punch a hole while it works", &HostileChannel::punch_a_hole_while_it_works, 5},
      {"reach for the size", &HostileChannel::reach_for_the_size, 20},
      {"unmap", &HostileChannel::unmap_in_the_middle, 20},
      {"flood the side", &HostileChannel::flood_the_side, 10},
      {"close the side", &HostileChannel::close_the_side, 2},
      {"never collect", &HostileChannel::never_collect, 2},
      {"storm with Tchannel", &HostileChannel::storm_with_tchannel, 5},
      {"ask on all at once", &HostileChannel::ask_on_all_at_once, 20},
      {"begin a session", &HostileChannel::begin_a_session_in_between, 10},
  };
  static const int kAll = [] {
    int all = 0;
    for (const Way& way : kWays) all += way.weight;
    return all;
  }();
  auto ticket = static_cast<int>(number(static_cast<std::size_t>(kAll)));
  const Way* way = kWays;
  while ((ticket -= way->weight) >= 0) ++way;
  current_ = number(channels_.size());
  ++done_[way->name];
  bool serves = (this->*way->run)();
  if (HasFailure()) ADD_FAILURE() << "after: " << way->name;
  if (!serves) channels_.erase(channels_.begin() + static_cast<std::ptrdiff_t>(current_));
}

void HostileChannel::attack(std::size_t mutations) {
  Subject subject{kOther, Client::root(), p9::Fid{900}, name("new"), name("other")};
  for (p9::Fid fid : {kFile, kDirectory, kOther, Client::root()}) {
    subject.fid = fid;
    for_each_sample(subject, [&]<class M>(const M& message) {
      // Two that are for the socket, and one that is for the disk.
      if (std::is_same_v<M, p9::Tversion> || std::is_same_v<M, p9::Tchannel> ||
          std::is_same_v<M, p9::Tfsync>)
        return;
      requests_.push_back(support::RawChannel::datagram_of(message));
    });
  }
  Served witness(peaceful_, {});
  Client neighbour(witness.take_client());
  ASSERT_EQ(outcome(neighbour.version()), "ok");
  ASSERT_EQ(outcome(neighbour.attach(Client::root())), "ok");
  for (std::size_t done = 0; done < mutations && !HasFailure();) {
    ASSERT_NO_FATAL_FAILURE(begin_life());
    for (std::size_t i = 0; i < 200 && !channels_.empty() && !HasFailure(); ++i, ++done) mutate();
    ASSERT_NO_FATAL_FAILURE(end_life());
    ASSERT_EQ(outcome(neighbour.stat("file")), "ok");
  }
  for (const auto& [name, times] : done_) RecordProperty(name, times);
}

TEST_F(HostileChannel, H_HarmsNobodyButItself) {
  attack(kChannelMutations);
}

// The kernel lets whoever has the window move its sleepers elsewhere.
TEST_F(HostileChannel, CannotKeepAServerThatItHasLedAstray) {
  serve_silently({.channels = 1});
  ASSERT_EQ(outcome(client().version(p9client::kDefaultMsize, p9::kNewestGoogle)), "ok");
  auto parts = p9client::Channel::ask(client().connection(), 0);
  ASSERT_EQ(outcome(parts), "ok");
  LawlessChannel channel(*std::move(parts));
  channel.put(std::as_bytes(std::span(p9::kHandshake)));
  channel.give(p9::kHandshake.size());
  ASSERT_EQ(channel.settle(), p9::kClientActive);
  auto& elsewhere = *reinterpret_cast<std::atomic<uint32_t>*>(&channel.datagram()[4096]);
  for (int i = 0; i < 100; ++i) {
    lead_astray(channel.header().state, elsewhere);
    std::this_thread::yield();
  }
  EXPECT_EQ(hang_up(), "hangup");
  // A worker's threads end with it; those of this process only if they are let go.
  base::futex_wake(elsewhere, base::kWakeAll, base::FutexScope::kShared);
}

}  // namespace
}  // namespace suite

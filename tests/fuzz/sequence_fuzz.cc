// Sequences of valid messages: an input is a script of requests on a few fids and names, so that
// they meet each other's files. Each request starts as the sample of its type
// (tests/suite/samples.h), and the script changes some of its members.
//
// A script: how the tree is served (frames.h), the dialect, then steps. A step is the type of a
// request, what it is about (fid, directory, free fid, two names), and how many members are
// changed; for each of those follow the member and its value.
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "tests/fuzz/served_place.h"
#include "tests/suite/samples.h"
#include "tests/support/raw_frame.h"

namespace {

using fuzz::require;
using std::string_view;

constexpr uint32_t kFids = 8;
constexpr uint32_t kDialects = 15;  // 9P2000.L and Google.0 to .13
constexpr string_view kNames[] = {"f", "d", "l", "p", "s", "out", "new", "other"};
constexpr string_view kTexts[] = {"",
                                  "user.a",
                                  "user.b",
                                  "system.posix_acl_access",
                                  "security.capability",
                                  "trusted.a",
                                  "/",
                                  "../outside/secret",
                                  "host"};
constexpr uint64_t kNumbers[] = {0,
                                 1,
                                 2,
                                 3,
                                 7,
                                 10,
                                 0777,
                                 4096,
                                 8192,
                                 fuzz::kMsize - 11,
                                 0xffff,
                                 0x10000,
                                 0x10001,
                                 0x7fffffff,
                                 0x80000000,
                                 0xffffffff,
                                 0x7fffffffffffffff,
                                 0x8000000000000000,
                                 0xffffffffffffffff};
constexpr std::size_t kLongest = 300;  // of what is written in one request

class Script {
 public:
  explicit Script(p9::Bytes bytes) : rest_(bytes) {}

  bool ended() const { return rest_.empty(); }
  uint8_t byte() {
    if (rest_.empty()) return 0;
    auto byte = static_cast<uint8_t>(rest_.front());
    rest_ = rest_.subspan(1);
    return byte;
  }
  template <class T, std::size_t N>
  T one_of(const T (&table)[N]) {
    return table[byte() % N];
  }
  p9::Fid fid() { return p9::Fid{byte() % kFids}; }
  // One that is worth trying, a single bit, or any small one.
  uint64_t number() {
    uint8_t kind = byte();
    if (kind < 128) return kNumbers[kind % std::size(kNumbers)];
    if (kind < 192) return uint64_t{1} << (kind % 64);
    return byte();
  }

 private:
  p9::Bytes rest_;
};

const std::vector<std::byte>& written() {
  static const std::vector<std::byte> kBytes(kLongest, std::byte{'w'});
  return kBytes;
}

// What a member of this type may be changed to; members that are lists stay as they are.
template <class T>
void change(T& member, Script& script) {
  if constexpr (std::unsigned_integral<T>)
    member = static_cast<T>(script.number());
  else if constexpr (std::same_as<T, p9::MayBeAbsent<uint32_t>>)
    member.value = static_cast<uint32_t>(script.number());
  else if constexpr (std::same_as<T, p9::Fid>)
    member = script.fid();
  else if constexpr (std::same_as<T, p9::Name>)
    member = *p9::Name::parse(script.one_of(kNames));
  else if constexpr (std::same_as<T, string_view>)
    member = script.one_of(kTexts);
  else if constexpr (std::same_as<T, p9::Bytes>)
    member = p9::Bytes(written()).first(script.number() % kLongest);
  else if constexpr (std::same_as<T, p9::WalkList<p9::Name>>)
    for (member = {}; member.size() < 3 && script.byte() % 2 == 1;)
      member.push(*p9::Name::parse(script.one_of(kNames)));
}

template <class M>
void change_members(M& message, Script& script) {
  constexpr std::size_t kMembers = p9::detail::arity<M>();
  for (int changes = script.byte() % 4; changes > 0; --changes) {
    std::size_t which = kMembers == 0 ? 0 : script.byte() % kMembers;
    std::size_t at = 0;
    std::apply([&](auto&... member) { ((at++ == which ? change(member, script) : void()), ...); },
               p9::detail::tie_members(message));
  }
}

template <class... M>
constexpr std::size_t count(p9::MessageList<M...> /*requests*/) {
  return sizeof...(M);
}

class Client {
 public:
  explicit Client(gofer::Session& session) : session_(session) {}

  void begin(uint32_t dialect) {
    std::string version = "9P2000.L";
    if (dialect > 0) version += ".Google." + std::to_string(dialect - 1);
    send(p9::Tversion{fuzz::kMsize, version});
    send(p9::Tattach{p9::Fid{0}, p9::Fid{p9::kNoFid}, "user", "/", 1000});
  }

  void step(Script& script) {
    std::size_t type = script.byte() % count(p9::Requests{});
    suite::Subject subject{script.fid(), script.fid(), script.fid(),
                           *p9::Name::parse(script.one_of(kNames)),
                           *p9::Name::parse(script.one_of(kNames))};
    std::size_t at = 0;
    suite::for_each_sample(subject, [&]<class M>(M message) {
      if (at++ != type) return;
      change_members(message, script);
      send(message);
    });
  }

  // Nothing is held any more once every fid is clunked, whatever happened to it.
  void end() {
    for (uint32_t fid = 0; fid < kFids; ++fid) send(p9::Tclunk{p9::Fid{fid}});
    require(session_.fids().size() == 0, "no fid is left");
    require(session_.open_files().used() == 0, "no open file is left");
    require(session_.xattr_bytes().used() == 0, "no attribute's bytes are left");
    require(session_.locks().entries() == 0, "no lock is left");
  }

 private:
  template <class M>
  void send(const M& message) {
    fuzz::answer(session_, support::RawFrame::of(p9::Tag{tag_++}, message));
  }

  gofer::Session& session_;
  uint16_t tag_ = 0;
};

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  Script script(std::as_bytes(std::span(data, size)));
  uint8_t how = script.byte() & static_cast<uint8_t>(~fuzz::kChannel);
  fuzz::with_session(how, [&](gofer::Session& session) {
    Client client(session);
    client.begin(script.byte() % kDialects);
    while (!script.ended()) client.step(script);
    client.end();
  });
  return 0;
}

// One well-formed request of every type. A message that is added to p9::Requests without one here
// does not compile: so every table of the suite has a row for it.
#pragma once

#include <sys/stat.h>

#include <initializer_list>
#include <string_view>
#include <type_traits>
#include <vector>

#include "cmd/p9/client.h"
#include "tests/support/raw_frame.h"

namespace suite {

// What the samples are about.
struct Subject {
  p9::Fid fid;        // what the request is aimed at
  p9::Fid directory;  // where links and moves go
  p9::Fid free;       // a number that is no fid yet
  p9::Name name;      // what is made, moved or removed
  p9::Name other;     // its new name
};

// The names of a Tmultigetattr, encoded.
class Path {
 public:
  Path(std::initializer_list<std::string_view> names)
      : Path(std::vector<std::string_view>(names)) {}
  explicit Path(const std::vector<std::string_view>& names)
      : count_(static_cast<uint16_t>(names.size())) {
    support::RawFrame frame(0, {});
    for (std::string_view name : names) frame.text(name);
    bytes_ = frame.take();
  }
  // Views into this.
  p9::PathNames names() const { return {p9::Bytes(bytes_).subspan(p9::kHeaderSize), count_}; }

 private:
  uint16_t count_;
  std::vector<std::byte> bytes_;
};

template <class M>
using Of = std::type_identity<M>;

inline constexpr std::byte kSampleData[] = {std::byte{'d'}, std::byte{'a'}, std::byte{'t'}};

inline auto sample(Of<p9::Tstatfs>, const Subject& s) {
  return p9::Tstatfs{s.fid};
}
inline auto sample(Of<p9::Tlopen>, const Subject& s) {
  return p9::Tlopen{s.fid, p9::kOpenRdwr};
}
inline auto sample(Of<p9::Tlcreate>, const Subject& s) {
  return p9::Tlcreate{s.fid, s.name, p9::kOpenRdwr, 0644, p9::kNoGid};
}
inline auto sample(Of<p9::Tsymlink>, const Subject& s) {
  return p9::Tsymlink{s.fid, s.name, "target", p9::kNoGid};
}
inline auto sample(Of<p9::Tmknod>, const Subject& s) {
  return p9::Tmknod{s.fid, s.name, S_IFREG | 0644, 0, 0, p9::kNoGid};
}
inline auto sample(Of<p9::Trename>, const Subject& s) {
  return p9::Trename{s.fid, s.directory, s.other};
}
inline auto sample(Of<p9::Treadlink>, const Subject& s) {
  return p9::Treadlink{s.fid};
}
inline auto sample(Of<p9::Tgetattr>, const Subject& s) {
  return p9::Tgetattr{s.fid, p9::kGetattrBasic};
}
inline auto sample(Of<p9::Tsetattr>, const Subject& s) {
  return p9::Tsetattr{.fid = s.fid, .valid = p9::kSetattrMode, .mode = 0600};
}
inline auto sample(Of<p9::Txattrwalk>, const Subject& s) {
  return p9::Txattrwalk{s.fid, s.free, "user.a"};
}
inline auto sample(Of<p9::Txattrcreate>, const Subject& s) {
  return p9::Txattrcreate{s.fid, "user.a", 3, 0};
}
inline auto sample(Of<p9::Treaddir>, const Subject& s) {
  return p9::Treaddir{s.fid, 0, 4000};
}
inline auto sample(Of<p9::Tfsync>, const Subject& s) {
  return p9::Tfsync{s.fid, {0}};
}
inline auto sample(Of<p9::Tlock>, const Subject& s) {
  return p9::Tlock{s.fid, 1, 0, 0, 0, 1, "host"};
}
inline auto sample(Of<p9::Tgetlock>, const Subject& s) {
  return p9::Tgetlock{s.fid, 1, 0, 0, 1, "host"};
}
inline auto sample(Of<p9::Tlink>, const Subject& s) {
  return p9::Tlink{s.directory, s.fid, s.other};
}
inline auto sample(Of<p9::Tmkdir>, const Subject& s) {
  return p9::Tmkdir{s.fid, s.name, 0755, p9::kNoGid};
}
inline auto sample(Of<p9::Trenameat>, const Subject& s) {
  return p9::Trenameat{s.fid, s.name, s.directory, s.other};
}
inline auto sample(Of<p9::Tunlinkat>, const Subject& s) {
  return p9::Tunlinkat{s.fid, s.name, 0};
}
inline auto sample(Of<p9::Tversion>, const Subject&) {
  return p9::Tversion{p9client::kDefaultMsize, "9P2000.L"};
}
inline auto sample(Of<p9::Tauth>, const Subject& s) {
  return p9::Tauth{s.free, "user", "/", p9::kNoUname};
}
inline auto sample(Of<p9::Tattach>, const Subject& s) {
  return p9::Tattach{s.free, p9client::kNoFid, "user", "/", p9::kNoUname};
}
inline auto sample(Of<p9::Tflush>, const Subject&) {
  return p9::Tflush{p9::Tag{77}};
}
inline auto sample(Of<p9::Twalk>, const Subject& s) {
  return p9::Twalk{s.fid, s.free, {s.name}};
}
inline auto sample(Of<p9::Tread>, const Subject& s) {
  return p9::Tread{s.fid, 0, 100};
}
inline auto sample(Of<p9::Twrite>, const Subject& s) {
  return p9::Twrite{s.fid, 0, kSampleData};
}
inline auto sample(Of<p9::Tclunk>, const Subject& s) {
  return p9::Tclunk{s.fid};
}
inline auto sample(Of<p9::Tremove>, const Subject& s) {
  return p9::Tremove{s.fid};
}

inline auto sample(Of<p9::Tflushf>, const Subject& s) {
  return p9::Tflushf{s.fid};
}
inline auto sample(Of<p9::Twalkgetattr>, const Subject& s) {
  return p9::Twalkgetattr{s.fid, s.free, {s.name}};
}
inline auto sample(Of<p9::Tucreate>, const Subject& s) {
  return p9::Tucreate{s.fid, s.name, p9::kOpenRdwr, 0644, p9::kNoGid, p9::kNoUname};
}
inline auto sample(Of<p9::Tumkdir>, const Subject& s) {
  return p9::Tumkdir{s.fid, s.name, 0755, p9::kNoGid, p9::kNoUname};
}
inline auto sample(Of<p9::Tumknod>, const Subject& s) {
  return p9::Tumknod{s.fid, s.name, S_IFREG | 0644, 0, 0, p9::kNoGid, p9::kNoUname};
}
inline auto sample(Of<p9::Tusymlink>, const Subject& s) {
  return p9::Tusymlink{s.fid, s.name, "target", p9::kNoGid, p9::kNoUname};
}
inline auto sample(Of<p9::Tlconnect>, const Subject& s) {
  return p9::Tlconnect{s.fid, p9::kSocketStream};
}
inline auto sample(Of<p9::Tallocate>, const Subject& s) {
  return p9::Tallocate{s.fid, 0, 0, 100};
}
inline auto sample(Of<p9::Tgetxattr>, const Subject& s) {
  return p9::Tgetxattr{s.fid, "user.a", 100};
}
inline auto sample(Of<p9::Tsetxattr>, const Subject& s) {
  return p9::Tsetxattr{s.fid, "user.a", "new", 0};
}
inline auto sample(Of<p9::Tlistxattr>, const Subject& s) {
  return p9::Tlistxattr{s.fid, 100};
}
inline auto sample(Of<p9::Tremovexattr>, const Subject& s) {
  return p9::Tremovexattr{s.fid, "user.a"};
}
inline auto sample(Of<p9::Tsetattrclunk>, const Subject& s) {
  return p9::Tsetattrclunk{.fid = s.fid, .valid = p9::kSetattrMode, .mode = 0600};
}
// The names are valid until the next sample of this type.
inline auto sample(Of<p9::Tmultigetattr>, const Subject& s) {
  static Path path{};
  path = {"", s.name.view()};
  return p9::Tmultigetattr{s.fid, path.names()};
}
inline auto sample(Of<p9::Tchannel>, const Subject&) {
  return p9::Tchannel{0, p9::kChannelMemory};
}

template <class F, class... M>
void for_each_sample(p9::MessageList<M...>, const Subject& subject, F&& function) {
  (function(sample(Of<M>{}, subject)), ...);
}

// Calls `function` with the sample of every request in p9::Requests.
template <class F>
void for_each_sample(const Subject& subject, F&& function) {
  for_each_sample(p9::Requests{}, subject, function);
}

}  // namespace suite

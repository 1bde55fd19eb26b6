#include "bench/workloads.h"

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace bench {
namespace {

using p9::Fid;

constexpr std::size_t k4KiB = std::size_t{4} << 10;
constexpr std::size_t k64KiB = std::size_t{64} << 10;
constexpr std::size_t k1MiB = kMsize - 24;  // what an msize has room for

constexpr std::size_t kInFlight[] = {1, 4, 16, kMostInFlight};

constexpr std::size_t kGitDirectories = 200;
constexpr std::size_t kGitFiles = 100;  // in each

// The fids that workloads use beside those of their operations; 0 is the root.
constexpr Fid kRoot{0};
constexpr Fid kFile{1};
constexpr Fid kDirectory{2};
constexpr Fid git_directory(std::size_t i) {
  return Fid{static_cast<uint32_t>(1000 + i)};
}

p9::Name name(std::string_view text) {
  auto name = p9::Name::parse(text);
  if (!name) throw std::logic_error("no name: " + std::string(text));
  return *name;
}

// Names that lie elsewhere.
p9::WalkList<p9::Name> names(const std::vector<std::string_view>& texts) {
  p9::WalkList<p9::Name> list;
  for (std::string_view text : texts) list.push(name(text));
  return list;
}

std::string numbered(char letter, std::size_t number) {
  return letter + std::to_string(number);
}

// --- steps
// ----------------------------------------------------------------------------------------

Step walk(std::size_t slots, Fid from, const std::vector<std::string_view>& path) {
  constexpr std::size_t kQid = 13;
  return step(slots, kQid * path.size(),
              [&](std::size_t slot) { return p9::Twalk{from, own_fid(slot), names(path)}; });
}

Step walk_to(Fid to, const std::vector<std::string_view>& path) {
  Step made = walk(1, kRoot, path);
  made.frames = {support::RawFrame::of(p9::Tag{0}, p9::Twalk{kRoot, to, names(path)})};
  return made;
}

Step getattr(std::size_t slots) {
  return step(slots, 0,
              [&](std::size_t slot) { return p9::Tgetattr{own_fid(slot), p9::kGetattrBasic}; });
}

Step open(Fid fid, uint32_t flags) {
  return step(1, 0, [&](std::size_t) { return p9::Tlopen{fid, flags}; });
}

Step read(std::size_t slots, Fid fid, std::size_t size) {
  return step(slots, size,
              [&](std::size_t) { return p9::Tread{fid, 0, static_cast<uint32_t>(size)}; });
}

Step write(std::size_t size) {
  static const std::vector<std::byte> kData(k1MiB, std::byte{'w'});
  return step(1, 0,
              [&](std::size_t) { return p9::Twrite{kFile, 0, p9::Bytes(kData).first(size)}; });
}

Step clunk(Fid fid) {
  return step(1, 0, [&](std::size_t) { return p9::Tclunk{fid}; });
}

Step clunk_own(std::size_t slots) {
  return step(slots, 0, [](std::size_t slot) { return p9::Tclunk{own_fid(slot)}; });
}

Step unlink(std::string_view what, uint32_t flags) {
  return step(1, 0, [&](std::size_t) { return p9::Tunlinkat{kDirectory, name(what), flags}; });
}

Step rename(std::string_view from, std::string_view to) {
  return step(1, 0, [&](std::size_t) {
    return p9::Trenameat{kDirectory, name(from), kDirectory, name(to)};
  });
}

// --- workloads
// ------------------------------------------------------------------------------------

Workload getattr_of_a_file(std::size_t in_flight) {
  Step asks =
      step(in_flight, 0, [](std::size_t) { return p9::Tgetattr{kFile, p9::kGetattrBasic}; });
  return {.name = "getattr",
          .in_flight = in_flight,
          .is_getattr = in_flight == 1,
          .before = {walk_to(kFile, {"large"})},
          .operation = Script{std::move(asks)},
          .after = {clunk(kFile)}};
}

Workload walk_and_clunk(std::string name, const std::vector<std::string_view>& path) {
  return {.name = std::move(name), .operation = Script{walk(1, kRoot, path), clunk_own(1)}};
}

Workload walk_to_nothing() {
  Step asks = walk(1, kRoot, {"nothing"});
  asks.reply_type = p9::Rlerror::kLine.type;
  asks.reply_size = p9::kHeaderSize + p9::body_size(p9::Rlerror{});
  return {.name = "walk-nothing", .operation = Script{std::move(asks)}};
}

Workload open_and_read() {
  return {.name = "open-read-clunk",
          .operation = Script{walk(1, kRoot, {"small"}), open(own_fid(0), p9::kOpenRdonly),
                              read(1, own_fid(0), k4KiB), clunk_own(1)}};
}

Workload reads(std::string name, std::size_t size, std::size_t in_flight = 1) {
  return {.name = std::move(name),
          .in_flight = in_flight,
          .msize = size + 24,
          .before = {walk_to(kFile, {"large"}), open(kFile, p9::kOpenRdonly)},
          .operation = Script{read(in_flight, kFile, size)},
          .after = {clunk(kFile)}};
}

Workload writes(std::string name, std::size_t size) {
  return {.name = std::move(name),
          .msize = size + 24,
          .before = {walk_to(kFile, {"written"}), open(kFile, p9::kOpenRdwr)},
          .operation = Script{write(size)},
          .after = {clunk(kFile)}};
}

// The same file as open_and_read().
Workload open_and_read_donated() {
  return {.name = "open-pread-clunk",
          .setting = {.dialect = Dialect::kGoogle},
          .operation =
              DonatedRead{.open = {walk(1, kRoot, {"small"}), open(own_fid(0), p9::kOpenRdonly)},
                          .room = std::vector<std::byte>(k4KiB),
                          .release = {clunk_own(1)}}};
}

// On names in a directory for that purpose.
Workload changes(std::string name, Script operation) {
  return {.name = std::move(name),
          .by_directory = true,
          .before = {walk_to(kDirectory, {"changed"})},
          .operation = std::move(operation),
          .after = {clunk(kDirectory)}};
}

Workload create_and_unlink() {
  Step create = step(1, 0, [](std::size_t) {
    return p9::Tlcreate{own_fid(0), name("new"), p9::kOpenRdwr | p9::kOpenExcl, 0644, 0};
  });
  return changes("create-unlink",
                 {walk(1, kDirectory, {}), std::move(create), unlink("new", 0), clunk_own(1)});
}

Workload mkdir_and_rmdir() {
  Step mkdir = step(1, 0, [](std::size_t) { return p9::Tmkdir{kDirectory, name("new"), 0755, 0}; });
  return changes("mkdir-rmdir", {std::move(mkdir), unlink("new", p9::kUnlinkDirectory)});
}

Workload listing(std::string name, std::string_view directory, std::size_t entries) {
  return {.name = std::move(name),
          .before = {walk_to(kDirectory, {directory}), open(kDirectory, p9::kOpenRdonly)},
          .operation = Listing{kDirectory, entries + 2},
          .after = {clunk(kDirectory)}};
}

// As `git status` does it: every file of a tree is looked up in its directory and examined.
Workload git_status(std::size_t in_flight) {
  Workload made{.name = "git-status", .in_flight = in_flight};
  Step walks = walk(1, kRoot, {"one"});
  walks.frames.clear();
  walks.per_operation = true;
  for (std::size_t i = 0; i < kGitDirectories; ++i) {
    std::string directory = numbered('d', i);
    made.before.push_back(walk_to(git_directory(i), {"git", directory}));
    made.after.push_back(clunk(git_directory(i)));
    for (std::size_t j = 0; j < kGitFiles; ++j) {
      std::string file = numbered('f', j);
      walks.frames.push_back(support::RawFrame::of(
          p9::Tag{0}, p9::Twalk{git_directory(i), own_fid(0), names({file})}));
    }
  }
  made.operation = Script{std::move(walks), getattr(in_flight), clunk_own(in_flight)};
  return made;
}

// What is measured over channels as well.
constexpr std::string_view kOverChannels[] = {
    "getattr", "walk1-clunk",   "walk8-clunk", "open-read-clunk", "read4k",
    "write4k", "create-unlink", "mkdir-rmdir", "rename-back",     "open-pread-clunk"};

bool goes_over_channels(const Workload& workload) {
  return workload.in_flight == 1 && std::ranges::count(kOverChannels, workload.name) > 0;
}

Workload over(Way way, Workload workload) {
  workload.name += suffix_of(way);
  workload.setting.way = way;
  return workload;
}

}  // namespace

void make_tree(const support::path& where) {
  support::make_file(where / "small", std::string(k4KiB, 's'));
  support::make_file(where / "large", std::string(k1MiB, 'l'));
  support::make_file(where / "written", std::string(k1MiB, 'w'));
  support::make_directory(where / "a" / "b" / "c" / "d" / "e" / "f" / "g" / "h");
  support::make_file(where / "changed" / "here");
  for (std::size_t i = 0; i < kGitDirectories; ++i)
    for (std::size_t j = 0; j < kGitFiles; ++j)
      support::make_file(where / "git" / numbered('d', i) / numbered('f', j), "content\n");
  for (std::size_t i = 0; i < 10'000; ++i)
    support::make_file(where / "many10000" / ("file" + std::to_string(i)));
  for (std::size_t i = 0; i < 100'000; ++i)
    support::make_file(where / "many100000" / ("file" + std::to_string(i)));
}

namespace {

std::vector<Workload> over_socket() {
  std::vector<Workload> all;
  for (std::size_t in_flight : kInFlight) all.push_back(getattr_of_a_file(in_flight));
  all.push_back(walk_and_clunk("walk1-clunk", {"a"}));
  all.push_back(walk_and_clunk("walk8-clunk", {"a", "b", "c", "d", "e", "f", "g", "h"}));
  all.push_back(walk_to_nothing());
  all.push_back(open_and_read());
  for (std::size_t in_flight : kInFlight) all.push_back(reads("read4k", k4KiB, in_flight));
  all.push_back(reads("read64k", k64KiB));
  all.push_back(reads("read1m", k1MiB));
  all.push_back(writes("write4k", k4KiB));
  all.push_back(writes("write64k", k64KiB));
  all.push_back(writes("write1m", k1MiB));
  all.push_back(create_and_unlink());
  all.push_back(mkdir_and_rmdir());
  all.push_back(changes("rename-back", {rename("here", "there"), rename("there", "here")}));
  for (std::size_t in_flight : kInFlight) all.push_back(git_status(in_flight));
  all.push_back(listing("readdir10000", "many10000", 10'000));
  all.push_back(listing("readdir100000", "many100000", 100'000));
  all.push_back(open_and_read_donated());
  return all;
}

}  // namespace

std::vector<Workload> all_workloads() {
  std::vector<Workload> all = over_socket();
  const std::vector<Workload> once = all;
  for (Way way : {Way::kChannel, Way::kChannelWatch})
    for (const Workload& workload : once)
      if (goes_over_channels(workload)) all.push_back(over(way, workload));
  return all;
}

void run_until(Client& client, Workload& workload, steady_clock::time_point end, Times& times) {
  if (auto* script = std::get_if<Script>(&workload.operation)) {
    client.fly(*script, workload.in_flight, end, times);
  } else if (auto* read = std::get_if<DonatedRead>(&workload.operation)) {
    times.take_until(end, [&] { read_donated(client, *read); });
  } else {
    const auto& listing = std::get<Listing>(workload.operation);
    times.take_until(end, [&] { list_all(client, listing); });
  }
}

}  // namespace bench

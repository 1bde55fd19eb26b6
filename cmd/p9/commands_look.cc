// The verbs that change nothing: ls, stat, cat, readlink, tree, df.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <iostream>
#include <utility>

#include "cmd/p9/commands.h"
#include "cmd/p9/print.h"

namespace p9client {
namespace {

const std::vector<std::string>& or_root(const std::vector<std::string>& paths) {
  static const std::vector<std::string> kRoot{"/"};
  return paths.empty() ? kRoot : paths;
}

Result<std::vector<Entry>> sorted_entries(const Place& place) {
  std::vector<Entry> entries = TRY(place.client->list(place.inside));
  std::ranges::sort(entries, {}, &Entry::name);
  return entries;
}

// What stands at an entry: the root of another attach point, or the file itself.
Result<Place> place_of(Run& run, const Place& directory, const Entry& entry) {
  Place child = directory.child(entry.name);
  std::optional<Place> mounted = TRY(run.places().mounted_at(child.path));
  return mounted ? *std::move(mounted) : child;
}

// One line of ls for one file, shown as `name`.
Result<void> list_one(Run& run, const Place& place, std::string_view name) {
  if (!run.has('l')) {
    std::cout << printable(name) << '\n';
    return {};
  }
  UniqueFid fid = TRY(place.client->walk(place.inside));
  p9::Rgetattr attributes = TRY(place.client->getattr(fid));
  std::cout << long_line(attributes) << ' ' << printable(name);
  if (S_ISLNK(attributes.mode)) {
    Result<std::string> target = place.client->readlink(fid);
    std::cout << " -> " << (target ? printable(*target) : "?");
  }
  std::cout << '\n';
  return {};
}

void list_directory(Run& run, const Place& place) {
  Result<std::vector<Entry>> entries = sorted_entries(place);
  if (!run.good(place.path, entries)) return;
  for (const Entry& entry : *entries) {
    if (entry.name.starts_with('.') && !run.has('a')) continue;
    Result<Place> at = place_of(run, place, entry);
    if (run.good(place.child(entry.name).path, at))
      run.good(at->path, list_one(run, *at, entry.name));
  }
}

void list(Run& run, const std::string& path, bool titled) {
  // A link named on the command line is shown, not followed, by -l and -d.
  Last last = run.has('l') || run.has('d') ? Last::kKeep : Last::kFollow;
  Result<Place> place = run.places().find(path, last);
  if (!run.good(path, place)) return;
  Result<p9::Rgetattr> attributes = place->client->stat(place->inside);
  if (!run.good(path, attributes)) return;
  if (!S_ISDIR(attributes->mode) || run.has('d')) {
    run.good(path, list_one(run, *place, path));
    return;
  }
  if (titled) std::cout << printable(path) << ":\n";
  list_directory(run, *place);
}

struct Branch {
  std::string lead;  // what is left of the names in it
  std::size_t depth;
};

constexpr std::size_t kMaxDepth = 1000;  // a tree can be deeper than a stack

void print_branch(Run& run, const Place& place, const Branch& branch);

void print_leaf(Run& run, const Place& at, const Entry& entry, bool last, const Branch& branch) {
  std::cout << branch.lead << (last ? "└── " : "├── ") << printable(entry.name);
  bool is_mount = at.inside.empty();
  if (entry.type == DT_LNK) {
    Result<UniqueFid> fid = at.client->walk(at.inside);
    Result<std::string> target = fid ? at.client->readlink(*fid) : fail(ENOENT);
    if (target) std::cout << " -> " << printable(*target);
  }
  if (is_mount) std::cout << (at.mount->read_only ? "  [mount, ro]" : "  [mount]");
  std::cout << '\n';
  if (entry.type == DT_DIR) {
    std::string lead = branch.lead + (last ? "    " : "│   ");
    print_branch(run, at, {std::move(lead), branch.depth + 1});
  }
}

void print_branch(Run& run, const Place& place, const Branch& branch) {
  if (branch.depth > kMaxDepth) return run.complain(place.path, base::Errno(ELOOP));
  Result<std::vector<Entry>> entries = sorted_entries(place);
  if (!run.good(place.path, entries)) return;
  for (const Entry& entry : *entries) {
    Result<Place> at = place_of(run, place, entry);
    if (run.good(place.child(entry.name).path, at))
      print_leaf(run, *at, entry, &entry == &entries->back(), branch);
  }
}

std::string size_text(const Run& run, uint64_t blocks, uint64_t block_size) {
  uint64_t bytes = blocks * block_size;
  return run.has('h') ? human_size(bytes) : std::to_string(bytes / 1024);
}

void print_space(Run& run, const Place& place) {
  Result<UniqueFid> fid = place.client->walk(place.inside);
  if (!run.good(place.path, fid)) return;
  Result<p9::Rstatfs> space = place.client->call(p9::Tstatfs{*fid});
  if (!run.good(place.path, space)) return;
  uint64_t used = space->blocks - std::min(space->bfree, space->blocks);
  std::array<char, 160> text{};
  std::snprintf(text.data(), text.size(), "%12s %12s %12s  ",
                size_text(run, space->blocks, space->bsize).c_str(),
                size_text(run, used, space->bsize).c_str(),
                size_text(run, space->bavail, space->bsize).c_str());
  std::cout << text.data() << printable(place.path) << (place.mount->read_only ? "  [ro]" : "")
            << '\n';
}

}  // namespace

void run_ls(Run& run) {
  const std::vector<std::string>& paths = or_root(run.operands());
  for (const std::string& path : paths) list(run, path, paths.size() > 1);
}

void run_stat(Run& run) {
  for (const std::string& path : run.operands()) {
    Result<Place> place = run.places().find(path, Last::kKeep);
    if (!run.good(path, place)) continue;
    Result<UniqueFid> fid = place->client->walk(place->inside);
    if (!run.good(path, fid)) continue;
    Result<p9::Rgetattr> attributes =
        place->client->getattr(*fid, p9::kGetattrBasic | p9::kGetattrBtime);
    if (run.good(path, attributes)) std::cout << stat_text(path, *attributes) << '\n';
  }
}

void run_cat(Run& run) {
  for (const std::string& path : run.operands()) {
    Result<Place> place = run.places().find(path, Last::kFollow);
    if (!run.good(path, place)) continue;
    Result<UniqueFid> fid = place->client->open(place->inside, O_RDONLY);
    if (!run.good(path, fid)) continue;
    run.good(path, place->client->read_each(*fid, [](p9::Bytes data) {
      std::cout.write(reinterpret_cast<const char*>(data.data()),
                      static_cast<std::streamsize>(data.size()));
      return std::cout.good();
    }));
  }
}

void run_readlink(Run& run) {
  for (const std::string& path : run.operands()) {
    Result<Place> place = run.places().find(path, Last::kKeep);
    if (!run.good(path, place)) continue;
    Result<UniqueFid> fid = place->client->walk(place->inside);
    if (!run.good(path, fid)) continue;
    Result<std::string> target = place->client->readlink(*fid);
    if (run.good(path, target)) std::cout << printable(*target) << '\n';
  }
}

void run_tree(Run& run) {
  for (const std::string& path : or_root(run.operands())) {
    Result<Place> place = run.places().find(path, Last::kFollow);
    if (!run.good(path, place)) continue;
    std::cout << printable(path) << '\n';
    print_branch(run, *place, {"", 0});
  }
}

void run_df(Run& run) {
  std::vector<std::string> paths = run.operands();
  if (paths.empty())
    for (const Mount& mount : run.places().mounts()) paths.push_back(mount.destination);
  std::printf("%12s %12s %12s  %s\n", run.has('h') ? "Size" : "1K-blocks", "Used", "Available",
              "Path");
  std::fflush(stdout);
  for (const std::string& path : paths) {
    Result<Place> place = run.places().find(path, Last::kFollow);
    if (run.good(path, place)) print_space(run, *place);
  }
}

}  // namespace p9client

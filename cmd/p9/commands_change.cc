// The verbs that change something: put, mkdir, rm, mv, ln.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "cmd/p9/commands.h"

namespace p9client {
namespace {

constexpr uint32_t kFileMode = 0644;
constexpr uint32_t kDirectoryMode = 0755;
constexpr std::size_t kMaxDepth = 1000;

std::string_view last_component(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path.substr(path.rfind('/') + 1);
}

bool is_directory(const Place& place) {
  Result<p9::Rgetattr> attributes = place.client->stat(place.inside);
  return attributes && S_ISDIR(attributes->mode);
}

// Where `source` goes when it is put, moved or linked to `path`: into it, if it is a directory.
Result<Places::Slot> destination_slot(Run& run, const std::string& path, std::string_view source) {
  Result<Place> place = run.places().find(path, Last::kFollow);
  if (place && is_directory(*place))
    return Places::Slot{*std::move(place), std::string(last_component(source))};
  return run.places().find_slot(path);
}

Result<void> copy_in(Client& client, p9::Fid to, base::Fd from) {
  std::string buffer(std::size_t{64} << 10, '\0');
  for (uint64_t offset = 0;;) {
    ssize_t n = ::read(from.raw(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::fail_errno();
    if (n == 0) return {};
    auto size = static_cast<std::size_t>(n);
    TRY(client.write(to, offset, std::string_view(buffer).substr(0, size)));
    offset += size;
  }
}

// A file to write at a slot: new, or the old one cut to nothing. A link there is followed.
Result<std::pair<Client*, UniqueFid>> open_slot(Run& run, const Places::Slot& slot, uint32_t mode) {
  Place at = TRY(run.places().find(slot.directory.child(slot.name).path, Last::kFollow));
  Result<UniqueFid> old = at.client->open(at.inside, O_WRONLY | O_TRUNC);
  if (old) return std::pair{at.client, *std::move(old)};
  if (old.error().code() != ENOENT) return base::failure(old.error());
  Split where = TRY(split(at.inside));
  UniqueFid directory = TRY(at.client->walk(where.directory));
  UniqueFid made = TRY(at.client->create(directory, where.name, O_WRONLY | O_EXCL, mode));
  return std::pair{at.client, std::move(made)};
}

Result<void> put(Run& run, const Places::Slot& slot, base::Fd from, uint32_t mode) {
  auto [client, file] = TRY(open_slot(run, slot, mode));
  return copy_in(*client, file, from);
}

Result<void> make_directory_at(const Place& directory, std::string_view name) {
  p9::Name component = TRY(p9::Name::parse(name));
  UniqueFid fid = TRY(directory.client->walk(directory.inside));
  TRY(directory.client->call(p9::Tmkdir{fid, component, kDirectoryMode, p9::kNoGid}));
  return {};
}

Result<void> make_directory(Run& run, const std::string& path) {
  Places::Slot slot = TRY(run.places().find_slot(path));
  return make_directory_at(slot.directory, slot.name);
}

// mkdir -p: what is there already is fine if it is a directory.
Result<void> make_directories(Run& run, const std::string& path) {
  std::string clean = clean_path(path);
  for (std::size_t end = 0; end != clean.npos && clean != "/";) {
    end = clean.find('/', end + 1);
    Place place = TRY(run.places().find(clean.substr(0, end), Last::kFollow));
    if (is_directory(place)) continue;
    Result<void> made = make_directory(run, place.path);
    if (!made && !is_directory(place)) return made;
  }
  return {};
}

Result<void> remove_in(const Place& directory, std::string_view name, uint32_t flags) {
  p9::Name component = TRY(p9::Name::parse(name));
  UniqueFid fid = TRY(directory.client->walk(directory.inside));
  TRY(directory.client->call(p9::Tunlinkat{fid, component, flags}));
  return {};
}

// Removes what is in a directory, as far as it goes; complains about the rest.
void empty_directory(Run& run, const Place& place, std::size_t depth) {
  if (depth > kMaxDepth) return run.complain(place.path, base::Errno(ELOOP));
  Result<std::vector<Entry>> entries = place.client->list(place.inside);
  if (!run.good(place.path, entries)) return;
  for (const Entry& entry : *entries) {
    Place child = place.child(entry.name);
    // Another attach point is not part of this tree, whatever it covers.
    if (mount_of(run.places().mounts(), child.path) != place.mount) {
      run.complain(child.path, base::Errno(EBUSY));
      continue;
    }
    bool is_directory = entry.type == DT_DIR;
    if (is_directory) empty_directory(run, child, depth + 1);
    run.good(child.path, remove_in(place, entry.name, is_directory ? p9::kUnlinkDirectory : 0));
  }
}

void remove(Run& run, const std::string& path) {
  Result<Places::Slot> slot = run.places().find_slot(path);
  if (!run.good(path, slot)) return;
  Place place = slot->directory.child(slot->name);
  if (mount_of(run.places().mounts(), place.path) != place.mount)
    return run.complain(path, base::Errno(EBUSY));
  Result<p9::Rgetattr> attributes = place.client->stat(place.inside);
  if (!attributes && attributes.error().code() == ENOENT && run.has('f')) return;
  if (!run.good(path, attributes)) return;
  bool is_directory = S_ISDIR(attributes->mode);
  if (is_directory && !run.has('r')) return run.complain(path, base::Errno(EISDIR));
  if (is_directory) empty_directory(run, place, 0);
  run.good(path, remove_in(slot->directory, slot->name, is_directory ? p9::kUnlinkDirectory : 0));
}

Result<void> move(Run& run, const std::string& from, const std::string& to) {
  Places::Slot source = TRY(run.places().find_slot(from));
  Places::Slot target = TRY(destination_slot(run, to, from));
  if (source.directory.client != target.directory.client) return fail(EXDEV);
  p9::Name old_name = TRY(p9::Name::parse(source.name));
  p9::Name new_name = TRY(p9::Name::parse(target.name));
  Client& client = *source.directory.client;
  UniqueFid old_directory = TRY(client.walk(source.directory.inside));
  UniqueFid new_directory = TRY(client.walk(target.directory.inside));
  TRY(client.call(p9::Trenameat{old_directory, old_name, new_directory, new_name}));
  return {};
}

Result<void> link(Run& run, const std::string& target, const std::string& path) {
  Places::Slot slot = TRY(destination_slot(run, path, target));
  p9::Name name = TRY(p9::Name::parse(slot.name));
  Client& client = *slot.directory.client;
  if (run.has('s')) {
    UniqueFid directory = TRY(client.walk(slot.directory.inside));
    TRY(client.call(p9::Tsymlink{directory, name, target, p9::kNoGid}));
    return {};
  }
  Place file = TRY(run.places().find(target, Last::kKeep));
  if (file.client != &client) return fail(EXDEV);
  UniqueFid fid = TRY(client.walk(file.inside));
  UniqueFid directory = TRY(client.walk(slot.directory.inside));
  TRY(client.call(p9::Tlink{directory, fid, name}));
  return {};
}

}  // namespace

void run_put(Run& run) {
  const std::string& path = run.operands().back();
  if (run.operands().size() == 1) {
    Result<Places::Slot> slot = run.places().find_slot(path);
    if (run.good(path, slot)) run.good(path, put(run, *slot, base::Fd(STDIN_FILENO), kFileMode));
    return;
  }
  const std::string& local = run.operands().front();
  UniqueFd file(::open(local.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info{};
  if (!file.valid() || ::fstat(file.raw(), &info) != 0)
    return run.complain(local, base::Errno(errno));
  Result<Places::Slot> slot = destination_slot(run, path, local);
  if (run.good(path, slot)) run.good(path, put(run, *slot, file, info.st_mode & 0777));
}

void run_mkdir(Run& run) {
  for (const std::string& path : run.operands())
    run.good(path, run.has('p') ? make_directories(run, path) : make_directory(run, path));
}

void run_rm(Run& run) {
  for (const std::string& path : run.operands()) remove(run, path);
}

void run_mv(Run& run) {
  const std::string& from = run.operands()[0];
  run.good(from, move(run, from, run.operands()[1]));
}

void run_ln(Run& run) {
  const std::string& path = run.operands()[1];
  run.good(path, link(run, run.operands()[0], path));
}

}  // namespace p9client

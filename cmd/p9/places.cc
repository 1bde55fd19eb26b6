#include "cmd/p9/places.h"

#include <fcntl.h>

#include <utility>

namespace p9client {
namespace {

constexpr int kMaxLinks = 40;  // as Linux has it

std::string join(std::string_view directory, std::string_view name) {
  return std::string(directory == "/" ? "" : directory) + "/" + std::string(name);
}

// Held until this process ends.
Result<void> claim(base::Fd socket) {
  struct flock lock{};
  lock.l_type = F_WRLCK;
  if (::fcntl(socket.raw(), F_SETLK, &lock) == 0) return {};
  return fail(errno == EAGAIN || errno == EACCES ? EBUSY : errno);
}

}  // namespace

Place Place::child(std::string_view name) const {
  return {client, mount, join(path, name),
          inside.empty() ? std::string(name) : inside + "/" + std::string(name)};
}

Result<Client*> Places::client_of(const Mount& mount) {
  auto& client = clients_[static_cast<std::size_t>(&mount - mounts_.data())];
  if (client) return client.get();
  UniqueFd socket(::fcntl(mount.fd.raw(), F_DUPFD_CLOEXEC, 0));
  if (!socket.valid()) return base::fail_errno();
  TRY(claim(socket));
  client = std::make_unique<Client>(TRY(way_ == Way::kChannel
                                            ? Client::connect_over_channel(std::move(socket))
                                            : Client::connect(std::move(socket))));
  return client.get();
}

Result<Place> Places::place_at(std::string path) {
  const Mount* mount = mount_of(mounts_, path);
  if (mount == nullptr) return fail(ENOENT);
  Client* client = TRY(client_of(*mount));
  std::string inside(below(path, mount->destination));
  return Place{client, mount, std::move(path), std::move(inside)};
}

// The path with its first symbolic link replaced by what it points to; nothing if it has none.
Result<std::optional<std::string>> Places::follow_first(const std::string& path, Last last) {
  for (std::size_t end = 1; end != path.npos && path != "/";) {
    end = path.find('/', end);
    if (end == path.npos && last == Last::kKeep) break;
    std::string prefix = path.substr(0, end);
    std::string rest = end == path.npos ? "" : path.substr(end++);
    Place place = TRY(place_at(prefix));
    if (place.inside.empty()) continue;
    Result<UniqueFid> fid = place.client->walk(place.inside);
    if (!fid) break;
    p9::Rgetattr attributes = TRY(place.client->getattr(*fid));
    if (attributes.qid.type != p9::kQidSymlink) continue;
    std::string target = TRY(place.client->readlink(*fid));
    std::string start = target.starts_with('/') ? "" : prefix.substr(0, prefix.rfind('/'));
    return clean_path(start + "/" + target + rest);
  }
  return std::nullopt;
}

Result<Place> Places::find(std::string_view path, Last last) {
  std::string clean = clean_path(path);
  for (int links = 0; links <= kMaxLinks; ++links) {
    std::optional<std::string> next = TRY(follow_first(clean, last));
    if (!next) return place_at(std::move(clean));
    clean = *std::move(next);
  }
  return fail(ELOOP);
}

Result<Places::Slot> Places::find_slot(std::string_view path) {
  std::string clean = clean_path(path);
  if (clean == "/") return fail(EBUSY);
  std::size_t slash = clean.rfind('/');
  Place directory = TRY(find(clean.substr(0, slash), Last::kFollow));
  return Slot{std::move(directory), clean.substr(slash + 1)};
}

Result<std::optional<Place>> Places::mounted_at(std::string_view path) {
  const Mount* mount = mount_of(mounts_, path);
  if (mount == nullptr || mount->destination != path) return std::nullopt;
  return TRY(place_at(std::string(path)));
}

}  // namespace p9client

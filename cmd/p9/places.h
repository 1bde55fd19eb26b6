// Places: absolute paths across all attach points, as one tree.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/p9/client.h"
#include "cmd/p9/mounts.h"

namespace p9client {

enum class Way : uint8_t { kSocket, kChannel };  // what requests go over
enum class Last : uint8_t { kFollow, kKeep };    // what happens to a symbolic link at a path's end

// A path and the session that serves it.
struct Place {
  Client* client = nullptr;
  const Mount* mount = nullptr;
  std::string path;    // absolute and clean
  std::string inside;  // the same, below the mount's destination

  // The name below `path`, on the same mount. For entries of a directory that was listed.
  Place child(std::string_view name) const;
};

// Connects to an attach point when it is first needed. While a process uses one, others that try
// get EBUSY: they would talk on the same socket, and each would end the session of the other.
class Places {
 public:
  explicit Places(std::vector<Mount> mounts, Way way = Way::kSocket)
      : way_(way), mounts_(std::move(mounts)), clients_(mounts_.size()) {}

  // Follows the symbolic links on the way, across attach points, as a process in the container
  // would; ".." is taken away before that. What does not exist is left for the caller's own
  // request to find out. Errors: ENOENT without an attach point there, ELOOP, those of the session.
  Result<Place> find(std::string_view path, Last last);

  // The directory that `path` is to be made, moved or removed in, and the name there.
  struct Slot {
    Place directory;
    std::string name;
  };
  Result<Slot> find_slot(std::string_view path);

  // The place where something is mounted exactly at `path`, if that is so.
  Result<std::optional<Place>> mounted_at(std::string_view path);
  const std::vector<Mount>& mounts() const { return mounts_; }

 private:
  Result<Place> place_at(std::string path);
  Result<Client*> client_of(const Mount& mount);
  Result<std::optional<std::string>> follow_first(const std::string& path, Last last);

  Way way_;
  std::vector<Mount> mounts_;
  std::vector<std::unique_ptr<Client>> clients_;  // beside mounts_
};

}  // namespace p9client

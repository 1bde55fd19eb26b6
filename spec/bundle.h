// Bundle: the part of an OCI config.json that this program honours, as plain structs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spec/base/problem.h"
#include "spec/json.h"

namespace spec {

// How mount events of the host reach a tree. `shared` is refused: events would reach the host.
enum class Propagation : uint8_t { kPrivate, kSlave, kUnbindable };

// Ids inside the container [container, container + size) are [host, host + size) on the host.
struct IdRange {
  uint32_t container = 0;
  uint32_t host = 0;
  uint32_t size = 0;
  friend bool operator==(const IdRange&, const IdRange&) = default;
};

struct IdMap {
  std::vector<IdRange> uids;
  std::vector<IdRange> gids;
  bool empty() const { return uids.empty() && gids.empty(); }
};

struct Root {
  std::string path;
  bool readonly = false;
};

struct Mount {
  std::string destination;
  std::string type;
  std::string source;
  std::vector<std::string> options;
  IdMap ids;  // uidMappings, gidMappings; both or none
};

struct Bundle {
  std::string oci_version;
  Root root;
  std::vector<Mount> mounts;
  std::optional<Propagation> rootfs_propagation;
  std::string cwd;              // process.cwd; empty if there is none that is a path for the kernel
  bool user_namespace = false;  // linux.namespaces has one
  IdMap ids;                    // linux.uidMappings, linux.gidMappings; both or none
  std::map<std::string, std::string> annotations;
  std::optional<int> oom_score_adj;  // process.oomScoreAdj, if it is one
  Json raw_mounts;                   // the array as it stands in the text; for --mounts-fd
  std::vector<std::string> notes;    // accepted, but worth a word
};

// `text` is the whole config.json; `name` is what messages call it. Kinds and ranges of everything
// in a Bundle are checked, and no path has a NUL in it; what paths and options mean is the attach
// plan's to judge. Members that the Bundle has no place for are ignored, as the OCI text demands,
// except the sections of other platforms (windows, solaris, vm, zos), which are refused.
// Errors carry ExitCode::kBadSpec and a JSON pointer.
base::Outcome<Bundle> parse_bundle(std::string_view text, std::string_view name);

}  // namespace spec

// What `gofer doctor` finds on a host: one finding for each thing that gofer needs or uses.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cmd {

enum class Health : uint8_t {
  kOk,
  kDegraded,  // gofer works, with less than it could have
  kMissing,   // gofer does not start
};

struct Finding {
  std::string name;  // small letters and underscores
  Health health = Health::kOk;
  std::string found;
  std::string costs = {};   // what is lost; empty if all is well
  std::string remedy = {};  // how to mend it
};

// Where files of the host are looked for: "" is the host itself, anything else is for tests.
struct HostFiles {
  std::string root = {};
  bool is_root = false;  // whom gofer is started by: root, or an ordinary user
};

// Features of the kernel, each tried in a child of its own.
std::vector<Finding> try_kernel(const HostFiles& host);

// What /proc, /sys and /etc say: hidepid, id ranges, control groups, limits.
std::vector<Finding> read_host(const HostFiles& host);

// What to do where user namespaces are refused: the switch that is off, or `otherwise`.
std::string user_namespace_remedy(const HostFiles& host, const std::string& otherwise);

}  // namespace cmd

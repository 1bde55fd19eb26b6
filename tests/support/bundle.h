// Bundle: an OCI bundle in a temporary directory, built with a few calls.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "spec/json.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tree.h"

namespace support {

class Bundle {
 public:
  Bundle();  // with an empty rootfs

  const path& directory() const { return directory_.path(); }
  path rootfs() const { return directory_ / "rootfs"; }
  path config() const { return directory_ / "config.json"; }
  // A directory beside the rootfs, made on first use: a source for a mount, or what lies outside.
  path beside(std::string_view name) const;

  Bundle& read_only_root(bool yes = true);
  Bundle& annotate(std::string key, std::string value);
  Bundle& mount(std::string destination, const path& source,
                std::vector<std::string> options = {"rbind", "rw"});
  // Maps ids of the mount that was added last: `container` is the first one on the host's file
  // system, `host` the one that it is served as. For users and groups alike; may be repeated.
  Bundle& map_ids(uint32_t container, uint32_t host, uint32_t size);
  Bundle& process(std::string member, spec::Json value);          // "cwd" and the like
  Bundle& mount_type(std::string destination, std::string type);  // proc, tmpfs ...

  // Attach points so far: the root and every bind mount.
  std::size_t attach_points() const { return attach_points_; }

  // Writes config.json.
  void write() const;

 private:
  TempDir directory_;
  bool read_only_root_ = false;
  spec::Json::Object process_;
  std::size_t attach_points_ = 1;
  spec::Json::Object annotations_;
  spec::Json::Array mounts_;
};

}  // namespace support

// Bundles whose config.json somebody else wrote: runc, crun, umoci and podman.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cmd/p9/client.h"
#include "tests/interop/tools.h"
#include "tests/support/outcome.h"
#include "tests/support/temp_dir.h"

namespace interop {
namespace {

using p9client::Client;
using spec::Json;
using support::outcome;
using support::path;

// The destinations that get a worker: the root, then what is bound, in the order of the spec.
std::vector<std::string> attach_points(const path& config) {
  std::string text = support::read_file(config);
  auto parsed = spec::parse_json(text, "test", config.native());
  if (!parsed) throw std::runtime_error(base::to_line(parsed.error()));
  std::vector<std::string> destinations{"/"};
  for (const Json& mount : *parsed->find("mounts")->as<Json::Array>())
    if (support::text_of(mount, "type") == "bind")
      destinations.push_back(support::text_of(mount, "destination"));
  return destinations;
}

class BundleOf : public testing::Test {
 protected:
  BundleOf() { make_busybox_rootfs(rootfs()); }
  path rootfs() const { return dir_ / "rootfs"; }
  path dir() const { return dir_.path(); }

  void serve(const path& config) {
    destinations_ = attach_points(config);
    gofer_.emplace(config, destinations_.size(), support::Gofer::Options{.binary = GOFER_BINARY});
    ASSERT_TRUE(gofer_->ready()) << gofer_->failure();
  }
  // The client of what is served there, connected when it is first asked for.
  Client& client_of(const std::string& destination) {
    if (auto known = clients_.find(destination); known != clients_.end()) return known->second;
    auto found = std::ranges::find(destinations_, destination);
    if (found == destinations_.end())
      throw std::runtime_error("nothing is served at " + destination);
    auto client = Client::connect(
        gofer_->take_client(static_cast<std::size_t>(found - destinations_.begin())));
    if (!client) throw std::runtime_error(destination + ": " + outcome(client));
    return clients_.emplace(destination, *std::move(client)).first->second;
  }
  std::size_t count() const { return destinations_.size(); }

  // The busybox root file system as it comes through the client.
  void expect_busybox() {
    Client& client = client_of("/");
    auto bin = client.list("bin");
    ASSERT_EQ(outcome(bin), "ok");
    EXPECT_EQ(bin->size(), 4U);
    auto program = client.read_file("bin/busybox");
    ASSERT_EQ(outcome(program), "ok");
    EXPECT_TRUE(*program == support::read_file("/bin/busybox"));
    auto link = client.walk("bin/sh");
    ASSERT_EQ(outcome(link), "ok");
    EXPECT_EQ(client.readlink(*link), "busybox");
    EXPECT_EQ(client.read_file("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
    EXPECT_EQ(client.stat("tmp")->mode & 07777, 01777U);
  }

 private:
  support::TempDir dir_;
  std::vector<std::string> destinations_;
  std::optional<support::Gofer> gofer_;
  std::map<std::string, Client> clients_;
};

TEST_F(BundleOf, RuncSpecIsServed) {
  must_run({"runc", "spec", "--bundle", dir()});
  serve(dir() / "config.json");
  EXPECT_EQ(count(), 1U);
  expect_busybox();
  EXPECT_EQ(outcome(client_of("/").write_file("new", "x")), "EROFS");
}

TEST_F(BundleOf, CrunSpecIsServed) {
  must_run({"crun", "spec", "--bundle", dir()});
  serve(dir() / "config.json");
  EXPECT_EQ(count(), 1U);
  expect_busybox();
}

TEST_F(BundleOf, UmociUnpackIsServed) {
  std::string image = dir() / "image";
  must_run({"umoci", "init", "--layout", image});
  must_run({"umoci", "new", "--image", image + ":tiny"});
  must_run({"umoci", "insert", "--image", image + ":tiny", rootfs(), "/"});
  must_run({"umoci", "unpack", "--image", image + ":tiny", dir() / "unpacked"});
  serve(dir() / "unpacked" / "config.json");
  EXPECT_EQ(count(), 1U);
  expect_busybox();
  EXPECT_EQ(outcome(client_of("/").write_file("new", "x")), "ok");
}

// podman with a store of its own and nothing of the machine's network.
class BundleOfPodman : public BundleOf {
 protected:
  ~BundleOfPodman() override { (void)run(podman({"rm", "--force", "--time", "0", "subject"})); }

  std::vector<std::string> podman(std::vector<std::string> words) const {
    path store = dir() / "podman";
    std::vector<std::string> all{"podman",
                                 "--root",
                                 store / "root",
                                 "--runroot",
                                 store / "run",
                                 "--tmpdir",
                                 store / "tmp",
                                 "--storage-driver=vfs",
                                 "--cgroup-manager=cgroupfs",
                                 "--events-backend=none",
                                 "--network-config-dir",
                                 store / "net"};
    all.insert(all.end(), words.begin(), words.end());
    return all;
  }

  // podman writes the spec just before it asks a runtime to create the container. Whether that
  // works inside whatever runs this test is not the question here.
  path make(std::vector<std::string> options) {
    std::vector<std::string> words{"create", "--rootfs", "--network=none", "--name=subject"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {rootfs(), "/bin/busybox", "true"});
    must_run(podman(std::move(words)));
    Result init = run(podman({"init", "subject"}));
    path containers = dir() / "podman" / "root" / "vfs-containers";
    for (const auto& entry : std::filesystem::recursive_directory_iterator(containers))
      if (entry.path().filename() == "config.json") return entry.path();
    throw std::runtime_error("podman wrote no config.json: " + init.err);
  }
};

TEST_F(BundleOfPodman, IsServedWithItsVolumes) {
  support::make_file(dir() / "volume" / "notes", "on a volume");
  support::make_file(dir() / "motd", "a single file");
  serve(make({"--volume", (dir() / "volume").native() + ":/data", "--volume",
              (dir() / "volume").native() + ":/frozen:ro", "--volume",
              (dir() / "motd").native() + ":/etc/motd:ro"}));
  EXPECT_GE(count(), 4U);
  Client& data = client_of("/data");
  EXPECT_EQ(data.read_file("notes"), "on a volume");
  EXPECT_EQ(outcome(data.write_file("new", "x")), "ok");
  Client& frozen = client_of("/frozen");
  EXPECT_EQ(frozen.read_file("notes"), "on a volume");
  EXPECT_EQ(outcome(frozen.write_file("newer", "x")), "EROFS");
  Client& motd = client_of("/etc/motd");
  EXPECT_EQ(motd.read_file(""), "a single file");
  EXPECT_EQ(outcome(motd.open("", p9::kOpenWronly)), "EROFS");
  Client& hosts = client_of("/etc/hosts");
  EXPECT_EQ(outcome(hosts.read_file("")), "ok");
  expect_busybox();
}

}  // namespace
}  // namespace interop

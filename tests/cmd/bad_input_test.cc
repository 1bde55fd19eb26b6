// Every bad input of docs/bad-input.md, given to the real binary: the documented exit status and
// one clear line, or, for what is accepted, the documented note. The numbers are the table's rows.
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "tests/support/descriptors.h"
#include "tests/support/gofer_process.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tree.h"

namespace cmd {
namespace {

using support::path;
using support::Process;
using support::TempDir;
using Words = std::vector<std::string>;

constexpr int kAccepted = 0;
constexpr int kUsage = 2;
constexpr int kBadSpec = 65;

std::string config(const std::string& mounts, const std::string& root = R"({"path":"rootfs"})",
                   const std::string& more = "") {
  return R"({"ociVersion":"1.0.2","root":)" + root + R"(,"mounts":[)" + mounts + "]" + more + "}";
}

std::string bound(const std::string& destination, const std::string& source = "data",
                  const std::string& options = R"("rbind")", const std::string& more = "") {
  return R"({"type":"bind","destination":")" + destination + R"(","source":")" + source +
         R"(","options":[)" + options + "]" + more + "}";
}

std::string ids(const std::string& uids, const std::string& gids) {
  return R"(,"uidMappings":[)" + uids + R"(],"gidMappings":[)" + gids + "]";
}

constexpr const char* kOneId = R"({"containerID":0,"hostID":100000,"size":1})";

struct Row {
  const char* id;
  std::string text;  // of config.json
  int exit;          // of gofer --check
  const char* says;  // part of its line, or of its notes
  Words arguments = {};
  std::function<void(const path& bundle)> prepare = {};
};

// A bundle with rootfs/, data/ and a file, and what gofer --check says of it.
class Checked {
 public:
  explicit Checked(const Row& row) {
    support::make_directory(bundle_ / "rootfs");
    support::make_directory(bundle_ / "data");
    support::make_file(bundle_ / "file", "text");
    if (row.prepare) row.prepare(bundle_.path());
    std::ofstream(bundle_ / "config.json") << row.text;
    Words words{GOFER_BINARY, "--check", "--spec", bundle_ / "config.json"};
    words.insert(words.end(), row.arguments.begin(), row.arguments.end());
    Process gofer({.words = words, .inherited = {}, .environment = {}, .user = {}});
    status = gofer.wait().status.value_or(-1);
    out = gofer.out();
    err = gofer.err();
  }
  int status = -1;
  std::string out;
  std::string err;

 private:
  TempDir bundle_;
};

void expect(const Row& row) {
  Checked checked(row);
  EXPECT_EQ(checked.status, row.exit) << row.id << "\n" << checked.out << checked.err;
  const std::string& said = row.exit == kAccepted ? checked.out : checked.err;
  EXPECT_NE(said.find(row.says), std::string::npos) << row.id << "\n" << said;
  if (row.exit == kAccepted) return;
  EXPECT_EQ(std::ranges::count(checked.err, '\n'), 1) << row.id << "\n" << checked.err;
  EXPECT_EQ(checked.out, "") << row.id;
}

void expect_all(const std::vector<Row>& rows) {
  for (const Row& row : rows) expect(row);
}

std::string nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

TEST(BadInput, L7_OfTheTextIsRefused) {
  expect_all({
      {"1 empty", "", kBadSpec, "config.json:1:1"},
      {"1 not JSON", "root: rootfs", kBadSpec, "config.json:1:1"},
      {"1 trailing bytes", config("") + "x", kBadSpec, "config.json:1:"},
      {"1 byte order mark", "\xef\xbb\xbf" + config(""), kBadSpec, "byte order mark"},
      {"2 not an object", "[]", kBadSpec, "an array"},
      {"3 too large", std::string((4 << 20) + 1, ' ') + config(""), kBadSpec, "4194304"},
      {"3 too deep", config("", R"({"path":"rootfs"})", ",\"x\":" + nested(100)), kBadSpec, "64"},
      {"3 deep enough to overflow a stack", nested(200'000), kBadSpec, "64"},
      {"4 a key twice", R"({"ociVersion":"1.0.2","root":{"path":"a","path":"b"}})", kBadSpec,
       "/root/path"},
      {"54 invalid UTF-8", config(bound("/d\xff")), kBadSpec, "UTF-8"},
  });
}

TEST(BadInput, L7_OfTheVersionAndTheRootIsRefused) {
  auto versioned = [](const std::string& version) {
    return R"({"ociVersion":)" + version + R"(,"root":{"path":"rootfs"}})";
  };
  auto rooted = [](const std::string& root) { return config("", root); };
  expect_all({
      {"5 missing", R"({"root":{"path":"rootfs"}})", kBadSpec, "/ociVersion"},
      {"5 no version", versioned(R"("one")"), kBadSpec, "/ociVersion"},
      {"5 another major", versioned(R"("2.0.0")"), kBadSpec, "/ociVersion"},
      {"5 an unknown minor", versioned(R"("1.99.0")"), kAccepted, "1.99.0"},
      {"6 root missing", R"({"ociVersion":"1.0.2"})", kBadSpec, "/root"},
      {"6 root null", rooted("null"), kBadSpec, "/root"},
      {"7 empty path", rooted(R"({"path":""})"), kBadSpec, "/root/path"},
      {"7 NUL", rooted(R"({"path":"root\u0000fs"})"), kBadSpec, "/root/path"},
      {"7 out of the bundle", rooted(R"({"path":"../rootfs"})"), kBadSpec, "/root/path"},
      {"8 relative", rooted(R"({"path":"rootfs"})"), kAccepted, "/rootfs"},
      {"10 absent", rooted(R"({"path":"nowhere"})"), kBadSpec, "ENOENT"},
      {"10 a file", rooted(R"({"path":"file"})"), kBadSpec, "/root"},
      {"11 readonly is a number", rooted(R"({"path":"rootfs","readonly":1})"), kBadSpec,
       "/root/readonly"},
      {"11 readonly is a string", rooted(R"({"path":"rootfs","readonly":"true"})"), kBadSpec,
       "/root/readonly"},
      {"51 windows", config("", R"({"path":"rootfs"})", R"(,"windows":{})"), kBadSpec, "/windows"},
      {"52 flags in annotations",
       config("", R"({"path":"rootfs"})", R"(,"annotations":{"dev.gvisor.flag.network":"host"})"),
       kAccepted, "DESTINATION"},
  });
}

TEST(BadInput, ARootBehindALinkIsFollowedOnceAndRefusedWhenStrict) {
  auto link = [](const path& bundle) {
    std::filesystem::create_symlink("rootfs", bundle / "link");
  };
  std::string text = config("", R"({"path":"link"})");
  expect({"9 link", text, kAccepted, "/rootfs", {}, link});
  expect({"9 link, strict", text, kBadSpec, "/root", {"--strict"}, link});
}

TEST(BadInput, L7_OfMountsIsRefused) {
  expect_all({
      {"12 no array", R"({"ociVersion":"1.0.2","root":{"path":"rootfs"},"mounts":{}})", kBadSpec,
       "/mounts"},
      {"12 entry", config("7"), kBadSpec, "/mounts/0"},
      {"13 missing", config(R"({"type":"bind","source":"data"})"), kBadSpec,
       "/mounts/0/destination"},
      {"13 empty", config(bound("")), kBadSpec, "/mounts/0/destination"},
      {"13 NUL", config(bound("/a\\u0000b")), kBadSpec, "/mounts/0/destination"},
      {"14 relative", config(bound("d")), kAccepted, "relative"},
      {"14 relative, strict", config(bound("d")), kBadSpec, "/mounts/0/destination", {"--strict"}},
      {"15 the root", config(bound("/")), kBadSpec, "/mounts/0/destination"},
      {"16 upwards", config(bound("/a/../b")), kBadSpec, "/mounts/0/destination"},
      {"16 slashes are cleaned", config(bound("//d///e/")), kAccepted, "/d/e "},
      {"16 a long component", config(bound("/" + std::string(256, 'c'))), kBadSpec, "255"},
      {"16 a long path",
       config(bound("/" + std::string(5000, '/') + "d" +
                    [] {
                      std::string deep;
                      for (int i = 0; i < 2100; ++i) deep += "/d";
                      return deep;
                    }())),
       kBadSpec, "/mounts/0/destination"},
      {"17 twice", config(bound("/d") + "," + bound("/d")), kAccepted, "/mounts/1"},
      {"17 twice, strict",
       config(bound("/d") + "," + bound("/d")),
       kBadSpec,
       "/mounts/1",
       {"--strict"}},
      {"18 hidden", config(bound("/d/e") + "," + bound("/d")), kAccepted, "note: "},
      {"53 too many",
       config(bound("/a") + "," + bound("/b") + "," + bound("/c")),
       kBadSpec,
       "2",
       {"--max-mounts", "2"}},
  });
}

TEST(BadInput, L7_OfSourcesIsRefused) {
  expect_all({
      {"26 missing", config(bound("/d", "nowhere")), kBadSpec, "/mounts/0"},
      {"27 relative", config(bound("/d", "data")), kAccepted, "/data"},
      {"28 a file", config(bound("/d", "file")), kAccepted, "file"},
      {"28 a file on a directory",
       config(bound("/d", "file")),
       kBadSpec,
       "directory",
       {},
       [](const path& bundle) { support::make_directory(bundle / "rootfs/d"); }},
      {"28 a directory on a file",
       config(bound("/d", "data")),
       kBadSpec,
       "file",
       {},
       [](const path& bundle) { support::make_file(bundle / "rootfs/d"); }},
      {"29 a FIFO",
       config(bound("/d", "fifo")),
       kBadSpec,
       "FIFO",
       {},
       [](const path& bundle) { support::make_fifo(bundle / "fifo"); }},
      {"29 a socket",
       config(bound("/d", "socket")),
       kBadSpec,
       "socket",
       {},
       [](const path& bundle) { support::make_socket(bundle / "socket"); }},
      {"29 a FIFO that is asked for",
       config(bound("/d", "fifo", R"("bind","x-gofer.fifo=open")")),
       kAccepted,
       "FIFO",
       {},
       [](const path& bundle) { support::make_fifo(bundle / "fifo"); }},
      {"29 a socket that is asked for",
       config(bound("/d", "socket", R"("bind","x-gofer.uds=open")")),
       kAccepted,
       "is a socket: when its server makes it anew",
       {},
       [](const path& bundle) { support::make_socket(bundle / "socket"); }},
      {"29 a socket, but FIFOs are asked for",
       config(bound("/d", "socket", R"("bind","x-gofer.fifo=open")")),
       kBadSpec,
       "x-gofer.uds=open on this mount serves it",
       {},
       [](const path& bundle) { support::make_socket(bundle / "socket"); }},
      {"29 a device that is asked for",
       config(bound("/d", "/dev/null", R"("bind","x-gofer.uds=open","x-gofer.fifo=open")")),
       kBadSpec, "device"},
      {"29 a socket as the root",
       config("", R"({"path":"socket"})",
              R"(,"annotations":{"org.gofer.root.options":"x-gofer.uds=open"})"),
       kBadSpec,
       "the root of a container is a directory",
       {},
       [](const path& bundle) { support::make_socket(bundle / "socket"); }},
      {"29 a device", config(bound("/d", "/dev/null")), kBadSpec, "device"},
      {"30 a link",
       config(bound("/d", "link")),
       kAccepted,
       "/data",
       {},
       [](const path& bundle) { std::filesystem::create_symlink("data", bundle / "link"); }},
      {"30 a link, strict",
       config(bound("/d", "link")),
       kBadSpec,
       "/mounts/0",
       {"--strict"},
       [](const path& bundle) { std::filesystem::create_symlink("data", bundle / "link"); }},
      {"31 empty", config(bound("/d", "")), kBadSpec, "/mounts/0/source"},
      {"32 inside the root",
       config(bound("/d", "rootfs/sub", R"("rbind","ro")")),
       kAccepted,
       "note: ",
       {},
       [](const path& bundle) { support::make_directory(bundle / "rootfs/sub"); }},
      {"33 proc", config(bound("/d", "/proc")), kBadSpec, "proc"},
      {"33 below sys", config(bound("/d", "/sys/kernel")), kBadSpec, "/mounts/0"},
      {"34 other types",
       config(R"({"type":"tmpfs","destination":"/t"},{"type":"proc","destination":"/proc"})"),
       kAccepted, "Passed over"},
      {"35 bind by type alone", config(bound("/d", "data", "")), kAccepted, "/d "},
      {"36 type none",
       config(R"({"type":"none","destination":"/d","source":"data","options":["rbind"]})"),
       kAccepted, "/d "},
      {"55 read once", config(""), kAccepted, "DESTINATION"},
  });
}

TEST(BadInput, L7_OfMountOptionsIsRefused) {
  auto with = [](const char* options) { return config(bound("/d", "data", options)); };
  expect_all({
      {"37 the last wins", with(R"("rbind","ro","rw")"), kAccepted, "rw"},
      {"37 strict", with(R"("rbind","ro","rw")"), kBadSpec, "/mounts/0/options", {"--strict"}},
      {"38 rro", with(R"("rbind","rro")"), kAccepted, "ro"},
      {"39 ro is recursive", with(R"("rbind","ro")"), kAccepted, "ro"},
      {"41 shared", with(R"("rbind","shared")"), kBadSpec, "/mounts/0/options"},
      {"41 two words", with(R"("rbind","slave","private")"), kBadSpec, "/mounts/0/options"},
      {"42 suid is ignored", with(R"("rbind","suid")"), kAccepted, "suid"},
      {"43 remount", with(R"("rbind","remount")"), kBadSpec, "remount"},
      {"43 loop", with(R"("rbind","loop")"), kBadSpec, "loop"},
      {"43 size is ignored", with(R"("rbind","size=5")"), kAccepted, "size"},
      {"26 made on demand", with(R"("rbind","X-mount.mkdir")"), kBadSpec, "X-mount.mkdir"},
      {"unknown of ours", with(R"("rbind","x-gofer.speed=9")"), kBadSpec, "x-gofer.speed=9"},
      {"panic without ro", with(R"("rbind","x-gofer.panic-on-write")"), kBadSpec,
       "panic-on-write on a read-write attach point"},
      {"xattr of no name space", with(R"("rbind","x-gofer.xattr=all")"), kBadSpec,
       "x-gofer.xattr=none x-gofer.xattr=user"},
      {"xattr none and others", with(R"("rbind","x-gofer.xattr=acl","x-gofer.xattr=none")"),
       kBadSpec, "/mounts/0/options: x-gofer.xattr=none and name spaces"},
      {"donate on", with(R"("rbind","x-gofer.donate=on")"), kBadSpec, "x-gofer.donate=off"},
      {"locks on", with(R"("rbind","x-gofer.locks=on")"), kBadSpec, "x-gofer.locks=off"},
      {"xattr security", with(R"("rbind","x-gofer.xattr=security")"), kAccepted,
       "note: /mounts/0/options: x-gofer.xattr=security: the worker keeps CAP_SETFCAP"},
      {"xattr trusted", with(R"("rbind","ro","x-gofer.xattr=trusted")"), kAccepted,
       "note: /mounts/0/options: x-gofer.xattr=trusted: the worker keeps CAP_SYS_ADMIN"},
      {"48 propagation of the root",
       config("", R"({"path":"rootfs"})", R"(,"linux":{"rootfsPropagation":"shared"})"), kBadSpec,
       "/linux/rootfsPropagation"},
      {"48 unknown word",
       config("", R"({"path":"rootfs"})", R"(,"linux":{"rootfsPropagation":"odd"})"), kBadSpec,
       "/linux/rootfsPropagation"},
  });
}

TEST(BadInput, L7_OfIdMappingsIsRefused) {
  auto mapped = [](const std::string& uids, const std::string& gids,
                   const char* options = R"("rbind","idmap")") {
    return config(bound("/d", "data", options, ids(uids, gids)));
  };
  auto range = [](const char* container, const char* host, const char* size) {
    return std::string(R"({"containerID":)") + container + R"(,"hostID":)" + host + R"(,"size":)" +
           size + "}";
  };
  std::string many = kOneId;
  for (int i = 1; i < 341; ++i)
    many += "," + range(std::to_string(i * 2).c_str(), std::to_string(i * 2).c_str(), "1");
  expect_all({
      {"44 both", mapped(kOneId, kOneId), kAccepted, "/d "},
      {"45 without idmap", mapped(kOneId, kOneId, R"("rbind")"), kAccepted, "note: "},
      {"45 one of them", mapped(kOneId, ""), kBadSpec, "/mounts/0"},
      {"46 size 0", mapped(range("0", "0", "0"), kOneId), kBadSpec, "/mounts/0/uidMappings/0"},
      {"46 overlap", mapped(range("0", "0", "5") + "," + range("4", "100", "5"), kOneId), kBadSpec,
       "/mounts/0/uidMappings"},
      {"46 too many", mapped(many, kOneId), kBadSpec, "340"},
      {"46 overflow", mapped(range("4294967295", "0", "2"), kOneId), kBadSpec,
       "/mounts/0/uidMappings/0"},
      {"46 would narrow to 0", mapped(range("0", "4294967296", "1"), kOneId), kBadSpec,
       "/mounts/0/uidMappings/0/hostID"},
      {"46 negative", mapped(range("-1", "0", "1"), kOneId), kBadSpec,
       "/mounts/0/uidMappings/0/containerID"},
      {"46 float", mapped(range("0", "1.9", "1"), kOneId), kBadSpec,
       "/mounts/0/uidMappings/0/hostID"},
      {"46 boolean", mapped(range("0", "true", "1"), kOneId), kBadSpec,
       "/mounts/0/uidMappings/0/hostID"},
      {"49 user namespace without a map",
       config("", R"({"path":"rootfs"})", R"(,"linux":{"namespaces":[{"type":"user"}]})"), kBadSpec,
       "/linux"},
  });
}

TEST(BadInput, L7_OfDestinationsIsResolvedInsideTheRoot) {
  auto link = [](const char* target) {
    return [target](const path& bundle) {
      support::make_directory(bundle / "rootfs/etc");
      std::filesystem::create_symlink(target, bundle / "rootfs/link");
    };
  };
  auto strange = [](const char* target, const char* says) {
    return std::pair{std::string(target), std::string(says)};
  };
  expect({"20 through a link", config(bound("/link/d")), kAccepted, "/etc/d ", {}, link("etc")});
  for (const auto& [target, says] :
       {strange("/etc", "/etc/d "), strange("../../../etc", "/etc/d "), strange("../../..", "/d ")})
    expect({"21 out of the root",
            config(bound("/link/d")),
            kAccepted,
            says.c_str(),
            {},
            link(target.c_str())});
  expect({"23 a loop", config(bound("/link/d")), kBadSpec, "ELOOP", {}, link("link")});
  expect({"25 missing", config(bound("/made/here")), kAccepted, "will be made"});
  expect({"19 below a read-only one",
          config(bound("/ro", "data", R"("rbind","ro")") + "," + bound("/ro/below", "rootfs")),
          kAccepted, "/ro/below"});
}

TEST(BadInput, E22_AMagicLinkIsNoPath) {
  TempDir bundle;
  support::make_directory(bundle / "rootfs/proc");
  support::make_directory(bundle / "data");
  ASSERT_EQ(::mount("proc", (bundle / "rootfs/proc").c_str(), "proc", MS_RDONLY, nullptr), 0);
  std::ofstream(bundle / "config.json") << config(bound("/proc/self/root/etc"));
  Process gofer(
      {.words = {GOFER_BINARY, "--check", "--allow-kernel-fs", "--spec", bundle / "config.json"},
       .inherited = {},
       .environment = {},
       .user = {}});
  EXPECT_EQ(gofer.wait().status, kBadSpec);
  EXPECT_NE(gofer.err().find("ELOOP"), std::string::npos) << gofer.err();
  ::umount2((bundle / "rootfs/proc").c_str(), MNT_DETACH);
}

TEST(BadInput, E50_DescriptorsThatDoNotFitAreRefused) {
  TempDir bundle;
  support::make_directory(bundle / "rootfs");
  support::make_directory(bundle / "data");
  std::ofstream(bundle / "config.json") << config(bound("/d"));
  auto [one, peer_of_one] = support::socket_pair();
  auto [two, peer_of_two] = support::socket_pair();
  auto [reading, writing] = support::make_pipe();
  base::UniqueFd lonely(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  base::UniqueFd internet(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  struct Case {
    std::string fds;
    const char* says;
  };
  auto list = [](const auto&... fds) {
    std::string text;
    ((text += (text.empty() ? "" : ",") + std::to_string(fds.raw())), ...);
    return text;
  };
  for (const Case& c : {Case{list(one), "1 descriptors for 2 attach points"},
                        Case{list(one, two, peer_of_one), "3 descriptors for 2 attach points"},
                        Case{list(one, one), "named twice"}, Case{list(one, reading), "socket"},
                        Case{list(one, lonely), "connected"}, Case{list(one, internet), "AF_UNIX"},
                        Case{list(one) + ",999", "999"}, Case{"1,2", "from 3"}}) {
    Process gofer({.words = {GOFER_BINARY, "--spec", bundle / "config.json", "--io-fds", c.fds},
                   .inherited = {one, two, peer_of_one, reading, lonely, internet},
                   .environment = {},
                   .user = {}});
    EXPECT_EQ(gofer.wait().status, kUsage) << c.fds;
    EXPECT_NE(gofer.err().find(c.says), std::string::npos) << gofer.err();
    EXPECT_EQ(std::ranges::count(gofer.err(), '\n'), 1) << gofer.err();
  }
}

}  // namespace
}  // namespace cmd

// Rows of docs/bad-input.md that are decided while the attach plan is made: E14 to E45, E53.
#include <gtest/gtest.h>

#include "tests/spec/spec_support.h"

namespace spec {
namespace {

using namespace std::string_literals;
using test::bind_with;
using test::bundle_with;
using test::notes;
using test::refusal;
using test::strict;

std::string bound(std::string_view source, std::string_view destination,
                  std::string_view options = R"("bind")") {
  return R"({"destination":")" + std::string(destination) + R"(","type":"bind","source":")" +
         std::string(source) + R"(","options":[)" + std::string(options) + "]}";
}

std::string tmpfs(std::string_view destination) {
  return R"({"destination":")" + std::string(destination) + R"(","type":"tmpfs","source":"tmpfs"})";
}

std::string destination_of(const std::string& text) {
  auto made = test::plan(text);
  return made ? made->attach_points.back().destination : to_line(made.error());
}

AttachPoint last_of(const std::string& text, const PlanOptions& options = {}) {
  auto made = test::plan(text, options);
  EXPECT_TRUE(made.has_value()) << to_line(made.error());
  return made ? made->attach_points.back() : AttachPoint{};
}

TEST(BadInput, E14_ARelativeDestinationStartsAtTheRoot) {
  std::string text = bundle_with(bound("/s", "data/x"));
  EXPECT_EQ(destination_of(text), "/data/x");
  EXPECT_EQ(notes(text),
            "/mounts/0/destination: \"data/x\" is relative, which is deprecated; taken from /");
  EXPECT_EQ(refusal(text, strict()),
            "spec: /mounts/0/destination: \"data/x\" is relative, which is deprecated; taken from "
            "/; expected an absolute path (--strict)");
}

TEST(BadInput, E15_NothingIsMountedOverTheRoot) {
  for (auto path : {"/", "//", "/.", "."})
    EXPECT_EQ(refusal(bundle_with(bound("/s", path))),
              "spec: /mounts/0/destination: \"" + std::string(path) +
                  "\" would hide the root file system; expected a place below /");
  EXPECT_NE(refusal(bundle_with(tmpfs("/"))), "accepted");
}

TEST(BadInput, E16_ADestinationIsCleanedAfterDotDotIsRefused) {
  for (auto path : {"/..", "/a/..", "/a/../b", "../a"})
    EXPECT_EQ(refusal(bundle_with(bound("/s", path))), "spec: /mounts/0/destination: \"" +
                                                           std::string(path) +
                                                           "\" has .. in it; expected a path "
                                                           "without ..");
  EXPECT_EQ(destination_of(bundle_with(bound("/s", "//a/.//b/"))), "/a/b");
  EXPECT_EQ(destination_of(bundle_with(bound("/s", "/..."))), "/...");
}

TEST(BadInput, E16_ADestinationIsNoLongerThanTheKernelTakes) {
  std::string part(255, 'x');
  EXPECT_EQ(destination_of(bundle_with(bound("/s", "/" + part))), "/" + part);
  EXPECT_EQ(refusal(bundle_with(bound("/s", "/a/" + part + "x"))),
            "spec: /mounts/0/destination: a path component of 256 bytes; the longest has 255; "
            "expected a path the kernel takes");
  std::string path;
  for (int i = 0; i < 16; ++i) path += "/" + part;
  EXPECT_EQ(destination_of(bundle_with(bound("/s", path.substr(0, 4095)))), path.substr(0, 4095));
  EXPECT_EQ(refusal(bundle_with(bound("/s", path))),
            "spec: /mounts/0/destination: a path of 4096 bytes; the longest has 4095; "
            "expected a path the kernel takes");
  EXPECT_EQ(refusal(bundle_with(tmpfs(path))),
            "spec: /mounts/0/destination: a path of 4096 bytes; the longest has 4095; "
            "expected a path the kernel takes");
}

TEST(BadInput, E17_ADestinationTwiceIsTold) {
  std::string text = bundle_with(bound("/s", "/a") + "," + bound("/t", "/a/"));
  EXPECT_EQ(notes(text),
            "/mounts/1: the destination \"/a\" is that of /mounts/0, too; clients see the later "
            "one");
  auto made = test::plan(text);
  ASSERT_EQ(made->attach_points.size(), 3U);
  EXPECT_EQ(made->attach_points[1].source, "/s");
  EXPECT_EQ(made->attach_points[2].source, "/t");
  EXPECT_EQ(refusal(text, strict()),
            "spec: /mounts/1: the destination \"/a\" is that of /mounts/0, too; clients see the "
            "later one; expected different destinations (--strict)");
  EXPECT_NE(notes(bundle_with(bound("/s", "/a") + "," + tmpfs("/a"))), "");
  EXPECT_NE(notes(bundle_with(tmpfs("/a") + "," + bound("/s", "/a"))), "");
  EXPECT_EQ(notes(bundle_with(tmpfs("/a") + "," + tmpfs("/a"))), "");
}

TEST(BadInput, E18_AMountThatHidesAnEarlierOneIsTold) {
  std::string hidden = bundle_with(bound("/s", "/a/b") + "," + bound("/t", "/a"));
  EXPECT_EQ(notes(hidden, strict()),
            "/mounts/1: the destination \"/a\" hides /mounts/0 at \"/a/b\", which is listed before "
            "it");
  EXPECT_NE(notes(bundle_with(bound("/s", "/a/b") + "," + tmpfs("/a"))), "");
  EXPECT_EQ(notes(bundle_with(bound("/t", "/a") + "," + bound("/s", "/a/b"))), "");
  EXPECT_EQ(notes(bundle_with(bound("/t", "/ab") + "," + bound("/s", "/a"))), "");
  EXPECT_EQ(notes(hidden, {.for_runsc = true}), "") << "its sandbox mounts the shorter one first";
}

TEST(BadInput, E27_ARelativeSourceStartsAtTheBundle) {
  EXPECT_EQ(last_of(bundle_with(bound("data", "/d")), {.bundle = "/b"}).source, "/b/data");
  EXPECT_EQ(last_of(bundle_with(bound("../data", "/d")), {.bundle = "/b"}).source, "/b/../data");
  EXPECT_EQ(last_of(bundle_with(bound("data", "/d"))).source, "data");
  EXPECT_EQ(refusal(bundle_with(bound("/s/" + std::string(256, 'x'), "/d"))),
            "spec: /mounts/0/source: a path component of 256 bytes; the longest has 255; "
            "expected a path the kernel takes");
}

TEST(BadInput, E31_ABindMountHasASource) {
  constexpr std::string_view kLine =
      "spec: /mounts/0/source: a bind mount without a source; "
      "expected the path of a directory or a file";
  EXPECT_EQ(refusal(bundle_with(R"({"destination":"/d","type":"bind"})")), kLine);
  EXPECT_EQ(refusal(bundle_with(bound("", "/d"))), kLine);
  EXPECT_EQ(refusal(bundle_with(R"({"destination":"/d","type":"none","options":["rbind"]})")),
            kLine);
}

TEST(BadInput, E32_OverlappingSourcesAreTold) {
  auto notes_of = [](std::string_view source, std::string_view options) {
    return notes(bundle_with(bound(source, "/d", options)), {.bundle = "/b"});
  };
  EXPECT_EQ(notes_of("/b/rootfs/etc", R"("bind")"),
            "/mounts/0: the source \"/b/rootfs/etc\" overlaps that of /root, \"/b/rootfs\": what "
            "is read-write here is read-only there, so read-only is only a view");
  EXPECT_EQ(notes_of("/b", R"("bind","ro")"),
            "/mounts/0: the source \"/b\" overlaps that of /root, \"/b/rootfs\": the same files "
            "are served by two workers");
  EXPECT_NE(notes_of("x/../rootfs", R"("bind","ro")"), "");
  EXPECT_EQ(notes_of("/b/rootfs2", R"("bind")"), "");
  EXPECT_EQ(notes(bundle_with(bound("/s", "/x", R"("bind","ro")") + "," + bound("/s/t", "/y"))),
            "/mounts/1: the source \"/s/t\" overlaps that of /mounts/0, \"/s\": what is "
            "read-write here is read-only there, so read-only is only a view");
  EXPECT_EQ(notes(bundle_with(bound("/s", "/x") + "," + bound("/s/t", "/y"))), "");
}

TEST(BadInput, E34_OtherKindsOfMountsArePassedOver) {
  for (std::string type : {"proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup", "cgroup2",
                           "overlay", "erofs", ""}) {
    auto made =
        test::plan(bundle_with(R"({"destination":"/m","type":")" + type +
                               R"(","source":"x","options":["nosuid","size=1","shared"]})"));
    ASSERT_TRUE(made.has_value()) << type;
    EXPECT_EQ(made->attach_points.size(), 1U);
    ASSERT_EQ(made->passed_over.size(), 1U);
    EXPECT_EQ(made->passed_over[0].type, type);
    EXPECT_EQ(made->passed_over[0].where, "/mounts/0");
    EXPECT_EQ(made->passed_over[0].destination, "/m");
    EXPECT_EQ(made->notes.size(), 0U);
  }
}

TEST(BadInput, E35_TypeBindIsEnough) {
  std::string text = bundle_with(bound("/s", "/d", R"("ro")"));
  EXPECT_EQ(last_of(text).access, Access::kReadOnly);
  EXPECT_FALSE(last_of(text).recursive);
  EXPECT_EQ(notes(text), "/mounts/0: type bind without the option bind or rbind; taken for bind");
}

TEST(BadInput, E36_TheOptionIsEnoughWhateverTheType) {
  for (std::string type : {"none", "tmpfs", "dummy"}) {
    AttachPoint point = last_of(bundle_with(R"({"destination":"/d","type":")" + type +
                                            R"(","source":"/s","options":["rbind"]})"));
    EXPECT_EQ(point.destination, "/d");
    EXPECT_TRUE(point.recursive);
  }
}

TEST(BadInput, E37_OfReadOnlyAndReadWriteTheLastWins) {
  std::string read_write = bundle_with(bind_with(R"("bind","ro","rw")"));
  std::string read_only = bundle_with(bind_with(R"("bind","rw","ro")"));
  EXPECT_EQ(last_of(read_write).access, Access::kReadWrite);
  EXPECT_EQ(last_of(read_only).access, Access::kReadOnly);
  EXPECT_EQ(notes(read_write), "/mounts/0/options: both ro and rw; the last wins: read-write");
  EXPECT_EQ(notes(read_only), "/mounts/0/options: both ro and rw; the last wins: read-only");
  EXPECT_EQ(refusal(read_only, strict()),
            "spec: /mounts/0/options: both ro and rw; the last wins: read-only; "
            "expected one of them (--strict)");
  EXPECT_EQ(notes(bundle_with(bind_with(R"("bind","ro","rro")")), strict()), "");
}

TEST(BadInput, E38_RecursiveWordsMeanTheWholeTree) {
  EXPECT_EQ(last_of(bundle_with(bind_with(R"("rbind","rro")"))).access, Access::kReadOnly);
  EXPECT_EQ(last_of(bundle_with(bind_with(R"("rbind","rrw")"))).access, Access::kReadWrite);
  EXPECT_EQ(notes(bundle_with(bind_with(R"("rbind","rnosuid","rnodev","rnoexec")"))), "");
}

TEST(BadInput, E39_ReadOnlyWithRbindIsAReadOnlyTree) {
  AttachPoint point = last_of(bundle_with(bind_with(R"("rbind","ro")")));
  EXPECT_TRUE(point.recursive);
  EXPECT_EQ(point.access, Access::kReadOnly);
}

TEST(BadInput, E41_SharedPropagationIsRefusedAndTwoMayNotContradict) {
  for (auto word : {"shared", "rshared"})
    EXPECT_EQ(refusal(bundle_with(bind_with(R"("bind",")" + std::string(word) + "\""))),
              "spec: /mounts/0/options/1: \"" + std::string(word) +
                  "\" is refused: mounts would reach the host; expected private, slave or "
                  "unbindable");
  EXPECT_EQ(refusal(bundle_with(bind_with(R"("bind","private","rslave")"))),
            "spec: /mounts/0/options/2: a second propagation that contradicts the first; expected "
            "one of private, slave and unbindable");
  EXPECT_EQ(last_of(bundle_with(bind_with(R"("bind")"))).propagation, Propagation::kPrivate);
  EXPECT_EQ(last_of(bundle_with(bind_with(R"("bind","rslave")"))).propagation, Propagation::kSlave);
  EXPECT_EQ(last_of(bundle_with(bind_with(R"("bind","unbindable")"))).propagation,
            Propagation::kUnbindable);
}

TEST(BadInput, E42_SuidDevAndExecAreNotGranted) {
  EXPECT_EQ(notes(bundle_with(bind_with(R"("bind","suid","dev","exec")")), strict()),
            "/mounts/0/options: \"suid\" \"dev\" \"exec\" not granted: every tree is served "
            "nosuid, nodev, noexec and nosymfollow");
  EXPECT_EQ(notes(bundle_with(bind_with(R"("bind")"))), "");
}

TEST(BadInput, E43_OptionsOfOtherMountsAreRefusedOrTold) {
  for (auto word : {"remount", "move", "loop", "loop=/dev/loop0", "user", "user=me", "users",
                    "X-mount.mkdir", "X-mount.mkdir=0755", "x-mount.owner"})
    EXPECT_EQ(refusal(bundle_with(bind_with(R"("bind",")" + std::string(word) + "\""))),
              "spec: /mounts/0/options/1: the option \"" + std::string(word) +
                  "\" is refused; expected options of a bind mount: a gofer serves a tree that "
                  "exists, as it is");
  EXPECT_EQ(notes(bundle_with(bind_with(R"("bind","_netdev","size=64k","mode=755")")), strict()),
            "/mounts/0/options: \"_netdev\" \"size=64k\" \"mode=755\" without effect on a bind "
            "mount");
  EXPECT_EQ(notes(bundle_with(bind_with(R"("bind","noatime","relatime")"))),
            "/mounts/0/options: \"noatime\" \"relatime\" without effect: the host's mount decides "
            "about access times");
  EXPECT_EQ(notes(bundle_with(bind_with(R"("bind","zigzag")"))),
            "/mounts/0/options: \"zigzag\" not known here and passed over");
}

constexpr std::string_view kMap = R"([{"containerID":0,"hostID":100000,"size":65536}])";

std::string both_maps() {
  return R"(,"uidMappings":)" + std::string(kMap) + R"(,"gidMappings":)" + std::string(kMap);
}

TEST(BadInput, E44_MappingsOfTheMountAreUsed) {
  for (auto word : {"\"idmap\"", "\"ridmap\""}) {
    std::string text = bundle_with(bind_with(word, both_maps()));
    AttachPoint point = last_of(text);
    EXPECT_EQ(point.ids.uids, (std::vector<IdRange>{{0, 100000, 65536}}));
    EXPECT_EQ(point.ids.gids, point.ids.uids);
  }
  EXPECT_TRUE(last_of(bundle_with(bind_with(R"("bind")"))).ids.empty());
}

TEST(BadInput, E45_MappingsWithoutIdmapAreUsedAndTold) {
  std::string text = bundle_with(bind_with(R"("bind")", both_maps()));
  EXPECT_FALSE(last_of(text).ids.empty());
  EXPECT_EQ(notes(text),
            "/mounts/0: uidMappings and gidMappings without the option idmap; applied");
}

TEST(BadInput, E45_OnlyOneMappingIsRefused) {
  EXPECT_EQ(refusal(bundle_with(bind_with(R"("idmap")", R"(,"uidMappings":)" + std::string(kMap)))),
            "spec: /mounts/0/gidMappings: no mapping, while uidMappings has one; expected both "
            "uidMappings and gidMappings, or neither");
  EXPECT_EQ(refusal(bundle_with(bind_with(
                R"("idmap")", R"(,"uidMappings":[],"gidMappings":)" + std::string(kMap)))),
            "spec: /mounts/0/uidMappings: no mapping, while gidMappings has one; expected both "
            "uidMappings and gidMappings, or neither");
}

TEST(BadInput, E45_IdmapWithoutAnyMappingIsNeverServedUnmapped) {
  EXPECT_EQ(refusal(bundle_with(bind_with(R"("bind","idmap")"))),
            "spec: /mounts/0/options: idmap without mappings; expected uidMappings and gidMappings "
            "of the mount, or of a user namespace in linux");
  EXPECT_NE(refusal(bundle_with(bind_with(R"("bind","idmap")"),
                                R"(,"linux":{)" + both_maps().substr(1) + "}")),
            "accepted");
  AttachPoint point =
      last_of(bundle_with(bind_with(R"("bind","idmap")"),
                          R"(,"linux":{"namespaces":[{"type":"user"}])" + both_maps() + "}"));
  EXPECT_EQ(point.ids.uids, (std::vector<IdRange>{{0, 100000, 65536}}));
}

std::string many_binds(int count) {
  std::string mounts;
  for (int i = 0; i < count; ++i)
    mounts += (i == 0 ? "" : ",") + bound("/s" + std::to_string(i), "/d" + std::to_string(i));
  return bundle_with(mounts);
}

TEST(BadInput, E53_BindMountsAreCapped) {
  EXPECT_EQ(refusal(many_binds(256)), "accepted");
  EXPECT_EQ(refusal(many_binds(257)),
            "spec: /mounts: 257 bind mounts; expected at most 256 (--max-mounts): each is served "
            "by a process of its own");
  EXPECT_EQ(refusal(many_binds(10'000)).substr(0, 32), "spec: /mounts: 10000 bind mounts");
  EXPECT_EQ(refusal(many_binds(2), {.max_mounts = 2}), "accepted");
  EXPECT_NE(refusal(many_binds(3), {.max_mounts = 2}), "accepted");
}

TEST(BadInput, E53_MountsThatArePassedOverDoNotCount) {
  std::string mounts = bound("/s", "/d");
  for (int i = 0; i < 1000; ++i) mounts += "," + tmpfs("/t" + std::to_string(i));
  auto made = test::plan(bundle_with(mounts), {.max_mounts = 1});
  ASSERT_TRUE(made.has_value());
  EXPECT_EQ(made->passed_over.size(), 1000U);
}

}  // namespace
}  // namespace spec

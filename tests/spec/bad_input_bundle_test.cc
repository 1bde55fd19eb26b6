// Rows of docs/bad-input.md that are decided while config.json is read: E01 to E13, E46 to E54.
#include <gtest/gtest.h>

#include "tests/spec/spec_support.h"

namespace spec {
namespace {

using namespace std::string_literals;
using test::bind_with;
using test::bundle_with;
using test::notes;
using test::refusal;
using test::replaced;
using test::strict;

std::string with_root(std::string_view root) {
  return R"({"ociVersion":"1.0.2","root":)" + std::string(root) + "}";
}

std::string with_version(std::string_view version) {
  return replaced(bundle_with(""), "\"1.0.2\"", version);
}

constexpr std::string_view kMapOne = R"([{"containerID":0,"hostID":100000,"size":65536}])";

// A bind mount with these uidMappings and sane gidMappings.
std::string with_uids(std::string_view uids) {
  return bundle_with(bind_with(R"("idmap")", R"(,"uidMappings":)" + std::string(uids) +
                                                 R"(,"gidMappings":)" + std::string(kMapOne)));
}

std::string with_uid_range(std::string_view container, std::string_view host,
                           std::string_view size) {
  return with_uids(R"([{"containerID":)" + std::string(container) + R"(,"hostID":)" +
                   std::string(host) + R"(,"size":)" + std::string(size) + "}]");
}

TEST(BadInput, E01_WhatIsNotOneJsonValueIsRefusedWithItsPlace) {
  EXPECT_EQ(refusal(""),
            "spec: config.json:1:1: not JSON at byte 0: unexpected end of input; expected '[', "
            "'{', or a literal");
  EXPECT_EQ(refusal("#!/bin/sh"),
            "spec: config.json:1:1: not JSON at byte 0: invalid literal; expected one JSON value "
            "in UTF-8");
  EXPECT_EQ(refusal("{\"ociVersion\":\n  \"1.0.2\",}"),
            "spec: config.json:2:11: not JSON at byte 25: unexpected '}'; expected string literal");
  EXPECT_EQ(refusal("\xef\xbb\xbf" + bundle_with("")),
            "spec: config.json:1:1: a byte order mark at byte 0; expected UTF-8 without one");
  std::string good = bundle_with("");
  EXPECT_EQ(refusal(good + " \r\n\t"), "accepted");
  std::string at_end = "spec: config.json:1:" + std::to_string(good.size() + 1) +
                       ": not JSON at byte " + std::to_string(good.size()) + ": ";
  EXPECT_EQ(refusal(good + ","), at_end + "unexpected ','; expected end of input");
  EXPECT_EQ(refusal(good + "\0{}"s), at_end + "a NUL byte; expected one JSON value in UTF-8");
}

TEST(BadInput, E02_TheTopLevelIsAnObject) {
  EXPECT_EQ(refusal("[]"), "spec: config.json: an array; expected an object");
  EXPECT_EQ(refusal("null"), "spec: config.json: null; expected an object");
  EXPECT_EQ(refusal("\"x\""), "spec: config.json: the string \"x\"; expected an object");
}

TEST(BadInput, E03_SizeAndDepthAreCapped) {
  EXPECT_EQ(refusal(std::string((4U << 20) + 1, ' ')),
            "spec: config.json: more than 4194304 bytes; expected a text within that size");
  std::string good = bundle_with("");
  EXPECT_EQ(refusal(good + std::string((4U << 20) - good.size(), ' ')), "accepted");

  auto nested = [](std::size_t depth) {
    return bundle_with("", R"(,"x":)" + std::string(depth - 1, '[') + std::string(depth - 1, ']'));
  };
  EXPECT_EQ(refusal(nested(64)), "accepted");
  EXPECT_NE(refusal(nested(65)).find("values nested more than 64 deep at byte "),
            std::string::npos);
  EXPECT_NE(refusal(nested(100'000)).find("nested more than 64 deep"), std::string::npos);
  EXPECT_NE(refusal(std::string(4U << 20, '[')).find("nested more than 64 deep at byte 64;"),
            std::string::npos);
}

TEST(BadInput, E04_DuplicateKeysAreRefused) {
  auto twice = [](const std::string& where) {
    return "spec: " + where +
           ": the key is there twice in one object of config.json; expected each key once: readers "
           "differ in which of two they take";
  };
  EXPECT_EQ(refusal(R"({"ociVersion":"1.0.2","root":{"path":"a"},"root":{"path":"b"}})"),
            twice("/root"));
  EXPECT_EQ(refusal(with_root(R"({"path":"rootfs","path":"/etc"})")), twice("/root/path"));
  EXPECT_EQ(refusal(bundle_with(bind_with(R"("ro")", R"(,"source":"/etc")"))),
            twice("/mounts/0/source"));
  EXPECT_EQ(refusal(bundle_with("", R"(,"process":{"user":{"uid":0,"uid":1}})")),
            twice("/process/user/uid"));
}

TEST(BadInput, E05_OciVersionIsAVersionOne) {
  EXPECT_EQ(refusal(R"({"root":{"path":"rootfs"}})"),
            "spec: /ociVersion: missing; expected a string");
  EXPECT_EQ(refusal(with_version("1")), "spec: /ociVersion: the integer 1; expected a string");
  for (auto text : {"", "1", "1.0", "1.0.", "v1.0.2", "01.0.2", "1.0.02", "1.0.2-", "1.0.2 ",
                    "1.0.2_x", "1.-1.0", "1.99999999999.0", "1.0.2-a b"})
    EXPECT_EQ(refusal(with_version("\"" + std::string(text) + "\"")),
              "spec: /ociVersion: \"" + std::string(text) + "\"; expected a version such as 1.0.2");
  for (auto text : {"0.9.0", "2.0.0", "10.0.0"})
    EXPECT_EQ(refusal(with_version("\"" + std::string(text) + "\"")),
              "spec: /ociVersion: version \"" + std::string(text) +
                  "\"; expected a version 1 of the OCI runtime spec");
  for (auto text : {"1.0.0", "1.0.2-dev", "1.0.0-rc5", "1.2.0+dev", "1.3.0"})
    EXPECT_EQ(notes(with_version("\"" + std::string(text) + "\"")), "");
  EXPECT_EQ(notes(with_version("\"1.4.0\""), strict()),
            "/ociVersion: version 1.4.0 is newer than 1.3; what it added is not honoured");
}

TEST(BadInput, E06_RootIsRequired) {
  EXPECT_EQ(refusal(R"({"ociVersion":"1.0.2"})"), "spec: /root: missing; expected an object");
  EXPECT_EQ(refusal(with_root("null")), "spec: /root: null; expected an object");
  EXPECT_EQ(refusal(with_root("\"rootfs\"")),
            "spec: /root: the string \"rootfs\"; expected an object");
}

TEST(BadInput, E07_RootPathIsAPathThatStaysInTheBundle) {
  auto with_path = [](std::string_view path) {
    return with_root(R"({"path":")" + std::string(path) + "\"}");
  };
  EXPECT_EQ(refusal(with_root("{}")), "spec: /root/path: missing; expected a string");
  EXPECT_EQ(refusal(with_root(R"({"path":7})")),
            "spec: /root/path: the integer 7; expected a string");
  EXPECT_EQ(refusal(with_path("")), "spec: /root/path: an empty string; expected a path");
  EXPECT_EQ(refusal(with_path("rootfs\\u0000/etc")),
            "spec: /root/path: the path \"rootfs\\u0000/etc\" has a NUL in it; expected a path: it "
            "would end where the NUL stands");
  for (auto path : {"..", "../rootfs", "a/../../rootfs", "/bundle/../rootfs"})
    EXPECT_EQ(refusal(with_path(path)),
              "spec: /root/path: \"" + std::string(path) +
                  "\" has .. in it; expected a path without .. or one that stays in the bundle");
  EXPECT_EQ(notes(with_path("a/../rootfs")),
            "/root/path: \"a/../rootfs\" has .. in it; taken for \"rootfs\"");
  EXPECT_EQ(refusal(with_path("a/../rootfs"), strict()),
            "spec: /root/path: \"a/../rootfs\" has .. in it; taken for \"rootfs\"; expected a path "
            "without .. (--strict)");
  EXPECT_EQ(refusal(with_path("/" + std::string(256, 'x'))),
            "spec: /root/path: a path component of 256 bytes; the longest has 255; expected a path "
            "the kernel takes");
}

TEST(BadInput, E08_ARelativeRootPathStartsAtTheBundle) {
  EXPECT_EQ(test::plan(bundle_with(""), {.bundle = "/b"})->attach_points[0].source, "/b/rootfs");
  EXPECT_EQ(test::plan(bundle_with(""))->attach_points[0].source, "rootfs");
  EXPECT_EQ(test::plan(with_root(R"({"path":"/r"})"), {.bundle = "/b"})->attach_points[0].source,
            "/r");
}

TEST(BadInput, E11_ReadonlyIsABoolean) {
  for (auto [value, found] :
       {std::pair("0", "the integer 0"), {"\"true\"", "the string \"true\""}, {"null", "null"}})
    EXPECT_EQ(refusal(with_root(R"({"path":"rootfs","readonly":)" + std::string(value) + "}")),
              "spec: /root/readonly: " + std::string(found) + "; expected true or false");
}

TEST(BadInput, E12_MountsIsAnArrayOfObjects) {
  EXPECT_EQ(refusal(R"({"ociVersion":"1.0.2","root":{"path":"r"},"mounts":{}})"),
            "spec: /mounts: an object; expected an array");
  EXPECT_EQ(refusal(R"({"ociVersion":"1.0.2","root":{"path":"r"},"mounts":null})"),
            "spec: /mounts: null; expected an array");
  EXPECT_EQ(refusal(bundle_with(bind_with("") + ",\"/x\"")),
            "spec: /mounts/1: the string \"/x\"; expected an object");
}

TEST(BadInput, E12_MembersOfAMountHaveTheirKinds) {
  EXPECT_EQ(refusal(bundle_with(R"({"destination":"/d","type":5})")),
            "spec: /mounts/0/type: the integer 5; expected a string");
  EXPECT_EQ(refusal(bundle_with(R"({"destination":"/d","source":1.5})")),
            "spec: /mounts/0/source: the number 1.5; expected a string");
  EXPECT_EQ(refusal(bundle_with(R"({"destination":"/d","options":"ro"})")),
            "spec: /mounts/0/options: the string \"ro\"; expected an array");
  EXPECT_EQ(refusal(bundle_with(R"({"destination":"/d","options":["ro",false]})")),
            "spec: /mounts/0/options/1: the boolean false; expected a string");
}

TEST(BadInput, E13_ADestinationIsThere) {
  EXPECT_EQ(refusal(bundle_with(R"({"type":"bind","source":"/s"})")),
            "spec: /mounts/0/destination: missing; expected a string");
  EXPECT_EQ(refusal(bundle_with(R"({"destination":""})")),
            "spec: /mounts/0/destination: an empty string; expected a path");
  EXPECT_EQ(refusal(bundle_with(R"({"destination":"/a\u0000b"})")),
            "spec: /mounts/0/destination: the path \"/a\\u0000b\" has a NUL in it; expected a "
            "path: it would end where the NUL stands");
  EXPECT_NE(refusal(bundle_with(R"({"destination":"/a","source":"/\u0000"})")).find("has a NUL"),
            std::string::npos);
}

TEST(BadInput, E46_IdsAreExact32BitNumbers) {
  auto refused = [](std::string_view member, std::string_view found) {
    return "spec: /mounts/0/uidMappings/0/" + std::string(member) + ": " + std::string(found) +
           "; expected an integer from 0 to 4294967295";
  };
  EXPECT_EQ(refusal(with_uid_range("0", "0", "1")), "accepted");
  EXPECT_EQ(refusal(with_uid_range("0", "4294967296", "1")),
            refused("hostID", "the integer 4294967296"));
  EXPECT_EQ(refusal(with_uid_range("-1", "0", "1")), refused("containerID", "the integer -1"));
  EXPECT_EQ(refusal(with_uid_range("0", "1.0", "1")), refused("hostID", "the number 1.0"));
  EXPECT_EQ(refusal(with_uid_range("0", "0", "18446744073709551617")),
            refused("size", "the number 18446744073709551616.0"));
  EXPECT_EQ(refusal(with_uid_range("true", "0", "1")), refused("containerID", "the boolean true"));
  EXPECT_EQ(refusal(with_uid_range("\"0\"", "0", "1")), refused("containerID", "the string \"0\""));
  EXPECT_EQ(refusal(with_uids(R"([{"containerID":0,"size":1}])")), refused("hostID", "missing"));
  EXPECT_EQ(refusal(with_uids("[3]")),
            "spec: /mounts/0/uidMappings/0: the integer 3; expected an object");
  EXPECT_EQ(refusal(with_uids("{}")), "spec: /mounts/0/uidMappings: an object; expected an array");
}

TEST(BadInput, E46_IdRangesAreNotEmptyAndEndBeforeTheLastId) {
  EXPECT_EQ(refusal(with_uid_range("0", "0", "0")),
            "spec: /mounts/0/uidMappings/0/size: the integer 0; expected 1 or more");
  EXPECT_EQ(refusal(with_uid_range("0", "0", "4294967295")), "accepted");
  EXPECT_EQ(refusal(with_uid_range("1", "0", "4294967295")),
            "spec: /mounts/0/uidMappings/0: containerID plus size is beyond the last id; expected "
            "at most 4294967295");
  EXPECT_EQ(refusal(with_uid_range("0", "4294967295", "1")),
            "spec: /mounts/0/uidMappings/0: hostID plus size is beyond the last id; expected at "
            "most 4294967295");
}

TEST(BadInput, E46_IdRangesDoNotOverlap) {
  auto two = [](std::string_view container, std::string_view host) {
    return with_uids(R"([{"containerID":10,"hostID":1000,"size":10},{"containerID":)" +
                     std::string(container) + R"(,"hostID":)" + std::string(host) +
                     R"(,"size":10}])");
  };
  EXPECT_EQ(refusal(two("20", "1010")), "accepted");
  EXPECT_EQ(refusal(two("0", "990")), "accepted");
  EXPECT_EQ(refusal(two("19", "5000")),
            "spec: /mounts/0/uidMappings: the ranges from containerID 10 and 19 overlap; expected "
            "every id once");
  EXPECT_EQ(refusal(two("5000", "991")),
            "spec: /mounts/0/uidMappings: the ranges from hostID 991 and 1000 overlap; expected "
            "every id once");
}

TEST(BadInput, E46_NoMoreIdRangesThanTheKernelTakes) {
  auto ranges = [](int count) {
    std::string text;
    for (int i = 0; i < count; ++i)
      text += (i == 0 ? "[" : ",") + R"({"containerID":)"s + std::to_string(i) + R"(,"hostID":)" +
              std::to_string(1000 + i) + R"(,"size":1})";
    return with_uids(text + "]");
  };
  EXPECT_EQ(refusal(ranges(340)), "accepted");
  EXPECT_EQ(refusal(ranges(341)), "spec: /mounts/0/uidMappings: 341 ranges; expected at most 340");
}

TEST(BadInput, E48_RootfsPropagationIsAWordThatKeepsEventsOffTheHost) {
  auto with = [](std::string_view word) {
    return bundle_with("", R"(,"linux":{"rootfsPropagation":)" + std::string(word) + "}");
  };
  for (auto word : {"shared", "rshared"})
    EXPECT_EQ(
        refusal(with("\"" + std::string(word) + "\"")),
        "spec: /linux/rootfsPropagation: \"" + std::string(word) +
            "\" is refused: mounts would reach the host; expected private, slave or unbindable");
  EXPECT_EQ(refusal(with("\"Slave\"")),
            "spec: /linux/rootfsPropagation: \"Slave\"; expected private, slave or unbindable");
  EXPECT_EQ(refusal(with("3")), "spec: /linux/rootfsPropagation: the integer 3; expected a string");
  for (auto [word, meaning] : {std::pair("private", Propagation::kPrivate),
                               {"rprivate", Propagation::kPrivate},
                               {"slave", Propagation::kSlave},
                               {"rslave", Propagation::kSlave},
                               {"unbindable", Propagation::kUnbindable},
                               {"runbindable", Propagation::kUnbindable}})
    EXPECT_EQ(test::plan(with("\"" + std::string(word) + "\""))->attach_points[0].propagation,
              meaning);
}

TEST(BadInput, E49_AUserNamespaceHasMappings) {
  auto with = [](std::string_view members) {
    return bundle_with("", R"(,"linux":{)" + std::string(members) + "}");
  };
  const std::string user = R"("namespaces":[{"type":"pid"},{"type":"user"}])";
  const std::string map(kMapOne);
  EXPECT_EQ(refusal(with(user)),
            "spec: /linux/uidMappings: missing, while the bundle asks for a user namespace; "
            "expected uidMappings and gidMappings");
  EXPECT_EQ(refusal(with(user + R"(,"uidMappings":[],"gidMappings":[])")),
            "spec: /linux/uidMappings: missing, while the bundle asks for a user namespace; "
            "expected uidMappings and gidMappings");
  EXPECT_EQ(refusal(with(user + R"(,"uidMappings":)" + map)),
            "spec: /linux/gidMappings: no mapping, while uidMappings has one; expected both "
            "uidMappings and gidMappings, or neither");
  EXPECT_EQ(notes(with(user + R"(,"uidMappings":)" + map + R"(,"gidMappings":)" + map)), "");
  EXPECT_EQ(notes(with(R"("uidMappings":)" + map + R"(,"gidMappings":)" + map)),
            "/linux: uidMappings and gidMappings have no effect without a user namespace");
  EXPECT_EQ(notes(with(R"("namespaces":[{"type":"user","path":"/proc/1/ns/user"}])")),
            "/linux/namespaces: a user namespace given by its path is not joined");
}

TEST(BadInput, E49_NamespacesHaveTheirKinds) {
  auto with = [](std::string_view namespaces) {
    return bundle_with("", R"(,"linux":{"namespaces":)" + std::string(namespaces) + "}");
  };
  EXPECT_EQ(refusal(with("{}")), "spec: /linux/namespaces: an object; expected an array");
  EXPECT_EQ(refusal(with("[\"user\"]")),
            "spec: /linux/namespaces/0: the string \"user\"; expected an object");
  EXPECT_EQ(refusal(with("[{}]")), "spec: /linux/namespaces/0/type: missing; expected a string");
  EXPECT_EQ(refusal(bundle_with("", R"(,"linux":[])")),
            "spec: /linux: an array; expected an object");
}

TEST(BadInput, E51_SectionsOfOtherPlatformsAreRefused) {
  for (std::string section : {"windows", "solaris", "vm", "zos"})
    EXPECT_EQ(refusal(bundle_with("", ",\"" + section + "\":{}")),
              "spec: /" + section +
                  ": a section of another platform; expected a bundle for Linux without it");
}

TEST(BadInput, E52_AnnotationsDoNotChangeTheSandbox) {
  auto with = [](std::string_view annotations) {
    return bundle_with("", R"(,"annotations":{)" + std::string(annotations) + "}");
  };
  EXPECT_EQ(
      notes(with(R"("dev.gvisor.flag.debug":"true","dev.gvisor.flag.overlay":"1")")),
      "/annotations: 2 of dev.gvisor.flag.* not honoured: a spec can't change how it is confined");
  EXPECT_EQ(notes(with(R"("org.example":"x","dev.gvisor.spec.mount.a.type":"bind")")), "");
  EXPECT_EQ(notes(with(R"("org.gofer.root.option":"x")")),
            "/annotations/org.gofer.root.option: not known here and passed over");
}

TEST(BadInput, E52_AnnotationsAreStrings) {
  EXPECT_EQ(refusal(bundle_with("", R"(,"annotations":{"a/b":1})")),
            "spec: /annotations/a~1b: the integer 1; expected a string");
  EXPECT_EQ(refusal(bundle_with("", R"(,"annotations":[])")),
            "spec: /annotations: an array; expected an object");
}

TEST(BadInput, E54_PathsAreUtf8BecauseJsonIs) {
  std::string line = refusal(with_root("{\"path\":\"root\xff\"}"));
  EXPECT_EQ(line.substr(0, 76),
            "spec: config.json:1:43: not JSON at byte 42: invalid string: ill-formed UTF-");
  EXPECT_NE(line.find("expected one JSON value in UTF-8"), std::string::npos);
}

}  // namespace
}  // namespace spec

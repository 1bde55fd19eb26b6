// What is made: whom it belongs to, which mode it has, and what open(2) does with what is there.
#include <fcntl.h>
#include <unistd.h>

#include <functional>

#include "tests/posix/place.h"

namespace posix {
namespace {

using Create = Users;
using Open = Place;

// Every call that makes something, given a name and a mode.
struct Maker {
  const char* call;
  std::function<long(const char*, mode_t)> make;
};
const std::vector<Maker>& makers() {
  static const std::vector<Maker> kAll{
      {"open",
       [](const char* name, mode_t mode) {
         return Opened(name, O_CREAT | O_EXCL | O_WRONLY, mode).fd.valid() ? 0 : -1;
       }},
      {"mkdir", [](const char* name, mode_t mode) { return ::mkdir(name, mode); }},
      {"mkfifo", [](const char* name, mode_t mode) { return ::mkfifo(name, mode); }},
      {"mknod", [](const char* name, mode_t mode) { return ::mknod(name, S_IFREG | mode, 0); }},
  };
  return kAll;
}

TEST_F(Create, WhatAUserMakesBelongsToThatUserAndGroup) {
  for (const User& user : {kRoot, kAnn, kBob}) {
    As acting(user);
    std::string owner = std::to_string(user.uid) + ":" + std::to_string(user.gid);
    for (const Maker& maker : makers()) {
      std::string name = maker.call + owner;
      EXPECT_EQ(outcome(maker.make(name.c_str(), 0640)), "ok") << name;
      EXPECT_TRUE(description(name).ends_with(" 640 " + owner)) << description(name);
    }
    EXPECT_EQ(outcome(::symlink("anywhere", owner.c_str())), "ok");
    EXPECT_EQ(description(owner), "link 777 " + owner);
  }
}

TEST_F(Create, ModesLoseWhatTheUmaskHas) {
  constexpr mode_t kMasks[] = {0000, 0022, 0077, 0151, 0345, 0501, 0777};
  for (mode_t mask : kMasks) {
    ::umask(mask);
    for (const Maker& maker : makers()) {
      std::string name = maker.call + std::to_string(mask);
      EXPECT_EQ(outcome(maker.make(name.c_str(), 0777)), "ok") << name;
      EXPECT_EQ(look(name).st_mode & 07777U, 0777U & ~mask) << name;
    }
  }
  ::umask(0);
}

TEST_F(Create, ModesKeepTheirHighBits) {
  Opened file("file", O_CREAT | O_RDWR, 06711);
  EXPECT_EQ(description("file"), "file 6711 0:0");
  EXPECT_EQ(outcome(::mknod("node", S_IFREG | 04755, 0)), "ok");
  EXPECT_EQ(description("node"), "file 4755 0:0");
  EXPECT_EQ(outcome(::mkdir("directory", 01777)), "ok");
  EXPECT_EQ(description("directory"), "directory 1777 0:0");
}

TEST_F(Create, InASetGidDirectoryTheGroupIsTheDirectorys) {
  make_directory("shared");
  give("shared", kAnn.uid, 2010);
  set_mode("shared", 02777);
  As acting(kBob);
  for (const Maker& maker : makers()) {
    std::string name = std::string("shared/") + maker.call;
    EXPECT_EQ(outcome(maker.make(name.c_str(), 0644)), "ok") << name;
    EXPECT_EQ(look(name).st_uid, kBob.uid) << name;
    EXPECT_EQ(look(name).st_gid, 2010U) << name;
  }
  EXPECT_EQ(description("shared/mkdir"), "directory 2644 1002:2010");
  EXPECT_EQ(outcome(::symlink("x", "shared/link")), "ok");
  EXPECT_EQ(description("shared/link"), "link 777 1002:2010");
}

TEST_F(Create, AStrangerToTheGroupMakesNoSetGidFileThere) {
  make_directory("shared");
  give("shared", kAnn.uid, kAnn.gid);
  set_mode("shared", 02777);
  As acting(kEve);
  EXPECT_EQ(Opened("shared/program", O_CREAT | O_WRONLY, 02755).outcome, "ok");
  EXPECT_EQ(description("shared/program"), "file 755 1003:2001");
}

TEST_F(Create, AFileWithoutAnyModeIsStillOpenForItsMaker) {
  As acting(kAnn);
  Opened made("secret", O_CREAT | O_EXCL | O_RDWR, 0);
  ASSERT_EQ(made.outcome, "ok");
  EXPECT_EQ(::write(made.fd.raw(), "text", 4), 4);
  char text[4] = {};
  EXPECT_EQ(::pread(made.fd.raw(), text, 4, 0), 4);
  EXPECT_EQ(std::string(text, 4), "text");
  EXPECT_EQ(Opened("secret", O_RDONLY).outcome, "EACCES");
}

TEST_F(Create, WhatIsThereStaysAsItIs) {
  make_file("file", "kept");
  make_directory("directory");
  EXPECT_EQ(outcome(::symlink("nowhere", "dangling")), "ok");
  EXPECT_EQ(outcome(::mkfifo("fifo", 0600)), "ok");
  for (const char* name : {"file", "directory", "dangling", "fifo"}) {
    std::string before = description(name);
    for (const Maker& maker : makers())
      EXPECT_EQ(outcome(maker.make(name, 0777)), "EEXIST") << maker.call << " " << name;
    EXPECT_EQ(outcome(::symlink("x", name)), "EEXIST") << name;
    EXPECT_EQ(outcome(::link("file", name)), "EEXIST") << name;
    EXPECT_EQ(description(name), before);
  }
  EXPECT_EQ(content("file"), "kept");
  EXPECT_EQ(description("nowhere"), "ENOENT");
}

// One row of flags, and what comes of opening what is there.
struct Row {
  const char* name;
  int flags;
  const char* nothing;
  const char* file;
  const char* directory;
  const char* link;      // to a file
  const char* dangling;  // a link to nothing
  const char* loop;      // a link to itself
};
constexpr Row kRows[] = {
    {"RDONLY", O_RDONLY, "ENOENT", "ok", "ok", "ok", "ENOENT", "ELOOP"},
    {"WRONLY", O_WRONLY, "ENOENT", "ok", "EISDIR", "ok", "ENOENT", "ELOOP"},
    {"RDWR", O_RDWR, "ENOENT", "ok", "EISDIR", "ok", "ENOENT", "ELOOP"},
    {"CREAT", O_RDONLY | O_CREAT, "ok", "ok", "EISDIR", "ok", "ok", "ELOOP"},
    {"CREAT to write", O_WRONLY | O_CREAT, "ok", "ok", "EISDIR", "ok", "ok", "ELOOP"},
    {"EXCL", O_WRONLY | O_CREAT | O_EXCL, "ok", "EEXIST", "EEXIST", "EEXIST", "EEXIST", "EEXIST"},
    {"TRUNC", O_WRONLY | O_TRUNC, "ENOENT", "ok", "EISDIR", "ok", "ENOENT", "ELOOP"},
    {"CREAT and TRUNC", O_RDWR | O_CREAT | O_TRUNC, "ok", "ok", "EISDIR", "ok", "ok", "ELOOP"},
    {"APPEND", O_WRONLY | O_APPEND, "ENOENT", "ok", "EISDIR", "ok", "ENOENT", "ELOOP"},
    {"DIRECTORY", O_RDONLY | O_DIRECTORY, "ENOENT", "ENOTDIR", "ok", "ENOTDIR", "ENOENT", "ELOOP"},
    {"NOFOLLOW", O_RDONLY | O_NOFOLLOW, "ENOENT", "ok", "ok", "ELOOP", "ELOOP", "ELOOP"},
    {"CREAT, NOFOLLOW", O_WRONLY | O_CREAT | O_NOFOLLOW, "ok", "ok", "EISDIR", "ELOOP", "ELOOP",
     "ELOOP"},
};

TEST_F(Open, FindsRefusesOrMakesByItsFlags) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.name);
    make_file("file", "text");
    make_directory("directory");
    EXPECT_EQ(::symlink("file", "link"), 0);
    EXPECT_EQ(::symlink("target", "dangling"), 0);
    EXPECT_EQ(::symlink("loop", "loop"), 0);

    EXPECT_EQ(Opened("nothing", row.flags, 0600).outcome, row.nothing);
    EXPECT_EQ(description("nothing").starts_with("file 600"),
              std::string_view(row.nothing) == "ok");
    EXPECT_EQ(Opened("file", row.flags, 0600).outcome, row.file);
    bool emptied = (row.flags & O_TRUNC) != 0;
    EXPECT_EQ(content("file"), emptied ? "" : "text");
    make_file("file", "text");
    EXPECT_EQ(Opened("directory", row.flags, 0600).outcome, row.directory);
    EXPECT_EQ(Opened("link", row.flags, 0600).outcome, row.link);
    EXPECT_EQ(content("file"), emptied ? "" : "text");
    EXPECT_EQ(Opened("dangling", row.flags, 0600).outcome, row.dangling);
    EXPECT_EQ(description("target").starts_with("file 600"),
              std::string_view(row.dangling) == "ok");
    EXPECT_EQ(Opened("loop", row.flags, 0600).outcome, row.loop);

    ::rmdir("directory");
    for (const char* name : {"nothing", "file", "link", "dangling", "target", "loop"})
      ::unlink(name);
  }
}

TEST_F(Open, ToMakeAFileLeavesOneThatIsThereItsModeAndOwner) {
  make_file("file", "text", 0604);
  std::string before = description("file");
  EXPECT_EQ(Opened("file", O_RDWR | O_CREAT | O_TRUNC, 0777).outcome, "ok");
  EXPECT_EQ(description("file"), before);
}

TEST_F(Open, WithTruncLeavesWhatItMayNotOpen) {
  make_file("file", "text", 0444);
  if (::geteuid() != 0) {
    EXPECT_EQ(Opened("file", O_WRONLY | O_TRUNC).outcome, "EACCES");
  } else {
    As acting(kEve);
    EXPECT_EQ(Opened("file", O_WRONLY | O_TRUNC).outcome, "EACCES");
  }
  EXPECT_EQ(content("file"), "text");
}

TEST_F(Open, MayReadAndWriteOnlyAsAsked) {
  make_file("file", "text");
  char byte = 0;
  Opened reading("file", O_RDONLY);
  EXPECT_EQ(outcome(::write(reading.fd.raw(), "x", 1)), "EBADF");
  EXPECT_EQ(outcome(::ftruncate(reading.fd.raw(), 0)), "EINVAL");
  Opened writing("file", O_WRONLY);
  EXPECT_EQ(outcome(::read(writing.fd.raw(), &byte, 1)), "EBADF");
  Opened directory(".", O_RDONLY);
  EXPECT_EQ(outcome(::read(directory.fd.raw(), &byte, 1)), "EISDIR");
}

}  // namespace
}  // namespace posix

// Names and paths: how long they may be, what leads nowhere, and what must not be walked through.
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <functional>
#include <set>

#include "tests/posix/place.h"

namespace posix {
namespace {

using Paths = Place;
using DeepPaths = Users;

// Every call that takes a name, and what it answers to one that leads nowhere good.
struct Call {
  const char* name;
  std::function<long(const char*)> make;
};
long opened(const char* name, int flags) {
  return Opened(name, flags, 0644).fd.valid() ? 0 : -1;
}
const Call kCallsThatFollow[] = {
    {"stat",
     [](const char* name) {
       struct stat info{};
       return ::stat(name, &info);
     }},
    {"open", [](const char* name) { return opened(name, O_RDONLY); }},
    {"create", [](const char* name) { return opened(name, O_CREAT | O_WRONLY); }},
    {"chmod", [](const char* name) { return ::chmod(name, 0644); }},
    {"chown", [](const char* name) { return ::chown(name, ::getuid(), ::getgid()); }},
    {"truncate", [](const char* name) { return ::truncate(name, 0); }},
    {"utimensat", [](const char* name) { return ::utimensat(AT_FDCWD, name, nullptr, 0); }},
    {"chdir", [](const char* name) { return ::chdir(name); }},
    {"access", [](const char* name) { return ::access(name, F_OK); }},
};
const Call kCallsOnTheNameItself[] = {
    {"mkdir", [](const char* name) { return ::mkdir(name, 0755); }},
    {"rmdir", [](const char* name) { return ::rmdir(name); }},
    {"unlink", [](const char* name) { return ::unlink(name); }},
    {"mkfifo", [](const char* name) { return ::mkfifo(name, 0644); }},
    {"symlink", [](const char* name) { return ::symlink("x", name); }},
    {"readlink",
     [](const char* name) {
       char target[PATH_MAX];
       return ::readlink(name, target, sizeof target);
     }},
    {"link from", [](const char* name) { return ::link(name, "new"); }},
    {"link to", [](const char* name) { return ::link("file", name); }},
    {"rename from", [](const char* name) { return ::rename(name, "new"); }},
    {"rename to", [](const char* name) { return ::rename("file", name); }},
};

void expect_of_all(const std::string& name, const char* answer) {
  for (const Call& call : kCallsThatFollow)
    EXPECT_EQ(outcome(call.make(name.c_str())), answer) << call.name;
  for (const Call& call : kCallsOnTheNameItself)
    EXPECT_EQ(outcome(call.make(name.c_str())), answer) << call.name;
}

TEST_F(Paths, ThroughAFileAreRefused) {
  make_file("file", "text");
  expect_of_all("file/name", "ENOTDIR");
  expect_of_all("file/../file/.", "ENOTDIR");
  EXPECT_EQ(content("file"), "text");
}

TEST_F(Paths, ThroughWhatIsNotThereAreRefused) {
  make_file("file", "text");
  EXPECT_EQ(::symlink("nowhere", "dangling"), 0);
  expect_of_all("nothing/name", "ENOENT");
  expect_of_all("dangling/name", "ENOENT");
  expect_of_all("", "ENOENT");
  EXPECT_EQ(content("file"), "text");
}

TEST_F(Paths, ThroughALoopOfLinksAreRefused) {
  make_file("file", "text");
  EXPECT_EQ(::symlink("b", "a"), 0);
  EXPECT_EQ(::symlink("a", "b"), 0);
  expect_of_all("a/name", "ELOOP");
  expect_of_all("b/name", "ELOOP");
  for (const Call& call : kCallsThatFollow)
    EXPECT_EQ(outcome(call.make("a")), "ELOOP") << call.name;
}

TEST_F(Paths, LeadThroughFortyLinksAndNoMore) {
  make_file("0", "text");
  for (int i = 1; i <= 41; ++i)
    EXPECT_EQ(::symlink(std::to_string(i - 1).c_str(), std::to_string(i).c_str()), 0);
  EXPECT_EQ(content("40"), "text");
  EXPECT_EQ(Opened("41", O_RDONLY).outcome, "ELOOP");
}

TEST_F(Paths, NamesHave255BytesAndNoMore) {
  const std::string longest(NAME_MAX, 'n');
  make_file("file", "text");
  expect_of_all(longest + "n", "ENAMETOOLONG");
  expect_of_all(longest + "n/name", "ENAMETOOLONG");
  EXPECT_EQ(outcome(::mkdir(longest.c_str(), 0755)), "ok");
  EXPECT_EQ(outcome(::rename("file", (longest + "/" + longest).c_str())), "ok");
  EXPECT_EQ(content(longest + "/" + longest), "text");
  EXPECT_EQ(outcome(::unlink((longest + "/" + longest).c_str())), "ok");
  EXPECT_EQ(outcome(::rmdir(longest.c_str())), "ok");
  EXPECT_EQ(outcome(::symlink("target", longest.c_str())), "ok");
  EXPECT_EQ(std::filesystem::read_symlink(longest), "target");
}

TEST_F(Paths, Have4095BytesAndNoMore) {
  make_file("file");
  const std::string level = std::string(NAME_MAX, 'd') + "/";
  std::string path;
  while (path.size() + level.size() < PATH_MAX - 2) {
    path += level;
    EXPECT_EQ(outcome(::mkdir(path.c_str(), 0755)), "ok");
  }
  path.resize(PATH_MAX - 1, 'f');
  EXPECT_EQ(opened(path.c_str(), O_CREAT | O_WRONLY), 0);
  EXPECT_EQ(look(path).st_size, 0);
  expect_of_all(path + "f", "ENAMETOOLONG");
  EXPECT_EQ(outcome(::unlink(path.c_str())), "ok");
}

TEST_F(Paths, LinksHoldAnyTargetUpTo4095Bytes) {
  const std::string longest(PATH_MAX - 1, 't');
  for (const std::string& target : {std::string("x"), std::string("../../.."), std::string("//"),
                                    std::string("a b\n\xFF"), longest}) {
    EXPECT_EQ(outcome(::symlink(target.c_str(), "link")), "ok");
    EXPECT_EQ(std::filesystem::read_symlink("link").native(), target);
    EXPECT_EQ(look("link").st_size, static_cast<off_t>(target.size()));
    EXPECT_EQ(::unlink("link"), 0);
  }
  EXPECT_EQ(outcome(::symlink((longest + "t").c_str(), "link")), "ENAMETOOLONG");
  EXPECT_EQ(outcome(::symlink("", "link")), "ENOENT");
}

TEST_F(Paths, MayEndInASlashWhereADirectoryIsMeant) {
  make_file("file", "text");
  EXPECT_EQ(outcome(::mkdir("directory/", 0755)), "ok");
  EXPECT_EQ(outcome(::rename("directory/", "moved/")), "ok");
  EXPECT_EQ(outcome(::rmdir("moved/")), "ok");
  EXPECT_EQ(Opened("file/", O_RDONLY).outcome, "ENOTDIR");
  EXPECT_EQ(Opened("new/", O_CREAT | O_WRONLY, 0644).outcome, "EISDIR");
  EXPECT_EQ(outcome(::unlink("file/")), "ENOTDIR");
  EXPECT_EQ(outcome(::rename("file", "new/")), "ENOTDIR");
  EXPECT_EQ(outcome(::symlink("x", "new/")), "ENOENT");
  EXPECT_EQ(content("file"), "text");
}

TEST_F(Paths, NamesAreBytes) {
  std::set<std::string> made;
  for (int byte = 1; byte < 256; ++byte) {
    if (byte == '/') continue;
    std::string name = "n" + std::string(1, static_cast<char>(byte));
    make_file(name);
    made.insert(name);
  }
  for (const char* name : {" ", "...", "-", "*", "a\\b", "\xC3\xA4", "a:b"}) {
    make_file(name);
    made.insert(name);
  }
  std::set<std::string> listed;
  for (const auto& entry : std::filesystem::directory_iterator(".")) {
    EXPECT_TRUE(listed.insert(entry.path().filename()).second) << entry.path();
  }
  EXPECT_EQ(listed, made);
}

// A client may take up several levels with one request, and for each user anew.
TEST_F(DeepPaths, AreFoundByEveryUserWhateverTheirDepth) {
  std::string path;
  for (int depth = 1; depth <= 20; ++depth) {
    path += "d/";
    EXPECT_EQ(outcome(::mkdir(path.c_str(), 0777)), "ok");
  }
  for (const User& user : {kAnn, kBob, kRoot}) {
    As acting(user);
    std::string name = path + std::to_string(user.uid);
    EXPECT_EQ(Opened(name, O_CREAT | O_WRONLY, 0644).outcome, "ok");
    EXPECT_EQ(look(name).st_uid, user.uid);
    EXPECT_EQ(outcome(::rename(name.c_str(), "moved")), "ok");
    EXPECT_EQ(outcome(::unlink("moved")), "ok");
  }
}

}  // namespace
}  // namespace posix

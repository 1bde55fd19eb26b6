// Who may do what, and what becomes of set-id bits.
#include <fcntl.h>
#include <unistd.h>

#include <functional>

#include "tests/posix/place.h"

namespace posix {
namespace {

using Permission = Users;
using Sticky = Users;
using SetId = Users;

// Whether a user may read, write and execute a file of Ann's, group 2010 (Ann's and Bob's), by its
// mode. The owner is held to the owner's bits alone, a member to the group's, all else to the last.
struct Rights {
  mode_t mode;
  const char* ann;
  const char* bob;
  const char* eve;
};
constexpr Rights kRights[] = {
    {0000, "", "", ""},        {0400, "r", "", ""},   {0200, "w", "", ""},
    {0100, "x", "", ""},       {0040, "", "r", ""},   {0020, "", "w", ""},
    {0010, "", "x", ""},       {0004, "", "", "r"},   {0002, "", "", "w"},
    {0001, "", "", "x"},       {0640, "rw", "r", ""}, {0604, "rw", "", "r"},
    {0066, "", "rw", "rw"},    {0007, "", "", "rwx"}, {0751, "rwx", "rx", "x"},
    {0755, "rwx", "rx", "rx"},
};

std::string rights_to(const char* name) {
  std::string rights;
  if (Opened(name, O_RDONLY).outcome == "ok") rights += "r";
  if (Opened(name, O_WRONLY).outcome == "ok") rights += "w";
  if (::faccessat(AT_FDCWD, name, X_OK, AT_EACCESS) == 0) rights += "x";
  return rights;
}

std::string rights_of(const User& user, const char* name) {
  As acting(user);
  return rights_to(name);
}

TEST_F(Permission, GoesByTheFirstClassThatTheUserIsIn) {
  make_file("file", "text");
  give("file", kAnn.uid, 2010);
  for (const Rights& row : kRights) {
    SCOPED_TRACE(testing::Message() << std::oct << row.mode);
    set_mode("file", row.mode);
    EXPECT_EQ(rights_of(kAnn, "file"), row.ann);
    EXPECT_EQ(rights_of(kBob, "file"), row.bob);
    EXPECT_EQ(rights_of(kEve, "file"), row.eve);
  }
}

TEST_F(Permission, OfRootIsToDoEverythingButExecuteWhatNobodyMay) {
  make_file("file", "text", 0000);
  give("file", kAnn.uid, kAnn.gid);
  EXPECT_EQ(rights_to("file"), "rw");
  set_mode("file", 0001);
  EXPECT_EQ(rights_to("file"), "rwx");
}

// A call in the directory "d", which Ann owns, made by Bob, who is in its group. "d" has a file, a
// directory and a link of his in it.
struct Call {
  const char* name;
  std::function<long()> make;
};
const std::vector<Call>& changes() {
  static const std::vector<Call> kAll{
      {"create", [] { return Opened("d/new", O_CREAT | O_WRONLY, 0644).fd.valid() ? 0 : -1; }},
      {"mkdir", [] { return ::mkdir("d/new", 0755); }},
      {"mkfifo", [] { return ::mkfifo("d/new", 0644); }},
      {"symlink", [] { return ::symlink("x", "d/new"); }},
      {"link", [] { return ::link("d/file", "d/new"); }},
      {"unlink", [] { return ::unlink("d/file"); }},
      {"unlink a link", [] { return ::unlink("d/link"); }},
      {"rmdir", [] { return ::rmdir("d/directory"); }},
      {"rename", [] { return ::rename("d/file", "d/new"); }},
      {"rename in", [] { return ::rename("outside", "d/new"); }},
      {"rename out", [] { return ::rename("d/file", "new"); }},
  };
  return kAll;
}

void fill(const char* directory) {
  std::string below = std::string(directory) + "/";
  make_directory(directory);
  make_file(below + "file", "text");
  make_directory(below + "directory");
  EXPECT_EQ(::symlink("file", (below + "link").c_str()), 0);
  make_file("outside");
  for (const char* name : {"file", "directory", "link"}) give(below + name, kBob.uid, kBob.gid);
  give("outside", kBob.uid, kBob.gid);
}

void clear(const char* directory) {
  std::filesystem::remove_all(directory);
  ::unlink("outside");
  ::unlink("new");
}

TEST_F(Permission, ToChangeADirectoryTakesWritingAndSearching) {
  for (mode_t mode : {0750U, 0720U, 0730U}) {
    for (const Call& call : changes()) {
      SCOPED_TRACE(testing::Message() << call.name << " in " << std::oct << mode);
      fill("d");
      give("d", kAnn.uid, 2010);
      set_mode("d", mode);
      EXPECT_EQ(outcome_as(kBob, call.make), (mode & 0030U) == 0030U ? "ok" : "EACCES");
      clear("d");
    }
  }
}

TEST_F(Permission, ToUseANameTakesSearchingEveryDirectoryAboveIt) {
  make_file("a/b/c/file", "text");
  make_directory("a/b/c/directory");
  for (const char* closed : {"a", "a/b", "a/b/c"}) {
    SCOPED_TRACE(closed);
    set_mode(closed, 0666);
    {
      As acting(kEve);
      EXPECT_EQ(description("a/b/c/file"), "EACCES");
      EXPECT_EQ(Opened("a/b/c/file", O_RDONLY).outcome, "EACCES");
      EXPECT_EQ(outcome(::chdir("a/b/c/directory")), "EACCES");
      EXPECT_EQ(outcome(::rename("a/b/c/file", "a/b/c/other")), "EACCES");
      EXPECT_EQ(description("a/b/c/nothing"), "EACCES");
    }
    set_mode(closed, 0755);
  }
  As acting(kEve);
  EXPECT_EQ(description("a/b/c/nothing"), "ENOENT");
  EXPECT_EQ(Opened("a/b/c/file", O_RDONLY).outcome, "ok");
}

TEST_F(Permission, ToListADirectoryTakesReadingIt) {
  make_file("d/file");
  set_mode("d", 0711);
  As acting(kEve);
  EXPECT_EQ(Opened("d", O_RDONLY | O_DIRECTORY).outcome, "EACCES");
  EXPECT_EQ(description("d/file"), "file 644 0:0");
}

TEST_F(Permission, ToChangeModeAndOwnerIsTheOwnersAndRoots) {
  make_file("file");
  give("file", kAnn.uid, kAnn.gid);
  set_mode("file", 0666);
  {
    As acting(kEve);
    EXPECT_EQ(outcome(::chmod("file", 0600)), "EPERM");
    EXPECT_EQ(outcome(::chown("file", kEve.uid, kEve.gid)), "EPERM");
    EXPECT_EQ(outcome(::lchown("file", static_cast<uid_t>(-1), kEve.gid)), "EPERM");
  }
  EXPECT_EQ(description("file"), "file 666 1001:2001");
  {
    As acting(kAnn);
    EXPECT_EQ(outcome(::chmod("file", 0640)), "ok");
    EXPECT_EQ(outcome(::chown("file", static_cast<uid_t>(-1), 2010)), "ok");
    EXPECT_EQ(outcome(::chown("file", kAnn.uid, kAnn.gid)), "ok");
    EXPECT_EQ(outcome(::chown("file", kBob.uid, static_cast<gid_t>(-1))), "EPERM");
    EXPECT_EQ(outcome(::chown("file", static_cast<uid_t>(-1), kBob.gid)), "EPERM");
  }
  EXPECT_EQ(description("file"), "file 640 1001:2001");
  EXPECT_EQ(outcome(::chown("file", kBob.uid, kBob.gid)), "ok");
  EXPECT_EQ(description("file"), "file 640 1002:2002");
}

TEST_F(Permission, OfALinkAreThoseOfWhatItLeadsTo) {
  make_file("file", "text", 0600);
  EXPECT_EQ(::symlink("file", "link"), 0);
  give("link", kEve.uid, kEve.gid);
  As acting(kEve);
  EXPECT_EQ(Opened("link", O_RDONLY).outcome, "EACCES");
  EXPECT_EQ(outcome(::chmod("link", 0644)), "EPERM");
  EXPECT_EQ(outcome(::unlink("link")), "ok");
}

TEST_F(Permission, ToSetTimesIsTheOwnersAndToTouchAWriters) {
  make_file("file", "", 0620);
  give("file", kAnn.uid, 2010);
  const timespec fixed[2] = {{.tv_sec = 1, .tv_nsec = 0}, {.tv_sec = 2, .tv_nsec = 0}};
  auto set = [&](const User& user, const timespec* times) {
    As acting(user);
    return outcome(::utimensat(AT_FDCWD, "file", times, 0));
  };
  EXPECT_EQ(set(kAnn, fixed), "ok");
  EXPECT_EQ(set(kAnn, nullptr), "ok");
  EXPECT_EQ(set(kBob, fixed), "EPERM");
  EXPECT_EQ(set(kBob, nullptr), "ok");
  EXPECT_EQ(set(kEve, fixed), "EPERM");
  EXPECT_EQ(set(kEve, nullptr), "EACCES");
}

TEST_F(Permission, IsAskedForWhenAFileIsOpenedAndNotAfterwards) {
  make_file("file", "text");
  give("file", kAnn.uid, kAnn.gid);
  As acting(kAnn);
  Opened file("file", O_RDWR);
  EXPECT_EQ(outcome(::chmod("file", 0)), "ok");
  EXPECT_EQ(Opened("file", O_RDONLY).outcome, "EACCES");
  EXPECT_EQ(::pwrite(file.fd.raw(), "TEXT", 4, 0), 4);
  char text[4] = {};
  EXPECT_EQ(::pread(file.fd.raw(), text, 4, 0), 4);
  EXPECT_EQ(std::string(text, 4), "TEXT");
  EXPECT_EQ(outcome(::ftruncate(file.fd.raw(), 2)), "ok");
}

TEST_F(Permission, ToTruncateByNameTakesWriting) {
  make_file("file", "text", 0444);
  As acting(kEve);
  EXPECT_EQ(outcome(::truncate("file", 0)), "EACCES");
  EXPECT_EQ(look("file").st_size, 4);
}

// Who may take a file of Bob's out of a sticky directory of Ann's.
TEST_F(Sticky, DirectoriesLetOnlyOwnersTakeNamesAway) {
  struct Taker {
    const User& user;
    const char* answer;
  };
  for (const Taker& taker : {Taker{kBob, "ok"}, {kAnn, "ok"}, {kEve, "EPERM"}, {kRoot, "ok"}}) {
    for (const Call& call : changes()) {
      std::string_view name = call.name;
      bool takes = name == "unlink" || name == "unlink a link" || name == "rmdir" ||
                   name == "rename" || name == "rename out";
      if (!takes) continue;
      SCOPED_TRACE(testing::Message() << call.name << " by " << taker.user.uid);
      fill("d");
      give("d", kAnn.uid, kAnn.gid);
      set_mode("d", 01777);
      EXPECT_EQ(outcome_as(taker.user, call.make), taker.answer);
      clear("d");
    }
  }
}

TEST_F(Sticky, DirectoriesProtectFromBeingRenamedOver) {
  fill("d");
  give("d", kAnn.uid, kAnn.gid);
  set_mode("d", 01777);
  make_file("d/eves");
  give("d/eves", kEve.uid, kEve.gid);
  As acting(kEve);
  EXPECT_EQ(outcome(::rename("d/eves", "d/file")), "EPERM");
  EXPECT_EQ(outcome(::rename("d/eves", "d/new")), "ok");
}

// Type and mode once `user` has made a change.
std::string bits_after(const User& user, const char* name, const std::function<long()>& change) {
  EXPECT_EQ(outcome_as(user, change), "ok");
  std::string text = description(name);
  return text.substr(0, text.rfind(' '));
}

TEST_F(SetId, BitsGoWithAChangeOfOwner) {
  make_file("file");
  give("file", kAnn.uid, 2010);
  auto chown = [](uid_t uid, gid_t gid) {
    return [=]() -> long { return ::chown("file", uid, gid); };
  };
  set_mode("file", 06755);
  EXPECT_EQ(bits_after(kRoot, "file", chown(kBob.uid, 2010)), "file 755");
  set_mode("file", 06755);
  EXPECT_EQ(bits_after(kRoot, "file", chown(kAnn.uid, 2010)), "file 755");
  set_mode("file", 04700);
  EXPECT_EQ(bits_after(kAnn, "file", chown(kAnn.uid, kAnn.gid)), "file 700");
}

TEST_F(SetId, BitsOfADirectoryStayWithAChangeOfOwner) {
  make_directory("directory");
  set_mode("directory", 06755);
  auto chown = [] { return ::chown("directory", kAnn.uid, 2010); };
  EXPECT_EQ(bits_after(kRoot, "directory", chown), "directory 6755");
}

TEST_F(SetId, BitsGoWhenAnotherUserWritesOrCuts) {
  struct Change {
    const char* name;
    std::function<long()> make;
  };
  const Change all[] = {
      {"write",
       [] {
         Opened file("file", O_WRONLY);
         return ::write(file.fd.raw(), "x", 1) - 1;
       }},
      {"write at the end",
       [] {
         Opened file("file", O_WRONLY | O_APPEND);
         return ::write(file.fd.raw(), "x", 1) - 1;
       }},
      {"truncate", [] { return long{::truncate("file", 1)}; }},
      {"ftruncate",
       [] {
         Opened file("file", O_WRONLY);
         return long{::ftruncate(file.fd.raw(), 2)};
       }},
      {"O_TRUNC", [] { return long{Opened("file", O_WRONLY | O_TRUNC).fd.valid() ? 0 : -1}; }},
  };
  for (const Change& change : all) {
    SCOPED_TRACE(change.name);
    make_file("file", "text");
    give("file", kAnn.uid, 2010);
    set_mode("file", 06777);
    EXPECT_EQ(bits_after(kEve, "file", change.make), "file 777");
    set_mode("file", 06777);
    EXPECT_EQ(bits_after(kRoot, "file", change.make), "file 6777") << "root";
    ::unlink("file");
  }
}

TEST_F(SetId, BitOfTheGroupIsNotForStrangersToIt) {
  make_file("file");
  auto chmod = [] { return ::chmod("file", 06755); };
  give("file", kAnn.uid, kBob.gid);
  EXPECT_EQ(bits_after(kAnn, "file", chmod), "file 4755");
  give("file", kAnn.uid, 2010);
  EXPECT_EQ(bits_after(kAnn, "file", chmod), "file 6755");
}

}  // namespace
}  // namespace posix

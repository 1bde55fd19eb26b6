// What changes names: rename, link, unlink, rmdir, over and under everything there can be.
#include <fcntl.h>
#include <unistd.h>

#include <functional>
#include <span>

#include "tests/posix/place.h"

namespace posix {
namespace {

using Rename = Place;
using Names = Place;
using Link = Place;

enum class Kind { kNothing, kFile, kDirectory, kFullDirectory, kLink, kFifo };
constexpr Kind kKinds[] = {Kind::kNothing,       Kind::kFile, Kind::kDirectory,
                           Kind::kFullDirectory, Kind::kLink, Kind::kFifo};
const char* name_of(Kind kind) {
  constexpr const char* kNames[] = {"nothing", "file", "directory", "full", "link", "fifo"};
  return kNames[static_cast<std::size_t>(kind)];
}
bool is_directory(Kind kind) {
  return kind == Kind::kDirectory || kind == Kind::kFullDirectory;
}

void make(Kind kind, const std::string& name) {
  switch (kind) {
    case Kind::kNothing:
      return;
    case Kind::kFile:
      return make_file(name, "content of " + name);
    case Kind::kFullDirectory:
      make_directory(name);
      return make_file(name + "/inside");
    case Kind::kDirectory:
      return make_directory(name);
    case Kind::kLink:
      EXPECT_EQ(outcome(::symlink(".", name.c_str())), "ok");
      return;
    case Kind::kFifo:
      EXPECT_EQ(outcome(::mkfifo(name.c_str(), 0644)), "ok");
      return;
  }
}

// Takes a name away, whatever it stands for.
void clear(const std::string& name) {
  ::unlink((name + "/inside").c_str());
  if (::unlink(name.c_str()) != 0) ::rmdir(name.c_str());
  EXPECT_EQ(description(name), "ENOENT");
}

// Which file a name stands for: its inode number, or 0 if there is none.
ino_t file_at(const std::string& name) {
  struct stat info{};
  return ::lstat(name.c_str(), &info) == 0 ? info.st_ino : 0;
}

// What rename(2) answers, from one kind of file onto another.
std::string answer_to_rename(Kind from, Kind to) {
  if (from == Kind::kNothing) return "ENOENT";
  if (to == Kind::kNothing) return "ok";
  if (is_directory(from) && !is_directory(to)) return "ENOTDIR";
  if (!is_directory(from) && is_directory(to)) return "EISDIR";
  return to == Kind::kFullDirectory ? "ENOTEMPTY" : "ok";
}

TEST_F(Rename, ReplacesItsLikeAndRefusesTheRest) {
  for (Kind from : kKinds) {
    for (Kind to : kKinds) {
      SCOPED_TRACE(std::string(name_of(from)) + " over " + name_of(to));
      make(from, "from");
      make(to, "to");
      ino_t moved = file_at("from");
      ino_t replaced = file_at("to");
      std::string answer = outcome(::rename("from", "to"));
      if (answer == "EEXIST") answer = "ENOTEMPTY";  // POSIX allows either
      EXPECT_EQ(answer, answer_to_rename(from, to));
      bool done = answer == "ok";
      EXPECT_EQ(file_at("from"), done ? 0 : moved);
      EXPECT_EQ(file_at("to"), done ? moved : replaced);
      clear("from");
      clear("to");
    }
  }
}

TEST_F(Rename, MovesBetweenDirectoriesWithAllThatIsBelow) {
  make_directory("a/b/c");
  make_file("a/b/c/file", "text");
  make_directory("other");
  EXPECT_EQ(outcome(::rename("a/b", "other/moved")), "ok");
  EXPECT_EQ(content("other/moved/c/file"), "text");
  EXPECT_EQ(description("a/b"), "ENOENT");
  EXPECT_EQ(outcome(::rename("other/moved/c/file", "a/file")), "ok");
  EXPECT_EQ(content("a/file"), "text");
  EXPECT_EQ(description("other/moved/c/file"), "ENOENT");
}

TEST_F(Rename, MovesADirectoryUnderItsOpenFilesAndUnderWhoStandsInIt) {
  make_directory("a/b");
  Opened made("a/b/file", O_CREAT | O_RDWR, 0644);
  Opened place("a/b", O_RDONLY | O_DIRECTORY);
  EXPECT_EQ(outcome(::rename("a", "z")), "ok");
  EXPECT_EQ(::write(made.fd.raw(), "text", 4), 4);
  EXPECT_EQ(content("z/b/file"), "text");
  EXPECT_EQ(outcome(::mkdirat(place.fd.raw(), "new", 0755)), "ok");
  EXPECT_EQ(description("z/b/new").substr(0, 9), "directory");
}

TEST_F(Rename, OfADirectoryIntoItselfIsRefused) {
  make_directory("a/b");
  EXPECT_EQ(outcome(::rename("a", "a/b/c")), "EINVAL");
  EXPECT_EQ(outcome(::rename("a", "a/b")), "EINVAL");
  EXPECT_EQ(outcome(::rename("a/b", "a")), "ENOTEMPTY");
  EXPECT_EQ(description("a/b").substr(0, 9), "directory");
}

TEST_F(Rename, OfOneNameOfAFileOverAnotherChangesNothing) {
  make_file("one", "text");
  EXPECT_EQ(outcome(::link("one", "two")), "ok");
  EXPECT_EQ(outcome(::rename("one", "two")), "ok");
  EXPECT_EQ(look("one").st_nlink, 2U);
  EXPECT_EQ(file_at("one"), file_at("two"));
  EXPECT_EQ(outcome(::rename("one", "one")), "ok");
  EXPECT_EQ(content("one"), "text");
}

TEST_F(Rename, LeavesAReplacedFileToWhoHasItOpen) {
  make_file("old", "old");
  make_file("new", "new");
  Opened old("old", O_RDWR);
  EXPECT_EQ(outcome(::rename("new", "old")), "ok");
  char text[4] = {};
  EXPECT_EQ(::read(old.fd.raw(), text, sizeof text), 3);
  EXPECT_STREQ(text, "old");
  EXPECT_EQ(look(old.fd).st_nlink, 0U);
  EXPECT_EQ(content("old"), "new");
}

TEST_F(Rename, TakesALinkItselfAndNotWhereItLeads) {
  make_file("target", "text");
  make_file("file", "other");
  EXPECT_EQ(::symlink("target", "link"), 0);
  EXPECT_EQ(outcome(::rename("link", "moved")), "ok");
  EXPECT_EQ(description("moved").substr(0, 4), "link");
  EXPECT_EQ(outcome(::rename("file", "moved")), "ok");
  EXPECT_EQ(content("moved"), "other");
  EXPECT_EQ(content("target"), "text");
}

TEST_F(Rename, WithNoreplaceAndExchangeDoesSoOrSaysThatItCannot) {
  make_file("one", "1");
  make_file("two", "2");
  std::string answer = outcome(::renameat2(AT_FDCWD, "one", AT_FDCWD, "two", RENAME_NOREPLACE));
  EXPECT_TRUE(answer == "EEXIST" || answer == "EINVAL") << answer;
  EXPECT_EQ(content("one") + content("two"), "12");
  answer = outcome(::renameat2(AT_FDCWD, "one", AT_FDCWD, "two", RENAME_EXCHANGE));
  EXPECT_TRUE(answer == "ok" || answer == "EINVAL") << answer;
  EXPECT_EQ(content("one") + content("two"), answer == "ok" ? "21" : "12");
}

// What unlink(2) and rmdir(2) answer, and link(2) from there, for every kind of file.
struct Answers {
  Kind kind;
  const char* unlink;
  const char* rmdir;
  const char* link;
};
constexpr Answers kAnswers[] = {
    {Kind::kNothing, "ENOENT", "ENOENT", "ENOENT"},
    {Kind::kFile, "ok", "ENOTDIR", "ok"},
    {Kind::kDirectory, "EISDIR", "ok", "EPERM"},
    {Kind::kFullDirectory, "EISDIR", "ENOTEMPTY", "EPERM"},
    {Kind::kLink, "ok", "ENOTDIR", "ok"},
    {Kind::kFifo, "ok", "ENOTDIR", "ok"},
};

TEST_F(Names, AreRemovedByTheCallForTheirKind) {
  for (const Answers& row : kAnswers) {
    SCOPED_TRACE(name_of(row.kind));
    make(row.kind, "it");
    std::string before = description("it");
    std::string answer = outcome(::unlink("it"));
    EXPECT_EQ(answer, row.unlink);
    EXPECT_EQ(description("it"), answer == "ok" ? "ENOENT" : before);
    clear("it");
    make(row.kind, "it");
    answer = outcome(::rmdir("it"));
    EXPECT_EQ(answer == "EEXIST" ? "ENOTEMPTY" : answer, row.rmdir);
    EXPECT_EQ(description("it"), answer == "ok" ? "ENOENT" : before);
    clear("it");
  }
}

TEST_F(Link, IsASecondNameForEverythingButDirectories) {
  for (const Answers& row : kAnswers) {
    SCOPED_TRACE(name_of(row.kind));
    make(row.kind, "it");
    std::string answer = outcome(::link("it", "second"));
    EXPECT_EQ(answer, row.link);
    EXPECT_EQ(file_at("second"), answer == "ok" ? file_at("it") : 0);
    clear("it");
    clear("second");
  }
}

TEST_F(Link, CountsUpAndDown) {
  make_file("one", "text");
  Opened file("one", O_RDONLY);
  EXPECT_EQ(look("one").st_nlink, 1U);
  EXPECT_EQ(outcome(::link("one", "two")), "ok");
  EXPECT_EQ(outcome(::link("two", "three")), "ok");
  for (const char* name : {"one", "two", "three"}) EXPECT_EQ(look(name).st_nlink, 3U) << name;
  EXPECT_EQ(look(file.fd).st_nlink, 3U);
  EXPECT_EQ(outcome(::unlink("one")), "ok");
  EXPECT_EQ(look("two").st_nlink, 2U);
  make_file("other");
  EXPECT_EQ(outcome(::rename("other", "three")), "ok");
  EXPECT_EQ(look("two").st_nlink, 1U);
  EXPECT_EQ(outcome(::unlink("two")), "ok");
  EXPECT_EQ(look(file.fd).st_nlink, 0U);
}

TEST_F(Link, SharesContentModeAndOwner) {
  make_file("one", "text");
  EXPECT_EQ(outcome(::link("one", "two")), "ok");
  set_mode("two", 0600);
  EXPECT_EQ(description("one"), description("two"));
  EXPECT_EQ(look("one").st_mode & 07777U, 0600U);
  make_file("two", "longer text", 0600);
  EXPECT_EQ(content("one"), "longer text");
}

TEST_F(Link, OfAFileWithoutANameIsRefused) {
  make_file("file");
  Opened file("file", O_RDWR);
  EXPECT_EQ(outcome(::unlink("file")), "ok");
  std::string link = "/proc/self/fd/" + std::to_string(file.fd.raw());
  EXPECT_EQ(outcome(::linkat(AT_FDCWD, link.c_str(), AT_FDCWD, "again", AT_SYMLINK_FOLLOW)),
            "ENOENT");
}

TEST_F(Names, OfDirectoriesInUseCanBeTakenAway) {
  make_directory("directory");
  Opened directory("directory", O_RDONLY | O_DIRECTORY);
  EXPECT_EQ(outcome(::rmdir("directory")), "ok");
  EXPECT_EQ(outcome(::mkdirat(directory.fd.raw(), "new", 0755)), "ENOENT");
  EXPECT_EQ(outcome(::openat(directory.fd.raw(), "new", O_CREAT | O_WRONLY, 0644)), "ENOENT");
  make_directory("directory");
  EXPECT_EQ(outcome(::mkdirat(directory.fd.raw(), "new", 0755)), "ENOENT");
}

TEST_F(Names, DotAndDotdotStay) {
  make_directory("directory/inner");
  EXPECT_EQ(outcome(::rmdir("directory/.")), "EINVAL");
  EXPECT_EQ(outcome(::rmdir("directory/inner/..")), "ENOTEMPTY");
  EXPECT_EQ(outcome(::unlink("directory/.")), "EISDIR");
  EXPECT_EQ(outcome(::rename("directory/.", "other")), "EBUSY");
  EXPECT_EQ(outcome(::rename("directory/inner/..", "other")), "EBUSY");
  EXPECT_EQ(outcome(::mkdir("directory/.", 0755)), "EEXIST");
  EXPECT_EQ(description("directory/inner").substr(0, 9), "directory");
}

TEST_F(Names, ComeBackAsSomethingElse) {
  for (Kind first : kKinds) {
    for (Kind second : kKinds) {
      SCOPED_TRACE(std::string(name_of(first)) + ", then " + name_of(second));
      make(first, "it");
      clear("it");
      make(second, "it");
      EXPECT_EQ(file_at("it") != 0, second != Kind::kNothing);
      clear("it");
    }
  }
}

}  // namespace
}  // namespace posix

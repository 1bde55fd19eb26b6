// Which call stamps which times, and how times are set.
#include <fcntl.h>
#include <unistd.h>

#include <functional>
#include <iterator>

#include "tests/posix/place.h"

namespace posix {
namespace {

using Times = Place;

bool same(const timespec& a, const timespec& b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

// Which of modification ("m") and change ("c") time differ.
std::string stamped(const struct stat& before, const struct stat& after) {
  std::string which;
  if (!same(before.st_mtim, after.st_mtim)) which += "m";
  if (!same(before.st_ctim, after.st_ctim)) which += "c";
  return which;
}

// A call on what prepare() makes, and whose times it stamps. "one" and "two" are names of one file;
// in "d" are a file, a full and an empty directory and a link.
struct Call {
  const char* name;
  std::function<long()> make;
  const char* file;       // of "one"
  const char* directory;  // of "d"
};

void prepare() {
  make_file("one", "text");
  EXPECT_EQ(::link("one", "two"), 0);
  make_directory("d/empty");
  make_directory("d/full");
  make_file("d/full/inside");
  make_file("d/file");
  EXPECT_EQ(::symlink("nowhere", "d/link"), 0);
}

void remove() {
  std::filesystem::remove_all("d");
  for (const char* name : {"one", "two", "three"}) ::unlink(name);
}

constexpr timespec kFixed[2] = {{.tv_sec = 5, .tv_nsec = 0}, {.tv_sec = 6, .tv_nsec = 0}};
constexpr timespec kOnlyAccess[2] = {{.tv_sec = 5, .tv_nsec = 0},
                                     {.tv_sec = 0, .tv_nsec = UTIME_OMIT}};
constexpr timespec kNeither[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT},
                                  {.tv_sec = 0, .tv_nsec = UTIME_OMIT}};

long write_to(const char* name, int flags) {
  Opened file(name, flags);
  return ::write(file.fd.raw(), "x", 1) - 1;
}
long read_from(const char* name) {
  Opened file(name, O_RDONLY);
  char byte = 0;
  return ::read(file.fd.raw(), &byte, 1) - 1;
}
long opened(const char* name, int flags) {
  return Opened(name, flags, 0644).fd.valid() ? 0 : -1;
}

// Calls that leave the names of "d" alone.
const Call kOnFiles[] = {
    {"open", [] { return opened("one", O_RDWR); }, "", ""},
    {"read", [] { return read_from("one"); }, "", ""},
    {"write", [] { return write_to("one", O_WRONLY); }, "mc", ""},
    {"write at the end", [] { return write_to("one", O_WRONLY | O_APPEND); }, "mc", ""},
    {"write through the other name", [] { return write_to("two", O_WRONLY); }, "mc", ""},
    {"cut", [] { return ::truncate("one", 2); }, "mc", ""},
    {"extend", [] { return ::truncate("one", 9); }, "mc", ""},
    {"O_TRUNC", [] { return opened("one", O_WRONLY | O_TRUNC); }, "mc", ""},
    {"chmod", [] { return ::chmod("one", 0600); }, "c", ""},
    {"chmod to the same", [] { return ::chmod("one", 0644); }, "c", ""},
    {"chown", [] { return ::chown("one", ::geteuid(), static_cast<gid_t>(-1)); }, "c", ""},
    {"link", [] { return ::link("one", "three"); }, "c", ""},
    {"unlink", [] { return ::unlink("two"); }, "c", ""},
    {"set both times", [] { return ::utimensat(AT_FDCWD, "one", kFixed, 0); }, "mc", ""},
    {"set one time", [] { return ::utimensat(AT_FDCWD, "one", kOnlyAccess, 0); }, "c", ""},
    {"set no time", [] { return ::utimensat(AT_FDCWD, "one", kNeither, 0); }, "", ""},
    {"touch", [] { return ::utimensat(AT_FDCWD, "one", nullptr, 0); }, "mc", ""},
    {"chmod of the directory", [] { return ::chmod("d", 0700); }, "", "c"},
};

const Call kOnNames[] = {
    {"create", [] { return opened("d/new", O_CREAT | O_EXCL | O_WRONLY); }, "", "mc"},
    {"open what is there", [] { return opened("d/file", O_CREAT | O_WRONLY); }, "", ""},
    {"write below", [] { return write_to("d/file", O_WRONLY); }, "", ""},
    {"mkdir", [] { return ::mkdir("d/new", 0755); }, "", "mc"},
    {"mkdir below", [] { return ::mkdir("d/full/new", 0755); }, "", ""},
    {"mkfifo", [] { return ::mkfifo("d/new", 0644); }, "", "mc"},
    {"symlink", [] { return ::symlink("x", "d/new"); }, "", "mc"},
    {"link", [] { return ::link("one", "d/new"); }, "c", "mc"},
    {"unlink", [] { return ::unlink("d/file"); }, "", "mc"},
    {"unlink a link", [] { return ::unlink("d/link"); }, "", "mc"},
    {"rmdir", [] { return ::rmdir("d/empty"); }, "", "mc"},
    {"rename", [] { return ::rename("d/file", "d/new"); }, "", "mc"},
    {"rename a directory", [] { return ::rename("d/full", "d/new"); }, "", "mc"},
    {"rename out", [] { return ::rename("d/file", "three"); }, "", "mc"},
    {"rename in", [] { return ::rename("two", "d/new"); }, "c", "mc"},
};

const Call kRefused[] = {
    {"mkdir", [] { return ::mkdir("d/file", 0755); }, "", ""},
    {"create", [] { return opened("d/file", O_CREAT | O_EXCL | O_WRONLY); }, "", ""},
    {"symlink", [] { return ::symlink("x", "d/link"); }, "", ""},
    {"link", [] { return ::link("one", "d/file"); }, "", ""},
    {"unlink", [] { return ::unlink("d/nothing"); }, "", ""},
    {"unlink a directory", [] { return ::unlink("d/empty"); }, "", ""},
    {"rmdir a full one", [] { return ::rmdir("d/full"); }, "", ""},
    {"rename over a directory", [] { return ::rename("one", "d/empty"); }, "", ""},
    {"rename over a full directory", [] { return ::rename("d/empty", "d/full"); }, "", ""},
};

void check(const Call& call, const char* answer) {
  SCOPED_TRACE(call.name);
  prepare();
  struct stat file = look("one");
  struct stat directory = look("d");
  Opened held("one", O_RDONLY);
  outwait(file.st_ctim);
  outwait(directory.st_ctim);
  EXPECT_EQ(call.make() == 0 ? "done" : "refused", std::string(answer)) << outcome(-1);
  EXPECT_EQ(stamped(file, look("one")), call.file);
  EXPECT_EQ(stamped(file, look(held.fd)), call.file) << "through the open file";
  EXPECT_EQ(stamped(directory, look("d")), call.directory);
  remove();
}

TEST_F(Times, OfFilesAreStampedByWhatChangesThem) {
  for (const Call& call : kOnFiles) check(call, "done");
}

TEST_F(Times, OfDirectoriesAreStampedByWhatChangesTheirNames) {
  for (const Call& call : kOnNames) check(call, "done");
}

TEST_F(Times, StayWhereACallIsRefused) {
  for (const Call& call : kRefused) check(call, "refused");
}

TEST_F(Times, OfAFileThatLosesANameToARenameAreStamped) {
  check({"rename", [] { return ::rename("d/file", "two"); }, "c", "mc"}, "done");
}

TEST_F(Times, OfANewFileAreThoseOfItsMaking) {
  make_file("old");
  struct stat before = look("old");
  outwait(before.st_ctim);
  Opened made("new", O_CREAT | O_WRONLY, 0644);
  EXPECT_EQ(stamped(before, look("new")), "mc");
  EXPECT_FALSE(same(before.st_atim, look("new").st_atim));
}

TEST_F(Times, AreSetAsGiven) {
  constexpr time_t kSeconds[] = {0, 1, 1'000'000'000, 0x7FFF'FFFF, 0x8000'0000};
  make_file("file");
  make_directory("directory");
  EXPECT_EQ(::symlink("file", "link"), 0);
  for (time_t second : kSeconds) {
    for (const char* name : {"file", "directory", "link"}) {
      SCOPED_TRACE(testing::Message() << name << " " << second);
      const timespec times[2] = {{.tv_sec = second, .tv_nsec = 0},
                                 {.tv_sec = second + 3, .tv_nsec = 0}};
      EXPECT_EQ(outcome(::utimensat(AT_FDCWD, name, times, AT_SYMLINK_NOFOLLOW)), "ok");
      EXPECT_EQ(look(name).st_atim.tv_sec, second);
      EXPECT_EQ(look(name).st_mtim.tv_sec, second + 3);
      EXPECT_EQ(look(name).st_mtim.tv_nsec, 0);
    }
  }
}

TEST_F(Times, AreSetThroughAnOpenFileToo) {
  make_file("file");
  Opened file("file", O_RDONLY);
  EXPECT_EQ(outcome(::futimens(file.fd.raw(), kFixed)), "ok");
  EXPECT_EQ(look("file").st_mtim.tv_sec, 6);
  EXPECT_EQ(outcome(::unlink("file")), "ok");
  EXPECT_EQ(outcome(::futimens(file.fd.raw(), kOnlyAccess)), "ok");
  EXPECT_EQ(look(file.fd).st_mtim.tv_sec, 6);
}

TEST_F(Times, ThatAreOmittedStayAndNowIsNow) {
  make_file("file");
  auto set = [](timespec access, timespec modification) {
    const timespec times[2] = {access, modification};
    EXPECT_EQ(outcome(::utimensat(AT_FDCWD, "file", times, 0)), "ok");
    return look("file");
  };
  const timespec omit{.tv_sec = 0, .tv_nsec = UTIME_OMIT};
  const timespec now{.tv_sec = 0, .tv_nsec = UTIME_NOW};
  set({.tv_sec = 5, .tv_nsec = 0}, {.tv_sec = 6, .tv_nsec = 0});
  struct stat info = set(omit, {.tv_sec = 7, .tv_nsec = 0});
  EXPECT_EQ(info.st_atim.tv_sec, 5);
  EXPECT_EQ(info.st_mtim.tv_sec, 7);
  info = set(now, omit);
  EXPECT_GT(info.st_atim.tv_sec, 1'000'000'000);
  EXPECT_EQ(info.st_mtim.tv_sec, 7);
  info = set({.tv_sec = 8, .tv_nsec = 0}, now);
  EXPECT_EQ(info.st_atim.tv_sec, 8);
  EXPECT_GT(info.st_mtim.tv_sec, 1'000'000'000);
}

TEST_F(Times, OfALinksTargetAreSetThroughTheLink) {
  make_file("file");
  EXPECT_EQ(::symlink("file", "link"), 0);
  struct stat link = look("link");
  EXPECT_EQ(outcome(::utimensat(AT_FDCWD, "link", kFixed, 0)), "ok");
  EXPECT_EQ(look("file").st_mtim.tv_sec, 6);
  EXPECT_EQ(look("link").st_mtim.tv_sec, link.st_mtim.tv_sec);
}

TEST_F(Times, WithNanosecondsBeyondASecondAreRefused) {
  make_file("file");
  const timespec times[2] = {{.tv_sec = 1, .tv_nsec = 1'000'000'000}, {.tv_sec = 1, .tv_nsec = 0}};
  struct stat before = look("file");
  EXPECT_EQ(outcome(::utimensat(AT_FDCWD, "file", times, 0)), "EINVAL");
  EXPECT_EQ(stamped(before, look("file")), "");
}

}  // namespace
}  // namespace posix

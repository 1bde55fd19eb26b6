// What files hold: sizes, holes, appending, and files that have lost their name.
#include <fcntl.h>
#include <signal.h>
#include <sys/uio.h>
#include <unistd.h>

#include <limits>

#include "tests/posix/place.h"

namespace posix {
namespace {

using Size = Place;
using Data = Place;
using Unlinked = Place;

std::string zeroes(std::size_t count) {
  return std::string(count, '\0');
}

// All that `file` holds, read from its start.
std::string all_of(base::Fd file) {
  std::string text(static_cast<std::size_t>(look(file).st_size) + 1, '?');
  ssize_t n = ::pread(file.raw(), text.data(), text.size(), 0);
  text.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
  return text;
}

TEST_F(Size, IsCutAndStretchedWithZeroes) {
  for (bool by_name : {true, false}) {
    SCOPED_TRACE(by_name ? "truncate" : "ftruncate");
    make_file("file", "0123456789");
    Opened file("file", O_RDWR);
    auto set = [&](off_t size) {
      return outcome(by_name ? ::truncate("file", size) : ::ftruncate(file.fd.raw(), size));
    };
    EXPECT_EQ(set(4), "ok");
    EXPECT_EQ(content("file"), "0123");
    EXPECT_EQ(set(8), "ok");
    EXPECT_EQ(content("file"), "0123" + zeroes(4));
    EXPECT_EQ(set(8), "ok");
    EXPECT_EQ(set(0), "ok");
    EXPECT_EQ(content("file"), "");
    EXPECT_EQ(set(5000), "ok");
    EXPECT_EQ(all_of(file.fd), zeroes(5000));
  }
}

TEST_F(Size, OfWhatIsNoFileCannotBeSet) {
  make_directory("directory");
  EXPECT_EQ(::mkfifo("fifo", 0644), 0);
  EXPECT_EQ(outcome(::truncate("directory", 0)), "EISDIR");
  EXPECT_EQ(outcome(::truncate("fifo", 0)), "EINVAL");
  Opened directory("directory", O_RDONLY);
  EXPECT_EQ(outcome(::ftruncate(directory.fd.raw(), 0)), "EINVAL");
}

TEST_F(Size, IsNeverNegativeNorBeyondWhatAFileCanHave) {
  make_file("file", "text");
  Opened file("file", O_RDWR);
  EXPECT_EQ(outcome(::truncate("file", -1)), "EINVAL");
  EXPECT_EQ(outcome(::ftruncate(file.fd.raw(), -1)), "EINVAL");
  ::signal(SIGXFSZ, SIG_IGN);
  constexpr off_t kHuge = std::numeric_limits<off_t>::max();
  std::string answer = outcome(::ftruncate(file.fd.raw(), kHuge));
  EXPECT_TRUE(answer == "ok" || answer == "EFBIG" || answer == "EINVAL") << answer;
  EXPECT_EQ(look("file").st_size, answer == "ok" ? kHuge : 4);
  ::signal(SIGXFSZ, SIG_DFL);
}

TEST_F(Size, GrowsWithWritingAndNotWithReading) {
  Opened file("file", O_CREAT | O_RDWR, 0644);
  char buffer[16] = {};
  EXPECT_EQ(::read(file.fd.raw(), buffer, sizeof buffer), 0);
  EXPECT_EQ(::pwrite(file.fd.raw(), "abc", 3, 0), 3);
  EXPECT_EQ(look(file.fd).st_size, 3);
  EXPECT_EQ(look("file").st_size, 3);
  EXPECT_EQ(::pread(file.fd.raw(), buffer, sizeof buffer, 2), 1);
  EXPECT_EQ(::pread(file.fd.raw(), buffer, sizeof buffer, 1000), 0);
  EXPECT_EQ(::pwrite(file.fd.raw(), "d", 1, 2), 1);
  EXPECT_EQ(look("file").st_size, 3);
  EXPECT_EQ(content("file"), "abd");
}

TEST_F(Data, BetweenWhatWasWrittenAreZeroes) {
  Opened file("file", O_CREAT | O_RDWR, 0644);
  constexpr off_t kFar = 100'000;
  EXPECT_EQ(::pwrite(file.fd.raw(), "end", 3, kFar), 3);
  EXPECT_EQ(::pwrite(file.fd.raw(), "middle", 6, 5000), 6);
  std::string text = all_of(file.fd);
  EXPECT_EQ(text.size(), 100'003U);
  EXPECT_EQ(text, zeroes(5000) + "middle" + zeroes(94'994) + "end");
}

TEST_F(Data, CutOffDoesNotComeBack) {
  make_file("file", std::string(10'000, 'x'));
  Opened file("file", O_RDWR);
  EXPECT_EQ(all_of(file.fd).size(), 10'000U);
  EXPECT_EQ(outcome(::ftruncate(file.fd.raw(), 10)), "ok");
  EXPECT_EQ(::pwrite(file.fd.raw(), "y", 1, 9'999), 1);
  EXPECT_EQ(all_of(file.fd), std::string(10, 'x') + zeroes(9'989) + "y");
}

TEST_F(Data, AppendedGoesToTheEndWhateverTheOffset) {
  make_file("file", "1");
  Opened first("file", O_WRONLY | O_APPEND);
  Opened second("file", O_WRONLY | O_APPEND);
  EXPECT_EQ(::write(first.fd.raw(), "2", 1), 1);
  EXPECT_EQ(::write(second.fd.raw(), "3", 1), 1);
  EXPECT_EQ(::lseek(first.fd.raw(), 0, SEEK_SET), 0);
  EXPECT_EQ(::write(first.fd.raw(), "4", 1), 1);
  EXPECT_EQ(::lseek(first.fd.raw(), 0, SEEK_CUR), 4);
  EXPECT_EQ(content("file"), "1234");
}

TEST_F(Data, OfSeveralBuffersIsOneWrite) {
  Opened file("file", O_CREAT | O_RDWR, 0644);
  std::string parts[] = {"one, ", "", "two, ", "three"};
  iovec vectors[4];
  for (int i = 0; i < 4; ++i)
    vectors[i] = {.iov_base = parts[i].data(), .iov_len = parts[i].size()};
  EXPECT_EQ(::writev(file.fd.raw(), vectors, 4), 15);
  EXPECT_EQ(content("file"), "one, two, three");
}

TEST_F(Data, IsTheSameThroughEveryOpenFile) {
  Opened writer("file", O_CREAT | O_WRONLY, 0644);
  Opened reader("file", O_RDONLY);
  for (const char* text : {"first", "other", "a longer one"}) {
    std::string whole = text;
    EXPECT_EQ(::pwrite(writer.fd.raw(), whole.data(), whole.size(), 0),
              static_cast<ssize_t>(whole.size()));
    EXPECT_EQ(all_of(reader.fd), whole);
  }
  EXPECT_EQ(outcome(::truncate("file", 1)), "ok");
  EXPECT_EQ(all_of(reader.fd), "a");
}

TEST_F(Data, OfADirectoryIsSyncedButNotWritten) {
  make_directory("directory");
  Opened directory("directory", O_RDONLY);
  EXPECT_EQ(outcome(::write(directory.fd.raw(), "x", 1)), "EBADF");
  EXPECT_EQ(outcome(::fsync(directory.fd.raw())), "ok");
}

TEST_F(Unlinked, FilesGoOnUntilTheyAreClosed) {
  make_file("file", "before");
  Opened file("file", O_RDWR);
  Opened second("file", O_RDONLY);
  EXPECT_EQ(outcome(::unlink("file")), "ok");
  EXPECT_EQ(description("file"), "ENOENT");
  EXPECT_EQ(look(file.fd).st_nlink, 0U);
  EXPECT_EQ(all_of(file.fd), "before");
  EXPECT_EQ(::pwrite(file.fd.raw(), "AFTER!", 6, 0), 6);
  EXPECT_EQ(all_of(second.fd), "AFTER!");
  EXPECT_EQ(outcome(::ftruncate(file.fd.raw(), 5)), "ok");
  EXPECT_EQ(outcome(::fchmod(file.fd.raw(), 0600)), "ok");
  EXPECT_EQ(outcome(::fchown(file.fd.raw(), ::geteuid(), ::getegid())), "ok");
  EXPECT_EQ(look(second.fd).st_mode & 07777U, 0600U);
  EXPECT_EQ(look(second.fd).st_size, 5);
  EXPECT_EQ(outcome(::fsync(file.fd.raw())), "ok");
}

TEST_F(Unlinked, FilesAreNotTheOnesThatTakeTheirName) {
  make_file("file", "old");
  Opened old("file", O_RDWR);
  EXPECT_EQ(outcome(::unlink("file")), "ok");
  make_file("file", "new");
  EXPECT_EQ(all_of(old.fd), "old");
  EXPECT_EQ(::pwrite(old.fd.raw(), "OLD", 3, 0), 3);
  EXPECT_EQ(outcome(::fchmod(old.fd.raw(), 0)), "ok");
  EXPECT_EQ(content("file"), "new");
  EXPECT_EQ(look("file").st_mode & 07777U, 0644U);
  EXPECT_EQ(look(old.fd).st_nlink, 0U);
}

TEST_F(Unlinked, FilesMadeExclusivelyServeAsTemporaryOnes) {
  Opened file("file", O_CREAT | O_EXCL | O_RDWR, 0600);
  EXPECT_EQ(outcome(::unlink("file")), "ok");
  EXPECT_EQ(::write(file.fd.raw(), "text", 4), 4);
  EXPECT_EQ(all_of(file.fd), "text");
  EXPECT_TRUE(std::filesystem::is_empty("."));
}

}  // namespace
}  // namespace posix

// The parts of the p9 tool that need no server: paths, GOFER_MOUNTS, and what is printed.
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <span>
#include <string>
#include <vector>

#include "cmd/p9/client.h"
#include "cmd/p9/mounts.h"
#include "cmd/p9/print.h"
#include "tests/support/descriptors.h"
#include "tests/support/outcome.h"
#include "tests/support/raw_frame.h"

namespace p9client {
namespace {

TEST(Paths, AreMadeAbsoluteAndClean) {
  EXPECT_EQ(clean_path(""), "/");
  EXPECT_EQ(clean_path("a"), "/a");
  EXPECT_EQ(clean_path("//a///b/./c/"), "/a/b/c");
  EXPECT_EQ(clean_path("/a/../b"), "/b");
  EXPECT_EQ(clean_path("/../../.."), "/");
  EXPECT_EQ(clean_path("/a/b/../../../c"), "/c");
  EXPECT_EQ(clean_path("/..."), "/...");
}

TEST(Paths, SplitIntoDirectoryAndName) {
  EXPECT_EQ(split("a/b/c")->directory, "a/b");
  EXPECT_EQ(split("a/b/c")->name, "c");
  EXPECT_EQ(split("c/")->name, "c");
  for (const char* none : {"", "/", "a/..", "a/."})
    EXPECT_EQ(support::outcome(split(none)), "EINVAL") << none;
}

TEST(Mounts, BelongToTheLongestDestination) {
  std::vector<Mount> mounts{{base::Fd(3), "/", false},
                            {base::Fd(4), "/data", false},
                            {base::Fd(5), "/data/deep", true},
                            {base::Fd(6), "/data", true}};
  EXPECT_EQ(mount_of(mounts, "/")->fd, base::Fd(3));
  EXPECT_EQ(mount_of(mounts, "/database")->fd, base::Fd(3));
  EXPECT_EQ(mount_of(mounts, "/data/x")->fd, base::Fd(6));  // it hides the earlier one
  EXPECT_EQ(mount_of(mounts, "/data/deep")->fd, base::Fd(5));
  EXPECT_EQ(mount_of(mounts, "/data/deeper")->fd, base::Fd(6));
  EXPECT_EQ(mount_of({{base::Fd(3), "/only", false}}, "/"), nullptr);
  EXPECT_EQ(below("/data/x/y", "/data"), "x/y");
  EXPECT_EQ(below("/data", "/data"), "");
  EXPECT_EQ(below("/x", "/"), "x");
}

TEST(Mounts, AreReadFromTheEnvironmentsJson) {
  auto mounts = parse_mounts(R"([{"fd":7,"destination":"/","readonly":true},
                                 {"fd":9,"destination":"/a","readonly":false}])");
  ASSERT_TRUE(mounts.has_value());
  ASSERT_EQ(mounts->size(), 2U);
  EXPECT_EQ((*mounts)[0].fd, base::Fd(7));
  EXPECT_TRUE((*mounts)[0].read_only);
  EXPECT_EQ((*mounts)[1].destination, "/a");
}

TEST(Mounts, ThatAreNotWhatGoferSetsAreRefused) {
  for (const char* bad :
       {"", "x", "{}", "[]", "[1]", "[{}]", R"([{"fd":-1,"destination":"/","readonly":true}])",
        R"([{"fd":4294967296,"destination":"/","readonly":true}])",
        R"([{"fd":"3","destination":"/","readonly":true}])",
        R"([{"fd":3,"destination":"relative","readonly":true}])", R"([{"fd":3,"destination":"/"}])",
        R"([{"fd":3,"destination":"/","readonly":1}])"}) {
    auto mounts = parse_mounts(bad);
    ASSERT_FALSE(mounts.has_value()) << bad;
    EXPECT_EQ(mounts.error().exit, base::ExitCode::kUsage) << bad;
  }
}

TEST(Print, NothingInANameSteersATerminal) {
  EXPECT_EQ(printable("plain name"), "plain name");
  EXPECT_EQ(printable("gr\xc3\xbcn \xe6\xbc\xa2 \xf0\x9f\x90\xb9"),
            "gr\xc3\xbcn \xe6\xbc\xa2 \xf0\x9f\x90\xb9");
  EXPECT_EQ(printable("\x1b[2J"), "\\x1b[2J");
  EXPECT_EQ(printable("a\nb\tc\\d\r\x7f"), "a\\nb\\tc\\\\d\\x0d\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");                    // a C1 control
  EXPECT_EQ(printable("\xe2\x80\xae"), "\\xe2\\x80\\xae");           // right-to-left override
  EXPECT_EQ(printable("\xff\xc0\xaf"), "\\xff\\xc0\\xaf");           // not UTF-8, overlong
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // a surrogate
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // beyond Unicode
  EXPECT_EQ(printable("\xe6\xbc"), "\\xe6\\xbc");                    // cut short
}

TEST(Print, ModesLookAsInLs) {
  EXPECT_EQ(mode_text(0100644), "-rw-r--r--");
  EXPECT_EQ(mode_text(0041777), "drwxrwxrwt");
  EXPECT_EQ(mode_text(0041776), "drwxrwxrwT");
  EXPECT_EQ(mode_text(0106755), "-rwsr-sr-x");
  EXPECT_EQ(mode_text(0106644), "-rwSr-Sr--");
  EXPECT_EQ(mode_text(0120777), "lrwxrwxrwx");
  EXPECT_EQ(mode_text(0010600), "prw-------");
  EXPECT_EQ(mode_text(0140600), "srw-------");
  EXPECT_EQ(mode_text(0020600), "crw-------");
  EXPECT_EQ(mode_text(0060600), "brw-------");
}

TEST(Print, SizesAreReadable) {
  EXPECT_EQ(human_size(0), "0");
  EXPECT_EQ(human_size(1023), "1023");
  EXPECT_EQ(human_size(1536), "1.5K");
  EXPECT_EQ(human_size(uint64_t{20} << 30), "20G");
  EXPECT_EQ(human_size(UINT64_MAX), "16E");
}

TEST(Entries, ThatAreCutAreRefused) {
  std::vector<std::byte> data(24 + 3);
  data[22] = std::byte{3};
  EXPECT_EQ(parse_entries(data)->size(), 1U);
  for (std::size_t n = 1; n < data.size(); ++n)
    EXPECT_EQ(support::outcome(parse_entries(p9::Bytes(data).first(n))), "EPROTO") << n;
  EXPECT_TRUE(parse_entries({})->empty());
}

// Sends a frame with `count` descriptors of the log of the test, as a server might.
void send_with(base::Fd socket, std::span<const std::byte> frame, std::size_t count) {
  std::vector<base::Fd> logs(count, base::Fd(STDERR_FILENO));
  ASSERT_EQ(support::send_descriptors(socket, frame, logs), static_cast<ssize_t>(frame.size()));
}

TEST(Descriptors, ComeWithAReplyAndAreClosedWhenNobodyTakesThem) {
  auto [server, socket] = support::socket_pair();
  Connection connection(std::move(socket));
  std::size_t before = support::count_descriptors(::getpid());
  auto reply = support::RawFrame::of(p9::Tag{0}, p9::Rclunk{});
  for (bool take : {true, false}) {
    send_with(server, reply, 1);
    ASSERT_EQ(support::outcome(connection.call(p9::Tclunk{p9::Fid{1}})), "ok");
    EXPECT_EQ(support::count_descriptors(::getpid()), before + 1);
    if (take) {
      EXPECT_TRUE(connection.take_descriptor().valid());
      EXPECT_FALSE(connection.take_descriptor().valid());
    }
  }
  ASSERT_EQ(::send(server.raw(), reply.data(), reply.size(), 0),
            static_cast<ssize_t>(reply.size()));
  ASSERT_EQ(support::outcome(connection.call(p9::Tclunk{p9::Fid{1}})), "ok");
  EXPECT_EQ(support::count_descriptors(::getpid()), before);
}

TEST(Descriptors, AreOneAtMost) {
  auto [server, socket] = support::socket_pair();
  Connection connection(std::move(socket));
  std::size_t before = support::count_descriptors(::getpid());
  send_with(server, support::RawFrame::of(p9::Tag{0}, p9::Rclunk{}), 2);
  EXPECT_EQ(support::outcome(connection.call(p9::Tclunk{p9::Fid{1}})), "EPROTO");
  EXPECT_EQ(support::count_descriptors(::getpid()), before);
}

}  // namespace
}  // namespace p9client

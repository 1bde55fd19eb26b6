// The parts of the jail that need no jail to be tried.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/landlock.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <vector>

#include "sandbox/descriptors.h"
#include "sandbox/failure.h"
#include "sandbox/handshake.h"
#include "sandbox/landlock.h"
#include "sandbox/lockdown.h"
#include "sandbox/skips.h"
#include "tests/sandbox/child.h"
#include "tests/support/descriptors.h"

namespace sandbox_test {
namespace {

using base::Fd;
using base::UniqueFd;
using sandbox::Skippable;
using spec::Role;

TEST(Skips, AreParsedByName) {
  auto skips = sandbox::parse_skips(std::vector<std::string>{"landlock", "mdwe"});
  ASSERT_TRUE(skips);
  EXPECT_TRUE(skips->has(Skippable::kLandlock));
  EXPECT_TRUE(skips->has(Skippable::kMdwe));
  EXPECT_FALSE(skips->has(Skippable::kTrace));
  EXPECT_EQ(sandbox::to_text(*skips), "landlock, mdwe");
}

TEST(Skips, RefuseWhatHoldsTheJailUp) {
  for (const char* name : {"filter", "root", "capabilities", "no_new_privs", "", "Landlock"}) {
    auto skips = sandbox::parse_skips(std::vector<std::string>{name});
    ASSERT_FALSE(skips) << name;
    EXPECT_EQ(skips.error().exit, base::ExitCode::kUsage);
    EXPECT_NE(skips.error().expected.find("network, ipc"), std::string::npos);
  }
}

TEST(Skips, HaveOneNameEach) {
  std::set<std::string_view> names;
  for (std::string_view name : sandbox::skippable_names()) names.insert(name);
  EXPECT_EQ(names.size(), sandbox::skippable_names().size());
  EXPECT_EQ(sandbox::name_of(Skippable::kGroups), "groups");
}

TEST(Failure, ExitCodesSayWhoseFaultItIs) {
  EXPECT_EQ(sandbox::exit_code_of(ENOSYS), base::ExitCode::kUnavailable);
  EXPECT_EQ(sandbox::exit_code_of(EINVAL), base::ExitCode::kUnavailable);
  EXPECT_EQ(sandbox::exit_code_of(EPERM), base::ExitCode::kNoPermission);
  EXPECT_EQ(sandbox::exit_code_of(EACCES), base::ExitCode::kNoPermission);
  EXPECT_EQ(sandbox::exit_code_of(ENOMEM), base::ExitCode::kInternal);
}

TEST(Failure, AProblemSurvivesFlattening) {
  base::Problem problem{.exit = base::ExitCode::kNoPermission,
                        .step = "root",
                        .where = "/mounts/3",
                        .what = "cannot enter",
                        .expected = "root",
                        .syscall = "pivot_root",
                        .error = EPERM};
  EXPECT_EQ(base::to_line(sandbox::unflatten(sandbox::flatten(problem))), base::to_line(problem));
  EXPECT_EQ(sandbox::unflatten(sandbox::flatten(problem)).exit, problem.exit);
}

TEST(Failure, LongTextsAreCutAndTerminated) {
  base::Problem problem{.step = std::string(1000, 's'), .what = std::string(10'000, 'w')};
  base::Problem back = sandbox::unflatten(sandbox::flatten(problem));
  EXPECT_EQ(back.step, std::string(47, 's'));
  EXPECT_EQ(back.what, std::string(255, 'w'));
}

TEST(Failure, TextsWithoutAnEndAreReadToTheirRoom) {
  sandbox::FlatProblem flat;
  flat.what.fill('x');
  EXPECT_EQ(sandbox::unflatten(flat).what, std::string(flat.what.size(), 'x'));
}

TEST(Handshake, CarriesAQuestionAReportAndAnEnd) {
  auto pair = sandbox::make_handshake();
  ASSERT_TRUE(pair);
  ASSERT_TRUE(sandbox::send_go(pair->launcher));
  ASSERT_TRUE(sandbox::ask_to_be_attached(pair->child));
  sandbox::JailReport report;
  report.landlock_abi = 4;
  report.mdwe = true;
  ASSERT_TRUE(sandbox::send_report(pair->child, report));
  sandbox::send_problem(pair->child, {.what = "late"});
  pair->child.reset();

  auto first = sandbox::receive(pair->launcher);
  auto second = sandbox::receive(pair->launcher);
  auto third = sandbox::receive(pair->launcher);
  auto end = sandbox::receive(pair->launcher);
  ASSERT_TRUE(first && *first && second && *second && third && *third && end);
  EXPECT_EQ((*first)->kind, sandbox::MessageKind::kAttach);
  EXPECT_EQ((*second)->kind, sandbox::MessageKind::kReport);
  EXPECT_EQ((*second)->report.landlock_abi, 4);
  EXPECT_TRUE((*second)->report.mdwe);
  EXPECT_EQ((*third)->kind, sandbox::MessageKind::kProblem);
  EXPECT_EQ(sandbox::unflatten((*third)->problem).what, "late");
  EXPECT_FALSE(*end);
}

TEST(Handshake, AChildWhoseLauncherIsGoneIsNotAttachedTo) {
  auto pair = sandbox::make_handshake();
  ASSERT_TRUE(pair);
  pair->launcher.reset();
  auto asked = sandbox::ask_to_be_attached(pair->child);
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().error, EPIPE);
}

TEST(Handshake, WhatIsNoMessageIsRefused) {
  auto pair = sandbox::make_handshake();
  ASSERT_TRUE(pair);
  ASSERT_EQ(::send(pair->child.raw(), "hello", 5, 0), 5);
  auto heard = sandbox::receive(pair->launcher);
  ASSERT_FALSE(heard);
  EXPECT_EQ(heard.error().error, EPROTO);
}

std::string refusal(Fd fd) {
  auto checked = sandbox::check_transport(fd, "--io-fds");
  if (checked) return "accepted";
  EXPECT_EQ(checked.error().exit, base::ExitCode::kUsage);
  EXPECT_EQ(checked.error().where, "--io-fds");
  return checked.error().what.substr(checked.error().what.find(' ', 11) + 1);
}

TEST(Transport, IsAConnectedUnixStreamSocket) {
  auto [here, there] = support::socket_pair();
  EXPECT_EQ(refusal(here), "accepted");
  UniqueFd listening(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(refusal(listening), "is not connected");
  UniqueFd internet(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(refusal(internet), "is not an AF_UNIX socket");
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
  UniqueFd packets(pair[0]);
  UniqueFd other(pair[1]);
  EXPECT_EQ(refusal(packets), "is not a stream socket");
  UniqueFd file(::open("/dev/null", O_RDWR | O_CLOEXEC));
  EXPECT_EQ(refusal(file), "is no socket");
  EXPECT_EQ(refusal(Fd(999'999)), "is not open");
}

TEST(Transport, RefusesDescriptorsOfItsPeerWhereTheKernelCan) {
  auto [here, there] = support::socket_pair();
  EXPECT_EQ(pass_descriptor(there), "ok");
  auto refused = sandbox::refuse_passed_descriptors(here);
  ASSERT_TRUE(refused);
  EXPECT_EQ(pass_descriptor(there), *refused ? "EPERM" : "ok");
}

TEST(Descriptors, ArePlacedWhateverTheirNumbersWere) {
  EXPECT_EQ(in_child([] {
              int a = ::memfd_create("a", 0);
              int b = ::memfd_create("b", 0);
              ::dup2(a, 3);
              ::dup2(b, 2);
              // 3 and 2 change places, so neither may be overwritten too early.
              auto placed = sandbox::place_descriptors(
                  std::array{sandbox::Placement{Fd(3), Fd(2)}, sandbox::Placement{Fd(2), Fd(3)}});
              std::string text = text_of(placed);
              for (int number = 0; number < 5; ++number) {
                std::array<char, 64> target{};
                std::string link = "/proc/self/fd/" + std::to_string(number);
                ssize_t length = ::readlink(link.c_str(), target.data(), target.size());
                text += length < 0 ? " none" : " " + std::string(target.data()).substr(0, 8);
                if (length >= 0 && (::fcntl(number, F_GETFD) & FD_CLOEXEC) == 0) text += "!";
              }
              ::_exit(text == "ok /dev/nul /dev/nul /memfd:a /memfd:b none" ? 0 : 1);
              return std::string();
            }),
            "");
}

TEST(Descriptors, AllButTheListedAreClosed) {
  EXPECT_EQ(in_child([] {
              for (int number : {20, 21, 22, 90}) ::dup2(2, number);
              auto closed = sandbox::close_all_but(std::array{Fd(21), Fd(2), Fd(90)});
              UniqueFd own(::open("/proc/self/fd", O_PATH | O_DIRECTORY));
              auto open = sandbox::open_descriptors(own);
              bool right = closed && open && *open == std::vector<int>{0, 2, 21, 90};
              ::_exit(right && own.raw() == 0 ? 0 : 1);
              return std::string();
            }),
            "");
}

TEST(Descriptors, AStrayOneIsNamed) {
  UniqueFd own(::open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC));
  auto open = sandbox::open_descriptors(own);
  ASSERT_TRUE(open);
  EXPECT_TRUE(sandbox::assert_descriptors(own, *open));
  UniqueFd stray(::dup(0));
  auto refused = sandbox::assert_descriptors(own, *open);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find(" " + std::to_string(stray.raw())), std::string::npos);
}

TEST(Landlock, RightsGrowWithTheAbi) {
  for (int abi = 1; abi < 9; ++abi)
    EXPECT_EQ(sandbox::landlock_handled(abi - 1) & ~sandbox::landlock_handled(abi), 0U) << abi;
  EXPECT_EQ(sandbox::landlock_handled(0), 0U);
  EXPECT_EQ(sandbox::landlock_handled(1), 0x1fffU);
  EXPECT_EQ(sandbox::landlock_handled(5), 0xffffU);
}

TEST(Landlock, NobodyExecutesAndReadOnlyOnlyReads) {
  constexpr uint64_t kNever = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR |
                              LANDLOCK_ACCESS_FS_MAKE_BLOCK | (1U << 15);
  constexpr uint64_t kRead = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
  EXPECT_EQ(sandbox::landlock_rights(Role::kReadWrite, true, 8), 0xffffU & ~kNever);
  EXPECT_EQ(sandbox::landlock_rights(Role::kReadOnly, true, 8), kRead);
  EXPECT_EQ(sandbox::landlock_rights(Role::kReadOnly, false, 8), LANDLOCK_ACCESS_FS_READ_FILE);
  EXPECT_EQ(sandbox::landlock_rights(Role::kReadWrite, false, 1),
            LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE);
}

TEST(Lockdown, EndsWithTheFilter) {
  auto steps = sandbox::worker_steps();
  ASSERT_FALSE(steps.empty());
  EXPECT_EQ(steps.back(), "filter");
  std::set<std::string_view> names(steps.begin(), steps.end());
  EXPECT_EQ(names.size(), steps.size());
}

TEST(Lockdown, TakesPowersAwayAfterTheirLastUse) {
  auto steps = sandbox::worker_steps();
  auto at = [&](std::string_view name) { return std::find(steps.begin(), steps.end(), name); };
  const std::pair<const char*, const char*> orders[] = {
      {"root", "capabilities"},             // pivot_root needs CAP_SYS_ADMIN
      {"groups", "capabilities"},           // setgroups needs CAP_SETGID
      {"securebits", "file ids"},           // or setfsuid costs capabilities
      {"no_new_privs", "landlock"},         // which asks for it
      {"descriptors checked", "landlock"},  // which hides the list
      {"file ids", "parent"},               // which a change of ids undoes
      {"trace", "dumpable"},                // an undumpable process is not attached to
      {"capabilities", "threads"},          // or their threads would keep some
      {"landlock", "threads"},              // likewise
      {"trace", "threads"},                 // or their threads would not be attached to
      {"threads", "limits"},                // after which no thread can be made
      {"report", "filter"},
  };
  for (const auto& [first, second] : orders) {
    ASSERT_NE(at(first), steps.end()) << first;
    ASSERT_NE(at(second), steps.end()) << second;
    EXPECT_LT(at(first), at(second)) << first << " before " << second;
  }
}

}  // namespace
}  // namespace sandbox_test

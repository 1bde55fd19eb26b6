// Hostile case R7: what listing a large directory at random costs, in system calls.
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <map>
#include <random>

#include "tests/gofer/served.h"

namespace gofer {
namespace {

// The system calls that a child makes while it does `work`, by number; those of its start and its
// end with them.
std::map<uint64_t, int> calls_of(const std::function<void()>& work) {
  pid_t child = ::fork();
  if (child == 0) {
    ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
    ::raise(SIGSTOP);
    work();
    ::_exit(0);
  }
  std::map<uint64_t, int> calls;
  int status = 0;
  if (::waitpid(child, &status, 0) != child) return calls;
  ::ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
  while (::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr) == 0 &&
         ::waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
    __ptrace_syscall_info info{};
    if (::ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof info, &info) > 0 &&
        info.op == PTRACE_SYSCALL_INFO_ENTRY)
      ++calls[info.entry.nr];
  }
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  return calls;
}

class DirectoryWork : public Served {};

TEST_F(DirectoryWork, R7_RandomCookiesCostAsMuchAsTheNextOne) {
  constexpr int kFiles = 3000;
  constexpr int kCalls = 500;
  constexpr uint32_t kCount = 500;
  for (int i = 0; i < kFiles; ++i) support::make_file(on_host(std::to_string(i)));
  serve();
  p9::Fid fid = open({}, p9::kOpenRdonly);
  std::vector<uint64_t> cookies{0};
  for (;;) {
    auto reply = call(p9::Treaddir{fid, cookies.back(), kCount});
    ASSERT_EQ(outcome(reply), "ok");
    if (reply->data.empty()) break;
    p9::Reader in(reply->data);
    while (!in.at_end()) {
      (void)p9::Codec<p9::Qid>::read(in);
      cookies.push_back(in.number<uint64_t>());
      (void)in.number<uint8_t>();
      (void)p9::Codec<std::string_view>::read(in);
    }
  }
  ASSERT_GT(cookies.size(), std::size_t{kFiles});
  auto calls = calls_of([&] {
    std::minstd_rand random(3);
    for (int i = 0; i < kCalls; ++i)
      (void)call(p9::Treaddir{fid, cookies[random() % cookies.size()], kCount});
  });
  // One to go there and one to read, wherever that is: no scan from the start.
  EXPECT_LE(calls[SYS_lseek], kCalls);
  EXPECT_GE(calls[SYS_getdents64], kCalls);
  EXPECT_LE(calls[SYS_getdents64], kCalls + 10);
}

}  // namespace
}  // namespace gofer

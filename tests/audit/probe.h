// Makes one system call in a child process under a filter and tells how the child ended.
#pragma once

#include <linux/filter.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>

namespace audit {

// How a child was entered into the kernel.
enum class Entry : uint8_t { kNative, kInt80, kVsyscall };

struct Probe {
  Entry entry = Entry::kNative;
  long number = 0;  // for kVsyscall the address that is called
  std::array<uint64_t, 6> args{};
};

// A status of waitpid(2), and what a child that lives to see the call return makes of it: it ends
// itself without a system call, by SIGTRAP if the call failed with ENXIO, else by SIGILL.
class End {
 public:
  explicit End(int status) : status_(status) {}
  bool by(int signal) const;
  bool returned() const;
  bool exited_with(int status) const;
  std::string text() const;

 private:
  int status_;
};

// Forks, installs `program` (none if it is empty) and makes the call. A call that blocks is cut
// short by SIGALRM after `milliseconds`, if that is not 0.
End run(std::span<const sock_filter> program, const Probe& probe, int milliseconds = 0);

}  // namespace audit

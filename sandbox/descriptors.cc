#include "sandbox/descriptors.h"

#include <dirent.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <climits>
#include <cstddef>
#include <cstring>
#include <string>

#include "sandbox/failure.h"
#include "sandbox/sys.h"

namespace sandbox {
namespace {

using base::Fd;
using base::Outcome;
using base::UniqueFd;

constexpr int kSoPassRights = 83;  // SO_PASSRIGHTS; <sys/socket.h> of Debian 12 is older

Call call(std::string_view syscall, std::string_view what, std::string_view remedy = {}) {
  return {.step = "descriptors", .where = {}, .syscall = syscall, .what = what, .remedy = remedy};
}

Outcome<void> close_from(int first) {
  return required(
      sys::close_range(static_cast<unsigned>(first), UINT_MAX),
      call("close_range", "cannot close the other descriptors", "Linux 5.9 or newer is needed"));
}

// The numbers in one buffer of directory entries; names that are no numbers are `.` and `..`.
void collect_numbers(std::span<const std::byte> entries, std::vector<int>& numbers) {
  while (!entries.empty()) {
    unsigned short length = 0;
    std::memcpy(&length, &entries[offsetof(dirent64, d_reclen)], sizeof length);
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the kernel's layout
    const auto* name = reinterpret_cast<const char*>(&entries[offsetof(dirent64, d_name)]);
    int number = 0;
    auto parsed = std::from_chars(name, name + std::strlen(name), number);
    if (parsed.ec == std::errc{}) numbers.push_back(number);
    entries = entries.subspan(length);
  }
}

std::string to_text(std::span<const int> numbers) {
  std::string text;
  for (int number : numbers) text += (text.empty() ? "" : " ") + std::to_string(number);
  return text;
}

}  // namespace

Outcome<void> place_descriptors(std::span<const Placement> placements) {
  constexpr std::string_view kWhat = "cannot bring the descriptors to their numbers";
  int highest = -1;
  for (const Placement& placement : placements) highest = std::max(highest, placement.to.raw());

  std::vector<UniqueFd> copies(static_cast<std::size_t>(highest) + 1);
  for (const Placement& placement : placements)
    copies[static_cast<std::size_t>(placement.to.raw())] = TRY(required(
        sys::fcntl_dupfd(placement.from, highest + 1), call("fcntl", kWhat, "ulimit -n is low")));
  for (UniqueFd& copy : copies) {
    if (copy.valid()) continue;
    auto null = TRY(required(sys::openat(sys::kWorkingDirectory, "/dev/null", O_RDWR),
                             call("openat", "cannot open /dev/null")));
    copy = TRY(required(sys::fcntl_dupfd(null, highest + 1), call("fcntl", kWhat)));
  }
  for (std::size_t number = 0; number < copies.size(); ++number)
    TRY(required(sys::dup3(copies[number], Fd(static_cast<int>(number))), call("dup3", kWhat)));
  copies.clear();
  return close_from(highest + 1);
}

Outcome<void> close_all_but(std::span<const Fd> keep) {
  std::vector<int> kept;
  for (Fd fd : keep) kept.push_back(fd.raw());
  std::sort(kept.begin(), kept.end());
  int first = 0;
  for (int number : kept) {
    if (number > first)
      TRY(required(
          sys::close_range(static_cast<unsigned>(first), static_cast<unsigned>(number) - 1),
          call("close_range", "cannot close the other descriptors")));
    first = number + 1;
  }
  return close_from(first);
}

Outcome<std::vector<int>> open_descriptors(Fd own_fds) {
  auto directory = TRY(required(sys::openat(own_fds, ".", O_RDONLY | O_DIRECTORY),
                                call("openat", "cannot open the list of descriptors")));
  std::vector<int> numbers;
  std::array<std::byte, 4096> buffer;
  while (true) {
    std::size_t size = TRY(required(sys::getdents64(directory, buffer),
                                    call("getdents64", "cannot list the descriptors")));
    if (size == 0) break;
    collect_numbers(std::span(buffer).first(size), numbers);
  }
  std::erase(numbers, directory.raw());
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

Outcome<void> assert_descriptors(Fd own_fds, std::span<const int> expected) {
  std::vector<int> open = TRY(open_descriptors(own_fds));
  if (std::equal(open.begin(), open.end(), expected.begin(), expected.end())) return {};
  return base::failure(base::Problem{.step = "descriptors",
                                     .what = "the descriptors " + to_text(open) + " are open",
                                     .expected = "exactly " + to_text(expected)});
}

Outcome<void> check_transport(Fd fd, std::string_view where) {
  auto wrong = [&](std::string_view what) {
    return base::failure(
        base::Problem{.exit = base::ExitCode::kUsage,
                      .step = "transport",
                      .where = std::string(where),
                      .what = "descriptor " + std::to_string(fd.raw()) + " " + std::string(what),
                      .expected = "a connected AF_UNIX stream socket per attach point"});
  };
  auto domain = sys::getsockopt(fd, SO_DOMAIN);
  if (!domain) return wrong(domain.error().code() == EBADF ? "is not open" : "is no socket");
  if (*domain != AF_UNIX) return wrong("is not an AF_UNIX socket");
  auto type = sys::getsockopt(fd, SO_TYPE);
  if (!type || *type != SOCK_STREAM) return wrong("is not a stream socket");
  if (!sys::getpeername(fd)) return wrong("is not connected");
  return {};
}

Outcome<bool> refuse_passed_descriptors(Fd transport) {
  auto refused = sys::setsockopt(transport, kSoPassRights, 0);
  if (refused) return true;
  if (refused.error().code() == ENOPROTOOPT) return false;
  return base::failure(problem_of(
      call("setsockopt", "cannot refuse passed descriptors on the transport"), refused.error()));
}

}  // namespace sandbox

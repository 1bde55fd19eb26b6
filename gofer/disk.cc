#include "gofer/disk.h"

#include <time.h>

#include <cerrno>

#include "gofer/host_file.h"

namespace gofer {
namespace {

using base::Result;
using std::chrono::milliseconds;
using Kind = DiskCall::Kind;

// More than one tick of the slowest clock there is (100 Hz), which any call may see pass.
constexpr milliseconds kSlow{11};
constexpr unsigned kUntilForgotten = 64;

// None: some of it is not there yet.
std::optional<Result<std::size_t>> read_what_is_there(const DiskCall& call) {
  std::size_t done = 0;
  for (;;) {
    auto count = host::preadv2_nowait(call.file, call.room.subspan(done), call.offset + done);
    if (!count && count.error().code() == EAGAIN) return std::nullopt;
    if (!count) return count;
    done += *count;
    // Less than was asked for: the file ends here, or what follows is on the disk. The next answer
    // tells.
    if (*count == 0 || done == call.room.size()) return done;
  }
}

}  // namespace

void Pace::note(milliseconds took) {
  if (took >= kSlow)
    to_come_ = kUntilForgotten;
  else if (to_come_ > 0)
    --to_come_;
}

std::optional<Result<std::size_t>> Disk::make_at_once(const DiskCall& call, OpenFile& file) {
  if (call.kind == Kind::kSync || call.kind == Kind::kDataSync) return std::nullopt;
  if (call.kind == Kind::kRead && file.says_what_is_there) {
    auto count = read_what_is_there(call);
    if (!count || *count || count->error().code() != EOPNOTSUPP) return count;
    file.says_what_is_there = false;
  }
  if (pace_of(call).slow()) return std::nullopt;
  Made made = make(call);
  note(call, made);
  return made.result;
}

milliseconds Disk::now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return std::chrono::duration_cast<milliseconds>(std::chrono::seconds(time.tv_sec) +
                                                  std::chrono::nanoseconds(time.tv_nsec));
}

Disk::Made Disk::make(const DiskCall& call) {
  milliseconds begin = now();
  Result<std::size_t> result = call.make();
  return {.result = result, .took = now() - begin};
}

void Disk::note(const DiskCall& call, const Made& made) {
  if (call.kind == Kind::kRead || call.kind == Kind::kWrite) pace_of(call).note(made.took);
}

}  // namespace gofer

#include "bench/memory.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <vector>

#include "bench/raw_client.h"
#include "spec/base/problem.h"
#include "tests/support/bundle.h"
#include "tests/support/descriptors.h"
#include "tests/support/serving.h"

namespace bench {
namespace {

constexpr std::size_t kFilesEach = 1000;  // in a directory
constexpr std::size_t kFew = 20'000;      // fids

std::string directory_name(std::size_t i) {
  return "d" + std::to_string(i);
}
std::string file_name(std::size_t i) {
  return "f" + std::to_string(i);
}
p9::Fid file_fid(std::size_t i) {
  return p9::Fid{static_cast<uint32_t>(1000 + i)};
}

void make_files(const support::path& where, std::size_t directories) {
  for (std::size_t i = 0; i < directories; ++i)
    for (std::size_t j = 0; j < kFilesEach; ++j)
      support::make_file(where / directory_name(i) / file_name(j));
}

// In KiB.
struct Memory {
  long pss = 0;
  long private_dirty = 0;
};

Memory memory_of(pid_t process) {
  std::ifstream in("/proc/" + std::to_string(process) + "/smaps_rollup");
  Memory memory;
  for (std::string word; in >> word;) {
    if (word == "Pss:") in >> memory.pss;
    if (word == "Private_Dirty:") in >> memory.private_dirty;
  }
  if (memory.pss == 0) throw std::runtime_error("only root may read a worker's memory");
  return memory;
}

// A worker, and how many fids it was made to hold.
class Holder {
 public:
  Holder(const std::string& gofer, const support::Bundle& bundle)
      : gofer_(bundle,
               {.binary = gofer, .arguments = {"--max-fids", "1100000", "--max-nodes", "1100000"}}),
        client_(gofer_.take_client(1), Dialect::kLinux) {
    client_.attach("/");
  }

  // Walks until it holds `count` fids. False if it was granted fewer; why() says why then.
  bool grow_to(std::size_t count) {
    while (held_ < count) {
      std::size_t batch = std::min(kMostInFlight, count - held_);
      std::size_t granted = exchange(batch, [&](std::size_t i) {
        std::string directory = directory_name((held_ + i) / kFilesEach);
        std::string file = file_name((held_ + i) % kFilesEach);
        return frame(i, p9::Twalk{p9::Fid{0},
                                  file_fid(held_ + i),
                                  {*p9::Name::parse(directory), *p9::Name::parse(file)}});
      });
      held_ += granted;
      if (granted < batch) return false;
    }
    return true;
  }

  void clunk_all() {
    while (held_ > 0) {
      std::size_t batch = std::min(kMostInFlight, held_);
      std::size_t gone = exchange(
          batch, [&](std::size_t i) { return frame(i, p9::Tclunk{file_fid(held_ - 1 - i)}); });
      if (gone < batch) throw std::runtime_error("a fid is not clunked: " + why_);
      held_ -= gone;
    }
  }

  // Prints a line. `idle` is what the fids are compared with.
  Memory show(const char* when, const Memory* idle) const {
    Memory now = memory_of(gofer_.worker(1));
    std::printf("%-16s %9zu %10ld %10ld %6zu", when, held_, now.pss, now.private_dirty,
                support::count_descriptors(gofer_.worker(1)));
    if (idle != nullptr && held_ > 0)
      std::printf(" %10.0f",
                  double(now.private_dirty - idle->private_dirty) * 1024 / double(held_));
    std::printf("\n");
    std::fflush(stdout);
    return now;
  }

  const std::string& why() const { return why_; }

 private:
  template <p9::Message M>
  static std::vector<std::byte> frame(std::size_t tag, const M& message) {
    return support::RawFrame::of(p9::Tag{static_cast<uint16_t>(tag)}, message);
  }

  // Sends so many requests, waits for their replies, says how many came before the first error.
  template <class Make>
  std::size_t exchange(std::size_t count, Make request) {
    std::vector<std::byte> frames;
    for (std::size_t i = 0; i < count; ++i) {
      std::vector<std::byte> one = request(i);
      frames.insert(frames.end(), one.begin(), one.end());
    }
    client_.send(frames);
    std::size_t good = 0;
    for (std::size_t i = 0; i < count; ++i) {
      std::span<std::byte> reply = client_.receive();
      if (load<uint8_t>(reply.data() + kTypeAt) != p9::Rlerror::kLine.type)
        ++good;
      else
        why_ = base::errno_name(load<int>(reply.data() + kBodyAt));
    }
    return good;
  }

  support::Serving gofer_;
  RawClient client_;
  std::size_t held_ = 0;
  std::string why_;
};

}  // namespace

void measure_memory(const std::string& gofer, std::size_t directories) {
  support::Bundle bundle;
  support::path tree = bundle.beside("served");
  make_files(tree, directories);
  bundle.mount("/served", tree);
  Holder holder(gofer, bundle);
  std::printf("%-16s %9s %10s %10s %6s %10s\n", "", "", "PSS", "private", "", "bytes");
  std::printf("%-16s %9s %10s %10s %6s %10s\n", "a worker", "fids", "KiB", "dirty KiB", "fds",
              "per fid");
  Memory idle = holder.show("idle", nullptr);
  holder.grow_to(kFew);
  holder.show("with few", &idle);
  bool granted = holder.grow_to(directories * kFilesEach);
  holder.show("with many", &idle);
  if (!granted) std::printf("no more than these: %s\n", holder.why().c_str());
  holder.clunk_all();
  holder.show("after clunking", &idle);
}

}  // namespace bench

// torture [--ops N] [--seed S] [--max-size BYTES] [--no-mmap-write] DIR: tests/guest/torture.h on a
// new file in DIR, where it stays. Exits with 1 at the first wrong answer, naming the seed and the
// operations before it, with 2 if it cannot begin.
#include <malloc.h>

#include <cstdio>
#include <exception>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tests/guest/torture.h"

namespace torture {
namespace {

Options parse(std::span<char*> words) {
  Options options;
  auto number = [&words](std::size_t at) {
    if (at >= words.size()) throw std::invalid_argument("an option lacks its number");
    return std::stoull(words[at]);
  };
  for (std::size_t i = 1; i < words.size(); ++i) {
    std::string_view word = words[i];
    if (word == "--ops")
      options.ops = number(++i);
    else if (word == "--seed")
      options.seed = number(++i);
    else if (word == "--max-size")
      options.max_size = number(++i);
    else if (word == "--no-mmap-write")
      options.mmap_write = false;
    else if (word.starts_with("-") || !options.directory.empty())
      throw std::invalid_argument("what is " + std::string(word));
    else
      options.directory = word;
  }
  if (options.directory.empty()) throw std::invalid_argument("no directory");
  if (options.max_size < 20'000) throw std::invalid_argument("--max-size is below 20000");
  return options;
}

int run(const Options& options) {
  std::printf("torture: seed %ju, %ju operations\n", uintmax_t{options.seed},
              uintmax_t{options.ops});
  std::fflush(stdout);
  // Keeps freed memory: page faults are what a guest's kernel is slowest at.
  ::mallopt(M_MMAP_MAX, 0);
  ::mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  Torture subject(options);
  try {
    subject.run();
  } catch (const std::exception& problem) {
    std::printf("torture: FAILED with seed %ju in the last of these operations: %s\n%s",
                uintmax_t{options.seed}, problem.what(), subject.history().c_str());
    return 1;
  }
  std::puts("torture: ok");
  return 0;
}

}  // namespace
}  // namespace torture

int main(int argc, char** argv) {
  try {
    return torture::run(torture::parse({argv, static_cast<std::size_t>(argc)}));
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "torture: %s\n", problem.what());
    return 2;
  }
}

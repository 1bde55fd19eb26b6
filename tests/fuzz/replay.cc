// Runs a fuzzer's check once for each file of its corpus, in builds that have no libFuzzer.
//   PROGRAM DIRECTORY
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>

#include "tests/support/tree.h"

// NOLINTNEXTLINE(readability-identifier-naming): the name libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size);

int main(int count, char** words) {
  if (count != 2) return 2;
  int replayed = 0;
  for (const auto& entry : std::filesystem::directory_iterator(words[1])) {
    std::string input = support::read_file(entry.path());
    std::fprintf(stderr, "%s\n", entry.path().filename().c_str());
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
    ++replayed;
  }
  std::printf("%d inputs\n", replayed);
  return replayed > 0 ? 0 : 1;
}

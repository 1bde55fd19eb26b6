// without_effect NUMBER FIRST-ARGUMENT PROGRAM ARGS...: runs a program for which one system call,
// or that call with this first argument ("any" for all), answers 0 and does nothing.
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "tests/sandbox/broken_call.h"

int main(int argc, char** argv) {
  if (argc < 4) return EXIT_FAILURE;
  char* end = nullptr;
  sandbox_test::BrokenCall call{.number = static_cast<int>(std::strtol(argv[1], &end, 10))};
  if (*end == '=') call.error = std::atoi(end + 1);
  if (std::string_view(argv[2]) != "any")
    call.first_argument = static_cast<uint32_t>(std::strtoul(argv[2], nullptr, 10));
  sandbox_test::break_call(call);
  ::execv(argv[3], argv + 3);
  return EXIT_FAILURE;
}

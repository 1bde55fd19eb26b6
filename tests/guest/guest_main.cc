// main() of the tests that boot a guest. What the guest's kernel complains about while a test runs
// is a failure of that test.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "tests/guest/machine.h"

namespace guest {
namespace {

constexpr int kSkipped = 77;  // SKIP_RETURN_CODE in CMakeLists.txt

class Complaints : public testing::EmptyTestEventListener {
  void OnTestEnd(const testing::TestInfo& test) override {
    std::string lines = complaints();
    if (!lines.empty())
      ADD_FAILURE() << test.test_suite_name() << "." << test.name()
                    << ": the guest's kernel says:\n"
                    << lines;
  }
};

}  // namespace
}  // namespace guest

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (std::getenv("GOFER_NO_GUEST") != nullptr && !std::filesystem::exists(guest::kKernel)) {
    std::puts("skipped: GOFER_NO_GUEST is set, and the package user-mode-linux is not installed");
    return guest::kSkipped;
  }
  testing::UnitTest::GetInstance()->listeners().Append(new guest::Complaints);
  return RUN_ALL_TESTS();
}

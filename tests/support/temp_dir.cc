#include "tests/support/temp_dir.h"

#include <sys/stat.h>

#include <cstdlib>
#include <string>
#include <system_error>

namespace support {

TempDir::TempDir(const std::filesystem::path& in) {
  std::string name = in / "gofer-test-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr)
    throw std::system_error(errno, std::generic_category(), name);
  path_ = name;
  ::chmod(name.c_str(), 0755);  // a worker without DAC capabilities must get through
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace support

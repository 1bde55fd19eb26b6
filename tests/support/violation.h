// What a launcher's log says of workers that were ended by their filter, with the place in the
// code.
#pragma once

#include <string>
#include <string_view>

namespace support {

// For each violation in `log`, which `binary` wrote: "ro+donate: fchmod: gofer::host::fchmod at
// .../host_file.cc:12", a line each; code of a library stays "libc.so.6+0x1234". Runs addr2line(1).
std::string violations_in(std::string_view log, const std::string& binary);

}  // namespace support

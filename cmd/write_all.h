// write_all(): a whole text to a descriptor that may take it in pieces.
#pragma once

#include <string_view>

#include "spec/base/fd.h"
#include "spec/base/result.h"

namespace cmd {

// man 2 write, until everything is written; goes on after EINTR.
base::Result<void> write_all(base::Fd to, std::string_view text);

}  // namespace cmd

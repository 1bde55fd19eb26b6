// Reads the text of config.json once, from its file or from an inherited descriptor.
#pragma once

#include <string>

#include "cmd/options.h"
#include "spec/base/problem.h"

namespace cmd {

// The whole text, from offset 0. Refuses what is no regular file or pipe, and what is larger than
// the parser's limit. Closes --spec-fd.
base::Outcome<std::string> read_spec(const Options& options);

// What messages call the spec: its path, or "descriptor N".
std::string spec_name(const Options& options);

}  // namespace cmd

// Option values: numbers and descriptors of a command line, and how misuse of an option is told.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "spec/base/problem.h"

namespace cmd {

// ExitCode::kUsage; `where` is the option, as everywhere below.
base::Problem usage(std::string where, std::string what, std::string expected = {});

base::Outcome<uint64_t> parse_number(const std::string& where, std::string_view text, uint64_t low,
                                     uint64_t high);

// 3 or more: 0 to 2 are the launcher's own.
base::Outcome<int> parse_descriptor(const std::string& where, std::string_view text);

// Of an option that may be repeated, and of which each value may be a list separated by commas.
base::Outcome<std::vector<int>> parse_descriptors(const std::string& where,
                                                  const std::vector<std::string>& values);

// The same descriptor under two names would be closed under the other's feet.
base::Outcome<void> refuse_twice(std::vector<int> descriptors, std::string where);

}  // namespace cmd

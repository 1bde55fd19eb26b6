// The policies as they are in the tree, parsed; for tests that run in the project's folder.
#pragma once

#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "policies/programs.h"
#include "spec/base/result.h"
#include "spec/policy.h"

namespace audit {

inline base::Outcome<std::string> read_policy(std::string_view name) {
  std::string path = "policies/" + std::string(name) + ".json";
  std::ifstream file(path);
  if (!file) return base::failure(base::Problem{.where = path, .what = "cannot be read"});
  return std::string(std::istreambuf_iterator<char>(file), {});
}

inline base::Outcome<spec::Policy> load_policy(std::string_view name) {
  return spec::parse_policy(TRY(read_policy(name)), name, read_policy);
}

// Names the instances of a test that runs for each role.
struct RoleName {
  template <class Info>
  std::string operator()(const Info& info) const {
    return std::string(spec::name_of(info.param));
  }
};

}  // namespace audit

// The policies as they are in the tree, parsed; for tests that run in the project's folder.
#pragma once

#include <algorithm>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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

// What one process is held to: a role and its extras.
struct Policed {
  spec::Role role;
  spec::Extras extras = {};

  std::string name() const { return spec::name_of(role, extras); }
  base::Outcome<spec::Policy> policy() const {
    return spec::load_policy(role, extras, read_policy);
  }
  std::span<const sock_filter> program() const { return policies::program(role, extras); }
};

// Every policy that is compiled.
inline std::vector<Policed> all_compiled() {
  std::vector<Policed> all;
  spec::for_each_policy(
      [&](spec::Role role, spec::Extras extras) { all.push_back({role, extras}); });
  return all;
}

// Every role, and every worker with what one extra brings: other sets are sums of these.
inline std::vector<Policed> all_policed() {
  std::vector<Policed> all = all_compiled();
  std::erase_if(all, [](const Policed& one) { return !spec::is_of_one(one.role, one.extras); });
  return all;
}

inline std::vector<Policed> all_workers() {
  std::vector<Policed> workers = all_policed();
  std::erase_if(workers, [](const Policed& policed) { return !spec::is_worker(policed.role); });
  return workers;
}

// Names the instances of a test that runs for each of them.
struct PolicedName {
  template <class Info>
  std::string operator()(const Info& info) const {
    std::string name = info.param.name();
    std::ranges::replace(name, '+', '_');
    return name;
  }
};

}  // namespace audit

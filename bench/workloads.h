// What is measured: the tree that is served, and the operations on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "bench/client.h"
#include "bench/donated.h"
#include "bench/listing.h"
#include "bench/setting.h"
#include "tests/support/tree.h"

namespace bench {

struct Workload {
  std::string name;
  Setting setting = {};
  std::size_t in_flight = 1;
  std::size_t msize = 4096;   // a server that agrees on less is not asked
  bool by_directory = false;  // with Tunlinkat or Trenameat, which not every server has
  bool is_getattr = false;    // nothing but Tgetattr, one at a time
  Script before = {};         // one frame each: makes the fids that the operation uses
  std::variant<Script, Listing, DonatedRead> operation = {};
  Script after = {};  // and releases them
};

// Makes the files that the workloads use.
void make_tree(const support::path& where);

// Those of a setting follow each other.
std::vector<Workload> all_workloads();

// Operations on this server until `end`, or one if that has passed.
void run_until(Client& client, Workload& workload, steady_clock::time_point end, Times& times);

}  // namespace bench

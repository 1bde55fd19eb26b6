// Scout: goes the way of a request before it is served, so that what it asks of the disk is in
// memory by then.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "gofer/budget.h"
#include "gofer/host_file.h"
#include "gofer/node.h"

namespace gofer {

// A way through the tree, name by name from a place that is open.
struct Trail {
  Pin from;
  std::vector<host::Path> names = {};
};

// Nothing that a scout finds is kept, or shown to anybody: the request asks all of it again, and
// goes by that.
class Scout {
 public:
  // How many names it looks at, at most: what comes behind them the request finds by itself.
  static constexpr std::size_t kMostNames = 64;
  // How many descriptors it holds at once.
  static constexpr std::size_t kDescriptors = 2;

  explicit Scout(Budget::Share descriptors) : descriptors_(std::move(descriptors)) {}

  // Where to look: along a trail; further along the one that was added last; what the directory at
  // its end lists from this cookie on.
  void add(Trail trail);
  void add(p9::Name name);
  void add_listing(uint64_t cookie, std::size_t bytes);

  bool has_nothing_to_do() const { return trails_.empty(); }

  // Looks, however long that takes: on any thread, while nobody changes the scout. Returns how long
  // that was.
  std::chrono::milliseconds look() const;

 private:
  struct Listing {
    uint64_t cookie;
    std::size_t bytes;
  };

  void follow(const Trail& trail) const;
  static void read(base::Fd dir, const Listing& listing);

  Budget::Share descriptors_;
  std::vector<Trail> trails_;
  std::optional<Listing> listing_;
};

}  // namespace gofer

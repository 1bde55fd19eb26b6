// Reads a directory to its end.
#pragma once

#include <cstddef>

#include "bench/client.h"

namespace bench {

// All entries of a directory, from the first to the end, by the open fid of it.
struct Listing {
  p9::Fid directory;
  std::size_t entries = 0;  // "." and ".." included
};

// Throws std::runtime_error if there are not as many entries as there should be.
void list_all(Client& client, const Listing& listing);

}  // namespace bench

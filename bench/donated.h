// Reads a file through the descriptor that a server gives when it is opened.
#pragma once

#include <cstddef>
#include <vector>

#include "bench/client.h"

namespace bench {

// Opens a file by `open`, of which the last reply brings a descriptor; reads that and closes it,
// and tells the server by `release`.
struct DonatedRead {
  Script open;
  std::vector<std::byte> room;  // as large as the file
  Script release;
};

// Throws std::runtime_error if no descriptor comes, or not one of such a file.
void read_donated(Client& client, DonatedRead& what);

}  // namespace bench

// What one client notices while another runs into the limits of its own worker.
#pragma once

#include <string>

namespace bench {

// Prints it for each budget: how long a getattr of the one takes, which asks a thousand times a
// second.
void measure_witness(const std::string& gofer);

}  // namespace bench

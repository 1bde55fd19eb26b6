// What a worker in its jail takes of memory: idle, with many fids, and after they are gone.
#pragma once

#include <cstddef>
#include <string>

namespace bench {

// Prints it, for up to `directories` * 1,000 fids of distinct files: a million at most. Stops where
// the worker grants no more of them. Only root may read the memory of a worker.
void measure_memory(const std::string& gofer, std::size_t directories);

}  // namespace bench

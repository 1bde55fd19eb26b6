// Measures a workload on all servers, in turns, so that what else the machine does meets all alike.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "bench/servers.h"
#include "bench/workloads.h"

namespace bench {

// How long each server is measured with each workload: slices * slice.
struct Plan {
  int slices = 40;
  std::chrono::milliseconds slice{50};
};

// What one server did with one workload.
struct Row {
  std::string workload;
  std::size_t in_flight = 1;
  std::string server;
  std::size_t operations = 0;
  double median_us = 0;
  double p99_us = 0;
  double per_second = 0;
  double cpu_us = 0;  // of the server, per operation
};

// A row per server that has the messages and agreed on an msize that is large enough.
std::vector<Row> measure(std::vector<Server>& servers, Workload& workload, const Plan& plan);

}  // namespace bench

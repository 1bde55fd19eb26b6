#include "bench/measure.h"

#include <stdexcept>

namespace bench {
namespace {

constexpr std::size_t kManyOperations = std::size_t{1} << 22;

bool can(const Server& server, const Workload& workload) {
  return server.client->msize() >= workload.msize &&
         (server.by_directory || !workload.by_directory) &&
         (!server.only_getattr || workload.is_getattr);
}

// One server's share of a measurement.
class Share {
 public:
  Share(Server& server, Workload& workload) : server_(server), workload_(workload) {
    times_.reserve(kManyOperations);
    run(workload_.before);
    Times first;
    run_until(*server_.client, workload_, {}, first);  // caches are warm, fids were there once
  }

  void take_slice(steady_clock::duration length) {
    nanoseconds cpu = server_.cpu();
    auto begin = steady_clock::now();
    run_until(*server_.client, workload_, begin + length, times_);
    wall_ += steady_clock::now() - begin;
    cpu_ += server_.cpu() - cpu;
  }

  Row finish() {
    run(workload_.after);
    auto count = static_cast<double>(times_.count());
    return {.workload = workload_.name,
            .in_flight = workload_.in_flight,
            .server = server_.name,
            .operations = times_.count(),
            .median_us = times_.median(),
            .p99_us = times_.quantile(0.99),
            .per_second = count / std::chrono::duration<double>(wall_).count(),
            .cpu_us = std::chrono::duration<double, std::micro>(cpu_).count() / count};
  }

 private:
  // What comes before and after is about fids.
  void run(const Script& script) {
    if (!server_.only_getattr) server_.client->run(script);
  }

  Server& server_;
  Workload& workload_;
  Times times_;
  nanoseconds wall_{};
  nanoseconds cpu_{};
};

}  // namespace

std::vector<Row> measure(std::vector<Server>& servers, Workload& workload, const Plan& plan) {
  try {
    std::vector<Share> shares;
    for (Server& server : servers)
      if (can(server, workload)) shares.emplace_back(server, workload);
    for (int i = 0; i < plan.slices; ++i)
      for (Share& share : shares) share.take_slice(plan.slice);
    std::vector<Row> rows;
    for (Share& share : shares) rows.push_back(share.finish());
    return rows;
  } catch (const std::exception& error) {
    throw std::runtime_error(workload.name + ": " + error.what());
  }
}

}  // namespace bench

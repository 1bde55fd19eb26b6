// Measures what gofer costs, beside servers that do less and others that do the same.
//   gofer_bench GOFER [--quick] [--only WORKLOAD] [--tsv FILE]
//   gofer_bench GOFER memory [--quick]
//   gofer_bench GOFER witness
#include <cstdio>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "bench/measure.h"
#include "bench/memory.h"
#include "bench/processors.h"
#include "bench/report.h"
#include "bench/witness.h"

namespace {

constexpr bench::Plan kQuickPlan{.slices = 8, .slice = std::chrono::milliseconds(15)};
constexpr std::size_t kMemoryDirectories = 1000;
constexpr std::size_t kQuickMemoryDirectories = 50;

struct Options {
  std::string gofer;
  std::string what;  // besides operations: "memory" or "witness"
  bool quick = false;
  std::string only;
  std::string tsv;
};

// None if they make no sense.
std::optional<Options> parse(std::span<char*> words) {
  if (words.size() < 2) return std::nullopt;
  Options options{.gofer = words[1]};
  for (std::size_t i = 2; i < words.size(); ++i) {
    std::string_view word = words[i];
    bool has_value = i + 1 < words.size();
    if ((word == "memory" || word == "witness") && i == 2) {
      options.what = word;
    } else if (word == "--quick" && options.what != "witness") {
      options.quick = true;
    } else if (word == "--only" && has_value && options.what.empty()) {
      options.only = words[++i];
    } else if (word == "--tsv" && has_value && options.what.empty()) {
      options.tsv = words[++i];
    } else {
      return std::nullopt;
    }
  }
  return options;
}

std::vector<bench::Workload> chosen(const std::string& only) {
  std::vector<bench::Workload> all = bench::all_workloads();
  if (only.empty()) return all;
  std::string names;
  for (const bench::Workload& workload : all)
    if (workload.in_flight == 1) names += " " + workload.name;
  std::erase_if(all, [&](const bench::Workload& workload) { return workload.name != only; });
  if (all.empty()) throw std::runtime_error("no workload \"" + only + "\"; there are" + names);
  return all;
}

void run_workloads(const Options& options) {
  std::vector<bench::Workload> workloads = chosen(options.only);
  bench::Plan plan = options.quick ? kQuickPlan : bench::Plan{};
  support::Bundle bundle;
  support::path tree = bundle.beside("served");
  bench::make_tree(tree);
  bundle.mount("/served", tree);
  bench::print_machine(stdout, plan);
  // Servers run where their starter does.
  std::optional<bench::Processors> processors = bench::two_processors();
  if (processors) bench::pin(0, processors->server);
  bench::Servers servers(options.gofer, bundle, tree);
  if (processors) bench::pin(0, processors->client);
  bench::print_heading(stdout);
  std::vector<bench::Row> all;
  for (bench::Workload& workload : workloads) {
    std::vector<bench::Row> rows = bench::measure(servers.all(), workload, plan);
    bench::print_rows(stdout, rows);
    all.insert(all.end(), rows.begin(), rows.end());
  }
  if (!options.tsv.empty()) bench::write_tsv(options.tsv, all);
}

}  // namespace

int main(int count, char** words) {
  std::optional<Options> options = parse({words, static_cast<std::size_t>(count)});
  if (!options) {
    std::fprintf(stderr,
                 "usage: gofer_bench GOFER [--quick] [--only WORKLOAD] [--tsv FILE]\n"
                 "       gofer_bench GOFER memory [--quick]\n"
                 "       gofer_bench GOFER witness\n");
    return 2;
  }
  try {
    if (options->what == "memory")
      bench::measure_memory(options->gofer,
                            options->quick ? kQuickMemoryDirectories : kMemoryDirectories);
    else if (options->what == "witness")
      bench::measure_witness(options->gofer);
    else
      run_workloads(*options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gofer_bench: %s\n", error.what());
    return 1;
  }
  return 0;
}

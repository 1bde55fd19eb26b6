// Measures what gofer costs, beside servers that do less and others that do the same.
//   gofer_bench GOFER [--quick] [--only PART] [--tsv FILE]
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

// Those with `part` in their name.
std::vector<bench::Workload> chosen(const std::string& part) {
  std::vector<bench::Workload> all = bench::all_workloads();
  std::string names;
  for (const bench::Workload& workload : all)
    if (workload.in_flight == 1) names += " " + workload.name;
  std::erase_if(all, [&](const bench::Workload& workload) {
    return workload.name.find(part) == std::string::npos;
  });
  if (all.empty()) throw std::runtime_error("no workload \"" + part + "\"; there are" + names);
  return all;
}

// Measures one workload after the other. Servers live as long as the setting stays the same.
class Measurement {
 public:
  Measurement(const bench::Served& served, const bench::Plan& plan)
      : served_(served), plan_(plan) {}

  std::vector<bench::Row> of(bench::Workload& workload) {
    if (!servers_ || servers_->setting() != workload.setting) {
      servers_.reset();
      servers_.emplace(served_, workload.setting, processors_);
    }
    std::optional<bench::Pinned> pinned;
    if (processors_) pinned.emplace(processors_->client);
    return bench::measure(servers_->all(), workload, plan_);
  }

 private:
  const bench::Served& served_;
  bench::Plan plan_;
  std::optional<bench::Processors> processors_ = bench::two_processors();
  std::optional<bench::Servers> servers_;
};

void run_workloads(const Options& options) {
  std::vector<bench::Workload> workloads = chosen(options.only);
  bench::Plan plan = options.quick ? kQuickPlan : bench::Plan{};
  support::Bundle bundle;
  bench::Served served{.gofer = options.gofer, .bundle = bundle, .tree = bundle.beside("served")};
  bench::make_tree(served.tree);
  bundle.mount("/served", served.tree);
  Measurement measurement(served, plan);
  bench::print_machine(stdout, plan);
  bench::print_heading(stdout);
  std::vector<bench::Row> all;
  for (bench::Workload& workload : workloads) {
    std::vector<bench::Row> rows = measurement.of(workload);
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
                 "usage: gofer_bench GOFER [--quick] [--only PART] [--tsv FILE]\n"
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

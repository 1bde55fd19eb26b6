// Feeds any bytes to the reader of bundles, and checks what a plan that came of them promises.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "spec/attach_plan.h"
#include "spec/bundle.h"
#include "spec/json.h"
#include "spec/lexical_path.h"

namespace {

void require(bool holds, const char* promise) {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %s\n", promise);
  std::abort();
}

void check_problem(const base::Problem& problem) {
  require(problem.exit == base::ExitCode::kBadSpec, "a refusal is one of the bundle");
  require(!problem.where.empty() && !problem.what.empty(), "a refusal says where and what");
  require(to_line(problem).size() < 4096, "a refusal is one line that can be read");
}

void check_point(const spec::AttachPoint& point) {
  require(point.destination.starts_with('/'), "a destination is absolute");
  require(spec::clean(point.destination) == point.destination, "a destination is clean");
  require(!point.source.empty() && point.source.find('\0') == std::string::npos,
          "a source is a path");
  require(
      point.options.on_write == spec::OnWrite::kRefuse || point.access == spec::Access::kReadOnly,
      "only read-only attach points panic");
  require(point.ids.uids.empty() == point.ids.gids.empty(), "id maps come in pairs");
}

void check_plan(const spec::Bundle& bundle, const spec::AttachPlan& plan) {
  require(!plan.attach_points.empty() && plan.attach_points[0].destination == "/",
          "the root is first");
  for (const auto& point : plan.attach_points) check_point(point);
  require(plan.attach_points.size() + plan.passed_over.size() == bundle.mounts.size() + 1,
          "every mount is served or passed over");
}

void check_dump(const spec::Json& json) {
  std::string text = dump(json);
  auto again = spec::parse_json(text, "fuzz", "dump", {.bytes = text.size(), .depth = 64});
  require(again.has_value() && dump(*again) == text, "what is written reads back the same");
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name libFuzzer calls
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto bundle = spec::parse_bundle(text, "config.json");
  if (!bundle) {
    check_problem(bundle.error());
    return 0;
  }
  check_dump(bundle->raw_mounts);
  for (bool strict : {false, true}) {
    auto plan = spec::make_attach_plan(*bundle, {.bundle = "/b", .strict = strict});
    if (plan)
      check_plan(*bundle, *plan);
    else
      check_problem(plan.error());
  }
  return 0;
}

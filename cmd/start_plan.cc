#include "cmd/start_plan.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "cmd/runsc.h"
#include "cmd/spec_file.h"

namespace cmd {
namespace {

using base::Outcome;

auto first_with_sockets(const spec::AttachPlan& plan) {
  return std::ranges::find_if(plan.attach_points,
                              [](const auto& point) { return point.options.uds; });
}

// A socket belongs to the network namespace that it was made in, whoever holds it, and the other
// layers that keep a worker from the network do not hold the client that it was donated to.
Outcome<void> check_skips(sandbox::Skips skips, const spec::AttachPlan& plan) {
  if (!skips.has(sandbox::Skippable::kNetworkNamespace) || !serves_sockets(plan)) return {};
  return base::failure(base::Problem{
      .exit = base::ExitCode::kUsage,
      .step = "options",
      .where = "--without network",
      .what = first_with_sockets(plan)->where +
              " serves sockets, by which a client would reach the host's network namespace",
      .expected = "expected neither --host-uds nor x-gofer.uds=open with it"});
}

}  // namespace

bool serves_sockets(const spec::AttachPlan& plan) {
  return first_with_sockets(plan) != plan.attach_points.end();
}

Outcome<StartPlan> read_plan(Options& options, sandbox::Skips skips) {
  std::string text = TRY(read_spec(options));
  StartPlan plan;
  plan.bundle = TRY(spec::parse_bundle(text, spec_name(options)));
  auto notes = TRY(settle_runsc(plan.bundle, options));
  plan.attach = TRY(make_attach_plan(plan.bundle, {.bundle = options.bundle,
                                                   .read_only_root = options.read_only_root,
                                                   .read_only = options.read_only,
                                                   .panic_on_write = options.panic_on_write,
                                                   .uds = options.host_uds,
                                                   .fifo = options.host_fifo,
                                                   .channels = options.channels,
                                                   .for_runsc = options.runsc.has_value(),
                                                   .strict = options.strict,
                                                   .max_mounts = options.max_mounts}));
  std::ranges::move(notes, std::back_inserter(plan.attach.notes));
  TRY(check_skips(skips, plan.attach));
  return plan;
}

}  // namespace cmd

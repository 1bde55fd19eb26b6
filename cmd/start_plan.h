// StartPlan: what the options and the bundle say together. Nothing but the bundle's text is read.
#pragma once

#include "cmd/options.h"
#include "sandbox/skips.h"
#include "spec/attach_plan.h"
#include "spec/base/problem.h"
#include "spec/bundle.h"

namespace cmd {

struct StartPlan {
  spec::Bundle bundle;
  spec::AttachPlan attach;
};

// What the spec says may change the options of a start in the place of runsc's gofer. Errors: as of
// parse_bundle() and make_attach_plan(), and sockets that would be served from the host's network
// namespace (kUsage).
base::Outcome<StartPlan> read_plan(Options& options, sandbox::Skips skips);

// Whether clients may connect to sockets in one of the trees.
bool serves_sockets(const spec::AttachPlan& plan);

}  // namespace cmd

// Short bundles for tests, and what becomes of them as one line of text.
#pragma once

#include <string>
#include <string_view>

#include "spec/attach_plan.h"
#include "spec/base/problem.h"
#include "spec/bundle.h"

namespace spec::test {

// A bundle with a read-only root and the given text of its mounts array's inside; `more` goes after
// the mounts: R"(,"linux":{})".
inline std::string bundle_with(std::string_view mounts, std::string_view more = "") {
  return R"({"ociVersion":"1.0.2","root":{"path":"rootfs","readonly":true},"mounts":[)" +
         std::string(mounts) + "]" + std::string(more) + "}";
}

// One bind mount of /src at /dst with the given options: R"("rbind","ro")".
inline std::string bind_with(std::string_view options, std::string_view more = "") {
  return R"({"destination":"/dst","type":"bind","source":"/src","options":[)" +
         std::string(options) + "]" + std::string(more) + "}";
}

inline base::Outcome<AttachPlan> plan(std::string_view text, const PlanOptions& options = {}) {
  auto bundle = TRY(parse_bundle(text, "config.json"));
  return make_attach_plan(bundle, options);
}

// Why `text` is refused, as the operator reads it; "accepted" if it is not. Every refusal is one of
// the bundle: exit status 65.
inline std::string refusal(std::string_view text, const PlanOptions& options = {}) {
  auto made = plan(text, options);
  if (made) return "accepted";
  std::string line = to_line(made.error());
  return made.error().exit == base::ExitCode::kBadSpec ? line : "wrong exit status: " + line;
}

inline PlanOptions strict() {
  return {.strict = true};
}

// The notes of `text`, one a line; its refusal if it is refused.
inline std::string notes(std::string_view text, const PlanOptions& options = {}) {
  auto made = plan(text, options);
  if (!made) return refusal(text, options);
  std::string lines;
  for (const std::string& note : made->notes) lines += (lines.empty() ? "" : "\n") + note;
  return lines;
}

// `text` with the first `from` replaced by `to`.
inline std::string replaced(std::string text, std::string_view from, std::string_view to) {
  return text.replace(text.find(from), from.size(), to);
}

}  // namespace spec::test

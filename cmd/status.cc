#include "cmd/status.h"

#include <utility>

#include "cmd/write_all.h"

namespace cmd {

using spec::Json;

void Status::send(Json::Object object) const {
  if (!to_) return;
  std::string line = dump(Json(std::move(object))) + "\n";
  // A reader that went away is told nothing more; serving goes on.
  (void)write_all(*to_, line);
}

void Status::phase(std::string_view name) const {
  send({{"event", Json(std::string("phase"))}, {"phase", Json(std::string(name))}});
}

void Status::failed(const base::Problem& problem) const {
  Json::Object object{{"event", Json(std::string("failed"))},
                      {"step", Json(problem.step)},
                      {"where", Json(problem.where)},
                      {"message", Json(problem.what)},
                      {"exit", Json(static_cast<int64_t>(problem.exit))}};
  if (!problem.syscall.empty()) object.emplace_back("syscall", Json(problem.syscall));
  if (problem.error != 0)
    object.emplace_back("errno", Json(std::string(base::errno_name(problem.error))));
  if (!problem.expected.empty()) object.emplace_back("likely_cause", Json(problem.expected));
  send(std::move(object));
}

void Status::ready(Json::Array attach_points, Json::Object jail) const {
  send({{"event", Json(std::string("ready"))},
        {"attach_points", Json(std::move(attach_points))},
        {"jail", Json(std::move(jail))}});
}

void Status::event(std::string_view name, std::initializer_list<base::LogField> fields) const {
  if (!to_) return;
  base::Log(*to_, base::LogFormat::kJson, base::LogLevel::kInfo, "gofer")
      .write(base::LogLevel::kInfo, name, fields);
}

}  // namespace cmd

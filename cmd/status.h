// Status: what the runtime is told on --status-fd, one JSON object per line.
// The events and their members are documented in gofer(8), "STATUS".
#pragma once

#include <sys/types.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "spec/base/fd.h"
#include "spec/base/log.h"
#include "spec/base/problem.h"
#include "spec/json.h"

namespace cmd {

class Status {
 public:
  // Without a descriptor every event is dropped. The descriptor is borrowed.
  explicit Status(std::optional<base::Fd> to) : to_(to) {}

  void phase(std::string_view name) const;
  void failed(const base::Problem& problem) const;
  void ready(spec::Json::Array attach_points, spec::Json::Object jail) const;

  // For events of a locked-down supervisor: does not allocate.
  void event(std::string_view name, std::initializer_list<base::LogField> fields) const;

 private:
  void send(spec::Json::Object object) const;
  std::optional<base::Fd> to_;
};

}  // namespace cmd

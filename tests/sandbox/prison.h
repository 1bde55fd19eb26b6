// Prison: a launcher, pid 1 and one worker in its jail, started for one test and gone with it.
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sandbox/handshake.h"
#include "sandbox/lockdown.h"
#include "spec/attach_plan.h"
#include "spec/base/fd.h"

namespace sandbox_test {

// A filter that allows every call: shows what the layers below the filter hold by themselves.
std::span<const sock_filter> allow_all();

struct PrisonOptions {
  std::filesystem::path source;
  spec::Access access = spec::Access::kReadWrite;
  bool recursive = true;
  spec::Propagation propagation = spec::Propagation::kPrivate;
  spec::IdMap ids = {};
  spec::XattrNames xattrs = {};
  uid_t user = 0;                                // whom the launcher runs as
  std::vector<gid_t> groups = {};                // and the user's supplementary groups
  std::optional<spec::Access> tree_access = {};  // other than the role's, to try one layer
  std::span<const sock_filter> filter = allow_all();
  std::span<const sock_filter> init_filter = allow_all();
  sandbox::Limits limits = {};
  int require_landlock = 0;
  sandbox::Skips skips = {};
  std::optional<sandbox::FileIds> file_ids = {};
  std::function<base::Outcome<void>()> make_threads = {};
  bool supervise = false;  // the launcher locks itself down, too, under supervisor_filter
  std::span<const sock_filter> supervisor_filter = allow_all();
  // Run in the launcher before anything else, in pid 1 and the worker before they lock themselves
  // down.
  std::function<void()> before_launch = {};
  std::function<void()> before_init_lockdown = {};
  std::function<void()> before_lockdown = {};
};

// The same for a launcher that has a supplementary group, whoever it runs as.
PrisonOptions in_group(PrisonOptions options, gid_t group);

class Prison {
 public:
  // `body` runs in the jailed worker; what it returns is said(). Returns when that is known, or
  // when the start has failed.
  Prison(const PrisonOptions& options, const std::function<std::string()>& body);
  Prison(const Prison&) = delete;
  Prison& operator=(const Prison&) = delete;
  ~Prison();

  bool started() const { return facts_.started; }
  std::string problem() const { return problem_; }  // why it has not
  const base::Problem& problem_parts() const { return parts_; }
  const std::string& said() const { return said_; }
  const sandbox::JailReport& report() const { return facts_.report; }
  const sandbox::JailReport& init_report() const { return facts_.init_report; }
  pid_t launcher() const { return launcher_; }
  pid_t init() const { return facts_.init; }
  pid_t worker() const { return facts_.worker; }

  // The worker's connection: closing it ends the worker with status 0.
  base::UniqueFd& client() { return client_; }
  // Waits for a launcher that ends by itself, its children gone. Returns its wait status.
  int wait_for_launcher();

  // Kills the launcher and waits for it, its worker and pid 1. False: one of the two lived on.
  bool end_with_launcher();

 private:
  struct Facts {
    bool started = false;
    pid_t init = -1;
    pid_t worker = -1;
    sandbox::JailReport report;
    sandbox::JailReport init_report;
    sandbox::FlatProblem problem;
  };
  [[noreturn]] static void launch(const PrisonOptions& options,
                                  const std::function<std::string()>& body, base::Fd facts,
                                  base::Fd transport);

  pid_t launcher_ = -1;
  Facts facts_;
  std::string problem_;
  base::Problem parts_;
  std::string said_;
  base::UniqueFd client_;
};

}  // namespace sandbox_test

#include "cmd/subcommands.h"

#include <array>
#include <cstdio>
#include <string_view>

#include "cmd/audit.h"
#include "cmd/doctor.h"
#include "cmd/policy_command.h"
#include "cmd/report.h"

namespace cmd {
namespace {

constexpr std::array kSubcommands = {
    Subcommand{"audit", "--spec FILE | --bundle DIR | --live PID [--json]",
               "what each process of a bundle would get, or has", audit_command},
    Subcommand{"doctor", "[--json]", "whether gofer would work on this host, and how well",
               doctor_command},
    Subcommand{"policy", "list | show ROLE [EXTRA...] [--oci]",
               "the policies of this program, as OCI seccomp JSON", policy_command},
};

}  // namespace

std::span<const Subcommand> subcommands() {
  return kSubcommands;
}

const Subcommand* find_subcommand(int argc, const char* const* argv) {
  if (argc < 2) return nullptr;
  for (const Subcommand& subcommand : kSubcommands)
    if (std::string_view(argv[1]) == subcommand.name) return &subcommand;
  return nullptr;
}

int run_subcommand(const Subcommand& subcommand, CommandWords words) {
  base::Outcome<int> status = subcommand.run(words);
  if (!status) return report(status.error(), base::LogFormat::kText);
  if (std::fflush(stdout) == 0) return *status;
  return report(failed_call(subcommand.name, "the output cannot be written", "write"),
                base::LogFormat::kText);
}

}  // namespace cmd

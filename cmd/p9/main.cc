// p9: looks around in what gofer serves, and changes it.
#include <getopt.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <iomanip>
#include <iostream>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "cmd/p9/commands.h"
#include "cmd/p9/mounts.h"
#include "cmd/p9/print.h"

namespace p9client {
namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr int kFdOption = 256;
constexpr int kChannelOption = 257;
constexpr int kHelpOption = 258;

int usage_error(const std::string& what) {
  std::cerr << "p9: " << printable(what) << "; see p9 --help\n";
  return kUsage;
}

void print_help() {
  std::cout << "Usage: p9 [--fd N] [--channel] COMMAND [ARGUMENTS]\n\nCommands:\n";
  for (const Command& command : commands()) {
    std::string synopsis = std::string(command.name) + " " + std::string(command.operands);
    std::cout << "  " << std::left << std::setw(34) << synopsis << command.purpose << '\n';
  }
  std::cout << "\nOptions:\n"
               "  --fd N    the connected socket of one attach point; otherwise the attach points\n"
               "            are those in GOFER_MOUNTS, which gofer sets for its command\n"
               "  --channel talk over shared memory; needs attach points with x-gofer.channels\n"
               "  --help    print this\n";
}

const Command* find_command(std::string_view name) {
  for (const Command& command : commands())
    if (command.name == name) return &command;
  return nullptr;
}

std::optional<int> parse_fd(std::string_view text) {
  int value = -1;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

// What stands before the command.
struct Global {
  bool help = false;
  std::optional<int> fd;
  Way way = Way::kSocket;
  std::string wrong;  // what is wrong with the command line; empty if nothing is
};

// NOLINTBEGIN(concurrency-mt-unsafe): getopt(3) and getenv(3) in a program of one thread
Global parse_global(int argc, char** argv) {
  static const option kOptions[] = {{"help", no_argument, nullptr, 'h'},
                                    {"channel", no_argument, nullptr, kChannelOption},
                                    {"fd", required_argument, nullptr, kFdOption},
                                    {nullptr, 0, nullptr, 0}};
  Global global;
  opterr = 0;
  for (int found = 0; (found = ::getopt_long(argc, argv, "+:h", kOptions, nullptr)) != -1;) {
    if (found == 'h') {
      global.help = true;
    } else if (found == kChannelOption) {
      global.way = Way::kChannel;
    } else if (found == kFdOption) {
      global.fd = parse_fd(optarg);
      if (!global.fd) global.wrong = std::string("--fd: \"") + optarg + "\" is no descriptor";
    } else {
      global.wrong = std::string(argv[optind - 1]) +
                     (found == ':' ? ": its argument is missing" : ": no such option");
    }
  }
  return global;
}

// The flags and operands of a command; argv[0] is its name.
struct Words {
  std::string flags;
  std::vector<std::string> operands;
  std::optional<char> unknown;
  bool help = false;
};

Words parse_words(const Command& command, int argc, char** argv) {
  static const option kOptions[] = {{"help", no_argument, nullptr, kHelpOption},
                                    {nullptr, 0, nullptr, 0}};
  Words words;
  optind = 0;  // starts over, with the new argv
  std::string letters(command.flags);
  for (int found = 0;
       (found = ::getopt_long(argc, argv, letters.c_str(), kOptions, nullptr)) != -1;) {
    if (found == kHelpOption)
      words.help = true;
    else if (found == '?')
      words.unknown = optopt != 0 ? static_cast<char>(optopt) : '-';
    else
      words.flags += static_cast<char>(found);
  }
  words.operands.assign(argv + optind, argv + argc);
  return words;
}

base::Outcome<std::vector<Mount>> find_mounts(std::optional<int> fd) {
  if (fd) return std::vector<Mount>{{base::Fd(*fd), "/", false}};
  const char* text = std::getenv("GOFER_MOUNTS");
  if (text != nullptr) return parse_mounts(text);
  return base::failure(base::Problem{.exit = base::ExitCode::kUsage,
                                     .step = "p9",
                                     .where = "GOFER_MOUNTS",
                                     .what = "is not set",
                                     .expected = "run p9 as gofer's command, or give --fd"});
}
// NOLINTEND(concurrency-mt-unsafe)

int run_command(const Command& command, const Words& words, const Global& global) {
  base::Outcome<std::vector<Mount>> mounts = find_mounts(global.fd);
  if (!mounts) {
    std::cerr << base::to_line(mounts.error()) << '\n';
    return kUsage;
  }
  Places places(*std::move(mounts), global.way);
  Run run(places, words.flags, words.operands);
  command.run(run);
  std::cout.flush();
  if (!std::cout) run.complain("standard output", base::Errno(EIO));
  return run.failed() ? kFailed : 0;
}

int run(int argc, char** argv) {
  Global global = parse_global(argc, argv);
  if (!global.wrong.empty()) return usage_error(global.wrong);
  if (global.help) {
    print_help();
    return 0;
  }
  int first = optind;
  if (first >= argc) return usage_error("expected a command");
  const Command* command = find_command(argv[first]);
  if (command == nullptr) return usage_error(std::string(argv[first]) + ": no such command");
  Words words = parse_words(*command, argc - first, argv + first);
  std::string name(command->name);
  if (words.help) {
    std::cout << "Usage: p9 [--fd N] [--channel] " << name << ' ' << command->operands << '\n';
    return 0;
  }
  if (words.unknown) return usage_error(name + ": no option -" + *words.unknown);
  std::size_t count = words.operands.size();
  if (count < command->least || count > command->most)
    return usage_error(name + ": expected " + std::string(command->operands));
  return run_command(*command, words, global);
}

}  // namespace
}  // namespace p9client

int main(int argc, char** argv) {
  return p9client::run(argc, argv);
}

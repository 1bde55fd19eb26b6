// The command line: what is accepted, and the one line that refuses the rest.
#include "cmd/options.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cmd {
namespace {

using Words = std::vector<std::string>;

base::Outcome<Options> parse(const Words& words) {
  std::vector<const char*> argv{"gofer"};
  for (const std::string& word : words) argv.push_back(word.c_str());
  return parse_options(static_cast<int>(argv.size()), argv.data());
}

std::string refusal(const Words& words) {
  base::Outcome<Options> options = parse(words);
  if (options) return "accepted";
  EXPECT_EQ(options.error().exit, base::ExitCode::kUsage);
  return base::to_line(options.error());
}

TEST(Options, TakeDescriptorsAsAListAndRepeated) {
  auto options = parse({"--spec", "b/config.json", "--io-fds", "3,4", "--io-fds=7"});
  ASSERT_TRUE(options.has_value());
  EXPECT_EQ(options->io_fds, (std::vector<int>{3, 4, 7}));
  EXPECT_EQ(options->mode, Mode::kServe);
}

TEST(Options, TakeTheBundleFromTheSpecsDirectoryUnlessItIsNamed) {
  EXPECT_EQ(parse({"--spec", "b/config.json", "--check"})->bundle, "b");
  EXPECT_EQ(parse({"--spec", "config.json", "--check"})->bundle, ".");
  EXPECT_EQ(parse({"--spec", "config.json", "--bundle", "c", "--check"})->bundle, "c");
}

TEST(Options, TakeTheSpecFromTheBundleWhenOnlyThatIsNamed) {
  EXPECT_EQ(parse({"--bundle", "b", "--check"})->spec, "b/config.json");
}

TEST(Options, LeaveEverythingAfterTheMarkToTheCommand) {
  auto options = parse({"--spec", "c.json", "--", "p9", "--help", "--", "x"});
  ASSERT_TRUE(options.has_value());
  EXPECT_EQ(options->command, (Words{"p9", "--help", "--", "x"}));
}

TEST(Options, AnswerHelpAndVersionWhateverElseIsMissing) {
  EXPECT_EQ(parse({"--help"})->mode, Mode::kHelp);
  EXPECT_EQ(parse({"--version"})->mode, Mode::kVersion);
}

TEST(Options, TakeDescriptorZeroToTwoForTheLauncherItself) {
  for (const char* option : {"--spec-fd=2", "--status-fd=1", "--mounts-fd=0", "--io-fds=2"})
    EXPECT_NE(refusal({"--bundle", "b", "--check", option}), "accepted") << option;
}

TEST(Options, TakeTheBudgetsOfAWorker) {
  Budgets budgets = parse({"--spec", "c.json", "--check", "--fd-limit", "64", "--max-open-files",
                           "31", "--max-fids", "16", "--max-nodes", "16777216", "--max-xattr-bytes",
                           "65536", "--max-locks", "1"})
                        ->budgets;
  EXPECT_EQ(budgets.fd_limit, 64U);
  EXPECT_EQ(budgets.open_files, 31U);
  EXPECT_EQ(budgets.fids, 16U);
  EXPECT_EQ(budgets.nodes, 16'777'216U);
  EXPECT_EQ(budgets.xattr_bytes, 65'536U);
  EXPECT_EQ(budgets.locks, 1U);
}

// The numbers of --help, gofer(8) and docs/limits.md.
TEST(Options, LeaveTheBudgetsOfAWorkerAtWhatIsDocumented) {
  Budgets budgets = parse({"--spec", "c.json", "--check"})->budgets;
  EXPECT_EQ(budgets.fd_limit, 4096U);
  EXPECT_EQ(budgets.open_files, std::nullopt);
  EXPECT_EQ(budgets.fids, 262'144U);
  EXPECT_EQ(budgets.nodes, 524'288U);
  EXPECT_EQ(budgets.xattr_bytes, 1'048'576U);
  EXPECT_EQ(budgets.locks, 4096U);
}

struct Refused {
  Words words;
  const char* part;  // of the line
};

TEST(Options, RefuseInOneLineThatNamesTheOption) {
  const Refused rows[] = {
      {{}, "--spec: is missing"},
      {{"--spec", "a", "--spec-fd", "5", "--check"}, "--spec-fd: given together with --spec"},
      {{"--spec", "a", "--spec", "b", "--check"}, "--spec: given more than once"},
      {{"--spec", "", "--check"}, "--spec: is empty"},
      {{"--spec", "a"}, "--io-fds: is missing"},
      {{"--spec", "a", "--"}, "--: is followed by nothing"},
      {{"--spec", "a", "--io-fds", "3", "--", "sh"}, "--io-fds: given together with a command"},
      {{"--spec", "a", "--io-fds", "3", "--check"}, "--check: given together with --io-fds"},
      {{"--spec", "a", "--io-fds", "3", "--json"}, "--json: given without --check"},
      {{"--spec", "a", "--io-fds", "3,x"}, "--io-fds: \"x\" is not valid"},
      {{"--spec", "a", "--io-fds", "3,"}, "--io-fds: \"\" is not valid"},
      {{"--spec", "a", "--io-fds", "-3"}, "--io-fds"},
      {{"--spec", "a", "--io-fds", "99999999999999999999"}, "--io-fds"},
      {{"--spec", "a", "--io-fds", "3,3"}, "descriptor 3 is named twice"},
      {{"--spec", "a", "--io-fds", "3", "--status-fd", "3"}, "descriptor 3 is named twice"},
      {{"--spec", "a", "--check", "--log-level", "loud"}, "--log-level: \"loud\" is not valid"},
      {{"--spec", "a", "--check", "--log-format", "xml"}, "expected one of json text"},
      {{"--spec", "a", "--check", "--fd-limit", "63"}, "expected a whole number from 64"},
      {{"--spec", "a", "--check", "--max-fids", "15"}, "expected a whole number from 16"},
      {{"--spec", "a", "--check", "--max-fids", "many"}, "--max-fids: \"many\" is not valid"},
      {{"--spec", "a", "--check", "--max-nodes", "16777217"}, "from 16 to 16777216"},
      {{"--spec", "a", "--check", "--max-xattr-bytes", "65535"}, "number from 65536 to 1073741824"},
      {{"--spec", "a", "--check", "--max-locks", "0"}, "--max-locks: \"0\" is not valid"},
      {{"--spec", "a", "--check", "--max-locks", "65537"}, "from 1 to 65536"},
      {{"--spec", "a", "--check", "--disk-threads", "17"}, "from 0 to 16"},
      {{"--spec", "a", "--check", "--max-open-files", "0"}, "--max-open-files: \"0\""},
      {{"--spec", "a", "--check", "--max-open-files", "3560"},
       "--max-open-files: 3560 do not fit below the 4096 of --fd-limit; expected at most 3559"},
      {{"--spec", "a", "--check", "--max-open-files", "32", "--fd-limit", "64"}, "at most 31"},
      {{"--spec", "a", "--check", "--cgroup", ""}, "--cgroup: is empty; expected a path"},
      {{"--spec", "a", "--check", "--memory-max", "1048576"}, "given without --cgroup"},
      {{"--spec", "a", "--check", "--cgroup", "b", "--memory-max", "1048575"},
       "number from 1048576"},
      {{"--spec", "a", "--check", "--max-mounts", "-1"}, "--max-mounts"},
      {{"--spec", "a", "--check", "--unheard-of"}, "unheard-of"},
      {{"--spec", "a", "--check", "--stri"}, "stri"},
      {{"--spec", "a", "--check", "stray"}, "positional"},
      {{"--spec"}, "spec"},
  };
  for (const Refused& row : rows) {
    std::string line = refusal(row.words);
    EXPECT_NE(line.find(row.part), std::string::npos) << line;
    EXPECT_EQ(line.find('\n'), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace cmd

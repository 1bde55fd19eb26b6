// The line by which a runsc-like runtime starts its gofer: what of it is taken, passed over,
// refused.
#include <gtest/gtest.h>

#include <regex>
#include <string>
#include <vector>

#include "cmd/option_values.h"
#include "cmd/runsc.h"
#include "spec/base/log.h"
#include "spec/json.h"
#include "tests/support/descriptors.h"
#include "tests/support/gofer_process.h"
#include "tests/support/tree.h"

namespace cmd {
namespace {

using base::LogFormat;
using base::LogLevel;
using Words = std::vector<std::string>;

std::vector<const char*> pointers(const Words& words) {
  std::vector<const char*> argv;
  for (const std::string& word : words) argv.push_back(word.c_str());
  return argv;
}

bool is_line(const Words& words) {
  auto argv = pointers(words);
  return is_runsc_line(static_cast<int>(argv.size()), argv.data());
}

base::Outcome<Options> parse(const Words& words) {
  auto argv = pointers(words);
  return parse_runsc_line(static_cast<int>(argv.size()), argv.data());
}

// With these global flags, and what has to follow.
Words line(Words globals, const Words& more = {}) {
  globals.insert(globals.begin(), "runsc-gofer");
  for (const char* word : {"gofer", "--bundle", "b", "--spec-fd=3", "--mounts-fd=4", "--io-fds=5"})
    globals.emplace_back(word);
  globals.insert(globals.end(), more.begin(), more.end());
  return globals;
}

Options of(const Words& globals) {
  auto options = parse(line(globals));
  EXPECT_TRUE(options.has_value()) << base::to_line(options.error());
  return options ? *options : Options{};
}

TEST(RunscLine, IsKnownByTheNameOfTheProgram) {
  EXPECT_TRUE(is_line({"runsc-gofer"}));
  EXPECT_TRUE(is_line({"/proc/self/runsc-gofer", "boot"}));
  EXPECT_FALSE(is_line({"runsc"}));
  EXPECT_FALSE(is_line({}));
}

TEST(RunscLine, IsKnownByTheWordGoferAfterFlagsWithTheirValues) {
  EXPECT_TRUE(is_line({"gofer", "gofer"}));
  EXPECT_TRUE(is_line({"x", "--root=state", "--debug=true", "gofer", "--bundle", "b"}));
}

TEST(RunscLine, IsNotSeenInTheLinesOfGoferItself) {
  for (const Words& words :
       {Words{"gofer", "--spec", "gofer", "--check"}, Words{"gofer", "--check", "gofer"},
        Words{"gofer", "--spec=a", "--", "gofer"},
        Words{"gofer", "--spec", "c", "--", "x", "gofer"}, Words{"gofer", "--help"},
        Words{"gofer"}})
    EXPECT_FALSE(is_line(words)) << testing::PrintToString(words);
}

TEST(RunscLine, IsTakenWholeWithEverythingOn) {
  auto options = parse({"runsc-gofer",
                        "--root=state",
                        "--debug=true",
                        "--log=l.json",
                        "--log-format=json",
                        "--debug-log=log/z/",
                        "--overlay2=all:memory",
                        "--host-uds=all",
                        "--host-fifo=open",
                        "--network=none",
                        "--profile=true",
                        "--profile-cpu=prof",
                        "--lisafs=false",
                        "--ignore-cgroups=true",
                        "--fdlimit=5000",
                        "--log-fd=3",
                        "--debug-log-fd=4",
                        "gofer",
                        "--bundle",
                        "b3",
                        "--spec-fd=5",
                        "--profile-cpu-fd=6",
                        "--mounts-fd=7",
                        "--io-fds=8",
                        "--io-fds=9",
                        "--io-fds=10,11",
                        "--sync-userns-fd=12"});
  ASSERT_TRUE(options.has_value()) << base::to_line(options.error());
  EXPECT_EQ(options->mode, Mode::kServe);
  EXPECT_EQ(options->bundle, "b3");
  EXPECT_EQ(options->spec_fd, 5);
  EXPECT_EQ(options->mounts_fd, 7);
  EXPECT_EQ(options->io_fds, (std::vector<int>{8, 9, 10, 11}));
  EXPECT_TRUE(options->read_only);
  EXPECT_TRUE(options->host_uds);
  EXPECT_TRUE(options->host_fifo);
  EXPECT_EQ(options->budgets.fd_limit, 5000U);
  EXPECT_EQ(options->log_level, LogLevel::kDebug);
  EXPECT_EQ(options->log_format, LogFormat::kText);
  EXPECT_FALSE(options->runsc->flags.lisafs);
  EXPECT_EQ(options->runsc->sync_userns_fd, 12);
  EXPECT_EQ(options->runsc->log_fd, 3);
}

TEST(RunscLine, LeavesAPlainContainerAsItsSpecSays) {
  Options options = of({"--root=state", "--network=none"});
  EXPECT_TRUE(options.runsc->flags.lisafs) << "what the sandbox speaks unless it is told";
  EXPECT_FALSE(options.read_only || options.read_only_root);
  EXPECT_FALSE(options.host_uds || options.host_fifo || options.panic_on_write);
  EXPECT_GE(options.channels, 2U);
  EXPECT_LE(options.channels, 4U);
  EXPECT_GE(options.budgets.fd_limit, 64U);
  EXPECT_LE(options.budgets.fd_limit, 65'536U);
  EXPECT_FALSE(options.runsc->sync_userns_fd.has_value());
}

TEST(RunscLine, ServesReadOnlyWhatTheSandboxCovers) {
  EXPECT_TRUE(of({"--overlay2=root:memory"}).read_only_root);
  EXPECT_FALSE(of({"--overlay2=root:self"}).read_only);
  EXPECT_TRUE(of({"--overlay2=all:dir=/x"}).read_only);
  EXPECT_TRUE(of({"--overlay=true"}).read_only);
  EXPECT_FALSE(of({"--overlay=false", "--overlay2=none"}).read_only);
}

TEST(RunscLine, ConnectsToSocketsWhereOpenIsAmongWhatIsAllowed) {
  for (const char* flag : {"--host-uds=open", "--host-uds=all", "--fsgofer-host-uds=true"})
    EXPECT_TRUE(of({flag}).host_uds) << flag;
  for (const char* flag : {"--host-uds=none", "--host-uds=create", "--fsgofer-host-uds=false"})
    EXPECT_FALSE(of({flag}).host_uds) << flag;
}

TEST(RunscLine, LogsToWhatItWasGiven) {
  Options none = of({});
  EXPECT_EQ(none.log_level, LogLevel::kError);
  Options shim = of({"--log-fd=9"});
  EXPECT_EQ(shim.log_format, LogFormat::kShim);
  EXPECT_FALSE(shim.runsc->log_fd.has_value()) << "it is stderr";
  Options debug = of({"--debug-log-fd=9", "--debug-log-format=json-k8s"});
  EXPECT_EQ(debug.log_format, LogFormat::kJson);
  EXPECT_EQ(debug.log_level, LogLevel::kInfo);
}

TEST(RunscLine, PassesOverFlagsOfOtherPartsOfTheRuntime) {
  EXPECT_TRUE(
      parse(line({"--platform=kvm", "--strace", "--x=", "--=", "-vmodule=a=b"})).has_value());
  EXPECT_TRUE(parse(line({}, {"--trace-fd=-1", "--profile-heap-fd", "9", "--sync-userns-fd=-1"}))
                  .has_value());
}

struct Refused {
  Words words;
  const char* part;  // of the line
};

TEST(RunscLine, IsRefusedInOneLineThatNamesTheOption) {
  const Refused rows[] = {
      {{"runsc-gofer"}, "expected the word gofer"},
      {{"runsc-gofer", "--root=x", "boot"}, "options: boot: no command"},
      {line({"--overlay2=memory"}), "--overlay2: \"memory\" is not valid"},
      {line({"--overlay=maybe"}), "--overlay: \"maybe\" is not valid"},
      {line({"--host-uds=yes"}), "--host-uds"},
      {line({"--host-fifo=all"}), "--host-fifo"},
      {line({"--fdlimit=63"}), "--fdlimit"},
      {line({"--lisafs=no"}), "--lisafs"},
      {line({"--debug-log-format=xml"}), "--debug-log-format"},
      {line({"--log-fd=stderr"}), "--log-fd: \"stderr\" is not valid"},
      {line({"--debug-log-fd=1"}), "--debug-log-fd"},
      {line({}, {"--setup-root=false"}), "--setup-root=false: is no option"},
      {line({}, {"more"}), "more: is no option"},
      {line({}, {"--trace-fd"}), "--trace-fd: is followed by nothing"},
      {line({}, {"--spec-fd=6"}), "--spec-fd: given more than once"},
      {line({}, {"--io-fds=2"}), "--io-fds: \"2\" is not valid"},
      {line({}, {"--io-fds=4"}), "descriptor 4 is named twice"},
      {line({}, {"--sync-userns-fd=x"}), "--sync-userns-fd"},
      {{"runsc-gofer", "gofer", "--bundle", "", "--spec-fd=3"}, "--bundle: is empty"},
      {{"runsc-gofer", "gofer", "--bundle=b", "--spec-fd=3", "--mounts-fd=4"},
       "--io-fds: is missing"},
      {{"runsc-gofer", "gofer", "--bundle=b", "--io-fds=3", "--mounts-fd=4"},
       "--spec-fd: is missing"},
  };
  for (const Refused& row : rows) {
    auto options = parse(row.words);
    ASSERT_FALSE(options.has_value()) << row.part;
    EXPECT_EQ(options.error().exit, base::ExitCode::kUsage);
    EXPECT_NE(base::to_line(options.error()).find(row.part), std::string::npos)
        << base::to_line(options.error());
  }
}

TEST(RunscLine, HasItsFlagsDocumented) {
  std::string page = support::read_file("docs/runsc.md");
  std::string manual = support::read_file("docs/man/gofer.8");
  manual = std::regex_replace(manual, std::regex(R"(\\-)"), "-");
  for (std::string_view flag : runsc_flag_names()) {
    EXPECT_NE(page.find("`" + std::string(flag)), std::string::npos) << flag;
    EXPECT_TRUE(std::regex_search(manual, std::regex("[ \n\"]" + std::string(flag) + "[ \n]")))
        << flag;
  }
}

TEST(RunscLine, TellsWhereToReportThatItIsWrong) {
  const Words words{"runsc-gofer", "--log-fd=7", "--debug-log-fd=8", "--log-fd=x", "boot"};
  auto argv = pointers(words);
  RunscLogs logs = find_runsc_logs(static_cast<int>(argv.size()), argv.data());
  EXPECT_EQ(logs.log, 7);
  EXPECT_EQ(logs.debug_log, 8);
}

TEST(RunscAnnotations, SayAlwaysWhatOnlyTellsMore) {
  RunscFlags flags;
  auto notes = flags.take_annotations({{"dev.gvisor.flag.debug", "true"},
                                       {"dev.gvisor.flag.strace", "true"},
                                       {"dev.gvisor.spec.x", "y"}});
  ASSERT_TRUE(notes.has_value());
  EXPECT_TRUE(notes->empty());
  EXPECT_TRUE(flags.debug);
}

TEST(RunscAnnotations, OpenNothingUnlessTheRuntimeLetsThem) {
  const std::map<std::string, std::string> wishes = {
      {"dev.gvisor.flag.host-uds", "all"},
      {"dev.gvisor.flag.overlay2", "none"},
      {"dev.gvisor.flag.allow-flag-override", "true"}};
  RunscFlags flags{.overlay2 = RunscFlags::Overlay::kAll};
  EXPECT_EQ(flags.take_annotations(wishes)->size(), 3U);
  EXPECT_FALSE(flags.uds);
  EXPECT_TRUE(flags.read_only());
  flags.allow_flag_override = true;
  EXPECT_EQ(flags.take_annotations(wishes)->size(), 1U);
  EXPECT_TRUE(flags.uds);
  EXPECT_FALSE(flags.read_only());
}

TEST(RunscAnnotations, AreFaultsOfTheSpecWhereTheirValuesAreWrong) {
  RunscFlags flags;
  auto notes = flags.take_annotations({{"dev.gvisor.flag.debug", "maybe"}});
  ASSERT_FALSE(notes.has_value());
  EXPECT_EQ(notes.error().exit, base::ExitCode::kBadSpec);
  EXPECT_EQ(notes.error().where, "/annotations/dev.gvisor.flag.debug");
}

// The line that a log for a runtime's shim gets.
std::string shim_line(std::string_view event, std::initializer_list<base::LogField> fields) {
  base::UniqueFd file = support::make_memory_file("log");
  base::Log(file, LogFormat::kShim, LogLevel::kError, "gofer")
      .write(LogLevel::kError, event, fields);
  return support::content_of(file);
}

TEST(ShimLog, HasTheMembersThatAShimLooksFor) {
  std::string line = shim_line("spec: /root: \"x\" is wrong", {{"name", "a\n\"b"}, {"count", 7}});
  ASSERT_TRUE(line.ends_with("}\n"));
  auto object = spec::parse_json(line.substr(0, line.size() - 1), "log", "line");
  ASSERT_TRUE(object.has_value()) << line;
  EXPECT_EQ(support::text_of(*object, "level"), "error");
  EXPECT_EQ(support::text_of(*object, "msg"),
            R"(gofer: spec: /root: "x" is wrong name="a\u000a\"b" count=7)");
  EXPECT_EQ(support::text_of(*object, "time").size(),
            std::string("2026-11-25T04:13:47.440703Z").size());
}

TEST(ShimLog, IsJsonHoweverLongAndWhateverIsSaid) {
  std::string nasty;
  for (int i = 0; i < 30'000; ++i) nasty += static_cast<char>(i % 256);
  std::string line = shim_line(nasty, {{"name", nasty}});
  EXPECT_TRUE(spec::parse_json(line.substr(0, line.size() - 1), "log", "line").has_value()) << line;
}

}  // namespace
}  // namespace cmd

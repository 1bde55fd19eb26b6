// Option words: every one has one rule, and what the rules do.
#include "spec/mount_options.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/spec/spec_support.h"

namespace spec {
namespace {

using test::bind_with;
using test::bundle_with;
using test::notes;
using test::refusal;

using Words = std::vector<std::string>;

MountOptions parsed(const Words& words) {
  std::vector<std::string> said;
  Findings findings(Doubts::kAreNotes, said);
  auto options = parse_mount_options(words, "/options", findings);
  EXPECT_TRUE(options.has_value()) << to_line(options.error());
  return options.value_or(MountOptions{});
}

// A word that the rule for `known` applies to.
std::string sample(std::string_view known) {
  bool prefix = known.ends_with('=') || known.ends_with('.');
  return std::string(known) + (prefix ? "x" : "");
}

TEST(OptionWords, AreClassifiedOnce) {
  std::set<std::string_view> seen;
  for (const auto& [word, meaning] : option_words()) {
    EXPECT_TRUE(seen.insert(word).second) << word;
    EXPECT_EQ(meaning_of(sample(word)), meaning) << word << " is caught by an earlier rule";
  }
}

TEST(OptionWords, CoverTheOciTextsBindOptionsWithTheirRecursiveForms) {
  for (std::string word :
       {"ro",       "rw",         "suid",        "nosuid",        "dev",       "nodev",
        "exec",     "noexec",     "atime",       "noatime",       "diratime",  "nodiratime",
        "relatime", "norelatime", "strictatime", "nostrictatime", "symfollow", "nosymfollow",
        "private",  "slave",      "shared",      "unbindable",    "bind",      "idmap"}) {
    ASSERT_TRUE(meaning_of(word).has_value()) << word;
    if (word != "bind") {
      EXPECT_EQ(meaning_of("r" + word), meaning_of(word)) << word;
    }
  }
  for (std::string word :
       {"remount", "sync", "async", "dirsync", "mand", "nomand", "iversion", "noiversion",
        "lazytime", "nolazytime", "silent", "loud", "acl", "noacl", "defaults", "tmpcopyup"})
    EXPECT_TRUE(meaning_of(word).has_value()) << word;
}

TEST(OptionWords, MatchWholeWordsUnlessTheyTakeAValue) {
  EXPECT_EQ(meaning_of("size=64k"), OptionMeaning::kNoEffect);
  EXPECT_EQ(meaning_of("size"), std::nullopt);
  EXPECT_EQ(meaning_of("rox"), std::nullopt);
  EXPECT_EQ(meaning_of("RO"), std::nullopt);
  EXPECT_EQ(meaning_of(""), std::nullopt);
  EXPECT_EQ(meaning_of(std::string_view("ro\0", 3)), std::nullopt);
}

TEST(OptionWords, EveryRefusedOneIsRefusedAndEveryOtherOneIsNot) {
  for (const auto& [word, meaning] : option_words()) {
    std::string line = refusal(bundle_with(
        bind_with("\"" + sample(word) + "\"", R"(,"uidMappings":[{"containerID":0,)"
                                              R"("hostID":0,"size":1}],"gidMappings":)"
                                              R"([{"containerID":0,"hostID":0,"size":1}])")));
    bool refused = meaning == OptionMeaning::kRefused || meaning == OptionMeaning::kShared;
    EXPECT_EQ(line == "accepted", !refused) << word << ": " << line;
  }
}

TEST(OptionWords, WithoutEffectAreToldAndTheOthersAreSilent) {
  for (const auto& [word, meaning] : option_words()) {
    if (meaning == OptionMeaning::kRefused || meaning == OptionMeaning::kShared) continue;
    std::vector<std::string> said;
    Findings findings(Doubts::kAreNotes, said);
    ASSERT_TRUE(parse_mount_options({sample(word)}, "/o", findings).has_value()) << word;
    bool told = meaning == OptionMeaning::kNotGranted || meaning == OptionMeaning::kAccessTimes ||
                meaning == OptionMeaning::kNoEffect;
    EXPECT_EQ(said.size(), told ? 1U : 0U) << word;
  }
}

TEST(MountOptions, TheLastOfReadOnlyAndReadWriteWins) {
  EXPECT_EQ(parsed({}).access, Access::kReadWrite);
  EXPECT_EQ(parsed({"ro"}).access, Access::kReadOnly);
  EXPECT_EQ(parsed({"rro"}).access, Access::kReadOnly);
  EXPECT_EQ(parsed({"ro", "rw"}).access, Access::kReadWrite);
  EXPECT_EQ(parsed({"rw", "ro"}).access, Access::kReadOnly);
  EXPECT_EQ(parsed({"rrw", "ro", "rw", "rro"}).access, Access::kReadOnly);
}

TEST(MountOptions, BindIsRecursiveWithRbindWhereverItStands) {
  EXPECT_FALSE(parsed({"bind"}).recursive);
  EXPECT_TRUE(parsed({"rbind"}).recursive);
  EXPECT_TRUE(parsed({"rbind", "bind"}).recursive);
  EXPECT_TRUE(ask_for_bind({"ro", "rbind"}));
  EXPECT_FALSE(ask_for_bind({"ro"}));
}

TEST(MountOptions, PropagationMayBeRepeatedButNotContradicted) {
  EXPECT_EQ(parsed({}).propagation, std::nullopt);
  EXPECT_EQ(parsed({"private", "rprivate"}).propagation, Propagation::kPrivate);
  EXPECT_EQ(parsed({"rslave"}).propagation, Propagation::kSlave);
  EXPECT_EQ(parsed({"unbindable"}).propagation, Propagation::kUnbindable);
}

TEST(MountOptions, MknodMayNameBothKindsOfFiles) {
  EXPECT_EQ(parsed({}).own.special, (SpecialFiles{}));
  EXPECT_EQ(parsed({"x-gofer.mknod=fifo"}).own.special, (SpecialFiles{.fifo = true}));
  EXPECT_EQ(parsed({"x-gofer.mknod=socket"}).own.special, (SpecialFiles{.socket = true}));
  EXPECT_EQ(parsed({"x-gofer.mknod=socket", "x-gofer.mknod=fifo"}).own.special,
            (SpecialFiles{.fifo = true, .socket = true}));
}

TEST(MountOptions, XattrAddsANameSpaceToUser) {
  EXPECT_EQ(parsed({}).own.xattrs, (XattrNames{.user = true}));
  EXPECT_EQ(parsed({"x-gofer.xattr=user"}).own.xattrs, (XattrNames{.user = true}));
  EXPECT_EQ(parsed({"x-gofer.xattr=acl"}).own.xattrs, (XattrNames{.user = true, .acl = true}));
  EXPECT_EQ(parsed({"x-gofer.xattr=security"}).own.xattrs,
            (XattrNames{.user = true, .security = true}));
  EXPECT_EQ(parsed({"x-gofer.xattr=trusted"}).own.xattrs,
            (XattrNames{.user = true, .trusted = true}));
  EXPECT_EQ(parsed({"x-gofer.xattr=trusted", "ro", "x-gofer.xattr=acl", "x-gofer.xattr=security"})
                .own.xattrs,
            (XattrNames{.user = true, .acl = true, .security = true, .trusted = true}));
}

TEST(MountOptions, XattrNoneServesNoneAndStandsAlone) {
  EXPECT_EQ(parsed({"x-gofer.xattr=none"}).own.xattrs, (XattrNames{.user = false}));
  EXPECT_EQ(parsed({"x-gofer.xattr=none", "x-gofer.xattr=none"}).own.xattrs,
            (XattrNames{.user = false}));
  for (std::string other : {"user", "acl", "security", "trusted"}) {
    std::string none = R"("x-gofer.xattr=none")";
    std::string some = R"("x-gofer.xattr=)" + other + "\"";
    for (const std::string& list : {none + "," + some, some + "," + none})
      EXPECT_EQ(refusal(bundle_with(bind_with(list))),
                "spec: /mounts/0/options: x-gofer.xattr=none and name spaces of extended "
                "attributes; expected none alone, or the name spaces to serve");
  }
}

TEST(MountOptions, LocksAreServedUnlessTheyAreSwitchedOff) {
  EXPECT_TRUE(parsed({}).own.locks);
  EXPECT_FALSE(parsed({"x-gofer.locks=off"}).own.locks);
}

TEST(MountOptions, DescriptorsGoToTheClientUnlessThatIsSwitchedOff) {
  EXPECT_TRUE(parsed({}).own.donate);
  EXPECT_FALSE(parsed({"x-gofer.donate=off"}).own.donate);
}

TEST(MountOptions, SocketsFifosAndChannelsAreServedWhereTheyAreAskedFor) {
  EXPECT_FALSE(parsed({}).own.uds);
  EXPECT_FALSE(parsed({}).own.fifo);
  EXPECT_EQ(parsed({}).own.channels, 0u);
  GoferOptions all = parsed({"x-gofer.fifo=open", "x-gofer.uds=open", "x-gofer.channels=4"}).own;
  EXPECT_EQ(all, (GoferOptions{.uds = true, .fifo = true, .channels = 4}));
  EXPECT_EQ(parsed({"x-gofer.channels=1"}).own.channels, 1u);
  EXPECT_EQ(parsed({"x-gofer.channels=2", "x-gofer.channels=2"}).own.channels, 2u);
  EXPECT_EQ(refusal(bundle_with(bind_with(R"("x-gofer.channels=2","x-gofer.channels=3")"))),
            "spec: /mounts/0/options: two numbers of channels; expected x-gofer.channels once");
}

TEST(MountOptions, ExtrasOfAWorkerAreWhatItsOptionsNeed) {
  Extras usual = Extras().with(Extra::kDonate).with(Extra::kXattr).with(Extra::kLocks);
  EXPECT_EQ(extras_of(parsed({}).own), usual);
  EXPECT_EQ(extras_of(parsed({"x-gofer.donate=off"}).own), usual.without(Extra::kDonate));
  EXPECT_EQ(extras_of(parsed({"x-gofer.xattr=none"}).own), usual.without(Extra::kXattr));
  EXPECT_EQ(extras_of(parsed({"x-gofer.locks=off"}).own), usual.without(Extra::kLocks));
  EXPECT_EQ(extras_of(parsed({"x-gofer.mknod=fifo"}).own), usual.with(Extra::kMknod));
  EXPECT_EQ(extras_of(parsed({"x-gofer.mknod=socket"}).own), usual.with(Extra::kMknod));
  EXPECT_EQ(extras_of(parsed({"x-gofer.uds=open"}).own), usual.with(Extra::kUds));
  EXPECT_EQ(extras_of(parsed({"x-gofer.fifo=open"}).own), usual.with(Extra::kFifo));
  EXPECT_EQ(extras_of(parsed({"x-gofer.channels=3"}).own), usual.with(Extra::kChannels));
}

TEST(MountOptions, SocketsAndFifosAreNoExtrasWhereNoDescriptorIsGiven) {
  Extras extras =
      extras_of(parsed({"x-gofer.uds=open", "x-gofer.fifo=open", "x-gofer.donate=off"}).own);
  EXPECT_EQ(extras, Extras().with(Extra::kXattr).with(Extra::kLocks));
}

// What nobody can have is left out, and what is needed for something else comes with it.
TEST(Extras, AreCompletedForTheRole) {
  Extras all = Extras::of_index(Extras::kSets - 1);
  EXPECT_EQ(completed(Role::kReadWrite, all), all);
  EXPECT_EQ(completed(Role::kReadOnly, all), all.without(Extra::kMknod));
  EXPECT_EQ(completed(Role::kSupervisor, all), Extras());
  for (Extra extra : {Extra::kUds, Extra::kFifo, Extra::kChannels})
    EXPECT_EQ(completed(Role::kReadOnly, Extras().with(extra)),
              Extras().with(extra).with(Extra::kDonate));
}

TEST(MountOptions, PanicOnWriteNeedsAReadOnlyTree) {
  EXPECT_EQ(parsed({"ro", "x-gofer.panic-on-write"}).own.on_write, OnWrite::kPanic);
  EXPECT_EQ(parsed({"x-gofer.panic-on-write", "ro"}).own.on_write, OnWrite::kPanic);
  constexpr std::string_view kRefused =
      "spec: /mounts/0/options: panic-on-write on a read-write attach point: writes are allowed, "
      "so nothing would ever panic; expected it together with ro (for the root: with "
      "root.readonly)";
  EXPECT_EQ(refusal(bundle_with(bind_with(R"("x-gofer.panic-on-write")"))), kRefused);
  EXPECT_EQ(refusal(bundle_with(bind_with(R"("ro","x-gofer.panic-on-write","rw")"))), kRefused);
}

TEST(MountOptions, UnknownGoferOptionsAreErrorsThatListTheKnownOnes) {
  EXPECT_EQ(refusal(bundle_with(bind_with(R"("rbind","x-gofer.panic")"))),
            "spec: /mounts/0/options/1: the option \"x-gofer.panic\" is not known; expected one "
            "of x-gofer.panic-on-write x-gofer.mknod=fifo x-gofer.mknod=socket "
            "x-gofer.xattr=none x-gofer.xattr=user x-gofer.xattr=acl x-gofer.xattr=security "
            "x-gofer.xattr=trusted x-gofer.locks=off x-gofer.donate=off x-gofer.uds=open "
            "x-gofer.fifo=open x-gofer.channels=1 x-gofer.channels=2 x-gofer.channels=3 "
            "x-gofer.channels=4");
  for (std::string word : {"x-gofer.",
                           "x-gofer",
                           "x-gofer.panic-on-write=1",
                           "x-gofer.mknod",
                           "x-gofer.mknod=",
                           "x-gofer.mknod=block",
                           "x-gofer.mknod=fifo,socket",
                           "X-Gofer.panic-on-write",
                           "x-gofer-panic-on-write",
                           "x-gofer.xattr",
                           "x-gofer.xattr=",
                           "x-gofer.xattr=all",
                           "x-gofer.xattr=user,acl",
                           "x-gofer.xattr=User",
                           "x-gofer.xattr=posix_acl",
                           "x-gofer.locks",
                           "x-gofer.locks=on",
                           "x-gofer.locks=0",
                           "x-gofer.donate",
                           "x-gofer.donate=on",
                           "x-gofer.donate=OFF",
                           "x-gofer.uds",
                           "x-gofer.uds=all",
                           "x-gofer.fifo=on",
                           "x-gofer.channels=0",
                           "x-gofer.channels=5",
                           "x-gofer.channels=01"}) {
    std::string line = refusal(bundle_with(bind_with("\"" + word + "\"")));
    EXPECT_NE(line.find("is not known; expected one of"), std::string::npos) << line;
  }
}

TEST(MountOptions, OnAMountThatIsNotServedGoferOptionsAreErrors) {
  EXPECT_EQ(refusal(bundle_with(R"({"destination":"/tmp","type":"tmpfs","source":"tmpfs",)"
                                R"("options":["ro","x-gofer.panic-on-write"]})")),
            "spec: /mounts/0/options: an x-gofer option on a mount that gofer does not serve; "
            "expected it on a bind mount");
}

TEST(MountOptions, ManyWordsWithoutEffectMakeOneNote) {
  EXPECT_EQ(notes(bundle_with(bind_with(R"("bind","a","b","c","d","e","f","g")"))),
            "/mounts/0/options: \"a\" \"b\" \"c\" \"d\" \"e\" and 2 more not known here and passed "
            "over");
}

TEST(RootOptions, ComeFromTheAnnotation) {
  auto options = parse_root_options("x-gofer.panic-on-write,x-gofer.mknod=fifo", Access::kReadOnly);
  ASSERT_TRUE(options.has_value());
  EXPECT_EQ(options->own.on_write, OnWrite::kPanic);
  EXPECT_EQ(options->own.special, (SpecialFiles{.fifo = true}));
  EXPECT_TRUE(options->recursive);
  EXPECT_EQ(parse_root_options("", Access::kReadWrite)->own.on_write, OnWrite::kRefuse);
}

TEST(RootOptions, AreEveryWordOfThisProgram) {
  auto options = parse_root_options("x-gofer.xattr=acl,x-gofer.locks=off,x-gofer.donate=off",
                                    Access::kReadWrite);
  ASSERT_TRUE(options.has_value());
  EXPECT_EQ(options->own.xattrs, (XattrNames{.user = true, .acl = true}));
  EXPECT_FALSE(options->own.locks);
  EXPECT_FALSE(options->own.donate);
  for (std::string_view word : gofer_words())
    EXPECT_TRUE(parse_root_options(word, Access::kReadOnly).has_value()) << word;
  EXPECT_FALSE(
      parse_root_options("x-gofer.xattr=none,x-gofer.xattr=user", Access::kReadWrite).has_value());
}

TEST(RootOptions, AreWordsOfThisProgramOnly) {
  for (std::string_view list : {"ro", "x-gofer.nope", "x-gofer.mknod=fifo,,x-gofer.mknod=socket",
                                " x-gofer.mknod=fifo", "panic-on-write"}) {
    auto options = parse_root_options(list, Access::kReadOnly);
    ASSERT_FALSE(options.has_value()) << list;
    EXPECT_EQ(options.error().where, "/annotations/org.gofer.root.options");
    EXPECT_NE(options.error().expected.find("x-gofer.panic-on-write"), std::string::npos);
  }
}

TEST(RootOptions, PanicOnWriteNeedsAReadOnlyRoot) {
  auto options = parse_root_options("x-gofer.panic-on-write", Access::kReadWrite);
  ASSERT_FALSE(options.has_value());
  EXPECT_NE(options.error().what.find("nothing would ever panic"), std::string::npos);
}

}  // namespace
}  // namespace spec

// A read-only tree, attacked by every message that could change it, through mutants. On these
// attach points the server's own check does not answer EROFS but ends the worker: so it shows
// whether that one refused or the mount did.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "tests/layers/mutant.h"
#include "tests/suite/samples.h"
#include "tests/support/violation.h"

namespace layers {
namespace {

using p9client::Client;
using suite::Of;
using support::outcome;

struct Place {
  std::string_view where;
  std::string_view name;  // what the requests are to make, move or remove there
  bool open = false;
};

template <class M, p9::Message... Each>
constexpr bool kOneOf = (std::is_same_v<M, Each> || ...);
// Those that change neither what a file holds nor what a directory lists.
template <class M>
constexpr bool kOfAttributes =
    kOneOf<M, p9::Tsetattr, p9::Tsetattrclunk, p9::Txattrcreate, p9::Tsetxattr, p9::Tremovexattr>;
// Nobody gets a file that is open for writing on these trees.
template <class M>
constexpr bool kTakesAFileOpenForWriting = kOneOf<M, p9::Twrite, p9::Tallocate>;

// Which messages go where.
struct Attack {
  std::string name;
  std::vector<Place> places = {
      {.where = "file", .name = "inside"},      {.where = "file", .name = "inside", .open = true},
      {.where = "directory", .name = "inside"}, {.where = "directory", .name = "made"},
      {.where = "link", .name = "inside"},      {.where = "fifo", .name = "inside"},
      {.where = "socket", .name = "inside"}};
  bool contents_and_names = true;
  bool attributes = true;
  std::string_view only = {};  // this message alone
  bool fifo_is_served = false;

  template <class M>
  bool has() const {
    if (!only.empty() && only != M::kLine.name) return false;
    return kOfAttributes<M> ? attributes : contents_and_names;
  }
};

class ReadOnlyTree : public testing::Test {
 protected:
  ReadOnlyTree() {
    support::make_file(tree() / "file", "0123456789");
    support::set_xattr(tree() / "file", "user.a", "value");
    support::make_file(tree() / "directory" / "inside", "text");
    support::make_symlink(tree() / "link", "file");
    support::make_fifo(tree() / "fifo", 0666);
    support::make_socket(tree() / "socket");
    support::make_file(world_ / "outside" / "secret", "of the outside");
  }
  support::path tree() const { return world_ / "tree"; }

  // From now on all of the tree belongs to another user.
  void give_away(mode_t directories, mode_t files) {
    constexpr uid_t kOther = 54321;
    std::vector<support::path> all{tree()};
    for (const auto& entry : std::filesystem::recursive_directory_iterator(tree()))
      all.push_back(entry.path());
    for (const support::path& each : all) {
      ASSERT_EQ(::lchown(each.c_str(), kOther, kOther), 0);
      if (std::filesystem::is_symlink(each)) continue;
      mode_t mode = std::filesystem::is_directory(each) ? directories : files;
      ASSERT_EQ(::chmod(each.c_str(), mode), 0);
    }
  }

  // Sends every message of the attack, at each of its places, to a worker of its own.
  Row attacked(const std::string& off, const Attack& attack);
  void expect(const std::string& off, const Attack& attack) {
    std::string row = text_of(attacked(off, attack));
    EXPECT_TRUE(documented("A read-only tree").contains(row)) << row;
  }

 private:
  template <class F>
  static void for_each_message(const Attack& attack, F&& function) {
    suite::Subject any{p9::Fid{}, p9::Fid{}, p9::Fid{}, *p9::Name::parse("inside"),
                       *p9::Name::parse("new")};
    for (const Place& place : attack.places)
      suite::for_each_sample(any, [&]<class M>(const M& message) {
        if (p9::mutates(message) && attack.has<M>()) function(place, Of<M>{});
      });
  }

  template <class M>
  static std::string sent(support::Serving& serving, std::size_t point, const Place& place,
                          Of<M> type) {
    Client client = serving.client(point);
    auto fid = client.walk(place.where);
    if (place.open) (void)client.open(*fid, p9::kOpenRdonly);
    suite::Subject subject{fid->release(), Client::root(), client.new_fid(),
                           *p9::Name::parse(place.name), *p9::Name::parse("new")};
    std::string said = outcome(client.call(suite::sample(type, subject)));
    // The attribute is set by the clunk alone.
    if (!std::is_same_v<M, p9::Txattrcreate> || said != "ok") return said;
    (void)client.call(p9::Twrite{subject.fid, 0, suite::kSampleData});
    return outcome(client.call(p9::Tclunk{subject.fid}));
  }

  support::TempDir world_;
};

// Whether a layer caught it; else the request made no sense at its place.
bool note_catch(Row& row, const Attack& attack, const Answer& answer) {
  auto by = [&row](const char* layer, const std::string& how) {
    row.caught_by.insert(layer);
    row.seen_as.insert("`" + how + "`");
    return true;
  };
  if (answer.cause == "panic-on-write") return by("the server", answer.cause);
  if (answer.cause == "policy-violation") return by("the filter", answer.call);
  if (answer.said == "EROFS") return by("the mount", answer.said);
  bool refused = answer.said == "EACCES" || answer.said == "EPERM";
  if (refused && !attack.contents_and_names) return by("capabilities", answer.said);
  if (answer.said == "EACCES") return by("Landlock", answer.said);
  return false;
}

Row ReadOnlyTree::attacked(const std::string& off, const Attack& attack) {
  support::Bundle bundle;
  std::vector<std::string> options{"rbind", "ro", "x-gofer.panic-on-write"};
  if (attack.fifo_is_served) options.emplace_back("x-gofer.fifo=open");
  for_each_message(attack, [&]<class M>(const Place&, Of<M>) {
    bundle.mount("/" + std::to_string(bundle.attach_points()), tree(), options);
  });
  support::Serving serving(bundle, {.binary = binary_without(off)});
  support::Inventory before = support::inventory(world_.path());
  Row row{.off = off, .attack = attack.name, .caught_by = {}, .seen_as = {}};
  std::set<std::string> caught;
  std::set<std::string> tried;
  std::size_t point = 0;
  for_each_message(attack, [&]<class M>(const Place& place, Of<M> type) {
    ++point;
    Answer answer = answered(serving, point, sent(serving, point, place, type));
    EXPECT_NE(answer.said, "ok") << M::kLine.name << " at " << place.where << ", off: " << off;
    bool was_caught = note_catch(row, attack, answer);
    if (was_caught) caught.insert(std::string(M::kLine.name));
    if (was_caught || !kTakesAFileOpenForWriting<M>) tried.insert(std::string(M::kLine.name));
  });
  EXPECT_EQ(support::inventory(world_.path()), before) << off;
  EXPECT_EQ(caught, tried) << off;
  return row;
}

TEST_F(ReadOnlyTree, L4_StaysByteIdenticalWithAnyOneLayerOff) {
  for (const char* off :
       {"nothing", "read-only check", "mount attributes", "Landlock", "filter", "name check"})
    expect(off, {.name = "every change"});
}

TEST_F(ReadOnlyTree, L4_StaysByteIdenticalWithoutTheServersCheckAndAnotherLayer) {
  for (const char* off : {"read-only check, mount attributes", "read-only check, Landlock",
                          "read-only check, filter"})
    expect(off, {.name = "every change"});
}

// What a mount does not stop: a FIFO belongs to no file system once it is open.
TEST_F(ReadOnlyTree, L4_AFifoIsNotWrittenTo) {
  if (!kernel_has_landlock()) GTEST_SKIP() << "the kernel has no Landlock";
  for (const char* off : {"nothing", "read-only check", "read-only check, filter"})
    expect(off, {.name = "opening a FIFO to write",
                 .places = {{.where = "fifo", .name = "inside"}},
                 .only = "Tlopen",
                 .fifo_is_served = true});
}

// Everybody may write to it, were it not for Landlock.
TEST_F(ReadOnlyTree, L4_LandlockAloneKeepsContentsAndNames) {
  if (!kernel_has_landlock()) GTEST_SKIP() << "the kernel has no Landlock";
  give_away(0777, 0666);
  expect("read-only check, filter, mount attributes",
         {.name = "contents and names of files that all may write to", .attributes = false});
}

TEST_F(ReadOnlyTree, L4_MissingCapabilitiesAloneKeepAttributesOfOthersFiles) {
  give_away(0755, 0644);
  expect("read-only check, filter, mount attributes",
         {.name = "attributes of files of other users", .contents_and_names = false});
}

TEST_F(ReadOnlyTree, AViolationIsNamedWithItsSystemCall) {
  auto call = [this](std::string_view message, Place place) {
    Attack attack{.name = "one message", .places = {place}, .only = message};
    Row row = attacked("read-only check", attack);
    return row.seen_as.size() == 1 ? *row.seen_as.begin() : text_of(row);
  };
  const Place directory{.where = "directory", .name = "inside"};
  const Place file{.where = "file", .name = "inside"};
  EXPECT_EQ(call("Tmkdir", directory), "`mkdirat`");
  EXPECT_EQ(call("Tunlinkat", directory), "`unlinkat`");
  EXPECT_EQ(call("Tsymlink", directory), "`symlinkat`");
  EXPECT_EQ(call("Tucreate", directory), "`openat`");
  EXPECT_EQ(call("Tlopen", file), "`openat`");
  EXPECT_EQ(call("Txattrcreate", file), "`setxattr`");
  EXPECT_EQ(call("Tsetxattr", file), "`setxattr`");
  EXPECT_EQ(call("Tremovexattr", file), "`removexattr`");
  EXPECT_EQ(call("Tsetattr", file), "`fchmodat`");
}

// So does a build whose library or compiler makes a call that no policy lists: the report has the
// policy, the call and the instruction, and the tests tell its place in the code.
TEST_F(ReadOnlyTree, AViolationIsTracedToItsPlaceInTheCode) {
  support::Bundle bundle;
  bundle.mount("/tree", tree(), {"rbind", "ro"});
  support::Serving serving(bundle, {.binary = binary_without("read-only check")});
  constexpr std::size_t kTree = 1;
  Client client = serving.client(kTree);
  (void)client.call(p9::Tmkdir{Client::root(), *p9::Name::parse("made"), 0755, p9::kNoGid});
  spec::Json end = serving.worker_end(serving.worker(kTree));
  EXPECT_EQ(support::text_of(end, "policy"), "ro+donate+xattr+locks");
  EXPECT_TRUE(support::text_of(end, "code").starts_with("gofer+0x")) << dump(end);
  std::string traced =
      support::violations_in(serving.process().err(), binary_without("read-only check"));
  EXPECT_TRUE(traced.starts_with("ro+donate+xattr+locks: mkdirat: ")) << traced;
  EXPECT_NE(traced.find("gofer::host::mkdirat"), traced.npos) << traced;
  EXPECT_NE(traced.find("host_file.cc:"), traced.npos) << traced;
}

TEST(Layers, EveryRowOfAReadOnlyTreeIsTested) {
  EXPECT_EQ(documented("A read-only tree").size(), 14U);
}

}  // namespace
}  // namespace layers

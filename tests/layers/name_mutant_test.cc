// Names that are more than one component, in every message that has a name, through mutants that
// let them in: nothing outside of the attach point is read or changed.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "tests/layers/mutant.h"
#include "tests/suite/samples.h"

namespace layers {
namespace {

using namespace std::string_literals;
using p9client::Client;
using suite::Of;
using support::outcome;

constexpr std::string_view kMark = "(name)";  // stands in a frame where the hostile name goes
constexpr std::string_view kSecret = "of the outside";
constexpr uid_t kOutsideOwner = 54321;
constexpr std::size_t kTree = 1;
constexpr std::size_t kMessagesWithNames = 15;

// The frame with `name` in all places of kMark; empty if there are none.
std::vector<std::byte> with_name(std::vector<std::byte> frame, std::string_view name) {
  support::RawFrame mark(0, {});
  support::RawFrame text(0, {});
  auto marked = mark.text(kMark).take();
  auto named = text.text(name).take();
  auto pattern = std::span(marked).subspan(p9::kHeaderSize);
  auto other = std::span(named).subspan(p9::kHeaderSize);
  bool found = false;
  auto at = std::ranges::search(frame, pattern).begin();
  for (; at != frame.end(); at = std::ranges::search(frame, pattern).begin()) {
    found = true;
    auto next = frame.erase(at, at + static_cast<std::ptrdiff_t>(pattern.size()));
    frame.insert(next, other.begin(), other.end());
  }
  auto size = static_cast<uint32_t>(frame.size());
  std::memcpy(frame.data(), &size, sizeof size);
  return found ? frame : std::vector<std::byte>();
}

class Names : public testing::Test {
 protected:
  Names() {
    support::make_file(outside() / "secret", kSecret, 0666);
    support::make_directory(outside() / "directory", 0777);
    for (const char* file : {"", "secret", "directory"})
      if (::lchown((outside() / file).c_str(), kOutsideOwner, kOutsideOwner) != 0)
        throw std::runtime_error("lchown");
    make_tree();
  }
  support::path tree() const { return world_ / "tree"; }
  support::path outside() const { return world_ / "outside"; }

  // As it was before: some messages do something in the tree itself.
  void make_tree() {
    for (const auto& entry : std::filesystem::directory_iterator(tree_made()))
      std::filesystem::remove_all(entry.path());
    support::make_file(tree() / "file", "0123456789");
    support::make_file(tree() / "directory" / "inside", "text");
    support::make_symlink(tree() / "out", outside().native());
    support::make_symlink(tree() / "up", "../outside");
  }

  // Names that would lead out if they were paths, by no symbolic link or by one.
  std::vector<std::string> ways_out() const {
    return {"..",
            "/",
            "../outside",
            "../outside/secret",
            outside().native(),
            (outside() / "secret").native(),
            "directory/../../outside/secret",
            "/../outside"};
  }
  static std::vector<std::string> ways_by_links() {
    return {"out/secret", "up/secret", "out/.", "up/directory/"};
  }

  // Every message that has a name, with every such name. Returns how many those messages were.
  std::size_t attack(const std::string& off);
  // What walking such ways comes to, as a row of the table.
  Row walked(const std::string& off, std::string name, const std::vector<std::string>& ways);

  static void expect(const Row& row) {
    EXPECT_TRUE(documented("Names").contains(text_of(row))) << text_of(row);
  }

 private:
  support::path tree_made() const {
    support::make_directory(tree());
    return tree();
  }
  template <class M>
  bool attack_with(Client& client, const suite::Subject& subject, const std::string& name,
                   Of<M> type);
  static void expect_inside(Client& client, p9::Fid fid, const std::string& what);

  support::TempDir world_;
};

// The frame as it is; what the answer says: "ok" or an errno. Empty: this message has no name.
std::string say(Client& client, const std::vector<std::byte>& frame) {
  if (frame.empty()) return "";
  auto sent = client.connection().send_raw(frame);
  if (!sent) return outcome(sent);
  auto reply = client.connection().receive();
  if (!reply) return outcome(reply);
  if (reply->type() != p9::Rlerror::kLine.type) return "ok";
  return outcome(p9client::read_reply<p9::Rlerror>(*reply));
}

void Names::expect_inside(Client& client, p9::Fid fid, const std::string& what) {
  auto attributes = client.getattr(fid);
  if (!attributes) return;
  EXPECT_NE(attributes->uid, kOutsideOwner) << what;
  (void)client.open(fid, p9::kOpenRdonly);
  if (auto data = client.read(fid, 0, 100)) {
    EXPECT_FALSE(std::ranges::equal(*data, std::as_bytes(std::span(kSecret)))) << what;
  }
}

template <class M>
bool Names::attack_with(Client& client, const suite::Subject& subject, const std::string& name,
                        Of<M> type) {
  std::string what = std::string(M::kLine.name) + " of '" + name + "'";
  auto frame = with_name(support::RawFrame::of(p9::Tag{0}, suite::sample(type, subject)), name);
  std::string said = say(client, frame);
  if (said.empty()) return false;
  EXPECT_NE(said, "ECONNRESET") << what;
  for (p9::Fid fid : {subject.fid, subject.free}) {
    expect_inside(client, fid, what);
    (void)client.clunk(fid);
  }
  return true;
}

std::size_t Names::attack(const std::string& off) {
  support::Bundle bundle;
  bundle.mount("/tree", tree(), {"rbind", "rw"});
  support::Serving serving(bundle, {.binary = binary_without(off)});
  Client client = serving.client(kTree);
  support::Inventory before = support::inventory(outside());
  std::set<std::string> messages;
  std::vector<std::string> names = ways_out();
  for (const auto& more : {ways_by_links(), {"", ".", "a/b", "a\0b"s, "/proc/self/root"}})
    names.insert(names.end(), more.begin(), more.end());
  for (const std::string& name : names) {
    for (const char* where : {"", "directory", "file"}) {
      // As what is there, as its new name, and as both.
      for (auto [first, second] : {std::pair(kMark, std::string_view("new")),
                                   std::pair(std::string_view("file"), kMark),
                                   {kMark, kMark}}) {
        make_tree();
        suite::Subject any{p9::Fid{}, Client::root(), p9::Fid{}, *p9::Name::parse(first),
                           *p9::Name::parse(second)};
        suite::for_each_sample(any, [&]<class M>(const M&) {
          suite::Subject subject = any;
          auto fid = client.walk(where);
          if (!fid) {
            make_tree();
            fid = client.walk(where);
          }
          ASSERT_EQ(outcome(fid), "ok");
          subject.fid = fid->release();
          subject.free = client.new_fid();
          if (attack_with(client, subject, name, Of<M>{}))
            messages.insert(std::string(M::kLine.name));
          (void)client.clunk(subject.fid);
        });
      }
    }
  }
  EXPECT_EQ(support::inventory(outside()), before) << off;
  return messages.size();
}

Row Names::walked(const std::string& off, std::string name, const std::vector<std::string>& ways) {
  support::Bundle bundle;
  bundle.mount("/tree", tree(), {"rbind", "rw"});
  support::Serving serving(bundle, {.binary = binary_without(off)});
  Client client = serving.client(kTree);
  Row row{.off = off, .attack = std::move(name), .caught_by = {}, .seen_as = {}};
  auto by = [&row](const char* layer, const std::string& how) {
    row.caught_by.insert(layer);
    row.seen_as.insert(how);
  };
  auto root = client.getattr(Client::root());
  for (const std::string& way : ways) {
    p9::Fid fid = client.new_fid();
    p9::Twalk walk{Client::root(), fid, {*p9::Name::parse(kMark)}};
    std::string said = say(client, with_name(support::RawFrame::of(p9::Tag{0}, walk), way));
    if (said == "EINVAL") by("the server", "`EINVAL`");
    if (said == "ELOOP") by("the mount", "`ELOOP`");
    if (said == "ENOENT") by("the root", "`ENOENT`");
    if (said == "ok") {
      auto there = client.getattr(fid);
      bool at_root = there && there->qid == root->qid;
      by(at_root ? "the root" : "nobody", at_root ? "the attach point itself" : "a way out");
      (void)client.clunk(fid);
    }
  }
  return row;
}

TEST_F(Names, N1_LeadNowhereWithoutTheServersCheck) {
  for (const char* off : {"name check", "name check, mount attributes", "name check, Landlock",
                          "name check, filter"}) {
    expect(walked(off, "names that are paths out of the tree", ways_out()));
    expect(walked(off, "names that are paths through a symbolic link", ways_by_links()));
    EXPECT_EQ(attack(off), kMessagesWithNames) << off;
  }
}

TEST_F(Names, N1_AreRefusedByTheServerWithAnyOtherLayerOff) {
  std::vector<std::string> ways = ways_out();
  std::ranges::copy(ways_by_links(), std::back_inserter(ways));
  for (const char* off : {"nothing", "read-only check", "mount attributes", "Landlock", "filter"}) {
    expect(walked(off, "names that are paths", ways));
    EXPECT_EQ(attack(off), kMessagesWithNames) << off;
  }
}

TEST(Layers, EveryRowOfNamesIsTested) {
  EXPECT_EQ(documented("Names").size(), 13U);
}

}  // namespace
}  // namespace layers

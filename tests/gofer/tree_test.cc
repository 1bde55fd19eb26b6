// Nodes: shared, moved, detached, evicted and found again.
#include "gofer/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/outcome.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tree.h"

namespace gofer {
namespace {

using support::outcome;
using support::path;

constexpr TreeBudget kPlenty{.nodes = 10'000, .descriptors = 1000};
constexpr TreeBudget kFew{.nodes = 10'000, .descriptors = 4};

p9::Name name(std::string_view text) {
  return *p9::Name::parse(text);
}

class Nodes : public ::testing::Test {
 protected:
  void start(TreeBudget budget = kPlenty) {
    root_ = support::open_path(dir_.path());
    auto stat = host::statx(root_, host::Path::empty(), kIdentityMask);
    ASSERT_EQ(outcome(stat), "ok");
    tree_.emplace(root_, identity_of(*stat), budget);
  }
  Tree& tree() { return *tree_; }
  NodeRef root() { return tree_->root(); }
  path on_host(const path& below) const { return dir_ / below; }

  NodeRef walk(NodeRef from, std::string_view text) {
    auto node = tree().walk(*from, name(text));
    EXPECT_EQ(outcome(node), "ok") << text;
    return node ? *node : NodeRef();
  }
  // The inode that the node's descriptor refers to, or the errno of opening it.
  std::string inode(const NodeRef& node) {
    auto pin = tree().open(*node);
    if (!pin) return outcome(pin);
    return std::to_string(host::statx(*pin, host::Path::empty(), STATX_INO)->stx_ino);
  }
  std::string inode(const path& below) {
    base::UniqueFd fd = support::open_path(on_host(below));
    return std::to_string(host::statx(fd, host::Path::empty(), STATX_INO)->stx_ino);
  }

 private:
  support::TempDir dir_;
  base::UniqueFd root_;
  std::optional<Tree> tree_;
};

TEST_F(Nodes, AreSharedByAllWhoWalkToThem) {
  support::make_file(on_host("d/f"));
  start();
  NodeRef one = walk(walk(root(), "d"), "f");
  NodeRef two = walk(walk(root(), "d"), "f");
  EXPECT_EQ(one.get(), two.get());
  EXPECT_EQ(tree().nodes(), 3U);
}

TEST_F(Nodes, GoWithTheirLastReference) {
  support::make_file(on_host("a/b/f"));
  start();
  NodeRef file = walk(walk(walk(root(), "a"), "b"), "f");
  EXPECT_EQ(tree().nodes(), 4U);
  EXPECT_EQ(tree().descriptors(), 3U);
  file = NodeRef();
  EXPECT_EQ(tree().nodes(), 1U);
  EXPECT_EQ(tree().descriptors(), 0U);
}

TEST_F(Nodes, OfAVeryDeepChainGoWithoutRecursion) {
  start({.nodes = 200'000, .descriptors = 8});
  // Deeper than any stack: adopted one below the other, as a client's mkdir and walk would do.
  NodeRef at = root();
  for (int depth = 0; depth < 150'000; ++depth)
    at = *tree().adopt(*at, name("d"), {.inode = 7, .type = S_IFDIR});
  EXPECT_EQ(tree().nodes(), 150'001U);
  EXPECT_EQ(inode(at), "ESTALE");
  at = NodeRef();
  EXPECT_EQ(tree().nodes(), 1U);
}

TEST_F(Nodes, AreNotMadePastTheirBudget) {
  for (const char* file : {"a", "b", "c"}) support::make_file(on_host(file));
  start({.nodes = 3, .descriptors = 4});
  NodeRef a = walk(root(), "a");
  NodeRef b = walk(root(), "b");
  EXPECT_EQ(outcome(tree().walk(*root(), name("c"))), "ENOMEM");
  a = NodeRef();
  EXPECT_EQ(outcome(tree().walk(*root(), name("c"))), "ok");
}

TEST_F(Nodes, AreOnlyBelowDirectories) {
  support::make_file(on_host("f"));
  support::make_symlink(on_host("l"), ".");
  start();
  EXPECT_EQ(outcome(tree().walk(*walk(root(), "f"), name("x"))), "ENOTDIR");
  EXPECT_EQ(outcome(tree().walk(*walk(root(), "l"), name("f"))), "ENOTDIR");
  EXPECT_EQ(outcome(tree().walk(*root(), name("none"))), "ENOENT");
  EXPECT_EQ(tree().nodes(), 1U);
}

TEST_F(Nodes, KeepToABudgetOfFourDescriptors) {
  constexpr int kFiles = 300;
  for (int i = 0; i < kFiles; ++i) support::make_file(on_host("d/f" + std::to_string(i)));
  start(kFew);
  NodeRef d = walk(root(), "d");
  std::vector<NodeRef> files;
  for (int i = 0; i < kFiles; ++i) {
    files.push_back(walk(d, "f" + std::to_string(i)));
    EXPECT_LE(tree().descriptors(), 4U);
  }
  for (int i = 0; i < kFiles; ++i)
    EXPECT_EQ(inode(files[static_cast<std::size_t>(i)]), inode("d/f" + std::to_string(i)));
  EXPECT_LE(tree().descriptors(), 4U);
}

TEST_F(Nodes, FarDownAreFoundAgainThroughAllAbove) {
  path deep;
  start(kFew);
  NodeRef at = root();
  for (int depth = 0; depth < 60; ++depth) {
    deep /= "d" + std::to_string(depth);
    support::make_directory(on_host(deep));
    at = walk(at, deep.filename().native());
  }
  std::vector<NodeRef> others;
  for (const char* other : {"a", "b", "c", "d"}) {
    support::make_file(on_host(other));
    others.push_back(walk(root(), other));
  }
  EXPECT_EQ(inode(at), inode(deep));
  EXPECT_LE(tree().descriptors(), 4U);
}

TEST_F(Nodes, AreStaleWhenTheHostHasReplacedTheirFileMeanwhile) {
  support::make_file(on_host("f"), "old");
  start(kFew);
  NodeRef f = walk(root(), "f");
  std::vector<NodeRef> others;
  for (const char* other : {"a", "b", "c", "d"}) {
    support::make_file(on_host(other));
    others.push_back(walk(root(), other));
  }
  std::filesystem::rename(on_host("f"), on_host("elsewhere"));
  EXPECT_EQ(inode(f), "ESTALE");
  support::make_file(on_host("f"), "new");
  EXPECT_EQ(inode(f), "ESTALE");
  std::filesystem::remove(on_host("f"));
  support::make_symlink(on_host("f"), "elsewhere");
  EXPECT_EQ(inode(f), "ESTALE");
}

TEST_F(Nodes, AreStaleWhenADirectoryAboveIsAnotherNow) {
  support::make_file(on_host("d/f"));
  start(kFew);
  NodeRef f = walk(walk(root(), "d"), "f");
  std::vector<NodeRef> others;
  for (const char* other : {"a", "b", "c", "e"}) {
    support::make_file(on_host(other));
    others.push_back(walk(root(), other));
  }
  std::filesystem::rename(on_host("d"), on_host("moved"));
  std::filesystem::create_directory_symlink("moved", on_host("d"));
  EXPECT_EQ(inode(f), "ESTALE");
}

TEST_F(Nodes, ThatHoldADescriptorOutliveTheHostsReplacement) {
  support::make_file(on_host("f"), "old");
  start();
  NodeRef old = walk(root(), "f");
  std::string before = inode(old);
  support::make_file(on_host("g"), "new");
  std::filesystem::rename(on_host("g"), on_host("f"));
  NodeRef now = walk(root(), "f");
  EXPECT_NE(now.get(), old.get());
  EXPECT_TRUE(old->is_detached());
  EXPECT_EQ(inode(old), before);
  EXPECT_EQ(inode(now), inode("f"));
}

TEST_F(Nodes, AreForgottenWhenTheHostHasRemovedTheirFile) {
  support::make_file(on_host("f"));
  start();
  NodeRef f = walk(root(), "f");
  std::filesystem::remove(on_host("f"));
  EXPECT_EQ(outcome(tree().walk(*root(), name("f"))), "ENOENT");
  EXPECT_TRUE(f->is_detached());
}

TEST_F(Nodes, MoveWithEverythingBelow) {
  support::make_file(on_host("a/d/e/f"));
  support::make_directory(on_host("b"));
  start(kFew);
  NodeRef a = walk(root(), "a");
  NodeRef b = walk(root(), "b");
  NodeRef f = walk(walk(walk(a, "d"), "e"), "f");
  ASSERT_EQ(outcome(tree().rename(*a, name("d"), *b, name("new"))), "ok");
  std::vector<NodeRef> others;
  for (const char* other : {"1", "2", "3", "4"}) {
    support::make_file(on_host(other));
    others.push_back(walk(root(), other));
  }
  EXPECT_EQ(inode(f), inode("b/new/e/f"));
  EXPECT_EQ(walk(walk(walk(b, "new"), "e"), "f").get(), f.get());
  EXPECT_EQ(outcome(tree().walk(*a, name("d"))), "ENOENT");
}

TEST_F(Nodes, ReplacedByARenameKeepTheirFile) {
  support::make_file(on_host("x"), "x");
  support::make_file(on_host("y"), "y");
  start(kFew);
  NodeRef x = walk(root(), "x");
  NodeRef y = walk(root(), "y");
  std::string victim = inode(y);
  ASSERT_EQ(outcome(tree().rename(*root(), name("x"), *root(), name("y"))), "ok");
  EXPECT_TRUE(y->is_detached());
  EXPECT_EQ(inode(y), victim);
  EXPECT_EQ(inode(x), inode("y"));
  EXPECT_EQ(x->name().view(), "y");
}

TEST_F(Nodes, EvictedOnesAreSecuredBeforeTheyLoseTheirName) {
  support::make_file(on_host("victim"), "v");
  start(kFew);
  NodeRef victim = walk(root(), "victim");
  std::string before = inode(victim);
  std::vector<NodeRef> others;
  for (const char* other : {"1", "2", "3", "4"}) {
    support::make_file(on_host(other));
    others.push_back(walk(root(), other));
  }
  ASSERT_EQ(outcome(tree().unlink(*root(), name("victim"), 0)), "ok");
  for (const NodeRef& other : others) EXPECT_NE(inode(other), "ESTALE");
  EXPECT_EQ(inode(victim), before);
}

// What is unlinked is what the host has put there, and not the node's file.
TEST_F(Nodes, EvictedOnesAreStaleOnceAnotherFileLosesTheirName) {
  support::make_file(on_host("victim"), "v");
  start(kFew);
  NodeRef victim = walk(root(), "victim");
  std::vector<NodeRef> others;
  for (const char* other : {"1", "2", "3", "4"}) {
    support::make_file(on_host(other));
    others.push_back(walk(root(), other));
  }
  support::make_file(on_host("new"), "new");
  std::filesystem::rename(on_host("new"), on_host("victim"));
  ASSERT_EQ(outcome(tree().unlink(*root(), name("victim"), 0)), "ok");
  EXPECT_EQ(tree().descriptors(), 4U);
  EXPECT_EQ(inode(victim), "ESTALE");
  EXPECT_EQ(tree().descriptors(), 3U);
  EXPECT_EQ(inode(victim), "ESTALE");
}

TEST_F(Nodes, DetachedOnesAreNeverClosedToMakeRoom) {
  start(kFew);
  std::vector<NodeRef> gone;
  for (int i = 0; i < 4; ++i) {
    support::make_file(on_host("f"));
    gone.push_back(walk(root(), "f"));
    ASSERT_EQ(outcome(tree().unlink(*root(), name("f"), 0)), "ok");
  }
  support::make_file(on_host("g"));
  EXPECT_EQ(outcome(tree().walk(*root(), name("g"))), "EMFILE");
  gone.pop_back();
  EXPECT_EQ(outcome(tree().walk(*root(), name("g"))), "ok");
  for (const NodeRef& node : gone) EXPECT_NE(inode(node), "ESTALE");
}

// "from name name", or nothing.
std::string text_of(const std::optional<Trail>& trail) {
  if (!trail) return "none";
  std::string text =
      std::to_string(host::statx(trail->from, host::Path::empty(), STATX_INO)->stx_ino);
  for (const host::Path& name : trail->names) text.append(" ").append(name.c_str());
  return text;
}

TEST_F(Nodes, AreReachedFromTheNearestOneThatIsOpen) {
  support::make_file(on_host("a/b/c/d"));
  start(kFew);
  NodeRef a = walk(root(), "a");
  NodeRef b = walk(a, "b");
  NodeRef d = walk(walk(b, "c"), "d");
  EXPECT_EQ(text_of(tree().trail(*d)), inode("a/b/c/d"));
  EXPECT_EQ(text_of(tree().trail(*root())), inode(path(".")));
  for (const char* other : {"1", "2", "3", "4"}) {
    support::make_file(on_host(other));
    walk(root(), other);
    (void)inode(b);  // is used last, and stays
  }
  std::vector<NodeRef> others{walk(root(), "1"), walk(root(), "2"), walk(root(), "3")};
  (void)inode(b);
  EXPECT_EQ(text_of(tree().trail(*d)), inode("a/b") + " c d");
  EXPECT_EQ(text_of(tree().trail(*a)), inode(path(".")) + " a");
}

TEST_F(Nodes, HaveNoTrailWithoutAPlaceOrFarAway) {
  support::make_file(on_host("f"));
  path deep;
  for (std::size_t i = 0; i <= Scout::kMostNames; ++i) deep /= "d";
  std::filesystem::create_directories(on_host(deep));
  start(kFew);
  NodeRef f = walk(root(), "f");
  NodeRef at = root();
  std::vector<NodeRef> on_the_way;
  for (std::size_t i = 0; i <= Scout::kMostNames; ++i) on_the_way.push_back(at = walk(at, "d"));
  NodeRef far = at;
  std::vector<NodeRef> others;
  for (const char* other : {"1", "2", "3", "4"}) {
    support::make_file(on_host(other));
    others.push_back(walk(root(), other));
  }
  EXPECT_EQ(text_of(tree().trail(*far)), "none");
  EXPECT_NE(text_of(tree().trail(*on_the_way[Scout::kMostNames - 1])), "none");
  // One that was unlinked, and of which nobody knows yet whether it was this file.
  ASSERT_EQ(outcome(tree().unlink(*root(), name("f"), 0)), "ok");
  EXPECT_EQ(text_of(tree().trail(*f)), "none");
  EXPECT_NE(inode(f), "ESTALE");
  EXPECT_NE(text_of(tree().trail(*f)), "none");
}

TEST_F(Nodes, AFailedUnlinkOrRenameChangesNothing) {
  support::make_file(on_host("d/f"));
  support::make_directory(on_host("full/x"));
  start();
  NodeRef d = walk(root(), "d");
  NodeRef full = walk(root(), "full");
  EXPECT_EQ(outcome(tree().unlink(*root(), name("d"), AT_REMOVEDIR)), "ENOTEMPTY");
  EXPECT_EQ(outcome(tree().rename(*root(), name("d"), *root(), name("full"))), "ENOTEMPTY");
  EXPECT_EQ(outcome(tree().rename(*root(), name("d"), *d, name("inside"))), "EINVAL");
  EXPECT_FALSE(d->is_detached());
  EXPECT_FALSE(full->is_detached());
  EXPECT_EQ(walk(root(), "d").get(), d.get());
  EXPECT_EQ(walk(root(), "full").get(), full.get());
}

TEST_F(Nodes, StayWhenOneNameOfAFileIsRenamedOverAnother) {
  support::make_file(on_host("x"));
  std::filesystem::create_hard_link(on_host("x"), on_host("y"));
  start();
  NodeRef x = walk(root(), "x");
  NodeRef y = walk(root(), "y");
  ASSERT_EQ(outcome(tree().rename(*root(), name("x"), *root(), name("y"))), "ok");
  EXPECT_FALSE(y->is_detached());
  EXPECT_EQ(x->name().view(), "x");
  EXPECT_EQ(walk(root(), "x").get(), x.get());
}

TEST_F(Nodes, RenamedOntoThemselvesStay) {
  support::make_directory(on_host("d"));
  start();
  NodeRef d = walk(root(), "d");
  EXPECT_EQ(outcome(tree().rename(*root(), name("d"), *root(), name("d"))), "ok");
  EXPECT_EQ(outcome(tree().rename(*d, *root(), name("d"))), "ok");
  EXPECT_FALSE(d->is_detached());
  EXPECT_EQ(walk(root(), "d").get(), d.get());
}

TEST_F(Nodes, NeverFormARingWhateverTheHostMoves) {
  support::make_directory(on_host("a/b"));
  start();
  NodeRef a = walk(root(), "a");
  NodeRef b = walk(a, "b");
  // To the kernel b is now above a, to our nodes still below.
  std::filesystem::rename(on_host("a/b"), on_host("b"));
  ASSERT_EQ(outcome(tree().rename(*root(), name("a"), *b, name("a"))), "ok");
  EXPECT_TRUE(a->is_detached());
  EXPECT_EQ(inode(a), inode("b/a"));
  a = b = NodeRef();
  EXPECT_EQ(tree().nodes(), 1U);
}

TEST_F(Nodes, AreRemovedOnlyWhileTheirNameStandsForThem) {
  support::make_file(on_host("f"));
  support::make_directory(on_host("d"));
  start();
  NodeRef f = walk(root(), "f");
  EXPECT_EQ(outcome(tree().remove(*root())), "EBUSY");
  EXPECT_EQ(outcome(tree().rename(*root(), *root(), name("x"))), "EBUSY");
  EXPECT_EQ(outcome(tree().remove(*walk(root(), "d"))), "ok");
  std::filesystem::rename(on_host("f"), on_host("g"));
  support::make_file(on_host("f"), "another");
  EXPECT_EQ(outcome(tree().remove(*f)), "ESTALE");
  EXPECT_EQ(support::read_file(on_host("f")), "another");
  EXPECT_EQ(outcome(tree().remove(*f)), "ENOENT");
  EXPECT_EQ(outcome(tree().rename(*f, *root(), name("x"))), "ENOENT");
}

TEST_F(Nodes, AreFoundAgainAfterAnOverlayHasCopiedTheirFileUp) {
  if (::unshare(CLONE_NEWNS) != 0) GTEST_SKIP() << "may not mount";
  ASSERT_EQ(::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
  std::string at = on_host("mnt").native();
  support::make_directory(at);
  ASSERT_EQ(::mount("tmpfs", at.c_str(), "tmpfs", 0, nullptr), 0);
  support::make_file(at + "/lower/f", "text");
  for (const char* part : {"/upper", "/work", "/merged"}) support::make_directory(at + part);
  std::string options =
      "lowerdir=" + at + "/lower,upperdir=" + at + "/upper,workdir=" + at + "/work";
  bool mounted = ::mount("overlay", (at + "/merged").c_str(), "overlay", 0, options.c_str()) == 0;
  if (mounted) {
    start(kFew);
    NodeRef merged = walk(walk(root(), "mnt"), "merged");
    NodeRef f = walk(merged, "f");
    tree().mark_changed(*f);
    ASSERT_EQ(::chmod((at + "/merged/f").c_str(), 0600), 0);
    NodeRef again = walk(merged, "f");
    EXPECT_EQ(again.get(), f.get());
    for (const char* other : {"lower", "upper", "work"}) walk(walk(root(), "mnt"), other);
    for (const char* other : {"a", "b", "c", "d"}) {
      support::make_file(on_host(other));
      walk(root(), other);
    }
    EXPECT_EQ(inode(f), inode("mnt/merged/f"));
    EXPECT_EQ(::umount2((at + "/merged").c_str(), MNT_DETACH), 0);
  }
  EXPECT_EQ(::umount2(at.c_str(), MNT_DETACH), 0);
  if (!mounted) GTEST_SKIP() << "no overlay here";
}

TEST_F(Nodes, ChangedThroughUsAreLookedAtAgainBeforeTheirDescriptorGoes) {
  support::make_file(on_host("f"));
  start(kFew);
  NodeRef f = walk(root(), "f");
  tree().mark_changed(*f);
  std::vector<NodeRef> others;
  for (const char* other : {"a", "b", "c", "d"}) {
    support::make_file(on_host(other));
    others.push_back(walk(root(), other));
  }
  EXPECT_EQ(inode(f), inode("f"));
}

TEST_F(Nodes, OfTheRootNeedNoDescriptorOfTheBudget) {
  start({.nodes = 10, .descriptors = 0});
  EXPECT_EQ(inode(root()), inode(path()));
  EXPECT_EQ(tree().descriptors(), 0U);
}

TEST(Identity, IsComparedWithTheTimeOfBirthWhereItIsKnown) {
  Identity file{.device = 1, .inode = 2, .birth_ns = 3, .type = S_IFREG};
  Identity reused = file;
  reused.birth_ns = 4;
  Identity unknown = file;
  unknown.birth_ns = 0;
  Identity other_type = file;
  other_type.type = S_IFDIR;
  EXPECT_TRUE(same_file(file, file));
  EXPECT_FALSE(same_file(file, reused));
  EXPECT_TRUE(same_file(file, unknown));
  EXPECT_FALSE(same_file(file, other_type));
}

}  // namespace
}  // namespace gofer

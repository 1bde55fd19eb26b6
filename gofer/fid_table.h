// FidTable: what each fid of a connection stands for. A client may have a million of them.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "gofer/budget.h"
#include "gofer/lock_table.h"
#include "gofer/node.h"
#include "gofer/open_flags.h"
#include "gofer/p9/flags.h"
#include "gofer/p9/wire.h"
#include "gofer/xattr_name.h"
#include "spec/base/fd.h"

namespace gofer {

// What a fid can be used for. Each has what can be done then, and nothing else.

struct OpenFile {
  Budget::Share share;
  base::UniqueFd fd;
  Access access = Access::kRead;
  bool says_what_is_there = true;  // reading can be asked not to wait; false once it cannot
  std::unique_ptr<LockTable::Holder> locks = nullptr;  // once it has locked
};

struct OpenDirectory {
  Budget::Share share;
  base::UniqueFd fd;
  uint64_t position = 0;  // the cookie at which the kernel goes on
};

// A FIFO that the client reads or writes by its own descriptor. None is kept here: it would be one
// reader or writer that its other end cannot tell from the client.
struct OpenFifo {};

// An extended attribute as it was, or the list of their names, each with its NUL.
struct XattrSnapshot {
  Budget::Share share;
  std::unique_ptr<std::byte[]> bytes;
  std::size_t size = 0;
};

// A value on its way to its file. Only what was written of it is ever read.
struct XattrDraft {
  Budget::Share share;
  std::unique_ptr<const XattrName> name;
  std::unique_ptr<std::byte[]> bytes;
  std::size_t size = 0;
  std::size_t written = 0;  // from the front
  uint32_t flags = 0;       // kXattrCreate, kXattrReplace
};

// What a fid is used for beyond its place: in memory of its own, for most fids are only walked to.
// Copies are the same use, for whoever needs it still when the fid is gone. Not for several
// threads.
class FidUse {
 public:
  FidUse() = default;
  template <class T>
  // NOLINTNEXTLINE(google-explicit-constructor): a use is what it holds
  FidUse(T use) : held_(new Held{.use = std::move(use)}) {}
  FidUse(const FidUse& other) : held_(other.held_) {
    if (held_ != nullptr) ++held_->holders;
  }
  FidUse(FidUse&& other) noexcept : held_(std::exchange(other.held_, nullptr)) {}
  FidUse& operator=(const FidUse& other) {
    FidUse copy(other);
    std::swap(held_, copy.held_);
    return *this;
  }
  FidUse& operator=(FidUse&& other) noexcept {
    FidUse taken(std::move(other));
    std::swap(held_, taken.held_);
    return *this;
  }
  ~FidUse() {
    if (held_ != nullptr && --held_->holders == 0) delete held_;
  }

  bool any() const { return held_ != nullptr; }
  // Null: it is no such use.
  template <class T>
  T* as() const {
    return held_ != nullptr ? std::get_if<T>(&held_->use) : nullptr;
  }

 private:
  struct Held {
    std::variant<OpenFile, OpenDirectory, OpenFifo, XattrSnapshot, XattrDraft> use;
    uint32_t holders = 1;
  };
  Held* held_ = nullptr;
};

struct FidState {
  NodeRef node;
  FidUse use = {};
  uint32_t uid = p9::kNoUname;  // n_uname of the attach it descends from: owner of what it creates

  bool is_open() const { return use.any(); }
  bool is_xattr() const { return use.as<XattrSnapshot>() || use.as<XattrDraft>(); }
};

// A hash table without buckets: where a fid is not at the place of its hash, it is at one of the
// next, without a gap. Which fids have the same hash, a client cannot know: it could make every
// request look at all of them.
class FidTable {
 public:
  explicit FidTable(std::size_t limit);

  // A fid that stands for a file: EBADF when unknown, or when it stands for an extended attribute.
  // Valid until any fid is inserted or erased.
  base::Result<FidState*> find(p9::Fid fid);
  // The same for the few requests that serve extended attributes as well.
  base::Result<FidState*> find_any(p9::Fid fid);
  // Whether a fid could be added now: EBADF when it is in use or NOFID, EMFILE when the table is
  // full.
  base::Result<void> check_free(p9::Fid fid) const;
  base::Result<void> insert(p9::Fid fid, FidState state);  // errors of check_free()
  void erase(p9::Fid fid);
  void clear();
  std::size_t size() const { return size_; }

 private:
  // Behind the state, where its padding would be.
  struct Slot : FidState {
    p9::Fid fid{p9::kNoFid};  // NOFID: nothing is here
    bool taken() const { return fid.value != p9::kNoFid; }
  };
  static_assert(sizeof(Slot) == 24);

  std::size_t home(p9::Fid fid) const;
  std::size_t next(std::size_t at) const { return (at + 1) & (slots_.size() - 1); }
  base::Result<void> check_free(p9::Fid fid, std::size_t slot) const;
  std::size_t find_slot(p9::Fid fid) const;  // where it is, or would be
  void resize(std::size_t slots);

  std::size_t limit_;
  uint64_t secret_;
  std::size_t size_ = 0;
  std::vector<Slot> slots_;  // always a power of two, and one of them free
};

}  // namespace gofer

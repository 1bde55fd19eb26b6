// FidTable: what each fid of a connection stands for.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <variant>

#include "gofer/budget.h"
#include "gofer/lock_table.h"
#include "gofer/node.h"
#include "gofer/open_flags.h"
#include "gofer/p9/flags.h"
#include "gofer/p9/wire.h"
#include "gofer/xattr_name.h"
#include "spec/base/fd.h"

namespace gofer {

// The states of a fid. Each has what can be done in it, and nothing else.
struct Walked {};

struct OpenFile {
  Budget::Share share;
  base::UniqueFd fd;
  Access access = Access::kRead;
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
  XattrName name;
  std::unique_ptr<std::byte[]> bytes;
  std::size_t size = 0;
  std::size_t written = 0;  // from the front
  uint32_t flags = 0;       // kXattrCreate, kXattrReplace
};

struct FidState {
  NodeRef node;
  uint32_t uid = p9::kNoUname;  // n_uname of the attach it descends from: owner of what it creates
  std::variant<Walked, OpenFile, OpenDirectory, OpenFifo, std::unique_ptr<XattrSnapshot>,
               std::unique_ptr<XattrDraft>>
      use = Walked{};

  bool is_open() const { return !std::holds_alternative<Walked>(use); }
  // What it holds of an extended attribute; null: nothing of this kind.
  XattrSnapshot* snapshot() const { return held<XattrSnapshot>(); }
  XattrDraft* draft() const { return held<XattrDraft>(); }
  bool is_xattr() const { return snapshot() != nullptr || draft() != nullptr; }

 private:
  template <class T>
  T* held() const {
    const auto* xattr = std::get_if<std::unique_ptr<T>>(&use);
    return xattr != nullptr ? xattr->get() : nullptr;
  }
};

class FidTable {
 public:
  explicit FidTable(std::size_t limit) : limit_(limit) {}

  // A fid that stands for a file: EBADF when unknown, or when it stands for an extended attribute.
  // Valid until the fid is erased or replaced.
  base::Result<FidState*> find(p9::Fid fid);
  // The same for the few requests that serve extended attributes as well.
  base::Result<FidState*> find_any(p9::Fid fid);
  // Whether a fid could be added now: EBADF when it is in use or NOFID, EMFILE when the table is
  // full.
  base::Result<void> check_free(p9::Fid fid) const;
  base::Result<void> insert(p9::Fid fid, FidState state);  // errors of check_free()
  void erase(p9::Fid fid) { states_.erase(fid); }
  void clear() { states_.clear(); }
  std::size_t size() const { return states_.size(); }

 private:
  std::size_t limit_;
  std::unordered_map<p9::Fid, FidState> states_;
};

}  // namespace gofer

// LockTable: which byte ranges the lock owners of one connection hold, and through which fids.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gofer/host_file.h"
#include "gofer/p9/wire.h"
#include "spec/base/fd.h"

namespace gofer {

// Ranges without overlap, in order; neighbours of one kind are one.
class LockRanges {
 public:
  struct Held {
    host::LockRange range;
    host::LockKind kind;
  };

  // What they are after `kind` was set on `range`; kNone takes it away.
  LockRanges with(host::LockRange range, host::LockKind kind) const;
  std::size_t size() const { return held_.size(); }
  const Held* first_in(host::LockRange range) const;  // null: none
  std::span<const Held> all() const { return held_; }

 private:
  void append(const Held& next);
  std::vector<Held> held_;
};

// Who locks: a process of the client, as far as the client says.
struct LockOwner {
  std::string_view client_id;
  uint32_t proc_id = 0;
};

struct LockedFile {
  uint64_t device = 0;
  uint64_t inode = 0;
  friend bool operator==(const LockedFile&, const LockedFile&) = default;
};

// Each owner has, per file, an open file description of its own: the kernel lets the descriptions
// exclude each other, and with them every process of the host.
class LockTable {
 public:
  // Lets go of what was locked through one fid, unless the owner used another fid of the file, too.
  class Holder {
   public:
    Holder(LockTable& table, p9::Fid fid) : table_(table), fid_(fid) {}
    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;
    ~Holder() { table_.release(fid_); }

   private:
    LockTable& table_;
    p9::Fid fid_;
  };

  // Budgets: descriptions (one descriptor each), and ranges of all of them.
  LockTable(std::size_t entries, std::size_t ranges) : max_entries_(entries), max_ranges_(ranges) {}

  // What one owner has locked of one file.
  struct Entry {
    LockedFile file;
    std::string client_id;
    uint32_t proc_id = 0;
    base::UniqueFd fd;
    bool writable = false;
    LockRanges ranges;
    std::vector<p9::Fid> fids;

    bool belongs_to(const LockOwner& owner) const {
      return proc_id == owner.proc_id && client_id == owner.client_id;
    }
  };

  Entry* find(const LockedFile& file, const LockOwner& owner);
  // ENOLCK when the budget is used up.
  base::Result<Entry*> add(const LockedFile& file, const LockOwner& owner, base::UniqueFd fd,
                           bool writable);
  // Locks or unlocks. EAGAIN when somebody else is in the way, ENOLCK past the budget. An entry
  // that holds nothing afterwards is gone.
  base::Result<void> set(Entry& entry, p9::Fid fid, host::LockRange range, host::LockKind kind);
  // Holds the same through a description that is open for writing, too. The entry has read locks
  // only, which do not exclude each other: at no time is the range free.
  base::Result<void> replace(Entry& entry, base::UniqueFd writable);

  // Another owner's entry with a lock in the range; null: none of this connection.
  const Entry* other_holder(const LockedFile& file, const LockOwner& owner,
                            host::LockRange range) const;

  void release(p9::Fid fid);
  std::size_t entries() const { return entries_.size(); }
  std::size_t ranges() const { return ranges_; }

 private:
  void erase_if_idle(Entry& entry);

  std::size_t max_entries_;
  std::size_t max_ranges_;
  std::size_t ranges_ = 0;
  std::vector<std::unique_ptr<Entry>> entries_;
};

}  // namespace gofer

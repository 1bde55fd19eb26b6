#include "gofer/fid_table.h"

#include <malloc.h>

#include <bit>
#include <cerrno>

namespace gofer {
namespace {

using base::fail;
using base::Result;

constexpr std::size_t kFewest = 64;

// Most of what fids and their nodes took is free. One small block at the end of the heap would keep
// all of it, and the allocator remembers some of those for later.
void give_memory_back() {
  ::malloc_trim(0);
}

}  // namespace

// What a client does not know is where in memory its worker has what.
FidTable::FidTable(std::size_t limit)
    : limit_(limit),
      secret_((reinterpret_cast<uintptr_t>(this) * 0x9e3779b97f4a7c15) | 1),
      slots_(kFewest) {}

Result<FidState*> FidTable::find(p9::Fid fid) {
  FidState* state = TRY(find_any(fid));
  if (state->is_xattr()) return fail(EBADF);
  return state;
}

Result<FidState*> FidTable::find_any(p9::Fid fid) {
  Slot& slot = slots_[find_slot(fid)];
  if (!slot.taken()) return fail(EBADF);
  return &slot;
}

Result<void> FidTable::check_free(p9::Fid fid) const {
  return check_free(fid, find_slot(fid));
}

Result<void> FidTable::check_free(p9::Fid fid, std::size_t slot) const {
  if (fid.value == p9::kNoFid || slots_[slot].taken()) return fail(EBADF);
  if (size_ >= limit_) return fail(EMFILE);
  return {};
}

Result<void> FidTable::insert(p9::Fid fid, FidState state) {
  std::size_t slot = find_slot(fid);
  TRY(check_free(fid, slot));
  if ((size_ + 1) * 5 > slots_.size() * 4) {
    resize(slots_.size() * 2);
    slot = find_slot(fid);
  }
  slots_[slot] = Slot{{std::move(state)}, fid};
  ++size_;
  return {};
}

void FidTable::erase(p9::Fid fid) {
  std::size_t gap = find_slot(fid);
  if (!slots_[gap].taken()) return;
  Slot gone = std::move(slots_[gap]);
  // Those behind move up, unless that is before their own place.
  for (std::size_t at = next(gap); slots_[at].taken(); at = next(at)) {
    std::size_t from_home = (at - home(slots_[at].fid)) & (slots_.size() - 1);
    std::size_t from_gap = (at - gap) & (slots_.size() - 1);
    if (from_home < from_gap) continue;
    slots_[gap] = std::move(slots_[at]);
    gap = at;
  }
  slots_[gap] = Slot();
  --size_;
  if (slots_.size() == kFewest || size_ >= slots_.size() / 8) return;
  resize(slots_.size() / 4);
  give_memory_back();
}

void FidTable::clear() {
  bool many = slots_.size() > kFewest;
  std::vector<Slot>(kFewest).swap(slots_);
  size_ = 0;
  if (many) give_memory_back();
}

// Fids are small numbers in a row more often than not: the multiplication lays them far from each
// other, and the upper bits of the product depend on all of both.
std::size_t FidTable::home(p9::Fid fid) const {
  return (fid.value * secret_) >> (64 - std::countr_zero(slots_.size()));
}

std::size_t FidTable::find_slot(p9::Fid fid) const {
  std::size_t at = home(fid);
  while (slots_[at].taken() && slots_[at].fid != fid) at = next(at);
  return at;
}

void FidTable::resize(std::size_t slots) {
  std::vector<Slot> old(slots);
  old.swap(slots_);
  for (Slot& slot : old)
    if (slot.taken()) slots_[find_slot(slot.fid)] = std::move(slot);
}

}  // namespace gofer

#include "gofer/lock_table.h"

#include <algorithm>
#include <cerrno>

namespace gofer {
namespace {

using base::fail;
using base::Result;
using base::UniqueFd;
using host::LockKind;
using host::LockRange;

bool overlap(LockRange a, LockRange b) {
  return a.start <= b.end && b.start <= a.end;
}

}  // namespace

void LockRanges::append(const Held& next) {
  if (!held_.empty()) {
    Held& last = held_.back();
    if (last.kind == next.kind && last.range.end + 1 == next.range.start) {
      last.range.end = next.range.end;
      return;
    }
  }
  held_.push_back(next);
}

LockRanges LockRanges::with(LockRange range, LockKind kind) const {
  LockRanges after;
  after.held_.reserve(held_.size() + 2);
  bool placed = kind == LockKind::kNone;
  auto place = [&] {
    if (!std::exchange(placed, true)) after.append({range, kind});
  };
  for (const Held& held : held_) {
    if (held.range.start > range.end) place();
    if (!overlap(held.range, range)) {
      after.append(held);
      continue;
    }
    if (held.range.start < range.start)
      after.append({{held.range.start, range.start - 1}, held.kind});
    if (held.range.end > range.end) {
      place();
      after.append({{range.end + 1, held.range.end}, held.kind});
    }
  }
  place();
  return after;
}

const LockRanges::Held* LockRanges::first_in(LockRange range) const {
  auto found =
      std::ranges::find_if(held_, [&](const Held& held) { return overlap(held.range, range); });
  return found == held_.end() ? nullptr : &*found;
}

LockTable::Entry* LockTable::find(const LockedFile& file, const LockOwner& owner) {
  auto found = std::ranges::find_if(entries_, [&](const std::unique_ptr<Entry>& entry) {
    return entry->file == file && entry->belongs_to(owner);
  });
  return found == entries_.end() ? nullptr : found->get();
}

Result<LockTable::Entry*> LockTable::add(const LockedFile& file, const LockOwner& owner,
                                         UniqueFd fd, bool writable) {
  if (entries_.size() >= max_entries_) return fail(ENOLCK);
  entries_.push_back(std::make_unique<Entry>(Entry{.file = file,
                                                   .client_id = std::string(owner.client_id),
                                                   .proc_id = owner.proc_id,
                                                   .fd = std::move(fd),
                                                   .writable = writable,
                                                   .ranges = {},
                                                   .fids = {}}));
  return entries_.back().get();
}

Result<void> LockTable::set(Entry& entry, p9::Fid fid, LockRange range, LockKind kind) {
  LockRanges after = entry.ranges.with(range, kind);
  std::size_t others = ranges_ - entry.ranges.size();
  bool grows = after.size() > entry.ranges.size();
  Result<void> done = grows && others + after.size() > max_ranges_
                          ? Result<void>(fail(ENOLCK))
                          : host::set_lock(entry.fd, kind, range);
  if (done) {
    entry.ranges = std::move(after);
    ranges_ = others + entry.ranges.size();
    if (std::ranges::find(entry.fids, fid) == entry.fids.end()) entry.fids.push_back(fid);
  }
  erase_if_idle(entry);
  return done;
}

Result<void> LockTable::replace(Entry& entry, UniqueFd writable) {
  for (const LockRanges::Held& held : entry.ranges.all())
    TRY(host::set_lock(writable, held.kind, held.range));
  entry.fd = std::move(writable);
  entry.writable = true;
  return {};
}

const LockTable::Entry* LockTable::other_holder(const LockedFile& file, const LockOwner& owner,
                                                LockRange range) const {
  auto found = std::ranges::find_if(entries_, [&](const std::unique_ptr<Entry>& entry) {
    return entry->file == file && !entry->belongs_to(owner) && entry->ranges.first_in(range);
  });
  return found == entries_.end() ? nullptr : found->get();
}

void LockTable::release(p9::Fid fid) {
  std::erase_if(entries_, [&](const std::unique_ptr<Entry>& entry) {
    if (std::erase(entry->fids, fid) == 0 || !entry->fids.empty()) return false;
    ranges_ -= entry->ranges.size();
    return true;
  });
}

void LockTable::erase_if_idle(Entry& entry) {
  if (entry.ranges.size() > 0) return;
  std::erase_if(entries_, [&](const std::unique_ptr<Entry>& each) { return each.get() == &entry; });
}

}  // namespace gofer

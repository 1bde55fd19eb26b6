#include "gofer/in_flight.h"

#include <algorithm>
#include <span>
#include <utility>

namespace gofer {
namespace {

// For a reply without data, in front of the data of a request.
constexpr std::size_t kShortReply = 64;

}  // namespace

InFlight::InFlight(base::ParkedThreads* threads, Outlet& outlet, Settle settle)
    : threads_(threads),
      outlet_(outlet),
      settle_(std::move(settle)),
      count_(threads != nullptr ? threads->size() : 0),
      slots_(count_) {}

void InFlight::start(p9::Tag tag, DiskCall call) {
  auto slot = std::ranges::find_if(slots_, [](const Slot& each) { return !each.taken; });
  auto index = static_cast<std::size_t>(slot - slots_.begin());
  slot->size = kShortReply + call.room.size() + call.data.size();
  slot->room = std::make_unique_for_overwrite<std::byte[]>(slot->size);
  std::span<std::byte> room(slot->room.get(), slot->size);
  std::ranges::copy(call.data, room.subspan(kShortReply).begin());
  call.data = room.subspan(kShortReply).first(call.data.size());
  call.room = room.subspan(p9::kPayloadOffset).first(call.room.size());
  slot->call = std::move(call);
  slot->taken = true;
  {
    Outlet::Sending alone = outlet_.sending();
    slot->tag = tag;
  }
  busy_.fetch_add(1, std::memory_order_relaxed);
  threads_->wait(index);  // it has answered the one before, and may not be back yet
  threads_->run(index, [this, index] { live(index); });
}

void InFlight::live(std::size_t index) {
  Slot& slot = slots_[index];
  Disk::Made made = Disk::make(slot.call);
  answer(slot, made);
  settle_(std::exchange(slot.call, {}), made);
  slot.room.reset();
  slot.taken = false;
  busy_.fetch_sub(1, std::memory_order_release);
}

// Whoever cannot be answered has gone, which whoever reads the socket finds out.
void InFlight::answer(Slot& slot, const Disk::Made& made) {
  std::span<std::byte> room(slot.room.get(), slot.size);
  Outlet::Sending sending = outlet_.sending();
  auto send = [&]<p9::Message R>(p9::Tag tag, const R& reply) {
    auto size = p9::encode_frame(room, tag, reply);
    if (size) (void)sending.send(room.first(*size));
    return size;
  };
  (void)slot.call.reply(made.result, [&](const auto& reply) { return send(*slot.tag, reply); });
  if (slot.flush) (void)send(*slot.flush, p9::Rflush{});
  slot.tag.reset();
  slot.flush.reset();
}

bool InFlight::answer_after(p9::Tag flushed, p9::Tag tag) {
  Outlet::Sending alone = outlet_.sending();
  auto slot = std::ranges::find_if(
      slots_, [&](const Slot& each) { return each.tag == flushed || each.flush == flushed; });
  if (slot == slots_.end()) return false;
  slot->flush = tag;
  return true;
}

void InFlight::wait_for_all() {
  for (std::size_t index = 0; index < slots_.size(); ++index) threads_->wait(index);
}

}  // namespace gofer

#include "gofer/in_flight.h"

#include <algorithm>
#include <span>
#include <utility>

namespace gofer {
namespace {

// For a reply without data, in front of the data of a request.
constexpr std::size_t kShortReply = 64;

}  // namespace

InFlight::InFlight(base::ParkedThreads* threads, Outlet& outlet, Turns turns)
    : threads_(threads),
      outlet_(outlet),
      turns_(std::move(turns)),
      count_(threads != nullptr ? threads->size() : 0),
      slots_(count_) {}

void InFlight::start(p9::Tag tag, Left left, p9::Bytes frame, std::size_t largest_reply) {
  auto slot = std::ranges::find_if(slots_, [](const Slot& each) { return !each.taken; });
  auto index = static_cast<std::size_t>(slot - slots_.begin());
  slot->left = std::move(left);
  slot->claims = {};
  if (auto* call = std::get_if<DiskCall>(&slot->left)) {
    slot->hold(*call);
  } else {
    slot->claims = FidClaims::of(frame);
    slot->hold(frame, largest_reply);
  }
  slot->taken = true;
  {
    Outlet::Sending alone = outlet_.sending();
    slot->tag = tag;
  }
  busy_.fetch_add(1, std::memory_order_relaxed);
  threads_->wait(index);  // it has answered the one before, and may not be back yet
  threads_->run(index, [this, index] { live(index); });
}

void InFlight::Slot::hold(DiskCall& call) {
  std::size_t size = kShortReply + call.room.size() + call.data.size();
  memory = std::make_unique_for_overwrite<std::byte[]>(size);
  room = {memory.get(), size};
  std::ranges::copy(call.data, room.subspan(kShortReply).begin());
  call.data = room.subspan(kShortReply).first(call.data.size());
  call.room = room.subspan(p9::kPayloadOffset).first(call.room.size());
}

void InFlight::Slot::hold(p9::Bytes request, std::size_t largest_reply) {
  memory = std::make_unique_for_overwrite<std::byte[]>(request.size() + largest_reply);
  std::ranges::copy(request, memory.get());
  frame = {memory.get(), request.size()};
  room = {memory.get() + request.size(), largest_reply};
}

void InFlight::live(std::size_t index) {
  Slot& slot = slots_[index];
  if (auto* scout = std::get_if<Scout>(&slot.left))
    answer(slot, turns_.serve(std::move(*scout), slot.frame, slot.room));
  else
    make(slot, std::get<DiskCall>(slot.left));
  slot.left = DiskCall();
  slot.memory.reset();
  slot.taken = false;
  busy_.fetch_sub(1, std::memory_order_release);
}

void InFlight::make(Slot& slot, DiskCall& call) {
  Disk::Made made = Disk::make(call);
  auto size = call.reply(made.result, [&](const auto& reply) {
    return p9::encode_frame(slot.room, *slot.tag, reply);
  });
  answer(slot, {.size = size.value_or(0)});
  turns_.settle(std::move(call), made);
}

// Whoever cannot be answered has gone, which whoever reads the socket finds out.
void InFlight::answer(Slot& slot, const Answer& answer) {
  Outlet::Sending sending = outlet_.sending();
  (void)sending.send(answer, slot.room);
  if (slot.flush && !answer.panicked) {
    auto size = p9::encode_frame(slot.room, *slot.flush, p9::Rflush{});
    (void)sending.send({.size = size.value_or(0)}, slot.room);
  }
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

void InFlight::wait_for_fids_of(p9::Bytes frame) {
  auto is_scouted = [](const Slot& slot) { return slot.taken && slot.claims.any(); };
  if (std::ranges::none_of(slots_, is_scouted)) return;
  FidClaims claims = FidClaims::of(frame);
  for (std::size_t index = 0; index < slots_.size(); ++index)
    if (is_scouted(slots_[index]) && slots_[index].claims.conflict_with(claims))
      threads_->wait(index);
}

void InFlight::wait_for_all() {
  for (std::size_t index = 0; index < slots_.size(); ++index) threads_->wait(index);
}

}  // namespace gofer

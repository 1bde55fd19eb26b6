#include "bench/bare_window.h"

#include <system_error>
#include <utility>

#include "spec/base/futex.h"

namespace bench {
namespace {

using base::FutexScope;

p9client::Mapping mapped(base::Fd memory) {
  auto window = p9client::Mapping::of(memory, 0, p9::kWindowSize);
  if (!window)
    throw std::system_error(window.error().code(), std::generic_category(), "mmap a window");
  return *std::move(window);
}

}  // namespace

BareWindow::BareWindow(base::Fd memory, Waiting waiting)
    : window_(mapped(memory)), waiting_(waiting) {
  hand_over(wait());  // a greeting is answered by itself
}

p9::WindowHeader& BareWindow::header() const {
  return *reinterpret_cast<p9::WindowHeader*>(window_.bytes().data());
}

std::size_t BareWindow::wait() {
  auto& turn = header().state;
  if (waiting_ == Waiting::kWatches) (void)base::watch_while(turn, p9::kClientActive);
  while (turn.load(std::memory_order_acquire) != p9::kServerActive)
    (void)base::futex_wait(turn, p9::kClientActive, FutexScope::kShared);
  return header().length.load(std::memory_order_relaxed);
}

void BareWindow::hand_over(std::size_t length) {
  auto& turn = header().state;
  header().length.store(static_cast<uint32_t>(length), std::memory_order_relaxed);
  turn.store(p9::kClientActive, std::memory_order_release);
  base::futex_wake(turn, 1, FutexScope::kShared);
}

}  // namespace bench

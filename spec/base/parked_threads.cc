#include "spec/base/parked_threads.h"

#include <signal.h>

#include <utility>

#include "spec/base/futex.h"

namespace base {
namespace {

// States of a thread, and what its futex word says.
constexpr uint32_t kBeginning = 0;
constexpr uint32_t kParked = 1;
constexpr uint32_t kRunning = 2;
constexpr uint32_t kEnding = 3;

// No request needs a tenth of it; the pages that are never touched are never there.
constexpr std::size_t kStack = std::size_t{512} << 10;

void change(std::atomic<uint32_t>& state, uint32_t to) {
  state.store(to, std::memory_order_release);
  futex_wake(state, 1, FutexScope::kPrivate);
}

// Returns what the state has become.
uint32_t wait_while(std::atomic<uint32_t>& state, uint32_t is) {
  uint32_t now = is;
  while ((now = state.load(std::memory_order_acquire)) == is)
    (void)futex_wait(state, is, FutexScope::kPrivate);
  return now;
}

// A thread has the signal mask of the one that makes it.
int create(pthread_t& id, void* (*body)(void*), void* argument) {
  pthread_attr_t attributes;
  if (int error = ::pthread_attr_init(&attributes)) return error;
  ::pthread_attr_setstacksize(&attributes, kStack);
  sigset_t all;
  sigset_t own;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &own);
  int error = ::pthread_create(&id, &attributes, body, argument);
  ::pthread_sigmask(SIG_SETMASK, &own, nullptr);
  ::pthread_attr_destroy(&attributes);
  return error;
}

}  // namespace

ParkedThreads::~ParkedThreads() {
  for (Thread& thread : threads_) change(thread.state, kEnding);
  for (Thread& thread : threads_) ::pthread_join(thread.id, nullptr);
}

Result<void> ParkedThreads::add() {
  Thread& thread = threads_.emplace_back();
  int error = create(thread.id, &ParkedThreads::live, &thread);
  if (error != 0) {
    threads_.pop_back();
    return fail(error);
  }
  wait_while(thread.state, kBeginning);
  return {};
}

Result<void> ParkedThreads::add(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) TRY(add());
  return {};
}

void* ParkedThreads::live(void* thread) {
  auto& self = *static_cast<Thread*>(thread);
  change(self.state, kParked);
  while (wait_while(self.state, kParked) == kRunning) {
    self.work();
    change(self.state, kParked);
  }
  return nullptr;
}

void ParkedThreads::run(std::size_t index, std::function<void()> work) {
  Thread& thread = threads_[index];
  thread.work = std::move(work);
  change(thread.state, kRunning);
}

void ParkedThreads::wait(std::size_t index) {
  wait_while(threads_[index].state, kRunning);
}

}  // namespace base

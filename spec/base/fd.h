// Descriptors: UniqueFd owns one, Fd borrows one for the length of a call.
#pragma once

#include <unistd.h>

#include <utility>

namespace base {

// A borrowed descriptor. Never closes; the owner outlives the call it is passed to.
class Fd {
 public:
  constexpr explicit Fd(int raw) : raw_(raw) {}
  constexpr int raw() const { return raw_; }
  friend constexpr bool operator==(Fd, Fd) = default;

 private:
  int raw_;
};

// Owns a descriptor and closes it once. An empty one (valid() is false) owns nothing.
class [[nodiscard]] UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int raw) : raw_(raw) {}
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  UniqueFd(UniqueFd&& other) noexcept : raw_(std::exchange(other.raw_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      reset();
      raw_ = std::exchange(other.raw_, -1);
    }
    return *this;
  }
  ~UniqueFd() { reset(); }

  // NOLINTNEXTLINE(google-explicit-constructor): borrowing is free
  operator Fd() const& { return Fd(raw_); }
  operator Fd() const&& = delete;  // but not from a descriptor about to close

  int raw() const { return raw_; }
  bool valid() const { return raw_ >= 0; }
  // Gives the descriptor away; the caller closes it.
  [[nodiscard]] int release() { return std::exchange(raw_, -1); }
  // Linux closes the descriptor even when close() reports EINTR, so it is never retried.
  void reset() {
    if (raw_ >= 0) ::close(raw_);
    raw_ = -1;
  }

 private:
  int raw_ = -1;
};

}  // namespace base

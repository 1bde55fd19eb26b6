// Budget: how much of something may be held at once, and how much is.
#pragma once

#include <cstddef>
#include <utility>

#include "spec/base/result.h"

namespace gofer {

class Budget {
 public:
  explicit Budget(std::size_t limit) : limit_(limit) {}
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;
  ~Budget() = default;

  // A part of the budget, given back when it is destroyed.
  class Share {
   public:
    Share(Share&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)), amount_(other.amount_) {}
    Share& operator=(Share&& other) noexcept {
      std::swap(budget_, other.budget_);
      std::swap(amount_, other.amount_);
      return *this;
    }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    ~Share() {
      if (budget_ != nullptr) budget_->used_ -= amount_;
    }

   private:
    friend class Budget;
    Share(Budget* budget, std::size_t amount) : budget_(budget), amount_(amount) {
      budget_->used_ += amount_;
    }
    Budget* budget_;
    std::size_t amount_;
  };

  // `exceeded` is the errno when no such amount is left.
  base::Result<Share> take(std::size_t amount, int exceeded) {
    if (amount > limit_ - used_) return base::fail(exceeded);
    return Share(this, amount);
  }
  std::size_t used() const { return used_; }

 private:
  std::size_t limit_;
  std::size_t used_ = 0;
};

}  // namespace gofer

// FidTable: what each fid of a connection stands for.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <variant>

#include "gofer/node.h"
#include "gofer/open_flags.h"
#include "gofer/p9/flags.h"
#include "gofer/p9/wire.h"
#include "spec/base/fd.h"

namespace gofer {

// How many files may be open at once, and how many are.
class OpenBudget {
 public:
  explicit OpenBudget(std::size_t limit) : limit_(limit) {}
  OpenBudget(const OpenBudget&) = delete;
  OpenBudget& operator=(const OpenBudget&) = delete;
  ~OpenBudget() = default;

  // One unit of the budget, given back when it is destroyed.
  class Share {
   public:
    Share(Share&& other) noexcept : budget_(std::exchange(other.budget_, nullptr)) {}
    Share& operator=(Share&& other) noexcept {
      std::swap(budget_, other.budget_);
      return *this;
    }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    ~Share() {
      if (budget_ != nullptr) --budget_->used_;
    }

   private:
    friend class OpenBudget;
    explicit Share(OpenBudget* budget) : budget_(budget) { ++budget_->used_; }
    OpenBudget* budget_;
  };

  base::Result<Share> take() {
    if (used_ >= limit_) return base::fail(EMFILE);
    return Share(this);
  }
  std::size_t used() const { return used_; }

 private:
  std::size_t limit_;
  std::size_t used_ = 0;
};

// The states of a fid. Each has what can be done in it, and nothing else.
struct Walked {};

struct OpenFile {
  OpenBudget::Share share;
  base::UniqueFd fd;
  Access access = Access::kRead;
};

struct OpenDirectory {
  OpenBudget::Share share;
  base::UniqueFd fd;
  uint64_t position = 0;  // the cookie at which the kernel goes on
};

struct FidState {
  NodeRef node;
  uint32_t uid = p9::kNoUname;  // n_uname of the attach it descends from: owner of what it creates
  std::variant<Walked, OpenFile, OpenDirectory> use = Walked{};

  bool is_open() const { return !std::holds_alternative<Walked>(use); }
};

class FidTable {
 public:
  explicit FidTable(std::size_t limit) : limit_(limit) {}

  // EBADF when unknown. Valid until the fid is erased or replaced.
  base::Result<FidState*> find(p9::Fid fid);
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

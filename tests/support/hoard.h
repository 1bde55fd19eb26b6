// Hoard: a client that takes of its worker what it can get, and what it holds then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "cmd/p9/client.h"
#include "gofer/p9/flags.h"
#include "tests/support/outcome.h"

namespace support {

class Hoard {
 public:
  // The names of the files that it takes: as many of them as it is to take nodes.
  static std::string file(std::size_t i) { return "f" + std::to_string(i); }

  explicit Hoard(p9client::Client& client) : client_(client) {}

  std::string clone() { return keep(client_.walk("")); }
  std::string walk() { return keep(client_.walk(file(held_.size()))); }
  std::string open() { return keep(client_.open(file(0), p9::kOpenRdwr)); }
  // Each by another owner, through a fid of its own.
  std::string lock() {
    auto fid = client_.open(file(0), p9::kOpenRdwr);
    if (!fid) return outcome(fid);
    auto number = static_cast<uint32_t>(++locks_);
    auto locked =
        client_.call(p9::Tlock{*fid, p9::kLockWrite, 0, 10 * locks_, 1, number, "client"});
    if (!locked) return outcome(locked);
    return keep(std::move(fid));
  }
  // The smallest attribute counts as 512 bytes.
  std::string begin_xattr() {
    auto fid = client_.walk(file(0));
    if (!fid) return outcome(fid);
    auto begun = client_.call(p9::Txattrcreate{*fid, "user.begun", 0, 0});
    if (!begun) return outcome(begun);
    return keep(std::move(fid));
  }

  std::size_t size() const { return held_.size(); }
  void clunk_one() { held_.pop_back(); }
  void clunk_all() { held_.clear(); }

 private:
  std::string keep(base::Result<p9client::UniqueFid> fid) {
    std::string result = outcome(fid);
    if (fid) held_.push_back(*std::move(fid));
    return result;
  }

  p9client::Client& client_;
  std::vector<p9client::UniqueFid> held_;
  std::size_t locks_ = 0;
};

}  // namespace support

// Session: the state of one connection. Handlers work on it; it knows no message.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>

#include "gofer/answer.h"
#include "gofer/attach_point.h"
#include "gofer/disk.h"
#include "gofer/fid_table.h"
#include "gofer/qid_map.h"
#include "gofer/tree.h"
#include "spec/base/log.h"

namespace gofer {

inline constexpr uint32_t kMinMsize = 4096;
inline constexpr uint32_t kMsizeBeforeVersion = 8192;  // frame limit until Tversion was served
inline constexpr uint32_t kIoHeader = 24;              // IOHDRSZ of the manual; iounit = msize - 24

// What is left of a request that is not served yet: the call that answers it, or a look at what it
// will ask for.
using Left = std::variant<DiskCall, Scout>;

class Session {
 public:
  // `attach_point` is borrowed for the life of the session. Fails when its root cannot be asked
  // for its identity, or is neither a directory nor a regular file, nor a socket or a FIFO where
  // those are served (EINVAL).
  static base::Result<Session> start(const AttachPoint& attach_point, const base::Log& log);

  const AttachPoint& attach_point() const { return *attach_point_; }
  const base::Log& log() const { return log_; }
  Tree& tree() { return state_->tree; }
  FidTable& fids() { return state_->fids; }
  Budget& open_files() { return state_->open_files; }
  Budget& xattr_bytes() { return state_->xattr_bytes; }
  LockTable& locks() { return state_->locks; }

  // The qid of a file. EOVERFLOW: see QidMap.
  base::Result<p9::Qid> qid(const Identity& identity);

  // A descriptor of the fid's file for everything but data: of the open file if it is open, else
  // of its node. Valid while the Pin and the fid's state live.
  base::Result<Pin> descriptor(FidState& state);

  // What Tversion settles. Begins a new session on the same connection: every fid is released.
  void begin(uint32_t msize, uint32_t google);
  bool has_version() const { return has_version_; }
  uint32_t google() const { return google_; }  // N of 9P2000.L.Google.N; 0: plain 9P2000.L
  // Whether this client gets descriptors.
  bool donates() const { return google_ > 0 && attach_point_->donate; }
  uint32_t msize() const { return msize_; }
  uint32_t frame_limit() const { return has_version_ ? msize_ : kMsizeBeforeVersion; }

  // Where the payload of the next reply lies in the outgoing frame: at most `count` bytes of it.
  // What a handler returns in Rread::data or Rreaddir::data from here is not copied again.
  std::span<std::byte> payload(std::size_t count) const {
    return payload_.first(std::min(count, payload_.size()));
  }
  // Room for what a handler has to read again: as long as the payload, but never in memory that the
  // client sees. The texts of the request may lie in it.
  std::span<std::byte> scratch() const { return scratch_; }
  void lend_payload(std::span<std::byte> room) { lend_payload(room, room); }
  void lend_payload(std::span<std::byte> room, std::span<std::byte> scratch) {
    payload_ = room;
    scratch_ = scratch.first(room.size());
  }

  // Room for one symlink target, until the next request.
  std::span<char> text_room() { return state_->text; }

  // Room for the largest extended attribute and the longest list, until the next request.
  std::span<std::byte> xattr_room();

  // A descriptor that goes to the client with the reply to this request: one that helps it, one
  // that it asked for, or one that it asked for and that stays open here for as long as the session
  // lives. Where what was asked for cannot go, the reply is an error instead; what the request has
  // done stays.
  void donate(base::UniqueFd fd) { donation_ = Donation(std::move(fd), Alone::kGood); }
  void hand_over(base::UniqueFd fd) { donation_ = Donation(std::move(fd), Alone::kUseless); }
  void lend(base::Fd fd) { donation_ = Donation(fd, Alone::kUseless); }
  Donation take_donation() { return std::exchange(donation_, {}); }

  // The call that answers this request, made at once: or none, and it is left to whoever serves the
  // session. Then what the handler returns is not sent.
  std::optional<base::Result<std::size_t>> make(const DiskCall& call, FidState& state);
  // Whether there is somebody who can wait in place of the requests that follow.
  void let_leave(bool may_leave) { may_leave_ = may_leave; }
  // Whether this request is better served after somebody has looked at what it asks for; and that
  // somebody shall. Then it changes nothing, and is served again.
  bool better_scouted() const { return may_leave_ && disk_.lookups_are_slow(); }
  void leave(Scout scout) { left_ = std::move(scout); }
  std::optional<Left> take_left() {
    return left_ ? std::exchange(left_, std::nullopt) : std::nullopt;
  }
  Disk& disk() { return disk_; }

  // Ends the connection after this request, without an answer: see OnWrite::kPanic.
  void panic() { panicked_ = true; }
  bool panicked() const { return panicked_; }

  // Names from the root down, for the log: "/a/b"; with " (detached)" when the place is gone.
  static std::string path_of(const Node& node);

 private:
  // On the heap, so that nodes and shares keep valid pointers when a Session moves.
  struct State {
    State(const AttachPoint& attach_point, const Identity& root);
    Tree tree;
    QidMap qids;
    Budget open_files;
    Budget xattr_bytes;
    LockTable locks;
    FidTable fids;  // after what its entries refer to
    std::array<char, 4096> text{};
    std::unique_ptr<std::byte[]> xattr;  // made when it is first needed: few connections do
  };

  Session(const AttachPoint& attach_point, const base::Log& log, const Identity& root);

  const AttachPoint* attach_point_;
  base::Log log_;
  std::unique_ptr<State> state_;
  std::span<std::byte> payload_;
  std::span<std::byte> scratch_;
  Donation donation_;
  Disk disk_;
  std::optional<Left> left_;
  bool may_leave_ = false;
  uint32_t msize_ = 0;
  uint32_t google_ = 0;
  bool has_version_ = false;
  bool panicked_ = false;
};

}  // namespace gofer

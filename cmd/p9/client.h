// Client: a 9P2000.L session on one attach point, with the verbs that a person thinks in.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/p9/channel.h"
#include "cmd/p9/connection.h"

namespace p9client {

inline constexpr p9::Fid kNoFid{p9::kNoFid};
inline constexpr uint32_t kDefaultMsize = (uint32_t{128} << 10) + 24;
inline constexpr uint32_t kIoHeader = 24;  // room that a read or write needs besides its data

struct Entry {
  p9::Qid qid;
  uint64_t offset = 0;  // where a later Treaddir goes on after this entry
  uint8_t type = 0;     // DT_REG, DT_DIR ...
  std::string name;
};

// The entries of an Rreaddir. EPROTO if its data are malformed.
Result<std::vector<Entry>> parse_entries(p9::Bytes data);

class Client;

// A fid that is clunked when it goes out of scope. The client outlives it and stays where it is.
class [[nodiscard]] UniqueFid {
 public:
  UniqueFid(Client& client, p9::Fid fid) : client_(&client), fid_(fid) {}
  UniqueFid(const UniqueFid&) = delete;
  UniqueFid& operator=(const UniqueFid&) = delete;
  UniqueFid(UniqueFid&& other) noexcept
      : client_(std::exchange(other.client_, nullptr)), fid_(other.fid_) {}
  UniqueFid& operator=(UniqueFid&& other) noexcept;
  ~UniqueFid() { clunk(); }

  // NOLINTNEXTLINE(google-explicit-constructor): borrowing is free
  operator p9::Fid() const& { return fid_; }
  operator p9::Fid() const&& = delete;

  // Forgets the fid without telling the server: it was removed, or the test is about it.
  p9::Fid release() {
    client_ = nullptr;
    return fid_;
  }

 private:
  void clunk();
  Client* client_;
  p9::Fid fid_;
};

// All paths are relative to the attach point's root; empty components and "." are passed over,
// ".." is EINVAL. A symbolic link is never followed.
class Client {
 public:
  // Version and attach. Errors: the server's, or EPROTO if it does not speak 9P2000.L.
  static Result<Client> connect(UniqueFd socket, uint32_t msize = kDefaultMsize,
                                uint32_t google = 0);
  // The same in 9P2000.L, but over channel 0. Errors: EOPNOTSUPP if the server has no channels.
  static Result<Client> connect_over_channel(UniqueFd socket, uint32_t msize = kDefaultMsize);
  // Speaks to nobody yet: for tests of the first words.
  explicit Client(UniqueFd socket) : connection_(std::move(socket)) {}

  // `google`: the dialect to ask for, N of 9P2000.L.Google.N; 0 is 9P2000.L. Where the server
  // answers EAGAIN the next lower one is asked for. The result is the msize.
  Result<uint32_t> version(uint32_t msize = kDefaultMsize, uint32_t google = 0);
  // The dialect that was agreed on.
  uint32_t google() const { return google_; }
  Result<p9::Qid> attach(p9::Fid fid, std::string_view aname = "/");

  // Over the channel if there is one, but for what only the socket can say.
  template <p9::Message M>
  Result<typename M::Reply> call(const M& request) {
    if (channel_ && !kListed<M, p9::MessageList<p9::Tversion, p9::Tchannel>>)
      return channel_->call(request);
    return connection_.call(request);
  }
  Connection& connection() { return connection_; }
  // The descriptor that came with the last reply of call(), once; it is closed by the next call.
  UniqueFd take_descriptor() {
    return channel_ ? channel_->take_descriptor() : connection_.take_descriptor();
  }

  // From now on requests go over channel `id`, whatever dialect is agreed on later. Only a dialect
  // from kSince of p9::Tchannel on has channels. Errors: those of Channel.
  Result<void> use_channel(uint32_t id);
  // Null without one.
  Channel* channel() { return channel_ ? &*channel_ : nullptr; }

  static constexpr p9::Fid root() { return p9::Fid{0}; }
  p9::Fid new_fid();
  void reuse(p9::Fid fid) { free_.push_back(fid); }
  uint32_t msize() const { return msize_; }

  Result<UniqueFid> walk(std::string_view path) { return walk(root(), path); }
  Result<UniqueFid> walk(p9::Fid from, std::string_view path);
  Result<UniqueFid> clone(p9::Fid fid) { return walk(fid, ""); }
  Result<p9::Rgetattr> getattr(p9::Fid fid, uint64_t mask = p9::kGetattrBasic | p9::kGetattrBtime);
  Result<p9::Rgetattr> stat(std::string_view path);
  Result<p9::Qid> open(p9::Fid fid, uint32_t flags);
  Result<UniqueFid> open(std::string_view path, uint32_t flags);
  Result<UniqueFid> create(p9::Fid directory, std::string_view name, uint32_t flags, uint32_t mode);
  Result<void> clunk(p9::Fid fid);

  // The bytes of an open file from `offset`: at most `count`, less only at its end. The view is
  // valid until the next call.
  Result<p9::Bytes> read(p9::Fid fid, uint64_t offset, uint32_t count);
  Result<void> write(p9::Fid fid, uint64_t offset, std::string_view data);
  // Gives `sink` every byte of an open file in order; stops when it says false.
  Result<void> read_each(p9::Fid fid, const std::function<bool(p9::Bytes)>& sink);
  Result<std::string> read_file(std::string_view path);
  // Replaces or makes the file.
  Result<void> write_file(std::string_view path, std::string_view data, uint32_t mode = 0644);
  Result<std::string> readlink(p9::Fid fid);

  // An extended attribute; with an empty name the list of names, each followed by a NUL.
  Result<std::string> get_xattr(p9::Fid fid, std::string_view name);
  // `flags`: kXattrCreate, kXattrReplace or 0. An empty value with kXattrReplace removes.
  Result<void> set_xattr(p9::Fid fid, std::string_view name, std::string_view value,
                         uint32_t flags = 0);

  // Every entry of an open directory, "." and ".." left out, in the server's order.
  Result<std::vector<Entry>> list(p9::Fid open_directory);
  Result<std::vector<Entry>> list(std::string_view path);

 private:
  Connection connection_;
  std::optional<Channel> channel_;
  uint32_t msize_ = kDefaultMsize;
  uint32_t google_ = 0;
  uint32_t next_fid_ = 1;
  std::vector<p9::Fid> free_;
};

// The two halves of a path: what to walk to, and the last component. EINVAL if there is none.
struct Split {
  std::string_view directory;
  std::string_view name;
};
Result<Split> split(std::string_view path);

}  // namespace p9client

// Served: a session on a real temporary tree, whose handlers are called with typed messages.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "gofer/handlers.h"
#include "gofer/p9/dispatch.h"
#include "tests/support/outcome.h"
#include "tests/support/temp_dir.h"
#include "tests/support/tree.h"

namespace gofer {

using support::outcome;
using support::path;

inline constexpr p9::Fid kRoot{1};
inline constexpr uint32_t kOwnMsize = 65536;

inline p9::Name name(std::string_view text) {
  return *p9::Name::parse(text);
}

class Served : public ::testing::Test {
 protected:
  Served();

  // Begins a session on `root`, attached as kRoot for `uid`.
  void serve(const path& root, AttachPoint options = none(), uint32_t uid = p9::kNoUname);
  void serve(AttachPoint options = none(), uint32_t uid = p9::kNoUname) {
    serve(dir_.path(), options, uid);
  }
  static AttachPoint none() { return {.root = base::Fd(-1), .own_fds = base::Fd(-1)}; }

  Session& session() { return *session_; }
  path on_host(const path& below) const { return dir_ / below; }
  const path& top() const { return dir_.path(); }

  template <p9::Message M>
  Result<typename M::Reply> call(const M& request) {
    session_->lend_payload(payload_);
    return handle(*session_, request);
  }

  // A new fid for the names below `from`.
  Result<p9::Rwalk> walk_to(p9::Fid fid, std::initializer_list<std::string_view> names,
                            p9::Fid from = kRoot);
  p9::Fid walk(std::initializer_list<std::string_view> names, p9::Fid from = kRoot);
  p9::Fid open(std::initializer_list<std::string_view> names, uint32_t flags);
  Result<p9::Rgetattr> getattr(p9::Fid fid) { return call(p9::Tgetattr{fid, p9::kGetattrBasic}); }
  std::string read(p9::Fid fid, uint64_t offset = 0, uint32_t count = 1000);
  std::string write(p9::Fid fid, uint64_t offset, std::string_view text);

  p9::Fid next_fid() { return p9::Fid{next_++}; }
  // What the log says.
  std::string log() const;

 private:
  support::TempDir dir_;
  base::UniqueFd root_;
  base::UniqueFd own_fds_;
  base::UniqueFd log_;
  AttachPoint attach_point_;
  std::vector<std::byte> payload_;
  std::unique_ptr<Session> session_;
  uint32_t next_ = 100;
};

}  // namespace gofer

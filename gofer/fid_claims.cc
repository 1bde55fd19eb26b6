#include "gofer/fid_claims.h"

#include <algorithm>
#include <cerrno>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

#include "gofer/p9/dispatch.h"

namespace gofer {
namespace {

// Serves nothing, and notes what it was asked about.
struct Clerk {
  FidClaims claims = {};
  uint32_t google() const { return p9::kNewestGoogle; }
};

// Requests that leave the fid they name first as it is. All others may change it.
template <p9::Message M>
constexpr bool kOnlyLooks =
    p9::kOneOf<M, p9::Twalk, p9::Twalkgetattr, p9::Tmultigetattr, p9::Tgetattr, p9::Tstatfs,
               p9::Treadlink, p9::Treaddir, p9::Tread>;

template <p9::Message M>
p9::Result<typename M::Reply> handle(Clerk& clerk, const M& request) {
  bool shared = kOnlyLooks<M>;
  auto note = [&]<class T>(const T& member) {
    if constexpr (std::is_same_v<T, p9::Fid>)
      clerk.claims.add(member, std::exchange(shared, false));
  };
  std::apply([&](const auto&... member) { (note(member), ...); }, p9::detail::tie_members(request));
  return base::fail(EAGAIN);
}

}  // namespace

FidClaims FidClaims::of(p9::Bytes frame) {
  Clerk clerk;
  std::array<std::byte, 64> answer;  // NOLINT(*-member-init): nobody reads it
  (void)p9::dispatch(clerk, frame, answer);
  return clerk.claims;
}

void FidClaims::add(p9::Fid fid, bool shared) {
  if (count_ < claims_.size()) claims_[count_++] = {.fid = fid, .shared = shared};
}

bool FidClaims::conflict_with(const FidClaims& other) const {
  auto mine = std::span(claims_).first(count_);
  auto others = std::span(other.claims_).first(other.count_);
  return std::ranges::any_of(mine, [&](const Claim& one) {
    return std::ranges::any_of(others, [&](const Claim& two) {
      return one.fid == two.fid && !(one.shared && two.shared);
    });
  });
}

}  // namespace gofer

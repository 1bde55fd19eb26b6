#include "spec/gofer_options.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "spec/findings.h"
#include "spec/json.h"

namespace spec {
namespace {

using base::failure;
using base::Outcome;

// In the order of kWords.
enum Word : std::size_t {
  kPanicOnWrite,
  kMakeFifo,
  kMakeSocket,
  kNoXattr,
  kUserXattr,
  kAclXattr,
  kSecurityXattr,
  kTrustedXattr,
  kNoLocks,
  kNoDonate,
  kOpenUds,
  kOpenFifo,
  kOneChannel,  // kMaxChannels of these, by number
  kWordCount = kOneChannel + kMaxChannels,
};

constexpr std::string_view kWords[] = {
    "x-gofer.panic-on-write", "x-gofer.mknod=fifo",    "x-gofer.mknod=socket",
    "x-gofer.xattr=none",     "x-gofer.xattr=user",    "x-gofer.xattr=acl",
    "x-gofer.xattr=security", "x-gofer.xattr=trusted", "x-gofer.locks=off",
    "x-gofer.donate=off",     "x-gofer.uds=open",      "x-gofer.fifo=open",
    "x-gofer.channels=1",     "x-gofer.channels=2",    "x-gofer.channels=3",
    "x-gofer.channels=4",
};
static_assert(std::size(kWords) == kWordCount);

std::string known_words() {
  std::string text = "expected one of";
  for (std::string_view word : kWords) text += " " + std::string(word);
  return text;
}

}  // namespace

bool is_gofer_word(std::string_view word) {
  constexpr std::string_view kPrefix = "x-gofer";
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(word.substr(0, kPrefix.size()), kPrefix, {}, lower);
}

std::span<const std::string_view> gofer_words() {
  return kWords;
}

Outcome<void> GoferWords::take(std::string_view word, std::string_view where) {
  const auto* known = std::ranges::find(kWords, word);
  if (known == std::end(kWords))
    return failure(bad_spec(where, "the option " + quote(word) + " is not known", known_words()));
  seen_.set(static_cast<std::size_t>(known - std::begin(kWords)));
  return {};
}

Outcome<GoferOptions> GoferWords::finish(Access access, std::string_view where) const {
  if (seen_[kPanicOnWrite] && access == Access::kReadWrite)
    return failure(bad_spec(where,
                            "panic-on-write on a read-write attach point: writes are allowed, so "
                            "nothing would ever panic",
                            "expected it together with ro (for the root: with root.readonly)"));
  bool named =
      seen_[kUserXattr] || seen_[kAclXattr] || seen_[kSecurityXattr] || seen_[kTrustedXattr];
  if (seen_[kNoXattr] && named)
    return failure(bad_spec(where, "x-gofer.xattr=none and name spaces of extended attributes",
                            "expected none alone, or the name spaces to serve"));
  unsigned channels = 0;
  for (unsigned count = 1; count <= kMaxChannels; ++count) {
    if (!seen_[kOneChannel + count - 1]) continue;
    if (channels != 0)
      return failure(bad_spec(where, "two numbers of channels", "expected x-gofer.channels once"));
    channels = count;
  }
  return GoferOptions{.on_write = seen_[kPanicOnWrite] ? OnWrite::kPanic : OnWrite::kRefuse,
                      .special = {.fifo = seen_[kMakeFifo], .socket = seen_[kMakeSocket]},
                      .xattrs = {.user = !seen_[kNoXattr],
                                 .acl = seen_[kAclXattr],
                                 .security = seen_[kSecurityXattr],
                                 .trusted = seen_[kTrustedXattr]},
                      .locks = !seen_[kNoLocks],
                      .donate = !seen_[kNoDonate],
                      .uds = seen_[kOpenUds],
                      .fifo = seen_[kOpenFifo],
                      .channels = channels};
}

Extras extras_of(const GoferOptions& options) {
  Extras extras;
  auto add_if = [&](bool wanted, Extra extra) {
    if (wanted) extras = extras.with(extra);
  };
  add_if(options.donate, Extra::kDonate);
  add_if(options.xattrs.any(), Extra::kXattr);
  add_if(options.locks, Extra::kLocks);
  add_if(options.special.fifo || options.special.socket, Extra::kMknod);
  add_if(options.uds && options.donate, Extra::kUds);
  add_if(options.fifo && options.donate, Extra::kFifo);
  add_if(options.channels > 0, Extra::kChannels);
  return extras;
}

}  // namespace spec

// GoferOptions: how an attach point is served, and the words of this program among a mount's
// options that say it.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "spec/base/problem.h"
#include "spec/role.h"

namespace spec {

// Any spelling that was meant for this program ("x-gofer" and whatever follows, in any case):
// passing over a misspelt one would drop a wish.
bool is_gofer_word(std::string_view word);

// Every word of this program there is.
std::span<const std::string_view> gofer_words();

enum class Access : uint8_t { kReadOnly, kReadWrite };

constexpr Role worker_role(Access access) {
  return access == Access::kReadOnly ? Role::kReadOnly : Role::kReadWrite;
}

// What a worker does when a client tries to change a read-only tree: answer EROFS, or end.
enum class OnWrite : uint8_t { kRefuse, kPanic };

// Special files that a client may make with Tmknod. Device nodes are never made.
struct SpecialFiles {
  bool fifo = false;
  bool socket = false;
  friend bool operator==(const SpecialFiles&, const SpecialFiles&) = default;
};

// Extended attributes that a client sees and may change, by name space. docs/xattrs-and-locks.md
// says why most are off.
struct XattrNames {
  bool user = true;       // user.*
  bool acl = false;       // system.posix_acl_access and system.posix_acl_default
  bool security = false;  // security.*
  bool trusted = false;   // trusted.*
  bool any() const { return user || acl || security || trusted; }
  friend bool operator==(const XattrNames&, const XattrNames&) = default;
};

// How one attach point is served, as far as OCI has no word for it.
struct GoferOptions {
  OnWrite on_write = OnWrite::kRefuse;
  SpecialFiles special;
  XattrNames xattrs;
  bool locks = true;      // false: byte-range locks are not served
  bool donate = true;     // false: no descriptor goes to a client
  bool uds = false;       // a client may connect to the sockets in the tree
  bool fifo = false;      // a client may open the FIFOs in the tree
  unsigned channels = 0;  // shared-memory channels besides the socket; at most kMaxChannels
  friend bool operator==(const GoferOptions&, const GoferOptions&) = default;
};

inline constexpr unsigned kMaxChannels = 4;

// What the worker has to have for it beyond its role. What a role has no use for is not left out:
// see completed().
Extras extras_of(const GoferOptions& options);

// The words of this program on one mount, taken one by one in any order.
class GoferWords {
 public:
  // Error: a word that is not known, with those that are. `where` is the JSON pointer of the word.
  base::Outcome<void> take(std::string_view word, std::string_view where);

  // What they say together. `where` is the JSON pointer of the list. Errors: panic-on-write where
  // writes are allowed, xattr=none next to a name space, two numbers of channels.
  base::Outcome<GoferOptions> finish(Access access, std::string_view where) const;

 private:
  std::bitset<24> seen_;  // by index in gofer_words()
};

}  // namespace spec

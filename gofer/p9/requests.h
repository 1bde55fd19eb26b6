// The list of all requests that are known, and what each says of itself.
#pragma once

#include "gofer/p9/google_messages.h"
#include "gofer/p9/messages.h"

namespace p9 {

template <Message M, Message... Each>
constexpr bool kOneOf = (std::is_same_v<M, Each> || ...);

template <class M>
concept StatesWhetherItMutates = requires(const M& m) {
  { m.mutates() } -> std::same_as<bool>;
} || requires {
  { M::kMutates } -> std::convertible_to<bool>;
};

// Whether serving the message may change the tree. A read-only server refuses it if so.
template <StatesWhetherItMutates M>
bool mutates(const M& message) {
  if constexpr (requires { message.mutates(); })
    return message.mutates();
  else
    return M::kMutates;
}

template <class M>
constexpr bool releases_fid() {
  if constexpr (requires { M::kReleasesFid; })
    return M::kReleasesFid;
  else
    return false;
}

// The least N of 9P2000.L.Google.N in which the message exists; 0: in plain 9P2000.L, too.
template <class M>
constexpr uint32_t since() {
  if constexpr (requires { M::kSince; })
    return M::kSince;
  else
    return 0;
}

template <class... M>
struct MessageList {};

using Requests =
    MessageList<Tstatfs, Tlopen, Tlcreate, Tsymlink, Tmknod, Trename, Treadlink, Tgetattr, Tsetattr,
                Txattrwalk, Txattrcreate, Treaddir, Tfsync, Tlock, Tgetlock, Tlink, Tmkdir,
                Trenameat, Tunlinkat, Tversion, Tauth, Tattach, Tflush, Twalk, Tread, Twrite,
                Tclunk, Tremove, Tflushf, Twalkgetattr, Tucreate, Tumkdir, Tumknod, Tusymlink,
                Tlconnect, Tallocate, Tgetxattr, Tsetxattr, Tlistxattr, Tremovexattr, Tsetattrclunk,
                Tmultigetattr, Tchannel>;

}  // namespace p9

// Connecting to sockets of the tree.
#include <cerrno>

#include "gofer/handlers.h"
#include "gofer/p9/flags.h"

namespace gofer {
namespace {

using base::fail;
using base::UniqueFd;
using host::SocketType;

Result<SocketType> parse_type(uint32_t wire) {
  switch (wire) {
    case p9::kSocketStream:
      return SocketType::kStream;
    case p9::kSocketDatagram:
      return SocketType::kDatagram;
    case p9::kSocketSeqpacket:
      return SocketType::kSeqpacket;
    case p9::kSocketAny:
      return fail(ENXIO);
    default:
      return fail(EINVAL);
  }
}

}  // namespace

Result<p9::Rlconnect> handle(Session& session, const p9::Tlconnect& request) {
  FidState& state = *TRY(session.fids().find(request.fid));
  if (!session.attach_point().uds || !session.donates()) return fail(EOPNOTSUPP);
  Node& node = *state.node;
  if (!node.identity().is_socket()) return fail(EINVAL);
  SocketType type = TRY(parse_type(request.socktype));
  Budget::Share while_it_is_here = TRY(session.open_files().take(1, EMFILE));
  TRY(session.tree().check_named(node));
  Pin place = TRY(session.tree().open(node));
  UniqueFd socket = TRY(host::socket(type));
  TRY(host::connect(socket, place));
  session.hand_over(std::move(socket));
  return p9::Rlconnect{};
}

}  // namespace gofer

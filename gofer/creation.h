// What every new object of the tree has in common: its owner, and that it goes again on failure.
#pragma once

#include "gofer/session.h"

namespace gofer {

inline constexpr uint32_t kKeepId = 0xffffffff;  // leave the owner or group as it was created
inline constexpr uint32_t kModeBits = 07777;

// Whom a request wants a new object to belong to. Plain 9P2000.L names the group only: the user is
// that of the attach.
struct Owner {
  uint32_t uid = kKeepId;
  uint32_t gid = kKeepId;
  uint32_t uid_or(uint32_t attached) const { return uid != kKeepId ? uid : attached; }
};

struct NewObject {
  base::Fd dir;  // where it was made
  p9::Name name;
  uint32_t mode = 0;  // type and permission bits it was made with
  uint32_t uid = kKeepId;
  uint32_t gid = kKeepId;
};

// Gives an object that was made by name its owner, and says what it is. When that fails, or when
// somebody else has put another kind of file in its place already (ESTALE), the request fails and
// nothing of ours is left.
base::Result<p9::Qid> settle(Session& session, const NewObject& object);

// The same for a file that is open as `fd` already. The caller removes it if this fails.
base::Result<Identity> settle_open(Session& session, const NewObject& object, base::Fd fd);

// Removes the object again, if its name still stands for the file with this identity.
void undo(const NewObject& object, const Identity& identity);

}  // namespace gofer

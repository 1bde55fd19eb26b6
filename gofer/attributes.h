// What clients see of a file's attributes, in the one form that all messages share.
#pragma once

#include "gofer/p9/attributes.h"
#include "gofer/p9/messages.h"
#include "gofer/session.h"

namespace gofer {

struct Attributes {
  uint64_t valid = 0;
  p9::Qid qid;
  p9::Attr attr;
};

// One fstat(2) of the file, for the messages of the Google extensions and for Rgetattr; or one
// statx(2) when its time of birth is wanted, of which `node`, which is the file's, is not sure.
base::Result<Attributes> attributes_of(Session& session, Node& node, base::Fd file);
base::Result<p9::Rgetattr> getattr(Session& session, Node& node, base::Fd file, uint64_t wanted);

}  // namespace gofer

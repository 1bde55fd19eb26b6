#include "gofer/p9/wire.h"

namespace p9 {

Result<Name> Name::parse(std::string_view text) {
// The mutant proves that the other layers hold without this one. It still knows how long a name is.
#ifndef GOFER_MUTANT_NO_NAME_CHECK
  if (text.empty() || text == "." || text == "..") return fail(EINVAL);
  if (text.find('/') != text.npos || text.find('\0') != text.npos) return fail(EINVAL);
#endif
  if (text.size() > kMaxName) return fail(ENAMETOOLONG);
  return Name(text);
}

}  // namespace p9

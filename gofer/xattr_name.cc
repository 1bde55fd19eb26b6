#include "gofer/xattr_name.h"

#include <cerrno>
#include <cstring>

namespace gofer {

using base::fail;

bool is_served(const XattrNames& served, std::string_view name) {
  if (name.starts_with("user.")) return served.user;
  if (name.starts_with("security.")) return served.security;
  if (name.starts_with("trusted.")) return served.trusted;
  if (name == "system.posix_acl_access" || name == "system.posix_acl_default") return served.acl;
  return false;
}

base::Result<XattrName> XattrName::parse(const XattrNames& served, std::string_view name) {
  if (name.empty() || name.size() > kMaxXattrName) return fail(ERANGE);
  if (name.find('\0') != name.npos) return fail(EINVAL);
  if (!is_served(served, name)) return fail(EOPNOTSUPP);
  XattrName parsed;
  std::memcpy(parsed.text_.data(), name.data(), name.size());
  parsed.text_[name.size()] = '\0';
  return parsed;
}

}  // namespace gofer

// XattrName: the name of an extended attribute that a client gave, and whether it is served.
#pragma once

#include <array>
#include <string_view>

#include "gofer/attach_point.h"
#include "spec/base/result.h"

namespace gofer {

inline constexpr std::size_t kMaxXattrName = 255;    // XATTR_NAME_MAX
inline constexpr std::size_t kMaxXattrSize = 65536;  // XATTR_SIZE_MAX, XATTR_LIST_MAX

// Whether the attach point shows attributes of this name. Only prefixes that are listed here by
// their name spaces are: what a future kernel calls by another name stays unserved.
bool is_served(const XattrNames& served, std::string_view name);

// A name that the kernel can be given and that the attach point serves.
class XattrName {
 public:
  // ERANGE when it is empty or too long, EINVAL for a NUL in it, EOPNOTSUPP when it is not served.
  static base::Result<XattrName> parse(const XattrNames& served, std::string_view name);
  const char* c_str() const { return text_.data(); }

 private:
  XattrName() = default;
  std::array<char, kMaxXattrName + 1> text_;  // written up to its NUL
};

}  // namespace gofer

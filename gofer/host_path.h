// Path: everything this server ever gives the kernel as a path.
#pragma once

#include <array>
#include <charconv>
#include <cstring>

#include "gofer/p9/wire.h"
#include "spec/base/fd.h"

namespace gofer::host {

// One component proven by p9::Name, the number of a descriptor (a name in AttachPoint::own_fds),
// "." or "". Nothing with a slash in it can be made, and no "..". A copy: Names are views into a
// frame and not terminated by NUL.
class Path {
 public:
  explicit Path(p9::Name name) {
    std::string_view text = name.view();
    std::memcpy(text_.data(), text.data(), text.size());
    text_[text.size()] = '\0';
  }
  // The descriptor itself when opened below own_fds, whatever became of its name.
  static constexpr std::size_t kMaxDigits = 11;
  static Path number(base::Fd fd) {
    Path path;
    *std::to_chars(path.text_.data(), path.text_.data() + kMaxDigits, fd.raw()).ptr = '\0';
    return path;
  }
  static Path here() {
    Path path;
    path.text_[0] = '.';
    path.text_[1] = '\0';
    return path;
  }
  // With AT_EMPTY_PATH: the descriptor that stands before the path.
  static const Path& empty() { return nothing; }
  const char* c_str() const { return text_.data(); }

 private:
  struct Cleared {};
  Path() = default;
  constexpr explicit Path(Cleared) : text_{} {}
  static const Path nothing;
  std::array<char, p9::kMaxName + 1> text_;  // not zeroed: it is written up to its NUL
};

inline constexpr Path Path::nothing{Cleared{}};

}  // namespace gofer::host

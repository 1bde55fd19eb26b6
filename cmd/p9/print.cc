#include "cmd/p9/print.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <utility>

namespace p9client {
namespace {

// How many bytes the well-formed UTF-8 sequence at the front of `text` has, 0 if there is none.
std::size_t utf8_length(std::string_view text) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char first = byte(0);
  std::size_t length = first < 0x80   ? 1
                       : first < 0xc2 ? 0
                       : first < 0xe0 ? 2
                       : first < 0xf0 ? 3
                       : first < 0xf5 ? 4
                                      : 0;
  if (length == 0 || length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  bool overlong = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90);
  bool beyond = (first == 0xed && byte(1) > 0x9f) || (first == 0xf4 && byte(1) > 0x8f);
  return overlong || beyond ? 0 : length;
}

// C1 controls (U+0080 to U+009F) move cursors, too, and U+2028..U+202E and U+2066..U+2069 break or
// reorder lines.
bool is_control(std::string_view sequence) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(sequence[i]); };
  if (sequence.size() == 1) return byte(0) < 0x20 || byte(0) == 0x7f;
  if (sequence.size() == 2) return byte(0) == 0xc2 && byte(1) < 0xa0;
  if (sequence.size() != 3 || byte(0) != 0xe2) return false;
  return (byte(1) == 0x80 && byte(2) >= 0xa8 && byte(2) <= 0xae) ||
         (byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9);
}

void escape(std::string& out, std::string_view bytes) {
  for (char c : bytes) {
    std::array<char, 8> text{};
    std::snprintf(text.data(), text.size(), "\\x%02x",
                  static_cast<unsigned>(static_cast<unsigned char>(c)));
    out += text.data();
  }
}

std::string time_text(uint64_t seconds, uint64_t nanoseconds, bool with_fraction) {
  auto time = static_cast<std::time_t>(seconds);
  std::tm utc{};
  if (::gmtime_r(&time, &utc) == nullptr) return std::to_string(seconds);
  std::array<char, 64> text{};
  std::strftime(text.data(), text.size(), with_fraction ? "%F %T" : "%F %R", &utc);
  std::string out = text.data();
  if (with_fraction) {
    std::snprintf(text.data(), text.size(), ".%09u", static_cast<unsigned>(nanoseconds));
    out += std::string(text.data()) + " UTC";
  }
  return out;
}

char type_letter(uint32_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR:
      return 'd';
    case S_IFLNK:
      return 'l';
    case S_IFIFO:
      return 'p';
    case S_IFSOCK:
      return 's';
    case S_IFCHR:
      return 'c';
    case S_IFBLK:
      return 'b';
    default:
      return '-';
  }
}

bool is_device(uint32_t mode) {
  return S_ISCHR(mode) || S_ISBLK(mode);
}

std::string device_text(uint64_t rdev) {
  return std::to_string(major(rdev)) + ", " + std::to_string(minor(rdev));
}

std::string octal(uint32_t value) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%04o", value);
  return text.data();
}

}  // namespace

std::string printable(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    std::size_t length = utf8_length(name);
    std::string_view piece = name.substr(0, length == 0 ? 1 : length);
    if (piece == "\n")
      out += "\\n";
    else if (piece == "\t")
      out += "\\t";
    else if (piece == "\\")
      out += "\\\\";
    else if (length == 0 || is_control(piece))
      escape(out, piece);
    else
      out += piece;
    name.remove_prefix(piece.size());
  }
  return out;
}

std::string mode_text(uint32_t mode) {
  std::string out(1, type_letter(mode));
  for (uint32_t shift : {6U, 3U, 0U}) {
    uint32_t bits = mode >> shift;
    out += (bits & 4) != 0 ? 'r' : '-';
    out += (bits & 2) != 0 ? 'w' : '-';
    out += (bits & 1) != 0 ? 'x' : '-';
  }
  auto special = [&](uint32_t bit, std::size_t at, char with_x, char without_x) {
    if ((mode & bit) != 0) out[at] = out[at] == 'x' ? with_x : without_x;
  };
  special(S_ISUID, 3, 's', 'S');
  special(S_ISGID, 6, 's', 'S');
  special(S_ISVTX, 9, 't', 'T');
  return out;
}

std::string long_line(const p9::Rgetattr& a) {
  std::string size = is_device(a.mode) ? device_text(a.rdev) : std::to_string(a.size);
  std::array<char, 160> text{};
  std::snprintf(text.data(), text.size(), "%s %3llu %5u %5u %10s %s", mode_text(a.mode).c_str(),
                static_cast<unsigned long long>(a.nlink), a.uid, a.gid, size.c_str(),
                time_text(a.mtime_sec, a.mtime_nsec, false).c_str());
  return text.data();
}

std::string stat_text(std::string_view path, const p9::Rgetattr& a) {
  std::string out = "  File: " + printable(path);
  out += "\n  Mode: " + mode_text(a.mode) + " (" + octal(a.mode & 07777) + ")";
  out += "\n Owner: " + std::to_string(a.uid) + ":" + std::to_string(a.gid);
  if (is_device(a.mode))
    out += "\nDevice: " + device_text(a.rdev);
  else
    out += "\n  Size: " + std::to_string(a.size);
  out += "   Blocks: " + std::to_string(a.blocks) + "   Links: " + std::to_string(a.nlink);
  out += "\n Inode: " + std::to_string(a.qid.path);
  out += "\nAccess: " + time_text(a.atime_sec, a.atime_nsec, true);
  out += "\nModify: " + time_text(a.mtime_sec, a.mtime_nsec, true);
  out += "\nChange: " + time_text(a.ctime_sec, a.ctime_nsec, true);
  return out;
}

std::string human_size(uint64_t bytes) {
  constexpr std::string_view kUnits = "KMGTPE";
  if (bytes < 1024) return std::to_string(bytes);
  auto value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), value < 10 ? "%.1f%c" : "%.0f%c", value, kUnits[unit]);
  return text.data();
}

}  // namespace p9client

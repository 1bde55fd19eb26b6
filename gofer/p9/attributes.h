// The attributes of a file as the Google extensions carry them: in one piece.
#pragma once

#include "gofer/p9/layout.h"

namespace p9 {

struct Attr {
  uint32_t mode{};
  uint32_t uid{};
  uint32_t gid{};
  uint64_t nlink{};
  uint64_t rdev{};
  uint64_t size{};
  uint64_t blksize{};
  uint64_t blocks{};
  uint64_t atime_sec{};
  uint64_t atime_nsec{};
  uint64_t mtime_sec{};
  uint64_t mtime_nsec{};
  uint64_t ctime_sec{};
  uint64_t ctime_nsec{};
  uint64_t btime_sec{};
  uint64_t btime_nsec{};
  uint64_t gen{};
  uint64_t data_version{};
};

static_assert(detail::arity<Attr>() == 18);

template <>
struct Codec<Attr> {
  static constexpr std::string_view kKind = "132";
  static constexpr std::size_t size(const Attr&) { return 132; }
  static Attr read(Reader& in) {
    Attr attr;
    std::apply(
        [&](auto&... field) { ((field = in.number<std::remove_cvref_t<decltype(field)>>()), ...); },
        detail::tie_members(attr));
    return attr;
  }
  static void write(Writer& out, const Attr& attr) {
    std::apply([&](const auto&... field) { (out.number(field), ...); }, detail::tie_members(attr));
  }
  static void print(std::string& out, const Attr& attr) {
    out += "(mode " + std::to_string(attr.mode) + " size " + std::to_string(attr.size) + ')';
  }
};

// One element of Rmultigetattr.
struct FullStat {
  Qid qid;
  uint64_t valid{};
  Attr attr;
};

template <>
struct Codec<FullStat> {
  static constexpr std::string_view kKind = "153";
  static constexpr std::size_t size(const FullStat&) { return 153; }
  static FullStat read(Reader& in) {
    // Braces evaluate left to right.
    return {Codec<Qid>::read(in), in.number<uint64_t>(), Codec<Attr>::read(in)};
  }
  static void write(Writer& out, const FullStat& stat) {
    Codec<Qid>::write(out, stat.qid);
    out.number(stat.valid);
    Codec<Attr>::write(out, stat.attr);
  }
  static void print(std::string& out, const FullStat& stat) {
    Codec<Qid>::print(out, stat.qid);
    Codec<Attr>::print(out, stat.attr);
  }
};

}  // namespace p9

// Result<T>: a value, or the errno that says why there is none; and TRY, which passes it on.
#pragma once

#include <cerrno>
#include <expected>
#include <type_traits>
#include <utility>

namespace base {

// An errno as a value: what a failed request tells the client (Rlerror carries nothing else).
class [[nodiscard]] Errno {
 public:
  constexpr explicit Errno(int code) : code_(code) {}
  constexpr int code() const { return code_; }
  friend constexpr bool operator==(Errno, Errno) = default;

 private:
  int code_;
};

template <class T, class E = Errno>
using Result = std::expected<T, E>;

template <class E>
constexpr std::unexpected<E> failure(E error) {
  return std::unexpected<E>(std::move(error));
}

constexpr std::unexpected<Errno> fail(int code) {
  return failure(Errno(code));
}

// For the line after a system call that returned -1.
inline std::unexpected<Errno> fail_errno() {
  return fail(errno);
}

// What TRY yields: the value, moved out. Unlike std::expected's operator* it may be ignored.
template <class R>
constexpr decltype(auto) value_of(R&& result) {
  if constexpr (!std::is_void_v<typename std::remove_cvref_t<R>::value_type>)
    return *std::forward<R>(result);
}

}  // namespace base

// The value of a Result or Outcome, or an early return with its error. The project's only macro
// that changes control flow; numbered so that one TRY may stand inside another.
#define TRY(...) BASE_TRY_NUMBERED(__COUNTER__, __VA_ARGS__)
#define BASE_TRY_NUMBERED(number, ...) BASE_TRY_NAMED(number, __VA_ARGS__)
#define BASE_TRY_NAMED(number, ...)                 \
  __extension__({                                   \
    auto&& try_##number = (__VA_ARGS__);            \
    if (!try_##number) [[unlikely]]                 \
      return ::base::failure(try_##number.error()); \
    ::base::value_of(std::move(try_##number));      \
  })

// One line per event, key=value or JSON, written with one write(2) and without allocating, so that
// a locked-down worker can use it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "spec/base/fd.h"

namespace base {

enum class LogLevel : uint8_t { kError, kWarning, kInfo, kDebug };
enum class LogFormat : uint8_t {
  kText,
  kJson,
  kShim,  // JSON with the members that the shims of container runtimes look for: level, msg, time
};

struct LogField {
  std::string_view key;
  std::string_view text;
  uint64_t number = 0;
  bool is_number = false;

  LogField(std::string_view k, std::string_view t) : key(k), text(t) {}
  LogField(std::string_view k, const char* t) : key(k), text(t) {}
  LogField(std::string_view k, uint64_t n) : key(k), number(n), is_number(true) {}
};

// Where a process logs to. Copyable; borrows the descriptor for its whole life.
// `who` names the process in every line ("launcher", "worker") and must outlive the Log.
class Log {
 public:
  Log(Fd to, LogFormat format, LogLevel level, std::string_view who)
      : to_(to), format_(format), level_(level), who_(who) {}

  // Texts are cut at 255 bytes; bytes outside printable ASCII are escaped, so that a name chosen by
  // a client can forge neither a line nor a terminal sequence.
  void write(LogLevel level, std::string_view event,
             std::initializer_list<LogField> fields = {}) const;

  // Whether write() at this level would write: saves building texts that nobody reads.
  bool enabled(LogLevel level) const { return level <= level_; }

  Log as(std::string_view who) const { return {to_, format_, level_, who}; }

 private:
  Fd to_;
  LogFormat format_;
  LogLevel level_;
  std::string_view who_;
};

}  // namespace base

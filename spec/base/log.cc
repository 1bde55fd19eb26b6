#include "spec/base/log.h"

#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <ctime>

namespace base {
namespace {

using Fields = std::initializer_list<LogField>;

constexpr std::string_view kLevels[] = {"error", "warning", "info", "debug"};

// Bytes of one text that are shown: a file name at its longest. Ten such texts, each byte escaped,
// still fit into a line, so that JSON is never cut in the middle.
constexpr std::size_t kMaxText = 255;

// The same for a message that is the only text of its line.
constexpr std::size_t kMaxMessage = 2048;

// A line under construction. What does not fit is dropped; the newline always fits.
class LineBuffer {
 public:
  void raw(std::string_view text) {
    for (char c : text) put(c);
  }
  void number(uint64_t value, int base = 10, std::size_t width = 0) {
    std::array<char, 20> digits{};
    char* end = std::to_chars(digits.data(), digits.data() + digits.size(), value, base).ptr;
    auto length = static_cast<std::size_t>(end - digits.data());
    for (std::size_t i = length; i < width; ++i) put('0');
    raw({digits.data(), length});
  }
  void quoted(std::string_view text, std::size_t most = kMaxText) {
    put('"');
    for (char c : text.substr(0, most)) {
      auto byte = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') {
        put('\\');
        put(c);
      } else if (byte < 0x20 || byte >= 0x7f) {
        raw("\\u00");
        number(byte, 16, 2);
      } else {
        put(c);
      }
    }
    put('"');
  }
  std::string_view text() const { return {buffer_.data(), used_}; }
  std::string_view finish() {
    buffer_[used_] = '\n';
    return {buffer_.data(), used_ + 1};
  }

 private:
  void put(char c) {
    if (used_ < buffer_.size() - 1) buffer_[used_++] = c;
  }
  std::array<char, 16384> buffer_;  // not zeroed: only used_ bytes of it are ever read
  std::size_t used_ = 0;
};

// UTC by hand: gmtime_r would read /etc/localtime on its first use.
void put_time(LineBuffer& line) {
  std::timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  std::chrono::sys_seconds stamp{std::chrono::seconds(now.tv_sec)};
  auto day = std::chrono::floor<std::chrono::days>(stamp);
  std::chrono::year_month_day date(day);
  std::chrono::hh_mm_ss time(stamp - day);
  line.number(static_cast<uint64_t>(static_cast<int>(date.year())), 10, 4);
  line.raw("-");
  line.number(static_cast<unsigned>(date.month()), 10, 2);
  line.raw("-");
  line.number(static_cast<unsigned>(date.day()), 10, 2);
  line.raw("T");
  line.number(static_cast<uint64_t>(time.hours().count()), 10, 2);
  line.raw(":");
  line.number(static_cast<uint64_t>(time.minutes().count()), 10, 2);
  line.raw(":");
  line.number(static_cast<uint64_t>(time.seconds().count()), 10, 2);
  line.raw(".");
  line.number(static_cast<uint64_t>(now.tv_nsec / 1000), 10, 6);
  line.raw("Z");
}

void put_value(LineBuffer& line, const LogField& field) {
  if (field.is_number)
    line.number(field.number);
  else
    line.quoted(field.text);
}

void put_event(LineBuffer& line, std::string_view who, std::string_view event, Fields fields) {
  line.raw(who);
  line.raw(": ");
  line.raw(event);
  for (const LogField& field : fields) {
    line.raw(" ");
    line.raw(field.key);
    line.raw("=");
    put_value(line, field);
  }
}

void put_text(LineBuffer& line, std::string_view level, std::string_view who,
              std::string_view event, Fields fields) {
  put_time(line);
  line.raw(" ");
  line.raw(level);
  line.raw(" ");
  put_event(line, who, event, fields);
}

void put_json(LineBuffer& line, std::string_view level, std::string_view who,
              std::string_view event, Fields fields) {
  line.raw("{\"time\":\"");
  put_time(line);
  line.raw("\",\"level\":");
  line.quoted(level);
  line.raw(",\"who\":");
  line.quoted(who);
  line.raw(",\"event\":");
  line.quoted(event);
  for (const LogField& field : fields) {
    line.raw(",");
    line.quoted(field.key);
    line.raw(":");
    put_value(line, field);
  }
  line.raw("}");
}

void put_shim(LineBuffer& line, std::string_view level, std::string_view who,
              std::string_view event, Fields fields) {
  LineBuffer message;
  put_event(message, who, event, fields);
  line.raw("{\"level\":");
  line.quoted(level);
  line.raw(",\"msg\":");
  line.quoted(message.text(), kMaxMessage);
  line.raw(",\"time\":\"");
  put_time(line);
  line.raw("\"}");
}

}  // namespace

void Log::write(LogLevel level, std::string_view event,
                std::initializer_list<LogField> fields) const {
  if (level > level_) return;
  LineBuffer line;
  std::string_view name = kLevels[static_cast<std::size_t>(level)];
  switch (format_) {
    case LogFormat::kText:
      put_text(line, name, who_, event, fields);
      break;
    case LogFormat::kJson:
      put_json(line, name, who_, event, fields);
      break;
    case LogFormat::kShim:
      put_shim(line, name, who_, event, fields);
      break;
  }
  std::string_view text = line.finish();
  // Nobody can be told that the log cannot be written.
  (void)!::write(to_.raw(), text.data(), text.size());
}

}  // namespace base

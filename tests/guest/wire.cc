#include "tests/guest/wire.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace guest {
namespace {

constexpr std::size_t kHeader = 1 + sizeof(uint32_t);

bool receive_all(base::Fd socket, char* to, std::size_t size) {
  while (size > 0) {
    ssize_t n = ::recv(socket.raw(), to, size, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    to += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

bool send_all(base::Fd socket, std::string_view text) {
  while (!text.empty()) {
    ssize_t n = ::send(socket.raw(), text.data(), text.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace

std::string join(const std::vector<std::string>& fields) {
  std::string body;
  for (const std::string& field : fields) body.append(field).push_back('\0');
  return body;
}

std::vector<std::string> split(std::string_view body, std::size_t expected) {
  std::vector<std::string> fields;
  for (std::size_t end = 0; (end = body.find('\0')) != body.npos; body.remove_prefix(end + 1))
    fields.emplace_back(body.substr(0, end));
  if (fields.size() != expected) throw std::runtime_error("a frame with other fields");
  return fields;
}

bool send_frame(base::Fd socket, const Frame& frame) {
  auto size = static_cast<uint32_t>(frame.body.size());
  std::string bytes(kHeader, '\0');
  bytes[0] = static_cast<char>(frame.kind);
  std::memcpy(bytes.data() + 1, &size, sizeof size);
  return send_all(socket, bytes += frame.body);
}

std::optional<Frame> receive_frame(base::Fd socket) {
  char header[kHeader];
  if (!receive_all(socket, header, kHeader)) return std::nullopt;
  uint32_t size = 0;
  std::memcpy(&size, header + 1, sizeof size);
  Frame frame{static_cast<FrameKind>(header[0]), std::string(size, '\0')};
  if (!receive_all(socket, frame.body.data(), size)) return std::nullopt;
  return frame;
}

}  // namespace guest

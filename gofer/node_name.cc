#include "gofer/node_name.h"

#include <cstring>

namespace gofer {

void NodeName::set(std::string_view name) {
  drop();
  hold(name);
}

void NodeName::hold(std::string_view name) {
  size_ = static_cast<uint16_t>(name.size());
  char* at = bytes_.data();
  if (!is_near()) {
    at = new char[size_];
    std::memcpy(bytes_.data(), static_cast<const void*>(&at), sizeof at);
  }
  std::memcpy(at, name.data(), size_);
}

void NodeName::drop() {
  if (!is_near()) delete[] far();
}

char* NodeName::far() const {
  char* at = nullptr;
  std::memcpy(static_cast<void*>(&at), bytes_.data(), sizeof at);
  return at;
}

}  // namespace gofer

// NodeName: the name of a place. A worker holds up to a million of them, and most are short.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace gofer {

// Up to 14 bytes are kept in the object, more of them in memory of their own. A text of the wire
// has at most 65535.
class NodeName {
 public:
  explicit NodeName(std::string_view name) { hold(name); }
  NodeName(const NodeName&) = delete;
  NodeName& operator=(const NodeName&) = delete;
  ~NodeName() { drop(); }

  void set(std::string_view name);  // which may not be a view of this one
  std::string_view view() const { return {is_near() ? bytes_.data() : far(), size_}; }

 private:
  void hold(std::string_view name);
  void drop();
  bool is_near() const { return size_ <= bytes_.size(); }
  char* far() const;

  std::array<char, 14> bytes_;  // the name, or a pointer to it
  uint16_t size_;
};
static_assert(sizeof(NodeName) == 16);

}  // namespace gofer

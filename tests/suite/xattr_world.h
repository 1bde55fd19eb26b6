// XattrWorld: a served tree of one file, one directory and the like, and the requests about their
// extended attributes in few words.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "tests/suite/world.h"

namespace suite {

class XattrWorld : public World {
 protected:
  XattrWorld() {
    support::make_file(exported() / "file", "0123456789");
    support::make_directory(exported() / "directory");
  }

  void set_on_host(const path& where, const char* name, std::string_view value) const {
    support::set_xattr(exported() / where, name, value);
  }
  // The value, or "(none)".
  std::string on_host(const path& where, const char* name) const {
    return support::get_xattr(exported() / where, name);
  }

  // Through the server: the value, or an errno.
  std::string get(std::string_view where, std::string_view attribute) {
    UniqueFid file = walk(where);
    auto value = client().get_xattr(file, attribute);
    return value ? *value : outcome(value);
  }
  std::string set(std::string_view where, std::string_view attribute, std::string_view value,
                  uint32_t flags = 0) {
    UniqueFid file = walk(where);
    return outcome(client().set_xattr(file, attribute, value, flags));
  }
  // Sorted. A list that does not end with a NUL fails the test.
  std::vector<std::string> names_of(std::string_view where) {
    std::string list = get(where, "");
    EXPECT_TRUE(list.empty() || list.back() == '\0') << list;
    std::vector<std::string> names;
    for (std::size_t at = 0, end = 0; at < list.size(); at = end + 1) {
      end = std::min(list.find('\0', at), list.size());
      names.push_back(list.substr(at, end - at));
    }
    std::ranges::sort(names);
    return names;
  }

  // A fid that reads an attribute.
  p9::Fid snapshot(std::string_view where, std::string_view attribute) {
    UniqueFid file = walk(where);
    p9::Fid fid = client().new_fid();
    EXPECT_EQ(outcome(client().call(p9::Txattrwalk{file, fid, attribute})), "ok");
    return fid;
  }
  // A fid that takes the value of an attribute.
  p9::Fid draft(std::string_view where, std::string_view attribute, uint64_t size,
                uint32_t flags = 0) {
    p9::Fid fid = walk(where).release();
    EXPECT_EQ(outcome(client().call(p9::Txattrcreate{fid, attribute, size, flags})), "ok");
    return fid;
  }
  // The bytes, or an errno.
  std::string read(p9::Fid fid, uint64_t offset, uint32_t count) {
    auto reply = client().call(p9::Tread{fid, offset, count});
    if (!reply) return outcome(reply);
    return {reinterpret_cast<const char*>(reply->data.data()), reply->data.size()};
  }
  // How many bytes were taken, or an errno.
  std::string write(p9::Fid fid, uint64_t offset, std::string_view data) {
    auto reply = client().call(p9::Twrite{fid, offset, std::as_bytes(std::span(data))});
    return reply ? std::to_string(reply->count) : outcome(reply);
  }
  std::string clunk(p9::Fid fid) { return outcome(client().call(p9::Tclunk{fid})); }

  // Bytes in which no two neighbourhoods look alike.
  static std::string pattern(std::size_t size) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 151 + i / 251 + 1);
    return bytes;
  }
};

}  // namespace suite

// Builds trees of files for tests, and takes their inventory so that any change to one is seen.
// What goes wrong here is a fault of the test's surroundings: it throws std::system_error.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "spec/base/fd.h"

namespace support {

using std::filesystem::path;

// Each makes missing parents (mode 0755) and sets exactly `mode`, whatever the umask is.
void make_directory(const path& where, mode_t mode = 0755);
void make_file(const path& where, std::string_view content = {}, mode_t mode = 0644);
void make_symlink(const path& where, std::string_view target);
void make_fifo(const path& where, mode_t mode = 0644);
void make_device(const path& where, mode_t type_and_mode, unsigned major, unsigned minor);
void make_socket(const path& where);  // a listening socket's file; nobody listens any more
// The socket itself, of this type (SOCK_STREAM ...). Unless it takes datagrams it listens, and
// `backlog` connections more than one may wait.
base::UniqueFd bind_socket(const path& where, int type, int backlog = 16);

std::string read_file(const path& where);

// Extended attributes, of a symbolic link itself. Reading answers the value, or "(none)".
void set_xattr(const path& where, const char* name, std::string_view value);
std::string get_xattr(const path& where, const char* name);
base::UniqueFd open_path(const path& where);  // O_PATH, not following a symbolic link

// Atomically exchanges what two names mean: renameat2(RENAME_EXCHANGE).
void exchange(const path& a, const path& b);

// One line per file of a tree, by its path below the root (""): type and mode, owner, links, size,
// modification and change time in nanoseconds, device number, extended attributes, link target,
// and content. Equal inventories mean that nobody wrote to the tree in between.
using Inventory = std::map<std::string, std::string>;
Inventory inventory(const path& root);

// The same without what reading back through another file system cannot preserve: type, mode,
// size, link target and content only.
Inventory contents(const path& root);

}  // namespace support

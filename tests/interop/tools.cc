#include "tests/interop/tools.h"

#include <stdexcept>

namespace interop {

support::Process::Start in_path(std::vector<std::string> words) {
  words.insert(words.begin(), "/usr/bin/env");
  return {.words = std::move(words),
          .inherited = {},
          .environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
          .user = {}};
}

Result run(std::vector<std::string> words) {
  support::Process process(in_path(std::move(words)));
  support::End end = process.wait();
  return {end, process.out(), process.err()};
}

void must_run(std::vector<std::string> words) {
  std::string name = words.front();
  Result result = run(std::move(words));
  if (result.end != support::End{.status = 0})
    throw std::runtime_error(name + " failed: " + result.err + result.out);
}

void make_tree_for_gvisor(const support::path& tree) {
  support::make_file(tree / "file", "a file\n", 0640);
  support::make_file(tree / "empty");
  support::make_file(tree / "large", std::string(3'000'001, 'x'));
  support::make_file(tree / "a" / "b" / "c" / "deep", "deep text\n");
  for (int i = 0; i < 300; ++i) support::make_file(tree / "many" / std::to_string(i));
  support::make_symlink(tree / "link", "a/b");
  support::make_fifo(tree / "fifo");
  support::make_socket(tree / "socket");
}

void make_busybox_rootfs(const support::path& rootfs) {
  support::make_directory(rootfs / "bin");
  std::filesystem::copy_file("/bin/busybox", rootfs / "bin" / "busybox");
  for (const char* applet : {"sh", "ls", "cat"})
    support::make_symlink(rootfs / "bin" / applet, "busybox");
  support::make_file(rootfs / "etc" / "passwd", "root:x:0:0:root:/root:/bin/sh\n");
  support::make_directory(rootfs / "tmp", 01777);
  for (const char* empty : {"proc", "sys", "dev"}) support::make_directory(rootfs / empty);
}

}  // namespace interop

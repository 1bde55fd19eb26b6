// HeldDisk: a file system whose disk answers when the test says so: FUSE, served by a thread of the
// test. It holds a few files of the same content.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "spec/base/fd.h"
#include "tests/support/temp_dir.h"

namespace support {

class HeldDisk {
 public:
  static constexpr std::string_view kFiles[] = {"file", "second", "third"};
  static constexpr std::string_view kContent = "what lies on a slow disk";

  // Whether this host and user can have one.
  static bool possible();

  HeldDisk();
  HeldDisk(const HeldDisk&) = delete;
  HeldDisk& operator=(const HeldDisk&) = delete;
  ~HeldDisk();

  std::filesystem::path path() const { return directory_.path(); }

  // From now on reads, writes and fsyncs wait for release().
  void hold();
  // What waits is answered, and nothing waits any more.
  void release();
  // Waits until so many wait; false if they do not within ten seconds.
  bool holds(std::size_t count);
  // Waits until files were closed so many times in all; likewise.
  bool was_closed(std::size_t count);

 private:
  struct Held {
    uint64_t unique;
    std::vector<std::byte> reply;
  };

  void live();
  void serve(const std::vector<std::byte>& request);
  void serve_data(uint64_t unique, uint32_t opcode, const std::vector<std::byte>& request);
  void answer(uint64_t unique, const void* reply, std::size_t size);
  void fail(uint64_t unique, int error);
  void answer_in_time(uint64_t unique, const void* reply, std::size_t size);

  TempDir directory_;
  base::UniqueFd device_;
  base::UniqueFd stop_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool holding_ = false;
  std::vector<Held> held_;
  std::size_t closed_ = 0;
  std::thread thread_;
};

}  // namespace support

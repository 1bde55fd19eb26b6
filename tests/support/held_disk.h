// HeldDisk: a file system whose disk answers when the test says so: FUSE, served by a thread of the
// test. It holds a few files of the same content, and one by every name that begins with "cold".
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
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

  // From now on these wait for release(): reads, writes and fsyncs; or what is asked of the
  // directory, of which the kernel keeps what it is told.
  enum class What : uint8_t { kData, kDirectory };
  void hold(What what = What::kData);
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
  void look_up(uint64_t unique, const char* name);
  void list(uint64_t unique, uint64_t from);
  void answer(uint64_t unique, const void* reply, std::size_t size);
  void fail(uint64_t unique, int error);
  void answer_in_time(What what, uint64_t unique, const void* reply, std::size_t size);

  TempDir directory_;
  base::UniqueFd device_;
  base::UniqueFd stop_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<What> holding_;
  std::vector<std::string> cold_;  // those that were asked for
  std::vector<Held> held_;
  std::size_t closed_ = 0;
  std::thread thread_;
};

}  // namespace support

// FloorOperations: what the floor does for a message, whichever way it came.
//
// What it takes for the system calls of an operation: a walk opens (O_PATH) and examines each of
// its components, so that no link is followed, and closes those on the way; opening a file reopens
// the descriptor that was walked to and closes that one; making one opens and examines it. The
// descriptor that a client is given is the one that was opened.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "bench/floor_message.h"
#include "bench/setting.h"
#include "spec/base/fd.h"

namespace bench {

class FloorOperations {
 public:
  // Serves `root`, a directory's descriptor. In kGoogle it gives away what it opens.
  FloorOperations(base::Fd root, Dialect dialect);

  struct Answer {
    uint8_t type = 0;
    std::optional<base::Fd> donated = {};  // of the server
  };
  // Writes the body of the reply, which must not lie over that of the request unless that is a
  // Twrite.
  Answer serve(uint8_t type, Request in, Reply& out);

 private:
  static constexpr std::size_t kQidSize = 13;

  struct File {
    int fd = -1;
    uint64_t position = 0;  // where the next entry of an open directory is
    std::array<std::byte, kQidSize> qid{};
  };

  bool answer(uint8_t type, Request in, Reply& out);
  bool attach(Request in, Reply& out);
  bool getattr(Request in, Reply& out);
  bool walk(Request in, Reply& out);
  bool open(Request in, Reply& out);
  bool create(Request in, Reply& out);
  bool read(Request in, Reply& out);
  bool write(Request in, Reply& out);
  bool readdir(Request in, Reply& out);
  bool mkdir(Request in, Reply& out);
  bool unlink(Request in);
  bool rename(Request in);

  File& file(Request& in) { return files_[in.number<uint32_t>()]; }
  static bool examine(int fd, const char* name, File& file);
  static void put_qid(Reply& out, const File& file) { out.bytes(file.qid.data(), kQidSize); }
  ssize_t list(std::byte* to, std::size_t filled, uint64_t& position) const;

  int root_;
  Dialect dialect_;
  int own_fds_;
  std::unique_ptr<std::byte[]> records_;  // of a directory
  std::unique_ptr<File[]> files_;         // by fid
  std::optional<base::Fd> donated_;       // with the reply that is being made
};

}  // namespace bench

// torture: random operations on one file of a directory, each answer compared with what a copy in
// memory says.
//
// The file has two names that it moves between, two descriptors for reading and writing, one for
// appending and one for reading. Nobody else may write to it: then every answer is known, on any
// file system and in any cache mode of a client. The same seed makes the same operations
// everywhere, and leaves the same bytes.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "spec/base/fd.h"

namespace torture {

using Bytes = std::vector<uint8_t>;

struct Options {
  uint64_t ops = 20'000;
  uint64_t seed = 1;
  std::size_t max_size = std::size_t{256} * 1024;
  // False for a file system that refuses writable shared maps (v9fs with cache=none): maps are then
  // private, and made of a descriptor that only reads.
  bool mmap_write = true;
  std::filesystem::path directory;
};

// A part of the file, or of what may become of it.
struct Range {
  std::size_t offset = 0;
  std::size_t length = 0;
  std::size_t end() const { return offset + length; }
};

class Torture {
 public:
  // Makes the file, which must not be there.
  explicit Torture(const Options& options);
  // Throws std::runtime_error for a wrong answer, std::system_error for a call that failed. Where
  // fallocate is not supported (v9fs), it says so once on standard output, and writes zeroes
  // instead.
  void run();
  // The last operations, a line each; the one that failed is the last.
  std::string history() const;

 private:
  struct Operation {
    const char* name;
    unsigned weight;
    void (Torture::*act)();
  };
  static const std::array<Operation, 16> kOperations;

  // Writing and appending.
  void write();
  void append();
  // Reading; at random places, and everything.
  void read();
  void read_all();
  // Sizes and holes.
  void truncate();
  void punch();
  void zero();
  void allocate(int mode, Range range);
  // Maps.
  void map_read();
  void map_write();
  // The names and descriptors.
  void reopen();
  void rename();
  void rename_over();
  void replace();
  void remove_while_open();
  void sync();
  void forget();

  uint64_t random(uint64_t below) { return engine_() % below; }
  bool one_in(uint64_t count) { return random(count) == 0; }
  Range random_range(std::size_t limit);
  Bytes random_bytes(std::size_t length);
  void note(const std::string& detail) { history_.back() += " " + detail; }
  void step();

  base::Fd some_file() const { return files_[pick_]; }
  std::filesystem::path name(bool other = false) const;
  base::UniqueFd open(const std::filesystem::path& file, int flags) const;
  void open_all();
  void check_size();
  void change(std::size_t offset, std::span<const uint8_t> bytes);
  void write_at(base::Fd file, std::size_t offset, std::span<const uint8_t> bytes) const;

  Options options_;
  std::mt19937_64 engine_;
  Bytes shadow_;
  std::array<base::UniqueFd, 2> files_;
  base::UniqueFd appending_;
  base::UniqueFd reading_;
  std::size_t pick_ = 0;      // the descriptor of files_ that this operation uses
  bool second_name_ = false;  // which of its two names the file has
  bool fallocate_ = true;
  uint64_t done_ = 0;
  std::deque<std::string> history_;
};

}  // namespace torture

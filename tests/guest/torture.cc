#include "tests/guest/torture.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <system_error>

namespace torture {
namespace {

constexpr std::size_t kPage = 4096;

off_t as_offset(std::size_t offset) {
  return static_cast<off_t>(offset);
}

std::string text_of(Range range) {
  return std::to_string(range.length) + " bytes at " + std::to_string(range.offset);
}

// A system call that had to work.
template <typename Number>
Number must(Number result, const char* call) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), call);
  return result;
}

// Throws unless the bytes at `offset` of the file are what they should be.
void compare(std::span<const uint8_t> found, std::span<const uint8_t> expected, std::size_t offset,
             const char* what) {
  if (found.size() != expected.size())
    throw std::runtime_error(std::string(what) + " of " + std::to_string(expected.size()) +
                             " bytes gave " + std::to_string(found.size()));
  auto [wrong, right] = std::ranges::mismatch(found, expected);
  if (wrong == found.end()) return;
  std::size_t count = 0;
  for (std::size_t i = 0; i < found.size(); ++i) count += found[i] != expected[i];
  throw std::runtime_error(
      std::string(what) + " gave " + std::to_string(*wrong) + " instead of " +
      std::to_string(*right) + " at " +
      std::to_string(offset + static_cast<std::size_t>(wrong - found.begin())) + ", and " +
      std::to_string(count) + " wrong bytes in all");
}

class Map {
 public:
  Map(base::Fd file, std::size_t offset, std::size_t length, int protection, int flags)
      : length_(length),
        address_(::mmap(nullptr, length, protection, flags, file.raw(), as_offset(offset))) {
    if (address_ == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
  }
  Map(const Map&) = delete;
  Map& operator=(const Map&) = delete;
  ~Map() { ::munmap(address_, length_); }

  std::span<uint8_t> bytes() const { return {static_cast<uint8_t*>(address_), length_}; }
  void sync() const { must(::msync(address_, length_, MS_SYNC), "msync"); }

 private:
  std::size_t length_;
  void* address_;
};

}  // namespace

const std::array<Torture::Operation, 16> Torture::kOperations{{
    {"read", 20, &Torture::read},
    {"write", 20, &Torture::write},
    {"append", 4, &Torture::append},
    {"truncate", 6, &Torture::truncate},
    {"punch", 4, &Torture::punch},
    {"zero", 4, &Torture::zero},
    {"map-read", 12, &Torture::map_read},
    {"map-write", 12, &Torture::map_write},
    {"reopen", 4, &Torture::reopen},
    {"rename", 2, &Torture::rename},
    {"rename-over", 1, &Torture::rename_over},
    {"replace", 1, &Torture::replace},
    {"remove-while-open", 1, &Torture::remove_while_open},
    {"sync", 1, &Torture::sync},
    {"forget", 1, &Torture::forget},
    {"read-all", 1, &Torture::read_all},
}};

Torture::Torture(const Options& options) : options_(options), engine_(options.seed) {
  files_[0] = open(name(), O_RDWR | O_CREAT | O_EXCL);
  open_all();
}

void Torture::run() {
  for (done_ = 1; done_ <= options_.ops; ++done_) step();
  open_all();
  read_all();
}

void Torture::step() {
  unsigned sum = 0;
  for (const Operation& each : kOperations) sum += each.weight;
  uint64_t lot = random(sum);
  const Operation* chosen = kOperations.data();
  while (lot >= chosen->weight) lot -= (chosen++)->weight;
  pick_ = random(files_.size());
  history_.push_back(std::to_string(done_) + " " + chosen->name);
  if (history_.size() > 20) history_.pop_front();
  (this->*chosen->act)();
  check_size();
}

std::string Torture::history() const {
  std::string all;
  for (const std::string& line : history_) all += "  " + line + "\n";
  return all;
}

// --- choices ------------------------------------------------------------------------------------

// Mostly short, now and then long; within `limit`, possibly empty.
Range Torture::random_range(std::size_t limit) {
  if (limit == 0) return {};
  static constexpr std::array<std::size_t, 4> kLongest{100, 2'000, 9'000, 70'000};
  std::size_t offset = random(limit);
  std::size_t longest = std::min(limit - offset, kLongest[random(kLongest.size())]);
  return {offset, random(longest + 1)};
}

Bytes Torture::random_bytes(std::size_t length) {
  Bytes bytes(length);
  uint64_t state = engine_();
  for (uint8_t& byte : bytes) {
    state = state * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
    byte = static_cast<uint8_t>(state >> 56U);
  }
  return bytes;
}

// --- the file -----------------------------------------------------------------------------------

std::filesystem::path Torture::name(bool other) const {
  return options_.directory / (second_name_ != other ? "torture.b" : "torture.a");
}

base::UniqueFd Torture::open(const std::filesystem::path& file, int flags) const {
  return base::UniqueFd(must(::open(file.c_str(), flags | O_CLOEXEC, 0640), "open"));
}

void Torture::open_all() {
  for (base::UniqueFd& file : files_) file = open(name(), O_RDWR);
  appending_ = open(name(), O_WRONLY | O_APPEND);
  reading_ = open(name(), O_RDONLY);
}

// One of the two ways to ask, or none.
void Torture::check_size() {
  struct stat info{};
  uint64_t way = random(4);
  if (way == 0) {
    must(::stat(name().c_str(), &info), "stat");
  } else if (way == 1) {
    must(::fstat(some_file().raw(), &info), "fstat");
  } else {
    return;
  }
  if (info.st_size != as_offset(shadow_.size()))
    throw std::runtime_error("the size is " + std::to_string(info.st_size) + " instead of " +
                             std::to_string(shadow_.size()));
}

void Torture::change(std::size_t offset, std::span<const uint8_t> bytes) {
  shadow_.resize(std::max(shadow_.size(), offset + bytes.size()));
  std::ranges::copy(bytes, shadow_.begin() + static_cast<std::ptrdiff_t>(offset));
}

void Torture::write_at(base::Fd file, std::size_t offset, std::span<const uint8_t> bytes) const {
  while (!bytes.empty()) {
    ssize_t count =
        must(::pwrite(file.raw(), bytes.data(), bytes.size(), as_offset(offset)), "pwrite");
    if (count == 0) throw std::runtime_error("pwrite wrote nothing");
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    offset += static_cast<std::size_t>(count);
  }
}

// --- operations ---------------------------------------------------------------------------------

void Torture::read() {
  Range range = random_range(options_.max_size);
  note(text_of(range));
  std::size_t from = std::min(range.offset, shadow_.size());
  std::span expected(shadow_.begin() + static_cast<std::ptrdiff_t>(from),
                     std::min(range.length, shadow_.size() - from));
  Bytes found(range.length);
  found.resize(static_cast<std::size_t>(must(
      ::pread(some_file().raw(), found.data(), found.size(), as_offset(range.offset)), "pread")));
  compare(found, expected, range.offset, "read");
}

void Torture::read_all() {
  Bytes found(shadow_.size() + 1);
  found.resize(static_cast<std::size_t>(
      must(::pread(some_file().raw(), found.data(), found.size(), 0), "pread")));
  compare(found, shadow_, 0, "read");
}

void Torture::write() {
  Range range = random_range(options_.max_size);
  // Half of the time near what is there, so that the file grows slowly enough to be read often.
  if (one_in(2)) range.offset = std::min(range.offset, shadow_.size());
  note(text_of(range));
  Bytes bytes = random_bytes(range.length);
  write_at(some_file(), range.offset, bytes);
  if (!bytes.empty()) change(range.offset, bytes);
}

void Torture::append() {
  Range range{shadow_.size(), random_range(options_.max_size - shadow_.size()).length};
  note(text_of(range));
  Bytes bytes = random_bytes(range.length);
  ssize_t count = must(::write(appending_.raw(), bytes.data(), bytes.size()), "write");
  if (static_cast<std::size_t>(count) != bytes.size())
    throw std::runtime_error("append wrote " + std::to_string(count));
  change(range.offset, bytes);
}

void Torture::truncate() {
  std::size_t size = random(options_.max_size);
  note("to " + std::to_string(size));
  if (one_in(2)) {
    must(::ftruncate(some_file().raw(), as_offset(size)), "ftruncate");
  } else {
    must(::truncate(name().c_str(), as_offset(size)), "truncate");
  }
  shadow_.resize(size);
}

void Torture::punch() {
  Range range = random_range(shadow_.size());
  note(text_of(range));
  allocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, range);
}

void Torture::zero() {
  Range range = random_range(options_.max_size);
  note(text_of(range));
  allocate(FALLOC_FL_ZERO_RANGE, range);
}

void Torture::allocate(int mode, Range range) {
  if (range.length == 0) return;
  Bytes zeroes(range.length);
  if (fallocate_ &&
      ::fallocate(some_file().raw(), mode, as_offset(range.offset), as_offset(range.length)) != 0) {
    if (errno != EOPNOTSUPP) throw std::system_error(errno, std::generic_category(), "fallocate");
    std::puts("torture: fallocate is not supported here; zeroes are written instead");
    fallocate_ = false;
  }
  if (!fallocate_) write_at(some_file(), range.offset, zeroes);
  change(range.offset, zeroes);
}

// Maps begin at a page and may reach past the end of the file up to the end of its last page, which
// reads as zeroes there.
void Torture::map_read() {
  Range range = random_range(shadow_.size());
  if (range.length == 0) return;
  note(text_of(range));
  range = {range.offset / kPage * kPage, range.length + range.offset % kPage};
  std::size_t whole = (range.length + kPage - 1) / kPage * kPage;
  Map map(options_.mmap_write ? some_file() : base::Fd(reading_), range.offset, whole, PROT_READ,
          options_.mmap_write ? MAP_SHARED : MAP_PRIVATE);
  Bytes expected(whole);
  std::size_t there = std::min(whole, shadow_.size() - range.offset);
  std::copy_n(shadow_.begin() + static_cast<std::ptrdiff_t>(range.offset), there, expected.begin());
  compare(map.bytes(), expected, range.offset, "map");
}

void Torture::map_write() {
  if (!options_.mmap_write) return map_read();
  Range range = random_range(shadow_.size());
  if (range.length == 0) return;
  bool synced = one_in(2);
  note(text_of(range) + (synced ? " with msync" : ""));
  std::size_t head = range.offset % kPage;
  Bytes bytes = random_bytes(range.length);
  Map map(some_file(), range.offset - head, head + range.length, PROT_READ | PROT_WRITE,
          MAP_SHARED);
  std::ranges::copy(bytes, map.bytes().begin() + static_cast<std::ptrdiff_t>(head));
  change(range.offset, bytes);
  if (synced) map.sync();
}

void Torture::reopen() {
  if (one_in(4)) return open_all();
  files_[pick_].reset();
  files_[pick_] = open(name(), O_RDWR);
}

void Torture::rename() {
  must(::rename(name().c_str(), name(true).c_str()), "rename");
  second_name_ = !second_name_;
}

// The name it gets belongs to another file, which is open and goes on working.
void Torture::rename_over() {
  base::UniqueFd victim = open(name(true), O_RDWR | O_CREAT | O_EXCL);
  Bytes bytes = random_bytes(1 + random(10'000));
  write_at(victim, 0, bytes);
  rename();
  Bytes found(bytes.size());
  must(::pread(victim.raw(), found.data(), found.size(), 0), "pread");
  compare(found, bytes, 0, "read of the file that was renamed over");
}

// As editors save: a new file with the same content takes the place of the old one.
void Torture::replace() {
  {
    base::UniqueFd successor = open(name(true), O_WRONLY | O_CREAT | O_EXCL);
    write_at(successor, 0, shadow_);
    must(::fsync(successor.raw()), "fsync");
  }
  must(::rename(name(true).c_str(), name().c_str()), "rename");
  read_all();  // through a descriptor of the old one
  open_all();
}

void Torture::remove_while_open() {
  must(::unlink(name().c_str()), "unlink");
  Bytes bytes = random_bytes(1 + random(5'000));
  std::size_t offset = random(shadow_.size() + 1);
  offset = std::min(offset, options_.max_size - bytes.size());
  write_at(some_file(), offset, bytes);
  change(offset, bytes);
  read_all();
  base::UniqueFd successor = open(name(), O_WRONLY | O_CREAT | O_EXCL);
  write_at(successor, 0, shadow_);
  open_all();
}

void Torture::sync() {
  if (one_in(2)) {
    must(::fsync(some_file().raw()), "fsync");
  } else {
    must(::fdatasync(some_file().raw()), "fdatasync");
  }
}

// Drops the client's cache of the file: what comes next is asked of the server.
void Torture::forget() {
  must(::fsync(some_file().raw()), "fsync");
  int error = ::posix_fadvise(some_file().raw(), 0, 0, POSIX_FADV_DONTNEED);
  if (error != 0) throw std::system_error(error, std::generic_category(), "posix_fadvise");
}

}  // namespace torture

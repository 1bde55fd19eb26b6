// guest_steps STEP...: makes system calls one after the other, as told, and says how each went: a
// line with "ok", the name of an errno, or what there is to see. For tests that need exactly this
// call with exactly these flags, in one process.
//
// A step is one argument of several words. Its calls are about the file opened last, or about the
// one that `use` chose:
//   open NAME FLAGS [MODE]      FLAGS: r w rw, then create excl trunc append direct, with commas
//   use N                       the N-th file opened, from 0
//   close
//   seek OFFSET, read COUNT     shows what was read
//   write TEXT, pwrite OFFSET TEXT, fill COUNT (bytes 'x', from memory that O_DIRECT can use)
//   map SIZE MODE               mmap(MAP_SHARED), MODE: r rw; then, about the mapping made last:
//   peek OFFSET COUNT           shows what is there
//   poke OFFSET TEXT
//   msync
//   truncate SIZE, fsync, fdatasync, chmod MODE, chown UID GID
//   stat                        shows mode, owner, links and size
//   unlink NAME, rename FROM TO, mkdir NAME MODE
//   times NAME ATIME MTIME      seconds, "now" or "omit"
//   lock KIND START LENGTH      F_SETLK; KIND: r w u
//   lockw, ofdlock, ofdlockw    alike: F_SETLKW, F_OFD_SETLK, F_OFD_SETLKW
//   getlock KIND START LENGTH   F_GETLK; shows "free", or kind, start, length and the owner's pid
//   flock KIND                  LOCK_SH, LOCK_EX, LOCK_UN: r w u; with LOCK_NB
//   setxattr NAME KEY VALUE [create|replace], bigxattr NAME KEY SIZE (a value of 'x')
//   getxattr NAME KEY           shows the value; one that is all 'x' as its size
//   removexattr NAME KEY
//   listxattr NAME              shows the keys
//   wait                        until a line comes on standard input
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "spec/base/fd.h"
#include "spec/base/problem.h"

namespace guest {
namespace {

using base::UniqueFd;

using Words = std::vector<std::string>;

std::string outcome(long result) {
  return result < 0 ? std::string(base::errno_name(errno)) : "ok";
}

// Memory that starts and ends at a page, as O_DIRECT wants it.
struct Buffer {
  explicit Buffer(std::size_t size) : bytes(static_cast<char*>(::aligned_alloc(4096, up(size)))) {}
  static std::size_t up(std::size_t size) { return (size + 4095) / 4096 * 4096; }
  struct Free {
    void operator()(char* memory) const { ::free(memory); }
  };
  std::unique_ptr<char, Free> bytes;
};

int flags_of(const std::string& text) {
  static const std::map<std::string, int> kFlags{
      {"r", O_RDONLY},      {"w", O_WRONLY},      {"rw", O_RDWR},
      {"create", O_CREAT},  {"excl", O_EXCL},     {"trunc", O_TRUNC},
      {"append", O_APPEND}, {"direct", O_DIRECT}, {"dir", O_DIRECTORY}};
  int flags = O_CLOEXEC;
  std::istringstream words(text);
  for (std::string word; std::getline(words, word, ',');) flags |= kFlags.at(word);
  return flags;
}

timespec time_of(const std::string& text) {
  if (text == "now") return {.tv_sec = 0, .tv_nsec = UTIME_NOW};
  if (text == "omit") return {.tv_sec = 0, .tv_nsec = UTIME_OMIT};
  return {.tv_sec = std::stol(text), .tv_nsec = 0};
}

struct flock range_of(const Words& words) {
  struct flock range{};
  range.l_type = words[1] == "r" ? F_RDLCK : words[1] == "w" ? F_WRLCK : F_UNLCK;
  range.l_whence = SEEK_SET;
  range.l_start = std::stol(words[2]);
  range.l_len = std::stol(words[3]);
  return range;
}

mode_t mode_of(const std::string& text) {
  return static_cast<mode_t>(std::stoul(text, nullptr, 8));
}

class Process {
 public:
  std::string step(const Words& words) {
    static const std::map<std::string, std::string (Process::*)(const Words&)> kSteps{
        {"open", &Process::open},
        {"use", &Process::use},
        {"close", &Process::close},
        {"read", &Process::read},
        {"seek", &Process::seek},
        {"write", &Process::write},
        {"pwrite", &Process::pwrite},
        {"fill", &Process::fill},
        {"truncate", &Process::truncate},
        {"map", &Process::map},
        {"peek", &Process::peek},
        {"poke", &Process::poke},
        {"msync", &Process::msync},
        {"fsync", &Process::fsync},
        {"fdatasync", &Process::fdatasync},
        {"chmod", &Process::chmod},
        {"chown", &Process::chown},
        {"stat", &Process::stat},
        {"unlink", &Process::unlink},
        {"rename", &Process::rename},
        {"mkdir", &Process::mkdir},
        {"times", &Process::times},
        {"lock", &Process::lock<F_SETLK>},
        {"lockw", &Process::lock<F_SETLKW>},
        {"ofdlock", &Process::lock<F_OFD_SETLK>},
        {"ofdlockw", &Process::lock<F_OFD_SETLKW>},
        {"getlock", &Process::getlock},
        {"flock", &Process::flock},
        {"setxattr", &Process::setxattr},
        {"bigxattr", &Process::bigxattr},
        {"getxattr", &Process::getxattr},
        {"removexattr", &Process::removexattr},
        {"listxattr", &Process::listxattr},
        {"wait", &Process::wait}};
    return (this->*kSteps.at(words.at(0)))(words);
  }

 private:
  int fd() const { return files_.at(current_).raw(); }

  std::string open(const Words& words) {
    mode_t mode = words.size() > 3 ? mode_of(words[3]) : 0644;
    UniqueFd opened(::open(words.at(1).c_str(), flags_of(words.at(2)), mode));
    std::string result = outcome(opened.raw());
    files_.push_back(std::move(opened));
    current_ = files_.size() - 1;
    return result;
  }
  std::string use(const Words& words) {
    current_ = std::stoul(words.at(1));
    return "ok";
  }
  std::string close(const Words&) { return outcome(::close(files_.at(current_).release())); }
  std::string read(const Words& words) {
    std::size_t count = std::stoul(words.at(1));
    Buffer buffer(count);
    ssize_t n = ::read(fd(), buffer.bytes.get(), count);
    return n < 0 ? outcome(n) : std::string(buffer.bytes.get(), static_cast<std::size_t>(n));
  }
  std::string seek(const Words& words) {
    return outcome(::lseek(fd(), std::stol(words.at(1)), SEEK_SET));
  }
  std::string write(const Words& words) {
    return outcome(::write(fd(), words.at(1).data(), words.at(1).size()));
  }
  std::string pwrite(const Words& words) {
    return outcome(::pwrite(fd(), words.at(2).data(), words.at(2).size(), std::stol(words.at(1))));
  }
  std::string fill(const Words& words) {
    std::size_t count = std::stoul(words.at(1));
    Buffer buffer(count);
    std::fill_n(buffer.bytes.get(), count, 'x');
    ssize_t n = ::write(fd(), buffer.bytes.get(), count);
    return n < 0 ? outcome(n) : std::to_string(n);
  }
  std::string map(const Words& words) {
    int protection = words.at(2) == "rw" ? PROT_READ | PROT_WRITE : PROT_READ;
    mapped_ = std::stoul(words.at(1));
    void* memory = ::mmap(nullptr, mapped_, protection, MAP_SHARED, fd(), 0);
    memory_ = static_cast<char*>(memory);
    return outcome(memory == MAP_FAILED ? -1 : 0);
  }
  std::string peek(const Words& words) {
    return {memory_ + std::stoul(words.at(1)), std::stoul(words.at(2))};
  }
  std::string poke(const Words& words) {
    words.at(2).copy(memory_ + std::stoul(words.at(1)), words.at(2).size());
    return "ok";
  }
  std::string msync(const Words&) { return outcome(::msync(memory_, mapped_, MS_SYNC)); }

  std::string truncate(const Words& words) {
    return outcome(::ftruncate(fd(), std::stol(words.at(1))));
  }
  std::string fsync(const Words&) { return outcome(::fsync(fd())); }
  std::string fdatasync(const Words&) { return outcome(::fdatasync(fd())); }
  std::string chmod(const Words& words) { return outcome(::fchmod(fd(), mode_of(words.at(1)))); }
  std::string chown(const Words& words) {
    return outcome(::fchown(fd(), static_cast<uid_t>(std::stoul(words.at(1))),
                            static_cast<gid_t>(std::stoul(words.at(2)))));
  }
  std::string stat(const Words&) {
    struct ::stat info{};
    if (::fstat(fd(), &info) != 0) return outcome(-1);
    std::ostringstream out;
    out << std::oct << info.st_mode << std::dec << ' ' << info.st_uid << ':' << info.st_gid << ' '
        << info.st_nlink << ' ' << info.st_size;
    return out.str();
  }
  std::string unlink(const Words& words) { return outcome(::unlink(words.at(1).c_str())); }
  std::string rename(const Words& words) {
    return outcome(::rename(words.at(1).c_str(), words.at(2).c_str()));
  }
  std::string mkdir(const Words& words) {
    return outcome(::mkdir(words.at(1).c_str(), mode_of(words.at(2))));
  }
  std::string times(const Words& words) {
    timespec both[] = {time_of(words.at(2)), time_of(words.at(3))};
    return outcome(::utimensat(AT_FDCWD, words.at(1).c_str(), both, 0));
  }

  template <int Kind>
  std::string lock(const Words& words) {
    struct flock range = range_of(words);
    return outcome(::fcntl(fd(), Kind, &range));
  }
  std::string getlock(const Words& words) {
    struct flock range = range_of(words);
    if (::fcntl(fd(), F_GETLK, &range) != 0) return outcome(-1);
    if (range.l_type == F_UNLCK) return "free";
    std::ostringstream out;
    out << (range.l_type == F_RDLCK ? "r " : "w ") << range.l_start << ' ' << range.l_len << ' '
        << range.l_pid;
    return out.str();
  }
  std::string flock(const Words& words) {
    int kind = words.at(1) == "r" ? LOCK_SH : words.at(1) == "w" ? LOCK_EX : LOCK_UN;
    return outcome(::flock(fd(), kind | LOCK_NB));
  }

  std::string setxattr(const Words& words) {
    int flags = 0;
    if (words.size() > 4) flags = words[4] == "create" ? XATTR_CREATE : XATTR_REPLACE;
    const std::string& value = words.at(3);
    return outcome(
        ::lsetxattr(words[1].c_str(), words[2].c_str(), value.data(), value.size(), flags));
  }
  std::string bigxattr(const Words& words) {
    std::string value(std::stoul(words.at(3)), 'x');
    return outcome(::lsetxattr(words[1].c_str(), words[2].c_str(), value.data(), value.size(), 0));
  }
  std::string getxattr(const Words& words) {
    std::string value(65536, '\0');
    ssize_t n = ::lgetxattr(words.at(1).c_str(), words.at(2).c_str(), value.data(), value.size());
    if (n < 0) return outcome(n);
    value.resize(static_cast<std::size_t>(n));
    bool filling = value.size() > 1 && value.find_first_not_of('x') == value.npos;
    return filling ? std::to_string(n) : value;
  }
  std::string removexattr(const Words& words) {
    return outcome(::lremovexattr(words.at(1).c_str(), words.at(2).c_str()));
  }
  std::string listxattr(const Words& words) {
    std::string keys(65536, '\0');
    ssize_t n = ::llistxattr(words.at(1).c_str(), keys.data(), keys.size());
    if (n < 0) return outcome(n);
    keys.resize(static_cast<std::size_t>(n));
    for (char& end : keys)
      if (end == '\0') end = ' ';
    return keys;
  }

  std::string wait(const Words&) {
    std::string line;
    return std::getline(std::cin, line) ? "ok" : "nobody";
  }

  std::vector<UniqueFd> files_;
  std::size_t current_ = 0;
  char* memory_ = nullptr;
  std::size_t mapped_ = 0;
};

Words split(const std::string& step) {
  std::istringstream in(step);
  Words words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

}  // namespace
}  // namespace guest

int main(int argc, char** argv) {
  guest::Process process;
  for (int i = 1; i < argc; ++i)
    std::cout << process.step(guest::split(argv[i])) << std::endl;  // now, for who waits for it
  return 0;
}

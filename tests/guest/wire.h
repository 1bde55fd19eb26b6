// What the harness and the agent in the guest say to each other.
//
// The guest connects to the harness, which lives at kHostAddress in a network of their own. The
// first connection is for control: each byte on it asks for something (Ask). A connection that is
// asked for gets one task as its first frame, and belongs to it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spec/base/fd.h"

namespace guest {

inline constexpr const char* kHostInterface = "host";
inline constexpr const char* kPeerInterface = "peer";  // of a pair, for the guest's kernel
inline constexpr const char* kGuestInterface = "vec0";
inline constexpr const char* kHostAddress = "10.9.0.1";
inline constexpr const char* kGuestAddress = "10.9.0.2";
inline constexpr const char* kNetmask = "255.255.255.252";
inline constexpr uint16_t kPort = 564;
inline constexpr int kMtu = 9000;

enum class Ask : char {
  kConnection = 'c',  // connect once more
  kPowerOff = 'p',
};

enum class FrameKind : char {
  // Tasks, from the harness:
  kMount = 'm',    // DIR, MS_ flags, options; connect once more for the data; kDone is the answer
  kUnmount = 'u',  // DIR, flags of umount2; kDone is the answer
  kRun = 'r',      // see Machine::start(); kOutput and kEnd are the answers
  // To a running command:
  kInput = 'i',
  kInputEnd = 'e',
  kSignal = 's',  // the number, for its process group
  // From the agent:
  kDone = 'd',    // an errno, or 0
  kOutput = 'o',  // standard output and error, in the order written
  kEnd = 'x',     // the status of waitpid(), and 1 if the time was up
};

struct Frame {
  FrameKind kind;
  std::string body;
};

// Several fields in the body of a frame. Nobody but the two programs of this folder speaks this,
// so fields that are not there are a fault of theirs: split() throws std::runtime_error.
std::string join(const std::vector<std::string>& fields);
std::vector<std::string> split(std::string_view body, std::size_t expected);

// Sends all of it. False if the other side is gone.
bool send_frame(base::Fd socket, const Frame& frame);
// The next frame, waiting for it. Nothing at the end of the stream, or if it breaks.
std::optional<Frame> receive_frame(base::Fd socket);

}  // namespace guest

// Descriptors that tests hand to what they test.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "spec/base/fd.h"

namespace support {

// Both ends close on exec. Throws std::system_error.
std::pair<base::UniqueFd, base::UniqueFd> socket_pair();
std::pair<base::UniqueFd, base::UniqueFd> make_pipe();  // reading end, writing end
base::UniqueFd make_memory_file(const char* name);

// All of a memory file, whatever its offset.
std::string content_of(base::Fd memory_file);

// One sendmsg(2) of `data`, which may be empty on a socket of packets, with descriptors
// (SCM_RIGHTS); its result.
ssize_t send_descriptors(base::Fd socket, std::span<const std::byte> data,
                         std::span<const base::Fd> what, int flags = 0);

// One recvmsg(2) of at most room.size() bytes: how many came, 0 when it failed, and which
// descriptors with them, of which 8 have room. Throws std::runtime_error when control data of
// another kind came.
struct Received {
  std::size_t bytes = 0;
  std::vector<base::UniqueFd> descriptors = {};
  bool truncated = false;  // there were more
};
Received receive_descriptors(base::Fd socket, std::span<std::byte> room, int flags = 0);

// A descriptor over a socket, with one byte. Sending says whether it went, or errno; receiving
// gives none when something else came.
bool send_descriptor(base::Fd socket, base::Fd what);
base::UniqueFd receive_descriptor(base::Fd socket);

// Makes the directory `own_fds` (/proc/self/fd) this thread's working directory and no other's, as
// the server expects it.
void stand_in(base::Fd own_fds);

// How many descriptors a process has open.
std::size_t count_descriptors(int pid);

}  // namespace support

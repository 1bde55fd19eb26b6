// Descriptors that tests hand to what they test.
#pragma once

#include <string>
#include <utility>

#include "spec/base/fd.h"

namespace support {

// Both ends close on exec. Throws std::system_error.
std::pair<base::UniqueFd, base::UniqueFd> socket_pair();
std::pair<base::UniqueFd, base::UniqueFd> make_pipe();  // reading end, writing end
base::UniqueFd make_memory_file(const char* name);

// All of a memory file, whatever its offset.
std::string content_of(base::Fd memory_file);

// A descriptor over a socket, with one byte (SCM_RIGHTS). Sending says whether it went, or errno;
// receiving gives none when something else came.
bool send_descriptor(base::Fd socket, base::Fd what);
base::UniqueFd receive_descriptor(base::Fd socket);

// Makes the directory `own_fds` (/proc/self/fd) this thread's working directory and no other's, as
// the server expects it.
void stand_in(base::Fd own_fds);

// How many descriptors a process has open.
std::size_t count_descriptors(int pid);

}  // namespace support

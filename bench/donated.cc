#include "bench/donated.h"

#include <unistd.h>

#include <stdexcept>

namespace bench {

void read_donated(Client& client, DonatedRead& what) {
  client.run(what.open);
  base::UniqueFd file = client.take_descriptor();
  if (!file.valid()) throw std::runtime_error("the server gives no descriptor");
  if (::pread(file.raw(), what.room.data(), what.room.size(), 0) !=
      static_cast<ssize_t>(what.room.size()))
    throw std::runtime_error("a descriptor does not read as the file that was opened");
  file.reset();
  client.run(what.release);
}

}  // namespace bench

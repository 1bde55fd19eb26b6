// Serving: a bundle that the real binary serves, and clients of its attach points.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <utility>

#include "cmd/p9/client.h"
#include "tests/support/bundle.h"
#include "tests/support/gofer_process.h"
#include "tests/support/outcome.h"

namespace support {

class Serving : public Gofer {
 public:
  // Writes the bundle's config.json and starts the binary. Throws std::runtime_error, with what it
  // said, if the start fails.
  Serving(const Bundle& bundle, Options options)
      : Gofer(written(bundle), bundle.attach_points(), std::move(options)) {
    if (!ready()) throw std::runtime_error(failure());
  }

  // A client of an attach point, once, in the dialect 9P2000.L.Google.N; 0 is 9P2000.L. Throws
  // std::runtime_error if the worker does not want it.
  p9client::Client client(std::size_t attach_point, uint32_t google = p9::kNewestGoogle) {
    auto client =
        p9client::Client::connect(take_client(attach_point), p9client::kDefaultMsize, google);
    if (!client) throw std::runtime_error("a client of the worker: " + outcome(client));
    return *std::move(client);
  }

 private:
  static path written(const Bundle& bundle) {
    bundle.write();
    return bundle.config();
  }
};

}  // namespace support

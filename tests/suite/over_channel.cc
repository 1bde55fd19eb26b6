// The suite, with requests that go over a channel in shared memory.
#include "tests/suite/served.h"

namespace suite {

const Way kWay = Way::kChannel;
const bool kRigged = false;

}  // namespace suite

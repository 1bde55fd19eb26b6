// The suite, with requests that go over the socket.
#include "tests/suite/served.h"

namespace suite {

const Way kWay = Way::kSocket;
const bool kRigged = false;

}  // namespace suite

// The hostile cases: over the socket, with the rig around them.
#include "tests/suite/served.h"

namespace suite {

const Way kWay = Way::kSocket;
const bool kRigged = true;

}  // namespace suite

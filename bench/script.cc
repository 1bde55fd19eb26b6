#include "bench/script.h"

#include <stdexcept>
#include <string>

#include "spec/base/problem.h"

namespace bench {

void expect(const Step& step, p9::Bytes reply) {
  auto type = load<uint8_t>(reply.data() + kTypeAt);
  if (type == step.reply_type && reply.size() == step.reply_size) [[likely]]
    return;
  std::string said = "a reply of type " + std::to_string(type) + " and " +
                     std::to_string(reply.size()) + " bytes, not of type " +
                     std::to_string(step.reply_type) + " and " + std::to_string(step.reply_size);
  if (type == p9::Rlerror::kLine.type)
    said = base::errno_name(load<int>(reply.data() + kBodyAt)) + " for a request of type " +
           std::to_string(step.reply_type - 1);
  throw std::runtime_error("the server answered: " + said);
}

}  // namespace bench

// What a call on the client came to, as a word: "ok", or the name of its errno. Comparing words
// makes a failed expectation say which errno came instead of which.
#pragma once

#include <string>

#include "spec/base/problem.h"
#include "spec/base/result.h"

namespace support {

template <class T>
std::string outcome(const base::Result<T>& result) {
  return result ? "ok" : base::errno_name(result.error().code());
}

}  // namespace support

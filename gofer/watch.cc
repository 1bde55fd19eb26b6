#include "gofer/watch.h"

#include "spec/base/futex.h"

namespace gofer {

// The word is the client's: what is seen is judged by whoever takes the turn.
void Watch::look(const std::atomic<uint32_t>& word, uint32_t value, Eagerness& eagerness) {
  if (!allowed_ || !eagerness.take() || taken_.exchange(true)) return;
  eagerness.note(base::watch_while(word, value));
  taken_ = false;
}

}  // namespace gofer

// Ping-pong: servers that only hand messages back and forth: whatever they get, they answer with a
// reply to Tgetattr.
#pragma once

#include "bench/bare_window.h"
#include "spec/base/fd.h"

namespace bench {

// Until the client goes. Its requests fit into a page.
void serve_ping_pong(base::Fd socket);
// For ever.
[[noreturn]] void serve_ping_pong(BareWindow window);

}  // namespace bench

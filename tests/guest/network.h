// The network between the harness and a guest, as both sides set it up. Failures end the program.
#pragma once

#include <net/if.h>
#include <netinet/in.h>

#include <cstdint>

namespace guest {

sockaddr_in socket_address(const char* address, uint16_t port);
ifreq request_for(const char* interface);
// Gives the interface its address and brings it up.
void set_up_interface(const char* interface, const char* address, const char* netmask, int mtu);

}  // namespace guest

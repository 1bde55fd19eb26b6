#include "tests/guest/network.h"

#include <arpa/inet.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>

#include "spec/base/fd.h"
#include "tests/guest/must.h"

namespace guest {

sockaddr_in socket_address(const char* address, uint16_t port) {
  sockaddr_in all{};
  all.sin_family = AF_INET;
  all.sin_port = htons(port);
  must(::inet_pton(AF_INET, address, &all.sin_addr) == 1, address);
  return all;
}

ifreq request_for(const char* interface) {
  ifreq request{};
  std::strncpy(request.ifr_name, interface, IFNAMSIZ - 1);
  return request;
}

void set_up_interface(const char* interface, const char* address, const char* netmask, int mtu) {
  base::UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request = request_for(interface);
  sockaddr_in own = socket_address(address, 0);
  std::memcpy(&request.ifr_addr, &own, sizeof own);
  must(::ioctl(socket.raw(), SIOCSIFADDR, &request) == 0, "SIOCSIFADDR");
  sockaddr_in mask = socket_address(netmask, 0);
  std::memcpy(&request.ifr_netmask, &mask, sizeof mask);
  must(::ioctl(socket.raw(), SIOCSIFNETMASK, &request) == 0, "SIOCSIFNETMASK");
  request.ifr_mtu = mtu;
  must(::ioctl(socket.raw(), SIOCSIFMTU, &request) == 0, "SIOCSIFMTU");
  request.ifr_flags = IFF_UP;
  must(::ioctl(socket.raw(), SIOCSIFFLAGS, &request) == 0, "SIOCSIFFLAGS");
}

}  // namespace guest

#include "integration/support/ports.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <random>
#include <stdexcept>
#include <string>

namespace integration {
namespace {

constexpr std::uint16_t kFirst = 20000;
constexpr std::uint16_t kLast = 27999;  // from 28000 on they are those of tests/deploy

// The lock lives as long as this process: its descriptor is never closed, and is not handed down to
// children.
bool reserve(std::uint16_t port) {
  // One place whatever TMPDIR is: tests that run at once may have several.
  const std::filesystem::path folder = "/tmp/vitals-test-ports-" + std::to_string(::geteuid());
  std::filesystem::create_directories(folder);
  const std::string file = (folder / std::to_string(port)).string();
  const int lock = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) return false;
  if (::flock(lock, LOCK_EX | LOCK_NB) == 0) return true;
  ::close(lock);
  return false;
}

}  // namespace

int listen_on(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::listen(fd, 1024) == 0) {
    return fd;
  }
  ::close(fd);
  return -1;
}

std::uint16_t free_port() {
  std::random_device seed;
  std::uniform_int_distribution<std::uint16_t> any{kFirst, kLast};
  for (int attempt = 0; attempt < 1000; ++attempt) {
    const std::uint16_t port = any(seed);
    if (!reserve(port)) continue;
    const int probe = listen_on(port);
    if (probe < 0) continue;
    ::close(probe);
    return port;
  }
  throw std::runtime_error("no free port on 127.0.0.1");
}

TakenPort::TakenPort() : port_(free_port()), socket_(listen_on(port_)) {
  if (socket_ < 0) throw std::runtime_error("the port was taken by somebody else");
}

TakenPort::~TakenPort() {
  ::close(socket_);
}

}  // namespace integration

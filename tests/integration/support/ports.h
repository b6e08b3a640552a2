#pragma once

#include <cstdint>

namespace integration {

/// A TCP port of 127.0.0.1 that nobody listens on and that no other test of this machine will be
/// given while this process lives. It lies outside of the range that the kernel gives to outgoing
/// connections.
[[nodiscard]] std::uint16_t free_port();

/// Holds a port, as another program would that listens there and never accepts.
class TakenPort {
 public:
  TakenPort();
  ~TakenPort();
  TakenPort(const TakenPort&) = delete;
  TakenPort& operator=(const TakenPort&) = delete;

  [[nodiscard]] std::uint16_t number() const noexcept { return port_; }

 private:
  std::uint16_t port_;
  int socket_;
};

/// A listening socket on 127.0.0.1, or -1 when the port is taken.
[[nodiscard]] int listen_on(std::uint16_t port);

}  // namespace integration

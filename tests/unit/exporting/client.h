#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace vitals::exporting {

/// A client that does only what it is told.
class Client {
 public:
  enum Later { kLater };

  explicit Client(std::uint16_t port) : Client(kLater) { connect(port); }
  /// A socket that is not connected yet.
  explicit Client(Later) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval limit{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { ::close(fd_); }

  void connect(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  [[nodiscard]] bool connected() const { return connected_; }
  /// Leaves with RST, as a machine that loses its network.
  void reset_at_end() const {
    const linger abort{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
  }
  bool send(std::string_view text) const {
    return ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }
  /// All that comes until the server closes; with a pause after each `portion`, as one who is slow.
  [[nodiscard]] std::string receive(std::size_t portion = 65536,
                                    std::chrono::milliseconds pause = {}) const {
    std::string all;
    std::vector<char> buffer(portion);
    for (ssize_t n; (n = ::recv(fd_, buffer.data(), buffer.size(), 0)) > 0;) {
      all.append(buffer.data(), static_cast<std::size_t>(n));
      if (pause.count() > 0) std::this_thread::sleep_for(pause);
    }
    return all;
  }
  [[nodiscard]] std::string ask(std::string_view request) const {
    return send(request) ? receive() : "not sent";
  }

 private:
  int fd_;
  bool connected_ = false;
};

}  // namespace vitals::exporting

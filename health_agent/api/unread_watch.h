#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace health_agent::api {

/// How much the client of a TCP connection says that it can still receive. Nothing where the kernel
/// does not tell it (before Linux 5.4). Source: Linux, `TCP_INFO`, `tcpi_snd_wnd`.
[[nodiscard]] std::optional<std::uint32_t> receive_window(int socket) noexcept;

/// Finds that a client's program reads nothing of a stream, long before its kernel stops to take
/// what is sent: the receive window that it announces falls with every piece, and a program that
/// reads opens it again. Threads: one at a time.
class UnreadWatch {
 public:
  using Clock = std::chrono::steady_clock;

  /// What the window is now. True when it has only fallen for 10 s, and three times at least.
  [[nodiscard]] bool is_unread(std::uint32_t window, Clock::time_point now) noexcept;

 private:
  std::uint32_t window_ = 0;
  int falls_ = 0;
  Clock::time_point opened_{};
};

}  // namespace health_agent::api

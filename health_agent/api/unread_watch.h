#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace health_agent::api {

/// What the client's kernel says of a TCP connection.
struct Received {
  std::uint32_t window = 0;  // bytes that it can still take
  std::uint64_t bytes = 0;   // that it has taken since the beginning
};

/// Nothing where our kernel does not tell it (before Linux 5.4).
/// Source: Linux, `TCP_INFO`, `tcpi_snd_wnd` and `tcpi_bytes_acked`.
[[nodiscard]] std::optional<Received> received_of(int socket) noexcept;

/// Finds that a client's program reads nothing of a stream, long before its kernel stops to take
/// what is sent: the receive window that it announces falls and falls, by most of what it takes.
/// That of a program that reads opens again, or stays where it has fallen to, or, where each piece
/// is larger than the one before, falls by their difference alone. Threads: one at a time.
class UnreadWatch {
 public:
  using Clock = std::chrono::steady_clock;

  /// What is received by now. True when the window has only fallen for 10 s, three times at least,
  /// the last time within 5 s, and by a third of what was taken meanwhile: a kernel that sees a
  /// stream begin lets the window grow beside it.
  [[nodiscard]] bool is_unread(const Received& received, Clock::time_point now) noexcept;

 private:
  Received last_;
  Received opened_;  // when the window last opened
  Clock::time_point opened_at_{};
  Clock::time_point fell_at_{};
  int falls_ = 0;
};

}  // namespace health_agent::api

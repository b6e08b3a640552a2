#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "integration/support/http.h"
#include "integration/support/wait.h"

namespace integration {

/// A TCP connection to 127.0.0.1 for what a decent client never does: bytes one by one, half a
/// request, nonsense, leaving in the middle. Threads: one at a time.
class RawSocket {
 public:
  /// The smallest that the kernel gives: what is sent to it soon waits at the other side.
  static constexpr int kSmallReceiveBuffer = 2048;

  /// `receive_buffer` in bytes; 0 leaves it to the kernel.
  explicit RawSocket(std::uint16_t port, int receive_buffer = 0);
  ~RawSocket();
  RawSocket(RawSocket&& other) noexcept;
  RawSocket& operator=(RawSocket&&) = delete;

  /// Sends all of it; false when the other side has closed.
  bool send(std::string_view bytes);

  /// One HTTP/1.1 answer with Content-Length or chunks, or with all bytes until the end. Empty when
  /// the other side closes before a whole one, or at the deadline (times kSlowness). Bytes behind
  /// it are kept for the next call.
  [[nodiscard]] std::optional<Response> read_response(Milliseconds deadline = 60s);

  /// The head of an answer, for one to HEAD, which has no body whatever its head says.
  [[nodiscard]] std::optional<Response> read_head(Milliseconds deadline = 60s);

  /// True when the other side has closed, or closes before the deadline; what it sends until then
  /// is thrown away.
  [[nodiscard]] bool closed_within(Milliseconds deadline);

  /// Leaves with FIN, as a program that ends.
  void close() noexcept;
  /// Leaves with RST, as a machine that loses its network.
  void reset() noexcept;

 private:
  enum class Read { kData, kClosed, kTimeout };
  Read read_some(std::chrono::steady_clock::time_point end);

  int fd_ = -1;
  std::string received_;
};

}  // namespace integration

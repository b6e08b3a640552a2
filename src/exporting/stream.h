#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string_view>

#include "base/descriptor.h"
#include "exporting/tls.h"

namespace vitals::exporting {

/// One client's connection, in the clear or over TLS. The socket must not block. Threads: one at a
/// time.
class Stream {
 public:
  Stream() = default;
  explicit Stream(base::Descriptor socket, std::optional<TlsSession> tls = {}) noexcept;

  [[nodiscard]] int socket() const noexcept { return socket_.get(); }
  /// As recv(2), see TlsSession::receive.
  [[nodiscard]] ssize_t receive(char* into, std::size_t size) noexcept;
  /// As send(2). `more`: something follows at once.
  [[nodiscard]] ssize_t send(std::string_view data, bool more) noexcept;
  /// Nothing more is sent. What still comes is to be read from the socket and thrown away.
  void end() noexcept;

  /// What to ask poll(2) for when the next call is one that waits for `wanted`.
  [[nodiscard]] short events(short wanted) const noexcept;
  /// Whether the client's first byte shows that it does not speak TLS where it should. From then on
  /// the connection is in the clear, for the client to be told.
  [[nodiscard]] bool is_taken_for_plain() noexcept;
  /// How many bytes of what was sent the client's machine has taken.
  [[nodiscard]] std::size_t taken() const noexcept;

 private:
  base::Descriptor socket_;
  std::optional<TlsSession> tls_;  // gone before the socket
  std::size_t sent_ = 0;           // in the clear
  bool begun_ = false;
};

}  // namespace vitals::exporting

#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "vitals/exporting/exposer.h"
#include "vitals/result.h"

struct ssl_ctx_st;

namespace vitals::exporting {

/// The server's end of TLS over one client's socket. Threads: one at a time.
class TlsSession {
 public:
  /// Does not own the socket, which must not block. Throws std::bad_alloc.
  TlsSession(ssl_ctx_st* context, int socket);
  TlsSession(TlsSession&& from) noexcept;
  TlsSession& operator=(TlsSession&& from) noexcept;
  ~TlsSession();

  /// As recv(2) and send(2), in the clear on this side; the first of them shake hands. EPROTO: the
  /// client does not speak TLS as it should, or is not let in. A buffer of kRecord bytes leaves
  /// nothing behind that poll(2) could not tell of.
  [[nodiscard]] ssize_t receive(char* into, std::size_t size) noexcept;
  [[nodiscard]] ssize_t send(const char* data, std::size_t size) noexcept;
  /// Tells the client that no more is sent.
  void end() noexcept;

  /// What the last call that ended with EAGAIN waits for: POLLIN or POLLOUT; 0 after any other.
  [[nodiscard]] short waits_for() const noexcept;
  /// Bytes given to the socket.
  [[nodiscard]] std::size_t sent() const noexcept;

  static constexpr std::size_t kRecord = std::size_t{16} * 1024;  ///< RFC 8446, 5.1

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The certificate, its key and whom it lets in, by the files of the options. Renewed files are read
/// at the next client. Threads: one at a time.
class TlsServer {
 public:
  using OnTrouble = std::function<void(std::string_view what)>;

  /// Names the file that cannot be read, or does not fit, and why.
  [[nodiscard]] static Result<TlsServer> load(ExposerTls files);

  /// A session for a client that has just come. `on_trouble` is told when renewed files cannot be
  /// used: the former ones go on, and it tries again every ten seconds. Throws std::bad_alloc.
  [[nodiscard]] TlsSession session(int socket, const OnTrouble& on_trouble);

 private:
  /// Changes with the files.
  using Stamp = std::uint64_t;
  using Context = std::shared_ptr<ssl_ctx_st>;

  TlsServer(ExposerTls files, Context context, Stamp stamp);
  [[nodiscard]] static Result<Context> context_of(const ExposerTls& files);
  [[nodiscard]] static Stamp stamp_of(const ExposerTls& files) noexcept;
  void renew(const OnTrouble& on_trouble);

  ExposerTls files_;
  Context context_;
  Stamp stamp_;        // of what is in use
  Stamp refused_ = 0;  // of what could not be used, which is told of once
  std::chrono::steady_clock::time_point next_try_{};
};

}  // namespace vitals::exporting

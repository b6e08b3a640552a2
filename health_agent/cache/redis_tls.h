#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "health_agent/cache/redis_url.h"
#include "vitals/result.h"

struct ssl_ctx_st;
struct ssl_st;

namespace health_agent::cache {

/// What became of a read or write that does not wait.
enum class Transfer {
  kDone,
  kWantsToRead,   ///< once more when the socket can be read
  kWantsToWrite,  ///< once more when the socket can be written
  kFailed,        ///< the connection is of no use any more
};

/// What the TLS connections with one server have in common: who may have signed its certificate,
/// and our own. TLS 1.2 and later, by OpenSSL. Threads: any.
class RedisTls {
 public:
  /// Reads the files that `options` names. Returns an error that names the parameter at fault.
  /// Cost: up to some ten milliseconds for a file of many authorities.
  [[nodiscard]] static vitals::Result<std::shared_ptr<const RedisTls>> make(
      const RedisTlsOptions& options);

 private:
  friend class RedisTlsStream;
  struct Free {
    void operator()(ssl_ctx_st* context) const noexcept;
  };
  explicit RedisTls(bool check_host);

  std::unique_ptr<ssl_ctx_st, Free> context_;
  bool check_host_;
};

/// The TLS of one connection, on a socket that does not block. Threads: one at a time. Needs
/// SIGPIPE to be ignored. Errors: kFailed, with the cause in `error`.
class RedisTlsStream {
 public:
  /// `host` is the name or address that the certificate has to be for; a name is told to the server
  /// too (SNI). The socket stays the caller's. Gives nothing, and the cause in `error`, when there
  /// is no memory for it.
  [[nodiscard]] static std::unique_ptr<RedisTlsStream> on(int socket, const RedisTls& tls,
                                                          const std::string& host,
                                                          std::string& error);

  Transfer handshake(std::string& error);
  /// `count` is how much of `text` was taken.
  Transfer write(std::string_view text, std::size_t& count, std::string& error);
  /// `count` is how much of `room` was filled. What is not data of the server's (a session's
  /// ticket) is taken in one at a time, as kWantsToRead, so that nobody can hold up the caller with
  /// it.
  Transfer read(std::span<char> room, std::size_t& count, std::string& error);

 private:
  struct Free {
    void operator()(ssl_st* stream) const noexcept;
  };
  explicit RedisTlsStream(ssl_st* stream) noexcept : stream_(stream) {}

  Transfer result(int returned, std::string& error);

  std::unique_ptr<ssl_st, Free> stream_;
};

}  // namespace health_agent::cache

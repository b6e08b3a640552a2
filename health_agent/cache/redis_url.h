#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "vitals/result.h"

namespace health_agent::cache {

/// What TLS with a Redis server goes by: files in PEM, and what is looked at of its certificate.
struct RedisTlsOptions {
  std::string ca_file{};    ///< who may have signed the server's certificate; empty: the system's
  std::string cert_file{};  ///< our own, for a server that wants one of its clients
  std::string key_file{};   ///< of cert_file; empty: it stands in there too
  bool verify = true;       ///< the certificate is checked at all
  bool check_host = true;   ///< it has to be for the URL's host
  bool operator==(const RedisTlsOptions&) const = default;
};

/// Where a Redis server is and who we are there.
struct RedisAddress {
  std::string host;
  std::uint16_t port = 6379;
  std::string user;  ///< empty: the server's default user
  std::string password;
  int database = 0;
  std::optional<RedisTlsOptions> tls{};  ///< nothing: the connection is not encrypted
};

/// Parses REDIS_URL: `redis://[[user]:password@]host[:port][/db]`, percent-encoded where needed. A
/// `rediss://` is TLS, and may have the parameters ssl_ca_certs, ssl_cert_reqs, ssl_check_hostname,
/// ssl_certfile and ssl_keyfile. Returns an error that names the part at fault and says what is
/// accepted; never echoes the text. Opens none of the files.
/// Source: the `redis` and `rediss` schemes as registered with IANA; the parameters are redis-py's.
[[nodiscard]] vitals::Result<RedisAddress> parse_redis_url(std::string_view text);

/// `redis://host:port/db`, or `rediss`: how messages name it, without user and password.
[[nodiscard]] std::string shown(const RedisAddress& address);

}  // namespace health_agent::cache

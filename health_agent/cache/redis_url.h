#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "vitals/result.h"

namespace health_agent::cache {

/// Where a Redis server is and who we are there.
struct RedisAddress {
  std::string host;
  std::uint16_t port = 6379;
  std::string user;  ///< empty: the server's default user
  std::string password;
  int database = 0;
};

/// Parses REDIS_URL: `redis://[[user]:password@]host[:port][/db]`, percent-encoded where needed.
/// Returns an error that names the part at fault and says what is accepted; never echoes the text.
/// Source: the `redis` scheme as registered with IANA.
[[nodiscard]] vitals::Result<RedisAddress> parse_redis_url(std::string_view text);

/// `redis://host:port/db`: how messages name it, without user and password.
[[nodiscard]] std::string shown(const RedisAddress& address);

}  // namespace health_agent::cache

#pragma once

#include <charconv>
#include <cstddef>
#include <string_view>
#include <system_error>

#include "vitals/context/span.h"

namespace vitals::monitor::detail {

/// Sets `server.address` and `server.port`, of `address`, `address:port` or `[address]:port`. Where
/// no port is named it is `otherwise`; 0: none is set.
inline void describe_host(const context::Span& span, std::string_view host,
                          unsigned otherwise = 0) noexcept {
  const std::size_t bracket = host.starts_with('[') ? host.find(']') : 0;
  const std::size_t colon = bracket == std::string_view::npos ? bracket : host.find(':', bracket);
  unsigned port = otherwise;
  if (colon != std::string_view::npos) {
    const char* const end = host.data() + host.size();
    const auto [rest, error] = std::from_chars(host.data() + colon + 1, end, port);
    if (error != std::errc{} || rest != end || port > 65535) port = otherwise;
    host = host.substr(0, colon);
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  span.set_data("server.address", host);
  if (port != 0) span.set_data("server.port", port);
}

}  // namespace vitals::monitor::detail

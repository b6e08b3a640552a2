#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vitals::exporting {

/// The head of an HTTP request, as much of it as a scrape needs.
struct HttpHead {
  std::string method;
  std::string path;   ///< without the query, not decoded
  std::string query;  ///< what follows `?`
  std::string accept;
  std::string accept_encoding;
  std::string authorization;
};

/// The length of the head with its closing empty line; nothing while it is not all there.
[[nodiscard]] std::optional<std::size_t> head_length(std::string_view received) noexcept;

/// Reads a whole head. Nothing when it is not HTTP/1.0 or 1.1. Source: RFC 9112.
[[nodiscard]] std::optional<HttpHead> parse_head(std::string_view head);

}  // namespace vitals::exporting

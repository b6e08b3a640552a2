#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace vitals::exporting {

/// The head of an HTTP request, as much of it as a scrape needs.
struct HttpHead {
  std::string method;
  std::string path;   ///< without the query, not decoded; `*` of OPTIONS
  std::string query;  ///< what follows `?`
  std::string accept;
  std::string accept_encoding;
  std::string authorization;
};

/// Why a request is refused before anybody looks at what it wants.
struct HeadFault {
  int status = 400;
  std::string_view why;  ///< static storage
};

/// The length of the head with its closing empty line; nothing while it is not all there.
[[nodiscard]] std::optional<std::size_t> head_length(std::string_view received) noexcept;

/// What is wrong with the beginning of a request that is not all there yet, so that nobody waits
/// for the rest of what is no HTTP. Nothing while it may still become right.
[[nodiscard]] std::optional<HeadFault> fault_so_far(std::string_view received) noexcept;

/// Reads a whole head. What two readers could understand in two ways is refused: 400; 501 for a
/// transfer coding that is not known, 505 for another HTTP. Sources: RFC 9112, 2.2, 3, 5 and 6;
/// RFC 9110, 7.2, 8.6, 10.1.1 and 15.
[[nodiscard]] std::variant<HttpHead, HeadFault> parse_head(std::string_view head);

}  // namespace vitals::exporting

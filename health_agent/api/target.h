#pragma once

#include <string_view>

namespace health_agent::api {

/// What a request line asks for, taken apart once: the router, the decision who may come in, the
/// handler and the log all work with this text and no other. Views into the request line.
///
/// A target that different programs read differently is no target: `fault` says why, and the answer
/// is 400. So there is no second spelling of a path, with these exceptions: `%41` in the value of a
/// route's `{…}` is `A`, decoded once; what a route spells out must be asked for as it stands.
/// Source: RFC 9112, 3.2; RFC 3986, 2 and 3.3.
struct Target {
  std::string_view authority;  ///< of `http://authority/path`; empty otherwise
  std::string_view path;       ///< begins with `/`; `*` in `OPTIONS *`; empty in `http://authority`
  std::string_view query;      ///< what follows `?`, still encoded
  const char* fault = nullptr;
};

/// Takes a target apart. Refused: a fragment, a byte that must be encoded, `%` without two hex
/// digits, an encoded `/`, `\`, control character or byte that is not UTF-8 (overlong forms too), a
/// segment `.` or `..` however it is spelt, `;`, an authority with a user's name. Threads: any.
/// Cost: one pass, no allocation.
[[nodiscard]] Target parse_target(std::string_view text) noexcept;

}  // namespace health_agent::api

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#pragma GCC visibility push(default)

namespace vitals::exporting {

/// Where a request's target points. All of it is as it was sent: nothing is decoded.
struct RequestTarget {
  std::string_view authority{};  ///< of `http://authority/path`; empty in every other form
  std::string_view path{};       ///< without the query; `*` of `OPTIONS *`
  std::string_view query{};      ///< what follows `?`
};

/// The head of an HTTP/1.x request that two readers cannot understand in two ways. The views are
/// into the text that was read.
struct RequestHead {
  std::string_view method{};        ///< as it stands; letters have their case
  std::string_view whole_target{};  ///< as it stands in the request line
  RequestTarget target{};           ///< the same, taken apart
  /// The target's authority, else the Host field; empty when there is neither.
  std::string_view host{};
  std::string_view fields{};  ///< the lines between the request line and the empty line
  int minor_version = 1;      ///< 0 for HTTP/1.0; any HTTP/1.x above it is spoken to as 1.1
  std::optional<std::uint64_t> content_length{};  ///< the largest value when it is larger
  /// Transfer-Encoding ends in `chunked`
  bool chunked = false;
  bool expects_continue = false;  ///< never with HTTP/1.0, where the expectation is ignored

  /// The values of all fields of that name (any case), joined by `, `; empty when there is none.
  [[nodiscard]] std::string field(std::string_view name) const;
};

/// Why a request is refused before anybody looks at what it asks for. Its connection has to be
/// closed, since nobody knows where the next request begins.
struct HeadFault {
  int status = 400;        ///< of HTTP
  std::string_view why{};  ///< a sentence; static storage
};

/// No more than this of a target, a field line, or the number of fields: 414 and 431.
inline constexpr std::size_t kMaxTarget = 8'192;
inline constexpr std::size_t kMaxField = 8'192 + 256;
inline constexpr std::size_t kMaxFields = 100;

/// How many bytes of empty lines stand before a request line: some clients send them behind the
/// body before. Cost: none when there are none. Source: RFC 9112, 2.2.
[[nodiscard]] std::size_t blank_lines(std::string_view received) noexcept;

/// The length of the head with its closing empty line; nothing while it is not all there.
/// `received` begins with the request line (see blank_lines()); its first `searched` bytes are known
/// to hold no whole head, so that one which comes byte by byte costs no more than one that comes at
/// once.
[[nodiscard]] std::optional<std::size_t> request_head_length(std::string_view received,
                                                             std::size_t searched = 0) noexcept;

/// What is already wrong with the beginning of a head that is not all there, so that nobody waits
/// for the rest of what is no HTTP/1.x. Nothing while it may still become right.
[[nodiscard]] std::optional<HeadFault> fault_so_far(std::string_view received) noexcept;

/// Whether a request, be it faulty or not all there, has the method HEAD: no answer to it has a
/// body. `received` begins with the request line. Source: RFC 9110, 9.3.2.
[[nodiscard]] bool is_head_request(std::string_view received) noexcept;

/// Whether the text is a token. Cost: one pass. Source: RFC 9110, 5.6.2.
[[nodiscard]] bool is_token(std::string_view text) noexcept;

/// Whether the line, without its end, is a header field of allowed length: a token, a colon at
/// once, and a value without control characters. A folded line is none. Cost: one pass. Source:
/// RFC 9112, 5.
[[nodiscard]] bool is_field_line(std::string_view line) noexcept;

/// Reads a whole head, as strictly as the standard lets a server be. Refused are: bare CR or LF,
/// NUL and other control characters, line folding, whitespace before a colon, a missing, second or
/// malformed Host, several Content-Lengths, a transfer coding beside a length or in HTTP/1.0 (400);
/// a target that is too long (414); an expectation that is not 100-continue (417); too many or too
/// long fields (431); an unknown transfer coding (501); another HTTP than 1.x (505).
///
/// For a server's own use in front of its parser: what passes here means the same to all of them.
/// Threads: any. Cost: one pass, no allocation. Sources: RFC 9110, 2.5, 7.2, 8.6 and 10.1.1;
/// RFC 9112, 2.2, 3, 5, 6 and 11.2.
[[nodiscard]] std::variant<RequestHead, HeadFault> read_request_head(
    std::string_view head) noexcept;

}  // namespace vitals::exporting

#pragma GCC visibility pop

#pragma once

#include <cstdint>
#include <string_view>

namespace vitals::privacy {

/// What stands under a name in a text, by the words of the name.
enum class SecretKind : std::uint8_t {
  kNone,
  kPassword,  // may be any word
  kToken,     // of digits and letters, or long: `unexpected token: name` is none
};

/// By words, unlike is_sensitive(): in a text `monkey`, `author`, `max_tokens` and `primary_key`
/// are no secrets. Words are told apart by `_`, `-`, `.` and capitals. Threads: any.
[[nodiscard]] SecretKind secret_kind(std::string_view name) noexcept;

/// Whether it is a header that holds credentials in all of its line.
[[nodiscard]] bool is_header_name(std::string_view name) noexcept;

/// `Bearer`, `Basic` and their like. Source: RFC 9110, "Authentication Scheme".
[[nodiscard]] bool is_credential_scheme(std::string_view word) noexcept;

}  // namespace vitals::privacy

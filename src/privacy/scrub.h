#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "vitals/value.h"

namespace vitals::privacy {

inline constexpr std::string_view kFiltered = "[Filtered]";
inline constexpr std::size_t kMaxBody = 8192;

/// Options::sensitive_names, for the process: what they are part of is a secret as well. Threads:
/// any, also while others scrub.
void use_sensitive_names(std::vector<std::string> names);

/// Which list of those is in use: another one is another pointer.
[[nodiscard]] const void* further_names() noexcept;
/// Whether one of those is part of the name.
[[nodiscard]] bool is_named_by_options(std::string_view name) noexcept;

/// Whether a name says that what it names is a secret. Threads: any, as all below.
/// Source: Sentry developer documentation, "Data Collection", sensitive names.
[[nodiscard]] bool is_sensitive(std::string_view name) noexcept;

/// Whether a value under this name must not leave: of a secret's name, unless it is a count of
/// tokens.
[[nodiscard]] bool must_filter(std::string_view name, const ValueView& value) noexcept;

/// Whether the name is one for a client's address.
[[nodiscard]] bool is_client_address(std::string_view name) noexcept;

/// The text of a field, tag or attribute as it may leave: by its name whole, as a URL or as a
/// query, else by its look. In `scratch` where it is not `text` itself.
[[nodiscard]] std::string_view scrub_named(std::string_view name, std::string_view text,
                                           bool send_default_pii, std::string& scratch);

/// Whether a header speaks of a person or proves who they are: cookies, addresses, credentials.
[[nodiscard]] bool is_private_header(std::string_view name) noexcept;

/// A query with the values masked: all of them, or with `send_default_pii` the sensitive ones.
[[nodiscard]] std::string scrub_query(std::string_view query, bool send_default_pii);

/// A Cookie or Set-Cookie header with the sensitive ones masked, by their names.
[[nodiscard]] std::string scrub_cookies(std::string_view cookies);

/// A URL without credentials and fragment, its query masked as above.
[[nodiscard]] std::string scrub_url(std::string_view url, bool send_default_pii);

/// The value of a header as it may be sent.
[[nodiscard]] std::string scrub_header(std::string_view name, std::string_view value,
                                       bool send_default_pii);

/// How much a quoted name in a text has to look like a secret's.
enum class Strictness : std::uint8_t {
  kProse,  // by its words, so that sentences stay whole
  kJson,   // as the name of a field
};

/// A text as it may be sent: without what is a secret by its look or by the name before it. These
/// are credentials in a URL, `name=value` and `name: value` of a sensitive name, `Bearer …` and
/// `Basic …`, JSON Web Tokens, numbers of payment cards; without `send_default_pii` also the values
/// of a URL's query. All else stays as it is, byte by byte. Returns `text` itself when nothing had
/// to go, else `scratch`, which must not hold `text`. Cost: about a nanosecond a byte. Scrubbing
/// what has been scrubbed changes nothing.
[[nodiscard]] std::string_view scrub_text(std::string_view text, bool send_default_pii,
                                          std::string& scratch,
                                          Strictness strictness = Strictness::kProse);

/// The same for a value that may be JSON in a text: the values of sensitive names in it go at any
/// depth, of whatever type they are. What only begins like JSON is scrubbed as a text.
[[nodiscard]] std::string_view scrub_value(std::string_view text, bool send_default_pii,
                                           std::string& scratch);

/// A request's body: its first 8 KiB, whether JSON, a form or a text. Files and fields of a
/// multipart form are left out. For Options::send_default_pii only; else no body is sent at all.
[[nodiscard]] std::string scrub_body(std::string_view body);

/// Where the number of a payment card that begins at `at` ends; 0 when none does. It has 13 to 19
/// digits, together or in groups, begins as the known kinds do and has a valid check digit.
[[nodiscard]] std::size_t card_end(std::string_view text, std::size_t at) noexcept;

/// JSON with the values of sensitive names masked and its other texts scrubbed.
enum class JsonScrub : std::uint8_t { kUnchanged, kChanged, kMalformed };
/// Puts it in place of `out`. Deeper than 64 levels is malformed.
[[nodiscard]] JsonScrub scrub_json(std::string_view json, bool send_default_pii, std::string& out);

}  // namespace vitals::privacy

#pragma once

#include <string>
#include <string_view>

#include "vitals/sentry/value.h"

namespace vitals::sentry::detail {

inline constexpr std::string_view kFiltered = "[Filtered]";

/// Whether a name says that what it names is a secret.
/// Source: Sentry developer documentation, "Data Collection", sensitive names.
[[nodiscard]] bool is_sensitive(std::string_view name) noexcept;

/// Whether a value under this name must not leave: of a secret's name, unless it is a count of
/// tokens.
[[nodiscard]] bool must_filter(std::string_view name, const ValueView& value) noexcept;

/// Whether a header speaks of a person or proves who they are: cookies, addresses, credentials.
[[nodiscard]] bool is_private_header(std::string_view name) noexcept;

/// A query with the values masked: all of them, or with `send_default_pii` the sensitive ones.
[[nodiscard]] std::string scrub_query(std::string_view query, bool send_default_pii);

/// A Cookie header with the sensitive ones masked, by their names.
[[nodiscard]] std::string scrub_cookies(std::string_view cookies);

/// A URL without credentials, its query masked as above.
[[nodiscard]] std::string scrub_url(std::string_view url, bool send_default_pii);

}  // namespace vitals::sentry::detail

#pragma once

#include <string>
#include <string_view>

#include "vitals/sentry/ids.h"
#include "vitals/sentry/value.h"

namespace vitals::sentry::detail {

/// An envelope of one item.
struct EnvelopeParts {
  EventId event_id{};               ///< zero: left out
  std::string_view dsn;             ///< without a secret; may be empty
  std::string_view dsc{};           ///< baggage members, for the header `trace`; may be empty
  std::string_view item_type;       ///< `event`, `transaction`, `sessions`, …
  std::string_view item_members{};  ///< more of the item's header, as JSON members
  std::string_view payload;
  Timestamp sent_at;
};

/// Writes the envelope in place of `out`.
/// Source: Sentry developer documentation, "Envelopes".
void write_envelope(const EnvelopeParts& parts, std::string& out);

/// The value of the header X-Sentry-Auth.
[[nodiscard]] std::string auth_header(std::string_view public_key);
/// `vitals.cpp/VERSION`, as which the client names itself.
[[nodiscard]] std::string_view client_name() noexcept;

/// `2026-01-31T12:00:00.123456Z`.
[[nodiscard]] std::string rfc3339(Timestamp time);

}  // namespace vitals::sentry::detail

#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "delivery/parcel.h"
#include "sentry/runtime.h"
#include "vitals/context/ids.h"
#include "vitals/sentry/client.h"
#include "vitals/value.h"

namespace vitals::sentry::detail {

/// How many of each category an envelope holds, and how many bytes of each Bulk. Of a transaction,
/// its spans and itself under kSpan.
using Contents = delivery::detail::Contents;
static_assert(kCategories + kBulks <= delivery::detail::kMostCounts);
/// Where they stand. The first nine places are those of envelopes that earlier versions have left on
/// disk, so what came later stands behind them.
[[nodiscard]] constexpr std::size_t place_of(Category category) noexcept {
  constexpr std::size_t kBehind = 9;
  return category == Category::kTraceMetric ? kBehind : static_cast<std::size_t>(category);
}
[[nodiscard]] constexpr std::size_t place_of(Bulk bulk) noexcept {
  constexpr std::size_t kFirst = 7;
  constexpr std::size_t kBehind = 10;
  return bulk == Bulk::kTraceMetric ? kBehind : kFirst + static_cast<std::size_t>(bulk);
}
[[nodiscard]] inline std::uint32_t& count_in(Contents& contents, Category category) noexcept {
  return contents[place_of(category)];
}
[[nodiscard]] inline std::uint32_t& bytes_in(Contents& contents, Bulk bulk) noexcept {
  return contents[place_of(bulk)];
}
/// Adds what an envelope held to the counts of the process.
void count_contents(const Contents& contents, Cause cause) noexcept;

/// What the first line of an envelope says.
struct EnvelopeHead {
  EventId event_id{};      ///< zero: left out
  std::string_view dsn;    ///< without a secret; may be empty
  std::string_view dsc{};  ///< baggage members, for `trace`; may be empty
};

/// Puts an envelope's first line in place of `out`. The time of sending is left for stamp() to fill
/// in: an envelope may wait for days, and the server takes an old one for a clock that is wrong.
/// Source: Sentry developer documentation, "Envelopes".
void begin_envelope(const EnvelopeHead& head, std::string& out);

/// Appends an item; `members` is more of its header, as JSON members, and may be empty.
void append_item(std::string_view type, std::string_view members, std::string_view payload,
                 std::string& out);

/// Writes the time of sending into what begin_envelope() began, also into one that was read back
/// from disk. Leaves alone what does not begin so.
void stamp(std::string& envelope, Timestamp sent_at);

/// The value of the header X-Sentry-Auth.
[[nodiscard]] std::string auth_header(std::string_view public_key);
/// `vitals.cpp/VERSION`, as which the client names itself.
[[nodiscard]] std::string_view client_name() noexcept;

/// `2026-01-31T12:00:00.123456Z`.
[[nodiscard]] std::string rfc3339(Timestamp time);

}  // namespace vitals::sentry::detail

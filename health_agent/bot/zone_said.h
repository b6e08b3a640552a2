#pragma once

#include <optional>
#include <string_view>

#include "health_agent/time_zone.h"

namespace health_agent::bot {

/// The zone that somebody means who writes `Europe/Berlin`, `europe/berlin`, `new york` or
/// `Berlin`; nothing for what no zone is called.
[[nodiscard]] std::optional<TimeZone> zone_meant(std::string_view text);

/// What a message says of where its writer lives.
struct ZoneAnswer {
  /// Nothing where no zone is called so.
  std::optional<TimeZone> zone{};
  /// It says so in words, or has the zone's whole name: `I live in Berlin`, `Europe/Berlin`. Else
  /// it is an answer only where the bot has asked: `Berlin`.
  bool plain = false;
};

/// The answer to the question for the time zone, as people give it; nothing for a message that is
/// about something else, or about more than that.
[[nodiscard]] std::optional<ZoneAnswer> zone_answer(std::string_view text);

}  // namespace health_agent::bot

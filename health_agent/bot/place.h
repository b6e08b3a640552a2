#pragma once

#include <compare>
#include <cstdint>

namespace health_agent::bot {

/// Where a message was written, and where its answer belongs.
struct Place {
  std::int64_t chat_id = 0;
  std::int64_t thread_id = 0;  ///< The topic of the chat; 0 where it has none.

  // NOLINTNEXTLINE(modernize-use-nullptr): the 0 is in the defaulted operator
  friend auto operator<=>(const Place&, const Place&) = default;
};

}  // namespace health_agent::bot

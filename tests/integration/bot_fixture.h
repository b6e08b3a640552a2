#pragma once

#include <string>
#include <utility>

#include "integration/fixture.h"
#include "integration/support/telegram.h"

namespace integration {

/// Users of the tests: on the list, and not on it.
inline constexpr std::int64_t kAnn = 1001;
inline constexpr std::int64_t kBob = 1002;
inline constexpr std::int64_t kStranger = 666;

/// A health-agent that is the bot of `telegram`, and nothing else unless `more` says so.
[[nodiscard]] inline ServiceOptions bot_of(const TelegramServer& telegram, Settings more = {},
                                           std::string directory = {}) {
  more.try_emplace("RUN_MODE", "bot");
  more.try_emplace("TELEGRAM_BOT_TOKEN", TelegramServer::kToken);
  more.try_emplace("TELEGRAM_API_URL", telegram.url());
  more.try_emplace("ALLOWED_TELEGRAM_IDS", std::to_string(kAnn) + "," + std::to_string(kBob));
  const bool has_api = more["RUN_MODE"] != "bot";
  ServiceOptions options = health_agent(std::move(more));
  options.directory = std::move(directory);
  options.has_api = has_api;
  return options;
}

/// The JSON of an update, for TelegramServer::push and the webhook.
[[nodiscard]] inline Json update_json(std::int64_t update_id, std::int64_t chat,
                                      const std::string& text) {
  return {{"update_id", update_id},
          {"message",
           {{"message_id", update_id},
            {"date", 1},
            {"from", {{"id", chat}, {"is_bot", false}, {"first_name", "Ann"}}},
            {"chat", {{"id", chat}, {"type", "private"}}},
            {"text", text}}}};
}

}  // namespace integration

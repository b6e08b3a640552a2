#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

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

/// The JSON of an update, for TelegramServer::push and the webhook. `date` in Unix seconds.
[[nodiscard]] inline Json update_json(std::int64_t update_id, std::int64_t chat,
                                      const std::string& text, std::int64_t date = 1) {
  return {{"update_id", update_id},
          {"message",
           {{"message_id", update_id},
            {"date", date},
            {"from", {{"id", chat}, {"is_bot", false}, {"first_name", "Ann"}}},
            {"chat", {{"id", chat}, {"type", "private"}}},
            {"text", text}}}};
}

/// Three days in Berlin over the change to summer time, as updates with their dates: the zone, and
/// then meals just before and just after each midnight and the leap of the clock.
[[nodiscard]] inline std::vector<Json> three_days_of_updates() {
  constexpr std::int64_t kFirstMidnight =
      1'743'289'200;  // 2025-03-30T00:00 there, 2025-03-29T23:00Z
  constexpr std::int64_t kLeap = kFirstMidnight + 2 * 3600;
  constexpr std::int64_t kDay = 86'400;
  constexpr std::int64_t kSecondMidnight = kFirstMidnight + kDay - 3600;
  const std::vector<std::pair<std::int64_t, std::string>> said{
      {kFirstMidnight - kDay, "I live in Berlin"},
      {kFirstMidnight - kDay + 30, "an apple"},
      {kFirstMidnight - 30, "a banana"},
      {kFirstMidnight + 30, "an orange"},
      {kLeap - 30, "a pear"},
      {kLeap + 30, "a carrot"},
      {kSecondMidnight - 30, "a tomato"},
      {kSecondMidnight + 30, "a kiwi"},
      {kSecondMidnight + 600, "I ate a peach yesterday"},
      {kSecondMidnight + kDay - 30, "a mango"},
      {kSecondMidnight + kDay + 30, "a plum"}};
  std::vector<Json> updates;
  for (const auto& [date, text] : said)
    updates.push_back(update_json(static_cast<std::int64_t>(updates.size()) + 1, kAnn, text, date));
  return updates;
}

/// Fails unless the API has each meal of three_days_of_updates() on its day, once.
inline void expect_three_days(Http client) {
  const std::vector<std::pair<std::string, std::set<std::string>>> days{
      {"2025-03-28", {}},
      {"2025-03-29", {"apple", "banana"}},
      {"2025-03-30", {"orange", "pear", "carrot", "tomato", "peach"}},
      {"2025-03-31", {"kiwi", "mango"}},
      {"2025-04-01", {"plum"}}};
  for (const auto& [date, foods] : days) {
    const Json day =
        client.get("/api/v1/users/telegram:" + std::to_string(kAnn) + "/food?date=" + date).json();
    std::multiset<std::string> found;
    for (const Json& entry : day["entries"])
      for (const Json& food : entry["foods"])
        found.insert(food["name"]);
    EXPECT_EQ(found, (std::multiset<std::string>{foods.begin(), foods.end()})) << date;
  }
}

}  // namespace integration

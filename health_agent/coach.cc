#include "health_agent/coach.h"

#include <exception>
#include <span>
#include <utility>

#include "health_agent/log.h"
#include "health_agent/preferences.h"
#include "vitals/monitor/journey.h"
#include "vitals/sentry/client.h"

namespace health_agent {
namespace {

constexpr int kHistoryMessages = 20;
constexpr int kRecentEntries = 20;
constexpr vitals::monitor::JourneyScope kOnboarding{"onboarding"};

}  // namespace

bool Coach::welcome(const std::string& user_id, std::int64_t now) {
  const bool created = store_.create_user(user_id, now);
  if (created) kOnboarding.reached("created", 0);
  return created;
}

Answer Coach::chat(const std::string& user_id, std::string message,
                   std::optional<std::vector<Message>> history, std::int64_t now,
                   const agent::OnText& on_text, const AlsoStore& also) {
  if (!store_.user_exists(user_id)) welcome(user_id, now);
  take_step(user_id, db::Step::kFirstMessage, now);

  agent::AgentRequest request;
  request.user_id = user_id;
  request.message = message;
  request.history = history ? *std::move(history) : store_.history(user_id, kHistoryMessages);
  request.profile = users_.profile(user_id);
  request.preferences = users_.preferences(user_id);
  request.zone = zone_of(request.preferences);
  request.today = users_.food_of_day(user_id, request.zone, request.zone.day_of(now), now).totals;
  request.recent = store_.recent_food(user_id, kRecentEntries);
  request.undo = store_.undo_of(user_id);
  request.now = now;
  agent::AgentReply reply = agent_.reply(request, on_text);

  Answer answer{std::move(reply.text), {}, {}};
  if (reply.cancelled) return answer;
  for (FoodEntry& entry : reply.food_entries)
    entry.user_id = user_id;
  const db::Turn turn{
      std::move(reply.food_entries),
      std::move(reply.changes),
      {Message{"user", std::move(message), now}, Message{"assistant", answer.text, now}}};
  answer.changes = turn.changes;
  answer.food_entries = users_.save_turn(
      user_id, turn, [&](db::Connection& connection, std::span<const FoodEntry> stored) {
        answer.food_entries.assign(stored.begin(), stored.end());
        if (also) also(connection, answer);
      });
  if (!answer.food_entries.empty()) took_food(user_id, now);
  return answer;
}

FoodEntry Coach::log_food(FoodEntry entry, std::int64_t now, const db::Also& also) {
  FoodEntry stored = users_.save_food_entry(std::move(entry), also);
  took_food(stored.user_id, now);
  return stored;
}

/// The food is stored by now. Who is told of an error logs it once more, so a journey that cannot
/// be recorded is none.
void Coach::took_food(const std::string& user_id, std::int64_t now) noexcept {
  try {
    take_step(user_id, db::Step::kFirstFoodEntry, now);
    take_step(user_id, db::Step::kSecondDay, now);
  } catch (const std::exception& error) {
    service_log.warn("a step of a journey could not be recorded: {}", error.what());
    vitals::sentry::capture_exception(
        error, {.level = vitals::sentry::Level::kWarning, .mechanism = "journey"});
  }
}

void Coach::take_step(const std::string& user_id, db::Step step, std::int64_t now) {
  if (const auto reached = store_.reach_step(user_id, step, now))
    kOnboarding.reached(reached->step, reached->seconds);
}

}  // namespace health_agent

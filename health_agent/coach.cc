#include "health_agent/coach.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <span>
#include <utility>

#include "health_agent/agent/food/text.h"
#include "health_agent/log.h"
#include "health_agent/preferences.h"
#include "vitals/context/capture.h"
#include "vitals/monitor/journey.h"
#include "vitals/sentry/client.h"

namespace health_agent {
namespace {

constexpr int kHistoryMessages = 20;
constexpr int kRecentEntries = 20;
constexpr vitals::monitor::JourneyScope kOnboarding{"onboarding"};

constexpr std::string_view kReplaced = "What you had written before no longer counts.";

/// What the conversation says of an edit, so that no agent takes the earlier turn for what is.
void tell_of_edit(std::vector<Message>& messages, std::int64_t now) {
  messages.push_back({"user", "I have edited an earlier message: forget what it said.", now});
  messages.push_back({"assistant", "I have taken back what I had logged for it.", now});
}

/// Makes the change in a list that is ordered by ids, newest first.
void apply(const FoodChange& change, const std::string& user_id, std::vector<FoodEntry>& entries) {
  std::erase_if(entries, [&](const FoodEntry& entry) {
    return entry.id == change.entry_id && (!change.after || change.restores);
  });
  if (!change.after) return;
  FoodEntry after = *change.after;
  after.id = change.entry_id;
  after.user_id = user_id;
  const auto place = std::find_if(entries.begin(), entries.end(), [&](const FoodEntry& entry) {
    return entry.id <= change.entry_id;
  });
  if (place != entries.end() && place->id == change.entry_id) {
    *place = std::move(after);
  } else if (change.restores) {
    entries.insert(place, std::move(after));
  }
}

/// `2 egg, 1 toast (lunch, 216 kcal)`.
std::string in_words(const FoodEntry& entry) {
  std::string words;
  for (const Food& food : entry.foods) {
    if (!words.empty()) words += ", ";
    words += agent::format_number(food.quantity) + " ";
    if (!food.unit.empty() && food.unit != "piece") words += food.unit + " ";
    words += food.name;
  }
  return words + " (" + entry.meal_type + ", " +
         agent::format_number(std::round(totals_of(entry.foods).calories)) + " kcal)";
}

}  // namespace

bool Coach::welcome(const std::string& user_id, std::int64_t now) {
  const bool created = store_.create_user(user_id, now);
  if (created) kOnboarding.reached("created", 0);
  return created;
}

Answer Coach::chat(const std::string& user_id, std::string message,
                   std::optional<std::vector<Message>> history, std::int64_t now,
                   const agent::OnText& on_text, const AlsoStore& also, const Original& original) {
  if (!store_.user_exists(user_id)) welcome(user_id, now);
  take_step(user_id, db::Step::kFirstMessage, now);

  agent::AgentRequest request;
  request.user_id = user_id;
  request.message = message;
  request.history = history ? *std::move(history) : store_.history(user_id, kHistoryMessages);
  request.profile = users_.profile(user_id);
  request.preferences = users_.preferences(user_id);
  request.zone = zone_of(request.preferences);
  const std::int64_t day = request.zone.day_of(now);
  cache::DaySummary today = users_.food_of_day(user_id, request.zone, day, now);
  request.recent = store_.recent_food(user_id, kRecentEntries);
  std::vector<Message> messages;
  if (original.replaces && !original.replaces->empty()) {
    std::sort(today.entries.begin(), today.entries.end(),
              [](const FoodEntry& a, const FoodEntry& b) { return a.id > b.id; });
    for (const FoodChange& change : *original.replaces) {
      apply(change, user_id, request.recent);
      apply(change, user_id, today.entries);
    }
    today.totals = {};
    for (const FoodEntry& entry : today.entries) {
      if (request.zone.day_of(entry.timestamp) == day) today.totals += totals_of(entry.foods);
    }
    tell_of_edit(messages, now);
    request.history.insert(request.history.end(), messages.begin(), messages.end());
  } else {
    request.undo = store_.undo_of(user_id);
  }
  request.today = today.totals;
  request.now = now;
  std::size_t told = 0;
  agent::OnText telling;
  if (on_text) {
    telling = [&](std::string_view piece) {
      told += piece.size();
      return on_text(piece);
    };
  }
  agent::AgentReply reply = agent_.reply(request, telling);
  // A refusal waits until nobody else can be asked.
  if (reply.refused && on_text && told < reply.text.size())
    on_text(std::string_view{reply.text}.substr(told));

  Answer answer{std::move(reply.text), {}, {}};
  if (reply.cancelled) return answer;
  for (FoodEntry& entry : reply.food_entries)
    entry.user_id = user_id;
  if (original.replaces && !original.replaces->empty())
    answer.text = std::string{kReplaced}.append("\n\n").append(answer.text);
  // A refused turn in the history makes later ones refused, too.
  if (!reply.refused) {
    messages.push_back({"user", std::move(message), now});
    messages.push_back({"assistant", answer.text, now});
  }
  const db::Turn turn{std::move(reply.food_entries),
                      std::move(reply.changes),
                      std::move(messages),
                      original.replaces.value_or(std::vector<FoodChange>{}),
                      original.source,
                      original.digest,
                      std::move(reply.preferences)};
  answer.changes = turn.replaced;
  answer.changes.insert(answer.changes.end(), turn.changes.begin(), turn.changes.end());
  answer.food_entries = users_.save_turn(
      user_id, turn, [&](db::Connection& connection, std::span<const FoodEntry> stored) {
        answer.food_entries.assign(stored.begin(), stored.end());
        if (also) also(connection, answer);
      });
  if (!answer.food_entries.empty()) took_food(user_id, now);
  return answer;
}

Answer Coach::undo(const std::string& user_id, std::int64_t now, const AlsoStore& also) {
  if (!store_.user_exists(user_id)) welcome(user_id, now);
  Answer answer;
  answer.changes = store_.undo_of(user_id);
  answer.text = answer.changes.empty() ? "There is nothing that I could take back." : "Taken back:";
  for (const FoodChange& change : answer.changes) {
    const std::optional<FoodEntry> before = store_.food_entry(user_id, change.entry_id);
    if (!change.after && before) answer.text += "\n- no longer logged: " + in_words(*before);
    if (change.after && change.restores)
      answer.text += "\n- logged again: " + in_words(*change.after);
    if (change.after && !change.restores)
      answer.text += "\n- as it was before: " + in_words(*change.after);
  }
  const db::Turn turn{{}, answer.changes, {{"user", "undo", now}, {"assistant", answer.text, now}}};
  users_.save_turn(user_id, turn, [&](db::Connection& connection, std::span<const FoodEntry>) {
    if (also) also(connection, answer);
  });
  return answer;
}

FoodEntry Coach::log_food(FoodEntry entry, std::int64_t now, const db::Also& also) {
  FoodEntry stored = users_.save_food_entry(std::move(entry), also);
  took_food(stored.user_id, now);
  return stored;
}

/// The food is stored by now. A user who is told of an error logs it once more, so a journey that
/// cannot be recorded is no error.
void Coach::took_food(const std::string& user_id, std::int64_t now) noexcept {
  try {
    take_step(user_id, db::Step::kFirstFoodEntry, now);
    take_step(user_id, db::Step::kSecondDay, now);
  } catch (const std::exception& error) {
    service_log.warn("a step of a journey could not be recorded: {}", error.what());
    vitals::context::capture_exception(error,
                                       {.level = vitals::Level::kWarning, .mechanism = "journey"});
  }
}

void Coach::take_step(const std::string& user_id, db::Step step, std::int64_t now) {
  if (const auto reached = store_.reach_step(user_id, step, now))
    kOnboarding.reached(reached->step, reached->seconds);
}

}  // namespace health_agent

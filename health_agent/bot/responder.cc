#include "health_agent/bot/responder.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <optional>
#include <utility>

#include "health_agent/bot/backoff.h"
#include "health_agent/bot/commands.h"
#include "health_agent/bot/text.h"
#include "health_agent/bot/update.h"
#include "health_agent/bot/waiting.h"
#include "health_agent/bot/zone_said.h"
#include "health_agent/errors.h"
#include "health_agent/faults.h"
#include "health_agent/goals.h"
#include "health_agent/log.h"
#include "health_agent/log_text.h"
#include "health_agent/preferences.h"
#include "health_agent/time.h"
#include "vitals/monitor/bot.h"

namespace health_agent::bot {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// How long an answer is tried to be sent while Telegram is away or asks to wait.
constexpr auto kSendFor = 15min;
constexpr std::size_t kMostUnfinished = 1000;
/// An update that so many processes died with is not tried again.
constexpr std::int64_t kMostAttempts = 3;

constexpr std::string_view kTextOnly =
    "I can read text of up to 4,096 characters and the captions of pictures, and nothing else. "
    "Please tell me in words what you ate.";

constexpr std::string_view kTooLate =
    "I do not know any more what I had logged for the message that you have edited, so I have "
    "changed nothing. Please tell me in a new message what is to be changed.";

constexpr std::string_view kTooEarly =
    "I was still at what you had written before, and have not taken your change in. Please edit "
    "your message once more.";

constexpr std::string_view kAskForZone =
    "By the way: in which time zone do you live? Until you tell me, for example \"Europe/Berlin\" "
    "or \"I live in Berlin\", your days end at midnight UTC.";

constexpr std::string_view kNoSuchZone =
    "I know no time zone of that name. Write it as continent and city, for example "
    "/timezone Europe/Berlin or /timezone America/New_York";

constexpr std::string_view kPrivateOnly =
    "What you eat is nobody else's business: please write to me in a private chat.";

constexpr std::string_view kGivenUp =
    "I could not deal with that message. Please tell me in other words.";

constexpr std::string_view kNothingToSay = "I have nothing to say to that.";

/// The process ends before the answer could be sent.
class Interrupted : public std::runtime_error {
 public:
  Interrupted() : std::runtime_error("stopped before the answer was sent") {}
};

/// Nobody can be asked whether the update is still this process'. What waits to be sent waits on.
class LeftForLater : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The words that a row may hold, with static storage.
std::string_view kind_word(const std::string& kind) noexcept {
  for (const UpdateKind known : {UpdateKind::kMessage, UpdateKind::kCommand, UpdateKind::kEdit,
                                 UpdateKind::kOther, UpdateKind::kGroup}) {
    if (kind == to_string(known)) return to_string(known);
  }
  return to_string(UpdateKind::kIgnored);
}

std::string rounded(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.0f", value);
  return text;
}

std::string line_of(const FoodEntry& entry) {
  std::string line = "- " + entry.meal_type + ": ";
  for (const Food& food : entry.foods) {
    if (&food != &entry.foods.front()) line += ", ";
    line += food.name;
  }
  return line + " (" + rounded(totals_of(entry.foods).calories) + " kcal)\n";
}

std::string words_for(const std::exception& error, std::string_view request_id) {
  const auto* ours = dynamic_cast<const ServiceError*>(&error);
  std::string words =
      ours != nullptr ? ours->user_message() : "Something went wrong on my side. Please try again.";
  return words.append("\nRequest id: ").append(request_id);
}

/// Rows of older versions do not say it.
std::int64_t said_at(const db::TelegramUpdate& update) {
  return update.said_at > 0 ? update.said_at : unix_now();
}

Place place_of(const db::TelegramUpdate& update) {
  return {update.chat_id, update.thread_id};
}

std::string source_of(const db::TelegramUpdate& update) {
  if (update.message_id == 0) return {};
  return "telegram:" + std::to_string(update.chat_id) + ":" + std::to_string(update.message_id);
}

/// Tells texts apart, the same in every process: FNV-1a.
std::string digest_of(std::string_view text) {
  std::uint64_t sum = 0xcbf29ce484222325U;
  for (const char c : text)
    sum = (sum ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return std::to_string(sum) + ":" + std::to_string(text.size());
}

bool has_zone(const Fields& preferences) {
  const auto found = preferences.find(std::string{kTimeZonePreference});
  return found != preferences.end() && found->second != "null";
}

std::string clock_of(const TimeZone& zone, std::int64_t time) {
  const int minutes = zone.second_of_day(time) / 60;
  char text[16];
  std::snprintf(text, sizeof text, "%02d:%02d", minutes / 60, minutes % 60);
  return text;
}

}  // namespace

std::string user_id_of(std::int64_t sender_id) {
  return "telegram:" + std::to_string(sender_id);
}

Responder::Responder(const Parts& parts) : parts_(parts) {
  unfinished_.reserve(kMostUnfinished);
}

void Responder::handle(db::TelegramUpdate update, const std::stop_token& stop) noexcept {
  try {
    handle_recorded(update, stop);
  } catch (const std::exception& error) {
    // Not even the user can be told; what is recorded is found again.
    access_log.error("an update is left for later: {}", error.what());
  }
}

void Responder::handle_recorded(db::TelegramUpdate& update, const std::stop_token& stop) {
  const std::string_view kind = kind_word(update.kind);
  vitals::monitor::UpdateScope scope{kind, user_id_of(update.sender_id)};
  try {
    bool answered_well = true;
    std::string said;
    try {
      if (!parts_.updates.is_mine(update.update_id)) throw db::UpdateLost();
      if (!update.answered) answer(update, said);
    } catch (const db::UpdateLost&) {
      throw;
    } catch (const std::exception& error) {
      // What the end of the process has cut off is done by the next one.
      if (stop.stop_requested() && said.empty()) throw Interrupted();
      if (update.answered) throw LeftForLater(error.what());
      answered_well = false;
      scope.fail_unhandled(error);
      access_log.error("an update ({}) failed: {}", kind, error.what());
      if (!apologise(update, said, error, scope.request_id())) throw db::UpdateLost();
    }
    deliver(update, stop);
    finish(update.update_id);
    if (answered_well) scope.succeed();
    access_log.info("an update ({}) was answered", kind);
  } catch (const db::UpdateLost& lost) {
    scope.succeed();
    access_log.info("an update ({}) is left alone: {}", kind, lost.what());
  } catch (const LeftForLater& later) {
    scope.fail_unhandled(later);
    access_log.warn("the answer to an update ({}) is not sent yet: {}", kind, later.what());
  } catch (const Interrupted& interrupted) {
    scope.succeed();
    access_log.info("an update ({}) is left to the next process: {}", kind, interrupted.what());
  } catch (const std::exception& error) {
    // The answer cannot be sent, now or ever: the user has blocked the bot, the chat is gone.
    scope.fail_unhandled(error);
    access_log.warn("the answer to an update ({}) cannot be sent: {}", kind, error.what());
    finish(update.update_id);
  }
}

void Responder::refuse(const Place& place, std::int64_t sender_id,
                       const std::stop_token& stop) noexcept {
  try {
    vitals::monitor::UpdateScope scope{"stranger", user_id_of(sender_id)};
    scope.succeed();  // as far as this service goes
    parts_.telegram.send_message(
        place,
        "This bot is private, and you are not on its list. Your Telegram id is " +
            std::to_string(sender_id) + "; the person who runs the bot can add it.",
        TextFormat::kPlain, stop);
  } catch (const std::exception& error) {
    access_log.warn("a stranger could not be told so: {}", error.what());
  }
}

void Responder::settle() {
  std::vector<std::int64_t> waiting;
  {
    const std::lock_guard lock{mutex_};
    waiting = unfinished_;
  }
  for (const std::int64_t id : waiting) {
    parts_.updates.finish(id);
    const std::lock_guard lock{mutex_};
    std::erase(unfinished_, id);
  }
}

bool Responder::waits_to_settle(std::int64_t update_id) const {
  const std::lock_guard lock{mutex_};
  return std::find(unfinished_.begin(), unfinished_.end(), update_id) != unfinished_.end();
}

void Responder::answer(db::TelegramUpdate& update, std::string& said) {
  faults::maybe_fail(faults::Fault::kHandler);
  const std::string user = user_id_of(update.sender_id);
  if (update.attempts >= kMostAttempts) return commit(update, std::string{kGivenUp});
  if (update.kind == to_string(UpdateKind::kCommand)) return answer_command(update, user, said);
  if (update.kind == to_string(UpdateKind::kOther)) return commit(update, std::string{kTextOnly});
  if (update.kind == to_string(UpdateKind::kGroup))
    return commit(update, std::string{kPrivateOnly});
  answer_text(update, user, said);
}

void Responder::answer_text(db::TelegramUpdate& update, const std::string& user,
                            std::string& said) {
  Original original{source_of(update), digest_of(update.content), {}};
  const std::string_view kEdits = to_string(UpdateKind::kEdit);
  if (update.kind == kEdits) {
    std::optional<db::KeptTurn> earlier = parts_.store.kept_turn(user, original.source);
    // Telegram calls it an edit, too, when a preview of a link was added.
    if (earlier && earlier->digest == original.digest) return commit(update, {});
    if (earlier) {
      original.replaces = std::move(earlier->undo);
    } else {
      switch (parts_.updates.state_of(update.chat_id, update.message_id, kEdits)) {
        case db::MessageState::kUnknown:
          return commit(update, std::string{kTooLate});
        case db::MessageState::kNew:
          return commit(update, std::string{kTooEarly});
        case db::MessageState::kDone:
          break;  // and came to nothing: a command, or the agent had failed
      }
    }
  }
  const bool ask = !parts_.store.user_exists(user);
  // The answer to kAskForZone. A user who has told a zone must be plain to be given another.
  if (const auto told = zone_answer(update.content)) {
    const bool open = ask || !has_zone(parts_.users.preferences(user));
    if (told->zone && (told->plain || open))
      return commit(update, set_zone(user, told->zone->name(), said_at(update)));
    if (!told->zone && open) return commit(update, std::string{kNoSuchZone});
  }

  const Typing::During typing{parts_.typing, place_of(update)};
  parts_.coach.chat(
      user, update.content, std::nullopt, said_at(update), {},
      [&](db::Connection& connection, const Answer& given) {
        said = clean_text(given.text);
        if (is_blank(said)) said = kNothingToSay;
        if (ask) said.append("\n\n").append(kAskForZone);
        parts_.updates.set_answer(connection, update.update_id, said);
      },
      original);
  update.answer = said;
  update.answered = true;
}

void Responder::undo(db::TelegramUpdate& update, const std::string& user, std::string& said) {
  parts_.coach.undo(user, said_at(update), [&](db::Connection& connection, const Answer& given) {
    said = clean_text(given.text);
    parts_.updates.set_answer(connection, update.update_id, said);
  });
  update.answer = said;
  update.answered = true;
}

std::string Responder::set_zone(const std::string& user, std::string_view named, std::int64_t now) {
  if (!parts_.store.user_exists(user)) parts_.coach.welcome(user, now);
  if (is_blank(named)) {
    const Fields preferences = parts_.users.preferences(user);
    return "Your time zone is " + zone_of(preferences).name() +
           (has_zone(preferences) ? "." : ", since you have not told me yours.") +
           " To change it, write for example /timezone Europe/Berlin";
  }
  const std::optional<TimeZone> zone = zone_meant(named);
  if (!zone) return std::string{kNoSuchZone};
  parts_.users.set_preference(user, kTimeZonePreference, "\"" + zone->name() + "\"");
  return "Your time zone is " + zone->name() + " now, where it is " + clock_of(*zone, unix_now()) +
         ". Your days begin and end there.";
}

void Responder::answer_command(db::TelegramUpdate& update, const std::string& user,
                               std::string& said) {
  const std::optional<Command> command = read_command(update.content);
  const std::string name = command ? command->name : std::string{};
  if (name == "start") {
    parts_.coach.welcome(user, said_at(update));
    std::string text = "Hello! " + help_text();
    if (!has_zone(parts_.users.preferences(user))) text.append("\n\n").append(kAskForZone);
    return commit(update, text);
  }
  if (name == "today") return commit(update, today(user, said_at(update)));
  if (name == "undo") return undo(update, user, said);
  if (name == "timezone")
    return commit(update, set_zone(user, command->arguments, said_at(update)));
  if (name == "forget") {
    if (parts_.store.user_exists(user)) parts_.store.clear_conversation(user);
    return commit(update, "I have forgotten our conversation. What you logged is still there.");
  }
  if (name == "help") return commit(update, help_text());
  commit(update, "I do not know that command. " + help_text());
}

std::string Responder::today(const std::string& user, std::int64_t said_at) {
  TimeZone zone;
  cache::DaySummary summary;
  Goals goals;
  if (parts_.store.user_exists(user)) {
    const Fields preferences = parts_.users.preferences(user);
    zone = zone_of(preferences);
    goals = goals_of(preferences);
    summary = parts_.users.food_of_day(user, zone, zone.day_of(said_at), unix_now());
  }
  const Totals& totals = summary.totals;
  const std::string left = left_in_words(goals, totals);
  if (summary.entries.empty())
    return "You have logged nothing today. " + (left.empty() ? "Tell me what you ate!" : left);
  std::string text = "**Today** (" + format_date(zone.day_of(said_at)) + ", " + zone.name() +
                     "): " + rounded(totals.calories) + " kcal, protein " +
                     rounded(totals.protein) + " g, carbs " + rounded(totals.carbs) + " g, fat " +
                     rounded(totals.fat) + " g\n";
  for (const FoodEntry& entry : summary.entries)
    text += line_of(entry);
  return text + left;
}

void Responder::commit(db::TelegramUpdate& update, const std::string& text) {
  update.answer = clean_text(text);
  parts_.updates.set_answer(update.update_id, update.answer);
  update.answered = true;
}

bool Responder::apologise(db::TelegramUpdate& update, const std::string& said,
                          const std::exception& error, std::string_view request_id) {
  const std::string words = words_for(error, request_id);
  update.answer = words;
  try {
    parts_.updates.set_answer(update.update_id, words);
  } catch (const db::UpdateLost&) {
    // Either it was lost, or what failed came after the commit: then the answer stands.
    if (said.empty() || !may_be_mine(update.update_id)) return false;
    update.answer = said;
  } catch (const DatabaseError& away) {
    access_log.warn("an apology is sent without being recorded: {}", away.what());
  }
  update.answered = true;
  return true;
}

/// Twice is better than never, so an answer that was committed here is sent when it is not known.
bool Responder::may_be_mine(std::int64_t update_id) {
  try {
    return parts_.updates.is_mine(update_id);
  } catch (const DatabaseError& away) {
    access_log.warn("an answer is sent without being looked at again: {}", away.what());
    return true;
  }
}

void Responder::deliver(const db::TelegramUpdate& update, const std::stop_token& stop) {
  const std::vector<std::string> parts = split_message(update.answer);
  const auto sent = static_cast<std::size_t>(std::max<std::int64_t>(0, update.parts_sent));
  for (std::size_t i = sent; i < parts.size(); ++i) {
    send(place_of(update), parts[i], stop);
    if (i + 1 == parts.size()) break;
    try {
      parts_.updates.set_parts_sent(update.update_id, static_cast<std::int64_t>(i + 1));
    } catch (const DatabaseError& error) {
      access_log.warn("a part of an answer is sent and could not be recorded: {}", error.what());
    }
  }
}

void Responder::send(Place place, std::string_view text, const std::stop_token& stop) {
  const auto deadline = Clock::now() + kSendFor;
  Backoff backoff{500ms, 30s};
  TextFormat format = TextFormat::kHtml;
  for (;;) {
    std::chrono::milliseconds pause = backoff.next();
    try {
      return parts_.telegram.send_message(place, text, format, stop);
    } catch (const TelegramError& error) {
      // First without markup, then outside of the topic, which may be gone.
      if (error.is_about_request() && (format == TextFormat::kHtml || place.thread_id != 0)) {
        access_log.warn("{}; sending it {}", error.what(),
                        format == TextFormat::kHtml ? "as plain text" : "outside of its topic");
        if (std::exchange(format, TextFormat::kPlain) == TextFormat::kPlain) place.thread_id = 0;
        continue;
      }
      if (!error.may_pass() || Clock::now() > deadline) throw;
      pause = std::max<std::chrono::milliseconds>(pause, error.retry_after());
      access_log.warn("{}; trying again in {} ms", error.what(), pause.count());
    } catch (const HttpError& error) {
      if (error.kind() == HttpError::Kind::kStopped) throw Interrupted();
      if (Clock::now() > deadline) throw;
      access_log.warn("{}; trying again in {} ms", error.what(), pause.count());
    }
    if (!sleep_unless(stop, pause)) throw Interrupted();
  }
}

void Responder::finish(std::int64_t update_id) noexcept {
  try {
    parts_.updates.finish(update_id);
  } catch (const std::exception& error) {
    access_log.warn("an answered update could not be recorded yet: {}", error.what());
    const std::lock_guard lock{mutex_};
    if (unfinished_.size() < unfinished_.capacity()) unfinished_.push_back(update_id);
  }
}

}  // namespace health_agent::bot

#include "health_agent/db/store.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "health_agent/db/connection.h"
#include "health_agent/db/food_log.h"
#include "health_agent/db/storable.h"
#include "health_agent/errors.h"
#include "health_agent/time.h"

namespace health_agent::db {
namespace {

using std::string;
using Id = Params<string>;

/// Of a transaction that the database undoes for the sake of others.
constexpr int kAttempts = 3;
constexpr std::string_view kFoodTable = "food_entries";

constexpr Query<Columns<Integer>, Id> kUserExists{QueryType::kSelect, "users",
                                                  "SELECT 1 FROM users WHERE user_id = :user_id"};

constexpr Query<Columns<string>, Params<string, Integer>> kCreateUser{
    QueryType::kInsert, "users",
    "INSERT INTO users (user_id, created_at) VALUES (:user_id, :created_at)"
    " ON CONFLICT (user_id) DO NOTHING RETURNING user_id"};

constexpr Query<Columns<Integer>, Id> kFindUser{
    QueryType::kSelect, "users", "SELECT created_at FROM users WHERE user_id = :user_id"};

constexpr Query<Columns<>, Id> kDeleteUser{QueryType::kDelete, "users",
                                           "DELETE FROM users WHERE user_id = :user_id"};

// What belongs to a user is read by an outer join from the user: no row means that there is no such
// user, and a row of blanks that there is nothing yet. One statement answers both.
constexpr Query<Columns<string, string>, Id> kProfile{
    QueryType::kSelect, "user_profiles",
    "SELECT COALESCE(p.field, ''), COALESCE(p.value, '') FROM users u"
    " LEFT JOIN user_profiles p ON p.user_id = u.user_id WHERE u.user_id = :user_id"};

constexpr Query<Columns<string, string>, Id> kPreferences{
    QueryType::kSelect, "user_preferences",
    "SELECT COALESCE(p.name, ''), COALESCE(p.value, '') FROM users u"
    " LEFT JOIN user_preferences p ON p.user_id = u.user_id WHERE u.user_id = :user_id"};

// Writes for a user select from users, for the same reason: nothing changed means no such user, or
// that it has as many as it may have. (Two writers at once may go one too far: it is a bound.)
using SetField = Query<Columns<>, Params<string, string, string, string, Integer>>;

constexpr SetField kSetProfileField{
    QueryType::kInsert, "user_profiles",
    "INSERT INTO user_profiles (user_id, field, value)"
    " SELECT u.user_id, CAST(:field AS TEXT), CAST(:value AS TEXT) FROM users u"
    " WHERE u.user_id = :user_id AND (SELECT COUNT(*) FROM user_profiles p"
    " WHERE p.user_id = u.user_id AND p.field <> CAST(:same_field AS TEXT)) < :most"
    " ON CONFLICT (user_id, field) DO UPDATE SET value = excluded.value"};

constexpr SetField kSetPreference{
    QueryType::kInsert, "user_preferences",
    "INSERT INTO user_preferences (user_id, name, value)"
    " SELECT u.user_id, CAST(:name AS TEXT), CAST(:value AS TEXT) FROM users u"
    " WHERE u.user_id = :user_id AND (SELECT COUNT(*) FROM user_preferences p"
    " WHERE p.user_id = u.user_id AND p.name <> CAST(:same_name AS TEXT)) < :most"
    " ON CONFLICT (user_id, name) DO UPDATE SET value = excluded.value"};

constexpr Query<Columns<>, Params<string, string, Integer, string>> kAppendMessage{
    QueryType::kInsert, "conversation_messages",
    "INSERT INTO conversation_messages (user_id, role, content, sent_at)"
    " SELECT user_id, CAST(:role AS TEXT), CAST(:content AS TEXT), CAST(:sent_at AS BIGINT)"
    " FROM users WHERE user_id = :user_id"};

constexpr Query<Columns<Integer, string, string, Integer>, Params<string, Integer>> kHistory{
    QueryType::kSelect, "conversation_messages",
    "SELECT COALESCE(m.id, 0), COALESCE(m.role, ''), COALESCE(m.content, ''),"
    " COALESCE(m.sent_at, 0) FROM users u"
    " LEFT JOIN conversation_messages m ON m.user_id = u.user_id"
    " WHERE u.user_id = :user_id ORDER BY m.id DESC LIMIT :newest"};

constexpr Query<Columns<Integer, string, string, Integer>, Params<string, Integer, Integer>>
    kMessagesAfter{QueryType::kSelect, "conversation_messages",
                   "SELECT id, role, content, sent_at FROM conversation_messages"
                   " WHERE user_id = :user_id AND id > :after_id ORDER BY id LIMIT :most"};

constexpr Query<Columns<>, Id> kClearConversation{
    QueryType::kDelete, "conversation_messages",
    "DELETE FROM conversation_messages WHERE user_id = :user_id"};

constexpr Query<Columns<Integer, Integer, Integer, Integer>, Id> kJourney{
    QueryType::kSelect, "users",
    "SELECT created_at, COALESCE(first_message_at, -1), COALESCE(first_food_entry_at, -1),"
    " COALESCE(second_day_at, -1) FROM users WHERE user_id = :user_id"};

using SetStep = Query<Columns<>, Params<Integer, string>>;

struct StepQuery {
  const char* name;
  SetStep query;
};

constexpr std::array kSteps{
    StepQuery{"first_message",
              {QueryType::kUpdate, "users",
               "UPDATE users SET first_message_at = :now"
               " WHERE user_id = :user_id AND first_message_at IS NULL"}},
    StepQuery{"first_food_entry",
              {QueryType::kUpdate, "users",
               "UPDATE users SET first_food_entry_at = :now"
               " WHERE user_id = :user_id AND first_food_entry_at IS NULL"}},
    StepQuery{"second_day",
              {QueryType::kUpdate, "users",
               "UPDATE users SET second_day_at = :now"
               " WHERE user_id = :user_id AND second_day_at IS NULL"}},
};

// Reads a table, so that the file is really asked; SELECT 1 would be answered without it.
constexpr Query<Columns<Integer>, Params<>> kPing{
    QueryType::kSelect, "schema_migrations",
    "SELECT COALESCE(MAX(version), 0) FROM schema_migrations"};

[[noreturn]] void too_many(std::string_view fields) {
  throw ValidationError(std::string{"the user has "}
                            .append(std::to_string(kMaxFields))
                            .append(" ")
                            .append(fields)
                            .append(" already: give one of those another value"));
}

constexpr auto kMost = static_cast<Integer>(kMaxFields);

Fields fields_of(Pool& pool, const Query<Columns<string, string>, Id>& query,
                 std::string_view user_id) {
  Fields fields;
  bool found = false;
  run(
      pool, query,
      [&](const string& name, const string& value) {
        found = true;
        if (!name.empty()) fields.emplace(name, value);
      },
      user_id);
  if (!found) no_user(user_id);
  return fields;
}

/// Runs a transaction again that the database has undone for the sake of others.
template <class Write>
auto write_again(Connection& connection, Write&& write) {
  for (int attempt = 1;; ++attempt) {
    try {
      return write();
    } catch (const DatabaseError&) {
      if (!connection.undone() || attempt == kAttempts) throw;
    }
  }
}

std::vector<FoodEntry> save_turn_once(Connection& connection, std::string_view user_id,
                                      const Turn& turn, const Also& also) {
  Transaction transaction{connection, kAppendMessage.table};
  std::vector<FoodEntry> stored;
  std::vector<FoodChange> undo;
  for (const FoodChange& change : turn.replaced)
    undo.push_back(db::change_food(connection, user_id, change));
  const auto own = static_cast<std::ptrdiff_t>(undo.size());
  for (const FoodEntry& entry : turn.entries) {
    stored.push_back(insert_food(connection, entry));
    undo.push_back({stored.back().id, std::nullopt});
  }
  for (const FoodChange& change : turn.changes)
    undo.push_back(db::change_food(connection, user_id, change));
  if (!turn.source.empty()) {
    std::vector<FoodChange> takes_back{undo.rbegin(), undo.rend() - own};
    // An entry that is gone now comes back when the edit is undone, and is this message's still.
    for (const FoodChange& change : turn.replaced)
      if (!change.after) takes_back.push_back(change);
    keep_turn(connection, user_id, turn.source, turn.digest, takes_back, unix_now());
  }
  // The last is taken back first.
  std::reverse(undo.begin(), undo.end());
  if (!undo.empty()) keep_undo(connection, user_id, undo);
  for (const Message& message : turn.messages) {
    const Integer added = connection.run(kAppendMessage, message.role, storable(message.content),
                                         message.timestamp, user_id);
    if (added == 0) no_user(user_id);
  }
  for (const auto& [name, json] : turn.preferences) {
    if (connection.run(kSetPreference, name, json, user_id, name, kMost) == 0)
      too_many("preferences");
  }
  if (also) also(connection, stored);
  transaction.commit();
  return stored;
}

/// The sender of updates who is this user; nothing for the users of the API.
std::optional<Integer> telegram_sender(std::string_view user_id) {
  constexpr std::string_view kPrefix = "telegram:";
  if (!user_id.starts_with(kPrefix)) return std::nullopt;
  user_id.remove_prefix(kPrefix.size());
  Integer sender = 0;
  const char* const end = user_id.data() + user_id.size();
  const auto [stop, error] = std::from_chars(user_id.data(), end, sender);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return sender;
}

}  // namespace

bool Store::user_exists(std::string_view user_id) {
  bool found = false;
  run(
      *pool_, kUserExists, [&](Integer) { found = true; }, user_id);
  return found;
}

bool Store::create_user(std::string_view user_id, std::int64_t now) {
  bool created = false;
  run(
      *pool_, kCreateUser, [&](const string&) { created = true; }, user_id, now);
  return created;
}

std::optional<User> Store::find_user(std::string_view user_id) {
  std::optional<User> user;
  run(
      *pool_, kFindUser,
      [&](Integer created) {
        user = User{string(user_id), created};
      },
      user_id);
  return user;
}

bool Store::delete_user(std::string_view user_id) {
  const auto sender = telegram_sender(user_id);
  if (!sender) return run(*pool_, kDeleteUser, user_id) > 0;
  const Pool::Lease lease = checkout_for(*pool_, kDeleteUser.type, kDeleteUser.table);
  return write_again(lease.connection(), [&] {
    Transaction transaction{lease.connection(), kDeleteUser.table};
    const bool deleted = lease.connection().run(kDeleteUser, user_id) > 0;
    forget_sender(lease.connection(), *sender);
    transaction.commit();
    return deleted;
  });
}

Fields Store::profile(std::string_view user_id) {
  return fields_of(*pool_, kProfile, user_id);
}

Fields Store::preferences(std::string_view user_id) {
  return fields_of(*pool_, kPreferences, user_id);
}

void Store::set_profile_field(std::string_view user_id, std::string_view field,
                              std::string_view json) {
  if (run(*pool_, kSetProfileField, field, json, user_id, field, kMost) > 0) return;
  if (!user_exists(user_id)) no_user(user_id);
  too_many("profile fields");
}

void Store::set_preference(std::string_view user_id, std::string_view name, std::string_view json) {
  if (run(*pool_, kSetPreference, name, json, user_id, name, kMost) > 0) return;
  if (!user_exists(user_id)) no_user(user_id);
  too_many("preferences");
}

FoodEntry Store::save_food_entry(FoodEntry entry, const Also& also) {
  const Pool::Lease lease = checkout_for(*pool_, QueryType::kInsert, kFoodTable);
  if (!also) return insert_food(lease.connection(), std::move(entry));
  return write_again(lease.connection(), [&] {
    Transaction transaction{lease.connection(), kFoodTable};
    FoodEntry stored = insert_food(lease.connection(), entry);
    also(lease.connection(), {&stored, 1});
    transaction.commit();
    return stored;
  });
}

std::vector<FoodEntry> Store::food_entries(std::string_view user_id, std::int64_t from,
                                           std::int64_t to) {
  const Pool::Lease lease = checkout_for(*pool_, QueryType::kSelect, kFoodTable);
  return food_between(lease.connection(), user_id, from, to);
}

std::size_t Store::food_text(std::string_view user_id, std::int64_t from, std::int64_t to) {
  const Pool::Lease lease = checkout_for(*pool_, QueryType::kSelect, kFoodTable);
  return food_text_between(lease.connection(), user_id, from, to);
}

std::optional<FoodEntry> Store::food_entry(std::string_view user_id, std::int64_t entry_id) {
  const Pool::Lease lease = checkout_for(*pool_, QueryType::kSelect, kFoodTable);
  return find_food(lease.connection(), user_id, entry_id);
}

std::vector<FoodEntry> Store::recent_food(std::string_view user_id, int limit) {
  const Pool::Lease lease = checkout_for(*pool_, QueryType::kSelect, kFoodTable);
  return last_food(lease.connection(), user_id, limit);
}

void Store::change_food(std::string_view user_id, const FoodChange& change) {
  const Pool::Lease lease = checkout_for(*pool_, QueryType::kUpdate, kFoodTable);
  write_again(lease.connection(), [&] {
    Transaction transaction{lease.connection(), kFoodTable};
    db::change_food(lease.connection(), user_id, change);
    forget_undo_of(lease.connection(), user_id, change.entry_id);
    transaction.commit();
  });
}

FoodEntry Store::edit_food(std::string_view user_id, std::int64_t entry_id,
                           const std::function<void(FoodEntry&)>& edit) {
  const Pool::Lease lease = checkout_for(*pool_, QueryType::kUpdate, kFoodTable);
  return write_again(lease.connection(), [&] {
    Transaction transaction{lease.connection(), kFoodTable};
    FoodEntry entry = hold_food(lease.connection(), user_id, entry_id);
    edit(entry);
    db::change_food(lease.connection(), user_id, {entry_id, entry});
    forget_undo_of(lease.connection(), user_id, entry_id);
    transaction.commit();
    return entry;
  });
}

std::vector<FoodEntry> Store::food_after(std::string_view user_id, std::int64_t after_id,
                                         int limit) {
  const Pool::Lease lease = checkout_for(*pool_, QueryType::kSelect, kFoodTable);
  return db::food_after(lease.connection(), user_id, after_id, limit);
}

std::vector<StoredMessage> Store::messages_after(std::string_view user_id, std::int64_t after_id,
                                                 int limit) {
  std::vector<StoredMessage> page;
  run(
      *pool_, kMessagesAfter,
      [&](Integer id, const string& role, const string& content, Integer sent_at) {
        page.push_back({id, {role, content, sent_at}});
      },
      user_id, after_id, limit);
  return page;
}

std::vector<KeptRecord> Store::answers_after(std::string_view user_id, std::int64_t after_id,
                                             int limit) {
  const Pool::Lease lease = checkout_for(*pool_, QueryType::kSelect, "kept_answers");
  return db::answers_after(lease.connection(), user_id, after_id, limit);
}

std::vector<TurnRecord> Store::turns_after(std::string_view user_id, std::string_view after_source,
                                           int limit) {
  const Pool::Lease lease = checkout_for(*pool_, QueryType::kSelect, "turn_undo");
  return db::turns_after(lease.connection(), user_id, after_source, limit);
}

std::vector<UpdateRecord> Store::updates_after(std::string_view user_id,
                                               const std::pair<std::int64_t, std::int64_t>& after,
                                               int limit) {
  const auto sender = telegram_sender(user_id);
  if (!sender) return {};
  const Pool::Lease lease = checkout_for(*pool_, QueryType::kSelect, "telegram_updates");
  return db::updates_after(lease.connection(), *sender, after, limit);
}

std::optional<KeptAnswer> Store::find_answer(const RetryKey& key, std::int64_t now) {
  const Pool::Lease lease = checkout_for(*pool_, QueryType::kSelect, "kept_answers");
  return db::find_answer(lease.connection(), key, now);
}

std::int64_t Store::remove_answers_before(std::int64_t time) {
  const Pool::Lease lease = checkout_for(*pool_, QueryType::kDelete, "kept_answers");
  return db::remove_answers_before(lease.connection(), time);
}

std::vector<FoodChange> Store::undo_of(std::string_view user_id) {
  const Pool::Lease lease = checkout_for(*pool_, QueryType::kSelect, "food_undo");
  return kept_undo(lease.connection(), user_id);
}

std::optional<KeptTurn> Store::kept_turn(std::string_view user_id, std::string_view source) {
  const Pool::Lease lease = checkout_for(*pool_, QueryType::kSelect, "turn_undo");
  return db::kept_turn(lease.connection(), user_id, source);
}

std::int64_t Store::remove_turns_before(std::int64_t time) {
  const Pool::Lease lease = checkout_for(*pool_, QueryType::kDelete, "turn_undo");
  return db::remove_turns_before(lease.connection(), time);
}

void Store::append_messages(std::string_view user_id, std::span<const Message> messages) {
  if (!messages.empty()) save_turn(user_id, {{}, {}, {messages.begin(), messages.end()}});
}

std::vector<FoodEntry> Store::save_turn(std::string_view user_id, const Turn& turn,
                                        const Also& also) {
  const Pool::Lease lease = checkout_for(*pool_, kAppendMessage.type, kAppendMessage.table);
  return write_again(lease.connection(),
                     [&] { return save_turn_once(lease.connection(), user_id, turn, also); });
}

std::vector<Message> Store::history(std::string_view user_id, int limit) {
  std::vector<Message> messages;
  bool found = false;
  run(
      *pool_, kHistory,
      [&](Integer id, const string& role, const string& content, Integer sent_at) {
        found = true;
        if (id != 0) messages.push_back({role, content, sent_at});
      },
      user_id, std::max(1, limit));
  if (!found) no_user(user_id);
  if (limit < 1) return {};
  std::reverse(messages.begin(), messages.end());
  return messages;
}

void Store::clear_conversation(std::string_view user_id) {
  if (run(*pool_, kClearConversation, user_id) > 0) return;
  if (!user_exists(user_id)) no_user(user_id);
}

std::optional<JourneyStep> Store::reach_step(std::string_view user_id, Step step,
                                             std::int64_t now) {
  const auto index = static_cast<std::size_t>(step);
  std::optional<Integer> created;
  std::array<Integer, kSteps.size()> reached{};
  run(
      *pool_, kJourney,
      [&](Integer created_at, Integer message, Integer food, Integer second_day) {
        created = created_at;
        reached = {message, food, second_day};
      },
      user_id);
  if (!created) no_user(user_id);
  // Most users are past the step, and an UPDATE that changes nothing would still wait for its turn
  // to write.
  if (reached[index] >= 0) return std::nullopt;
  if (step == Step::kSecondDay && utc_day(now) <= utc_day(*created)) return std::nullopt;
  const StepQuery& update = kSteps[index];
  if (run(*pool_, update.query, now, user_id) == 0) return std::nullopt;
  return JourneyStep{update.name, static_cast<double>(std::max<Integer>(0, now - *created))};
}

std::vector<std::pair<string, std::int64_t>> Store::journey(std::string_view user_id) {
  std::vector<std::pair<string, std::int64_t>> taken;
  run(
      *pool_, kJourney,
      [&](Integer /*created_at*/, Integer message, Integer food, Integer second_day) {
        const std::array<Integer, kSteps.size()> reached{message, food, second_day};
        for (std::size_t i = 0; i < kSteps.size(); ++i)
          if (reached[i] >= 0) taken.emplace_back(kSteps[i].name, reached[i]);
      },
      user_id);
  return taken;
}

void Store::ping(std::chrono::milliseconds wait) {
  const Pool::Lease lease = checkout_for(*pool_, kPing.type, kPing.table, wait);
  lease.connection().run(kPing, [](Integer) {});
}

}  // namespace health_agent::db

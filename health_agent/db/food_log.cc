#include "health_agent/db/food_log.h"

#include <algorithm>
#include <string>
#include <utility>

#include "health_agent/db/connection.h"
#include "health_agent/db/foods_json.h"
#include "health_agent/db/storable.h"
#include "health_agent/errors.h"
#include "health_agent/time.h"

namespace health_agent::db {
namespace {

using std::string;

// With the day's limits inside: they cost no second question.
constexpr Query<Columns<Integer>, Params<string, string, Integer, string, string, Integer, Integer,
                                         Integer, Integer, Integer>>
    kSaveFoodEntry{
        QueryType::kInsert, "food_entries",
        "INSERT INTO food_entries (user_id, foods, meal_type, eaten_at, notes)"
        " SELECT user_id, CAST(:foods AS TEXT), CAST(:meal_type AS TEXT),"
        " CAST(:eaten_at AS BIGINT), CAST(:notes AS TEXT) FROM users WHERE user_id = :user_id"
        " AND (SELECT COUNT(*) < CAST(:most_entries AS BIGINT)"
        " AND COALESCE(SUM(LENGTH(f.foods) + LENGTH(f.notes)), 0) + CAST(:size AS BIGINT)"
        " <= CAST(:most_text AS BIGINT) FROM food_entries f WHERE f.user_id = users.user_id"
        " AND f.eaten_at >= :from_time AND f.eaten_at < :to_time) RETURNING id"};

constexpr Query<Columns<Integer, Integer>, Params<string, Integer, Integer, Integer>> kFoodSize{
    QueryType::kSelect, "food_entries",
    "SELECT COUNT(*), COALESCE(SUM(LENGTH(foods) + LENGTH(notes)), 0) FROM food_entries"
    " WHERE user_id = :user_id AND eaten_at >= :from_time AND eaten_at < :to_time AND id <> :but"};

using Entries = Columns<Integer, string, string, Integer, string>;

// By an outer join from the user, as in store.cc: one row of blanks is a user without food.
constexpr Query<Entries, Params<Integer, Integer, string>> kFoodEntries{
    QueryType::kSelect, "food_entries",
    "SELECT COALESCE(f.id, 0), COALESCE(f.foods, ''), COALESCE(f.meal_type, ''),"
    " COALESCE(f.eaten_at, 0), COALESCE(f.notes, '') FROM users u"
    " LEFT JOIN food_entries f ON f.user_id = u.user_id"
    " AND f.eaten_at >= :from_time AND f.eaten_at < :to_time"
    " WHERE u.user_id = :user_id ORDER BY f.eaten_at, f.id"};

constexpr Query<Entries, Params<string, Integer>> kFindFood{
    QueryType::kSelect, "food_entries",
    "SELECT id, foods, meal_type, eaten_at, notes FROM food_entries"
    " WHERE user_id = :user_id AND id = :id"};

constexpr Query<Entries, Params<string, Integer>> kLastFood{
    QueryType::kSelect, "food_entries",
    "SELECT id, foods, meal_type, eaten_at, notes FROM food_entries"
    " WHERE user_id = :user_id ORDER BY id DESC LIMIT :most"};

constexpr Query<Entries, Params<string, Integer, Integer>> kFoodAfter{
    QueryType::kSelect, "food_entries",
    "SELECT id, foods, meal_type, eaten_at, notes FROM food_entries"
    " WHERE user_id = :user_id AND id > :after_id ORDER BY id LIMIT :most"};

// Changes nothing but that others wait: SQLite knows no SELECT … FOR UPDATE.
constexpr Query<Columns<>, Params<string, Integer>> kHoldFood{
    QueryType::kUpdate, "food_entries",
    "UPDATE food_entries SET notes = notes WHERE user_id = :user_id AND id = :id"};

constexpr Query<Columns<>, Params<string, string, Integer, string, string, Integer>> kUpdateFood{
    QueryType::kUpdate, "food_entries",
    "UPDATE food_entries SET foods = :foods, meal_type = :meal_type, eaten_at = :eaten_at,"
    " notes = :notes WHERE user_id = :user_id AND id = :id"};

constexpr Query<Columns<>, Params<string, Integer>> kDeleteFood{
    QueryType::kDelete, "food_entries",
    "DELETE FROM food_entries WHERE user_id = :user_id AND id = :id"};

constexpr Query<Columns<>, Params<Integer, string, string, Integer, string, string>> kRestoreFood{
    QueryType::kInsert, "food_entries",
    "INSERT INTO food_entries (id, user_id, foods, meal_type, eaten_at, notes)"
    " SELECT CAST(:id AS BIGINT), user_id, CAST(:foods AS TEXT), CAST(:meal_type AS TEXT),"
    " CAST(:eaten_at AS BIGINT), CAST(:notes AS TEXT) FROM users WHERE user_id = :user_id"
    " ON CONFLICT (id) DO NOTHING"};

constexpr Query<Columns<>, Params<string, string>> kKeepUndo{
    QueryType::kInsert, "food_undo",
    "INSERT INTO food_undo (user_id, changes)"
    " SELECT user_id, CAST(:changes AS TEXT) FROM users WHERE user_id = :user_id"
    " ON CONFLICT (user_id) DO UPDATE SET changes = excluded.changes"};

constexpr Query<Columns<string>, Params<string>> kUndo{
    QueryType::kSelect, "food_undo", "SELECT changes FROM food_undo WHERE user_id = :user_id"};

constexpr Query<Columns<>, Params<string>> kForgetUndo{
    QueryType::kDelete, "food_undo", "DELETE FROM food_undo WHERE user_id = :user_id"};

constexpr Query<Columns<>, Params<string, string, string, Integer, string>> kKeepTurn{
    QueryType::kInsert, "turn_undo",
    "INSERT INTO turn_undo (user_id, source, digest, changes, kept_at)"
    " SELECT user_id, CAST(:source AS TEXT), CAST(:digest AS TEXT), CAST(:changes AS TEXT),"
    " CAST(:kept_at AS BIGINT) FROM users WHERE user_id = :user_id"
    " ON CONFLICT (user_id, source) DO UPDATE SET digest = excluded.digest,"
    " changes = excluded.changes, kept_at = excluded.kept_at"};

constexpr Query<Columns<string, string>, Params<string, string>> kKeptTurn{
    QueryType::kSelect, "turn_undo",
    "SELECT digest, changes FROM turn_undo WHERE user_id = :user_id AND source = :source"};

constexpr Query<Columns<string, string, string, Integer>, Params<string, string, Integer>>
    kTurnsAfter{QueryType::kSelect, "turn_undo",
                "SELECT source, digest, changes, kept_at FROM turn_undo WHERE user_id = :user_id"
                " AND source > :after_source ORDER BY source LIMIT :most"};

constexpr Query<Columns<>, Params<Integer>> kRemoveTurns{
    QueryType::kDelete, "turn_undo", "DELETE FROM turn_undo WHERE kept_at < :before_time"};

template <class Parameters, class... Values>
std::vector<FoodEntry> entries_of(Connection& connection, std::string_view user_id,
                                  const Query<Entries, Parameters>& query, bool& found,
                                  const Values&... values) {
  std::vector<FoodEntry> entries;
  connection.run(
      query,
      [&](Integer id, const string& foods, const string& meal_type, Integer eaten_at,
          const string& notes) {
        found = true;
        if (id == 0) return;
        entries.push_back(
            {id, string(user_id), foods_from_json(foods), meal_type, eaten_at, notes});
      },
      values...);
  return entries;
}

std::vector<FoodChange> all_undo(Connection& connection, std::string_view user_id) {
  string text;
  connection.run(
      kUndo, [&](const string& changes) { text = changes; }, user_id);
  if (text.empty()) return {};
  return changes_from_json(text, user_id);
}

[[noreturn]] void day_is_full(std::int64_t day) {
  throw ValidationError("the day " + format_date(day) + " (UTC) has as much food as a day may: " +
                        std::to_string(kMaxEntriesADay) + " entries, or " +
                        std::to_string(kMaxFoodTextADay / 1024) + " KiB of foods and notes");
}

struct FoodSize {
  Integer entries = 0;
  Integer text = 0;
};

/// Of all entries but one.
FoodSize size_between(Connection& connection, std::string_view user_id, Integer from, Integer to,
                      Integer but) {
  FoodSize size;
  connection.run(
      kFoodSize,
      [&](Integer entries, Integer text) {
        size = {entries, text};
      },
      user_id, from, to, but);
  return size;
}

/// Whether the entry `after` of so many characters finds room in its day, or `before` has it
/// already.
void require_room(Connection& connection, std::string_view user_id, const FoodEntry& after,
                  std::size_t text, const std::optional<FoodEntry>& before) {
  const std::int64_t day = utc_day(after.timestamp);
  if (before && utc_day(before->timestamp) == day &&
      text <= foods_to_json(before->foods).size() + before->notes.size())
    return;
  const FoodSize others =
      size_between(connection, user_id, day * kSecondsADay, (day + 1) * kSecondsADay, after.id);
  if (others.entries >= static_cast<Integer>(kMaxEntriesADay) ||
      others.text + static_cast<Integer>(text) > static_cast<Integer>(kMaxFoodTextADay))
    day_is_full(day);
}

[[noreturn]] void no_entry(std::string_view user_id, std::int64_t id) {
  throw RecordNotFoundError("user \"" + string(user_id) + "\" has no food entry " +
                            std::to_string(id));
}

}  // namespace

void no_user(std::string_view user_id) {
  throw RecordNotFoundError("there is no user \"" + string(user_id) + "\"");
}

FoodEntry insert_food(Connection& connection, FoodEntry entry) {
  const string foods = foods_to_json(entry.foods);
  entry.notes = storable(std::move(entry.notes));
  entry.id = 0;
  const Integer day = utc_day(entry.timestamp);
  const Integer size =
      static_cast<Integer>(foods.size()) + static_cast<Integer>(entry.notes.size());
  connection.run(
      kSaveFoodEntry, [&](Integer id) { entry.id = id; }, foods, entry.meal_type, entry.timestamp,
      entry.notes, entry.user_id, static_cast<Integer>(kMaxEntriesADay), size,
      static_cast<Integer>(kMaxFoodTextADay), day * kSecondsADay, (day + 1) * kSecondsADay);
  if (entry.id != 0) return entry;
  static_cast<void>(food_between(connection, entry.user_id, 0, 0));  // throws without a user
  day_is_full(day);
}

std::size_t food_text_between(Connection& connection, std::string_view user_id, std::int64_t from,
                              std::int64_t to) {
  return static_cast<std::size_t>(size_between(connection, user_id, from, to, 0).text);
}

std::vector<FoodEntry> food_between(Connection& connection, std::string_view user_id,
                                    std::int64_t from, std::int64_t to) {
  bool found = false;
  std::vector<FoodEntry> entries =
      entries_of(connection, user_id, kFoodEntries, found, from, to, user_id);
  if (!found) no_user(user_id);
  return entries;
}

std::optional<FoodEntry> find_food(Connection& connection, std::string_view user_id,
                                   std::int64_t entry_id) {
  bool found = false;
  std::vector<FoodEntry> entries =
      entries_of(connection, user_id, kFindFood, found, user_id, entry_id);
  if (entries.empty()) return std::nullopt;
  return std::move(entries.front());
}

std::vector<FoodEntry> last_food(Connection& connection, std::string_view user_id, int limit) {
  bool found = false;
  return entries_of(connection, user_id, kLastFood, found, user_id, Integer{limit});
}

std::vector<FoodEntry> food_after(Connection& connection, std::string_view user_id,
                                  std::int64_t after_id, int limit) {
  bool found = false;
  return entries_of(connection, user_id, kFoodAfter, found, user_id, after_id, Integer{limit});
}

FoodEntry hold_food(Connection& connection, std::string_view user_id, std::int64_t entry_id) {
  std::optional<FoodEntry> entry;
  if (connection.run(kHoldFood, user_id, entry_id) > 0)
    entry = find_food(connection, user_id, entry_id);
  if (!entry) no_entry(user_id, entry_id);
  return *std::move(entry);
}

FoodChange change_food(Connection& connection, std::string_view user_id, const FoodChange& change) {
  std::optional<FoodEntry> before = find_food(connection, user_id, change.entry_id);
  if (change.restores == before.has_value() || (change.restores && !change.after))
    no_entry(user_id, change.entry_id);
  Integer changed = 0;
  if (!change.after) {
    changed = connection.run(kDeleteFood, user_id, change.entry_id);
  } else {
    const FoodEntry& after = *change.after;
    const string foods = foods_to_json(after.foods);
    const string notes = storable(after.notes);
    require_room(connection, user_id, after, foods.size() + notes.size(), before);
    changed = change.restores ? connection.run(kRestoreFood, change.entry_id, foods,
                                               after.meal_type, after.timestamp, notes, user_id)
                              : connection.run(kUpdateFood, foods, after.meal_type, after.timestamp,
                                               notes, user_id, change.entry_id);
  }
  if (changed == 0) no_entry(user_id, change.entry_id);
  return {change.entry_id, std::move(before), !change.after};
}

void keep_undo(Connection& connection, std::string_view user_id, std::span<const FoodChange> undo) {
  if (connection.run(kKeepUndo, changes_to_json(undo), user_id) == 0) no_user(user_id);
}

std::vector<FoodChange> kept_undo(Connection& connection, std::string_view user_id) {
  std::vector<FoodChange> undo = all_undo(connection, user_id);
  const bool possible = std::all_of(undo.begin(), undo.end(), [&](const FoodChange& change) {
    return find_food(connection, user_id, change.entry_id).has_value() != change.restores;
  });
  if (!possible) undo.clear();
  return undo;
}

void forget_undo_of(Connection& connection, std::string_view user_id, std::int64_t entry_id) {
  const std::vector<FoodChange> undo = all_undo(connection, user_id);
  const bool touched = std::any_of(undo.begin(), undo.end(), [&](const FoodChange& change) {
    return change.entry_id == entry_id;
  });
  if (touched) connection.run(kForgetUndo, user_id);
}

void keep_turn(Connection& connection, std::string_view user_id, std::string_view source,
               std::string_view digest, std::span<const FoodChange> undo, std::int64_t now) {
  const string changes = changes_to_json(undo);
  if (connection.run(kKeepTurn, source, digest, changes, now, user_id) == 0) no_user(user_id);
}

std::optional<KeptTurn> kept_turn(Connection& connection, std::string_view user_id,
                                  std::string_view source) {
  std::optional<KeptTurn> turn;
  string text;
  connection.run(
      kKeptTurn,
      [&](const string& digest, const string& changes) {
        turn.emplace().digest = digest;
        text = changes;
      },
      user_id, source);
  if (!turn) return turn;
  for (FoodChange& change : changes_from_json(text, user_id)) {
    if (find_food(connection, user_id, change.entry_id).has_value() != change.restores)
      turn->undo.push_back(std::move(change));
  }
  return turn;
}

std::vector<TurnRecord> turns_after(Connection& connection, std::string_view user_id,
                                    std::string_view after_source, int limit) {
  std::vector<TurnRecord> page;
  connection.run(
      kTurnsAfter,
      [&](const string& source, const string& digest, const string& changes, Integer kept_at) {
        page.push_back({source, digest, changes_from_json(changes, user_id), kept_at});
      },
      user_id, after_source, limit);
  return page;
}

std::int64_t remove_turns_before(Connection& connection, std::int64_t time) {
  return connection.run(kRemoveTurns, time);
}

}  // namespace health_agent::db

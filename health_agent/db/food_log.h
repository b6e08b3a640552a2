#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "health_agent/models.h"

namespace health_agent::db {

class Connection;

/// The statements about food entries, on a connection that the caller holds. Each throws
/// DatabaseError, and RecordNotFoundError where it needs a user or an entry that is not there.
/// Threads: that of the connection.

/// Gives the entry back with its id, which is never used again for another. Throws ValidationError
/// when its day (UTC) would have more than kMaxEntriesADay or kMaxFoodTextADay.
FoodEntry insert_food(Connection& connection, FoodEntry entry);

/// The user's entries with `from` <= timestamp < `to`, oldest first.
[[nodiscard]] std::vector<FoodEntry> food_between(Connection& connection, std::string_view user_id,
                                                  std::int64_t from, std::int64_t to);

/// How much food_between() would load of foods and notes, in characters.
[[nodiscard]] std::size_t food_text_between(Connection& connection, std::string_view user_id,
                                            std::int64_t from, std::int64_t to);

[[nodiscard]] std::optional<FoodEntry> find_food(Connection& connection, std::string_view user_id,
                                                 std::int64_t entry_id);

/// By their ids: what was logged last comes first.
[[nodiscard]] std::vector<FoodEntry> last_food(Connection& connection, std::string_view user_id,
                                               int limit);

/// By their ids, from the one after `after_id`.
[[nodiscard]] std::vector<FoodEntry> food_after(Connection& connection, std::string_view user_id,
                                                std::int64_t after_id, int limit);

/// In a transaction: the entry, which nobody else changes before its end.
[[nodiscard]] FoodEntry hold_food(Connection& connection, std::string_view user_id,
                                  std::int64_t entry_id);

/// Makes the change, and gives back the one that undoes it. Throws as insert_food() does when it
/// brings more to a day than may be there.
FoodChange change_food(Connection& connection, std::string_view user_id, const FoodChange& change);

/// Keeps `undo` as what takes back the user's last turn, in the place of what was kept before.
void keep_undo(Connection& connection, std::string_view user_id, std::span<const FoodChange> undo);

/// What keep_undo() kept, empty when one of the changes cannot be made any more.
[[nodiscard]] std::vector<FoodChange> kept_undo(Connection& connection, std::string_view user_id);

/// What was kept is no more when it has to do with the entry.
void forget_undo_of(Connection& connection, std::string_view user_id, std::int64_t entry_id);

/// What is kept of a turn for the day when its message is edited.
struct KeptTurn {
  std::string digest;            ///< As Turn::digest.
  std::vector<FoodChange> undo;  ///< What takes the turn back, as far as it still can be made.
};

/// What is kept of a turn, as its user may see it.
struct TurnRecord {
  std::string source;  ///< As Turn::source.
  std::string digest;
  std::vector<FoodChange> undo;  ///< As it was kept.
  std::int64_t kept_at = 0;
};

/// Keeps `undo` as what takes the turn of `source` back, in the place of what was kept before.
void keep_turn(Connection& connection, std::string_view user_id, std::string_view source,
               std::string_view digest, std::span<const FoodChange> undo, std::int64_t now);

/// What keep_turn() kept. What cannot be done any more (the user has removed the entry since) is
/// left out.
[[nodiscard]] std::optional<KeptTurn> kept_turn(Connection& connection, std::string_view user_id,
                                                std::string_view source);

/// All that keep_turn() kept, in the order of their sources, from the one after `after_source`.
[[nodiscard]] std::vector<TurnRecord> turns_after(Connection& connection, std::string_view user_id,
                                                  std::string_view after_source, int limit);

/// Forgets what was kept before `time`. Returns how many.
std::int64_t remove_turns_before(Connection& connection, std::int64_t time);

[[noreturn]] void no_user(std::string_view user_id);

}  // namespace health_agent::db

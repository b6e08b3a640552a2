#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "health_agent/db/food_log.h"
#include "health_agent/db/kept_answers.h"
#include "health_agent/db/pool.h"
#include "health_agent/db/telegram_updates.h"
#include "health_agent/models.h"

namespace health_agent::db {

/// The steps of the journey `onboarding` after `created`, which create_user() itself reports.
enum class Step : std::uint8_t {
  kFirstMessage,
  kFirstFoodEntry,
  kSecondDay,  ///< active on a later UTC day than the one of creation
};

class Connection;

/// One turn of a conversation, as it is stored.
struct Turn {
  std::vector<FoodEntry> entries;   ///< What was eaten; without ids.
  std::vector<FoodChange> changes;  ///< What is changed of what was logged before.
  std::vector<Message> messages;    ///< In this order.
  /// Made before all else: what takes back the turn that this one stands in for.
  std::vector<FoodChange> replaced{};
  /// Names the message that this turn is about, for the day when it is edited; where it is empty,
  /// nothing is kept for that.
  std::string source{};
  std::string digest{};  ///< Of the message's text.
  Fields preferences{};  ///< To be set. An undo or an edit does not take them back.
};

/// A message of the conversation with its place in it.
struct StoredMessage {
  std::int64_t id = 0;
  Message message;
};

/// Something more to be done in a transaction that stored `entries`, which have their ids.
using Also = std::function<void(Connection&, std::span<const FoodEntry> entries)>;

/// What the service keeps: one method for each thing that it does with its database, by the seed's
/// names. Not for the request path where a cached answer will do; see cache::CachedUsers.
///
/// Every statement runs in a vitals QueryScope with its type and table. Methods throw DatabaseError
/// when the database fails, and RecordNotFoundError (naming the id) when they need a user who is
/// not there. Times are Unix seconds, UTC.
///
/// Threads: any. Cost: one connection of the pool for the time of the call; about 10 us a read.
class Store {
 public:
  explicit Store(Pool& pool) noexcept : pool_(&pool) {}

  [[nodiscard]] bool user_exists(std::string_view user_id);

  /// Makes the user unless it is there. Returns whether this call made it: true for exactly one of
  /// any number of callers at once.
  bool create_user(std::string_view user_id, std::int64_t now);

  [[nodiscard]] std::optional<User> find_user(std::string_view user_id);

  /// Deletes the user with everything that belongs to it. Returns whether there was one. Of what a
  /// bot took in from the user only the numbers stay by which nothing is taken twice; what it has
  /// not answered yet stays without an answer.
  bool delete_user(std::string_view user_id);

  [[nodiscard]] Fields profile(std::string_view user_id);
  [[nodiscard]] Fields preferences(std::string_view user_id);

  /// Sets one field, new or not. `json` is the value as JSON text; it is kept as it is. Throws
  /// ValidationError for a new one when there are kMaxFields.
  void set_profile_field(std::string_view user_id, std::string_view field, std::string_view json);
  void set_preference(std::string_view user_id, std::string_view name, std::string_view json);

  /// Stores the entry of `entry.user_id` and gives it back with its id, which is never used again.
  /// What `also` does is committed with it; what that throws undoes it.
  FoodEntry save_food_entry(FoodEntry entry, const Also& also = {});

  /// The user's entries with `from` <= timestamp < `to`, oldest first.
  [[nodiscard]] std::vector<FoodEntry> food_entries(std::string_view user_id, std::int64_t from,
                                                    std::int64_t to);

  /// How much of foods and notes food_entries() would load, in characters.
  [[nodiscard]] std::size_t food_text(std::string_view user_id, std::int64_t from, std::int64_t to);

  /// Adds the messages to the user's conversation, in this order, all or none.
  void append_messages(std::string_view user_id, std::span<const Message> messages);

  /// The entry, if it is the user's.
  [[nodiscard]] std::optional<FoodEntry> food_entry(std::string_view user_id,
                                                    std::int64_t entry_id);

  /// The entries that the user logged last, whatever time they are of; newest first.
  [[nodiscard]] std::vector<FoodEntry> recent_food(std::string_view user_id, int limit);

  /// Makes the change. Throws RecordNotFoundError when the entry is not the user's, or gone.
  void change_food(std::string_view user_id, const FoodChange& change);

  /// Has `edit` change the entry as it is by now, and gives it back; two edits at once are made one
  /// after the other. `edit` may be called again. Throws as change_food().
  FoodEntry edit_food(std::string_view user_id, std::int64_t entry_id,
                      const std::function<void(FoodEntry&)>& edit);

  /// What takes back the entries and changes of the last turn that had any, for another turn to
  /// make; empty when there is none, or when what it logged has been changed otherwise since. To
  /// make it is a change, too, which can be taken back.
  [[nodiscard]] std::vector<FoodChange> undo_of(std::string_view user_id);

  /// What is kept of the turn about the message `source`; nothing when it is not known (any more).
  [[nodiscard]] std::optional<KeptTurn> kept_turn(std::string_view user_id,
                                                  std::string_view source);

  /// Forgets what was kept of turns before `time`. Returns how many.
  std::int64_t remove_turns_before(std::int64_t time);

  /// Stores a turn, all of it or nothing, with what `also` does on the same connection; what that
  /// throws undoes the rest. Gives the entries back with their ids. Throws RecordNotFoundError as
  /// change_food() does.
  std::vector<FoodEntry> save_turn(std::string_view user_id, const Turn& turn,
                                   const Also& also = {});

  /// The newest `limit` messages, oldest of them first.
  [[nodiscard]] std::vector<Message> history(std::string_view user_id, int limit);

  void clear_conversation(std::string_view user_id);

  /// Says that the user took `step` at `now`. Returns the step, with the seconds since the user was
  /// created, for exactly one of all calls for this user and step; nothing for the others, or when
  /// the step is not due (kSecondDay on the first day). Cost: one read once the step is taken.
  std::optional<JourneyStep> reach_step(std::string_view user_id, Step step, std::int64_t now);

  /// Pages of what belongs to a user, in the order of ids, from the one after `after_id`; the last
  /// page is shorter than `limit`.
  [[nodiscard]] std::vector<FoodEntry> food_after(std::string_view user_id, std::int64_t after_id,
                                                  int limit);
  [[nodiscard]] std::vector<StoredMessage> messages_after(std::string_view user_id,
                                                          std::int64_t after_id, int limit);
  [[nodiscard]] std::vector<KeptRecord> answers_after(std::string_view user_id,
                                                      std::int64_t after_id, int limit);

  /// What is kept of turns for the day when their messages are edited, in the order of the names of
  /// the messages.
  [[nodiscard]] std::vector<TurnRecord> turns_after(std::string_view user_id,
                                                    std::string_view after_source, int limit);
  /// What bots took in from the user, in the order of bots and updates, whose numbers `after` has;
  /// nothing of a user of the API.
  [[nodiscard]] std::vector<UpdateRecord> updates_after(
      std::string_view user_id, const std::pair<std::int64_t, std::int64_t>& after, int limit);

  /// When the user took which step of the journey; without those that are still to come.
  [[nodiscard]] std::vector<std::pair<std::string, std::int64_t>> journey(std::string_view user_id);

  /// As find_answer() and remove_answers_before().
  [[nodiscard]] std::optional<KeptAnswer> find_answer(const RetryKey& key, std::int64_t now);
  std::int64_t remove_answers_before(std::int64_t time);

  /// Throws DatabaseError unless the database answers and is the one that was opened: kTimeout when
  /// no connection is free within `wait`.
  void ping(std::chrono::milliseconds wait = std::chrono::milliseconds::max());

  /// As Pool::writing_fails().
  [[nodiscard]] bool writing_fails() const noexcept { return pool_->writing_fails(); }

 private:
  Pool* pool_;
};

}  // namespace health_agent::db

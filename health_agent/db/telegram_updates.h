#pragma once

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "health_agent/db/pool.h"

namespace health_agent::db {

/// One update of a Telegram bot as the database has it.
struct TelegramUpdate {
  std::int64_t update_id = 0;
  std::int64_t chat_id = 0;
  std::int64_t sender_id = 0;
  std::string kind{};           ///< A word of the bot's own.
  std::string content{};        ///< The text of a message. Empty once the update is done.
  std::int64_t said_at = 0;     ///< When it was written, Unix seconds; 0 in rows of older versions.
  std::int64_t message_id = 0;  ///< The message's number in its chat; 0 when there is none.
  std::int64_t thread_id = 0;   ///< The topic of the chat; 0 when there is none.

  bool answered = false;        ///< Its effects and `answer` are committed; `answer` is to be sent.
  std::string answer{};         ///< Whole, as plain text.
  std::int64_t parts_sent = 0;  ///< How many pieces of `answer` Telegram has taken.
  std::int64_t attempts = 0;    ///< How many processes have taken it over from one that died.
};

/// An update as its sender may see it.
struct UpdateRecord {
  std::int64_t bot_id = 0;
  TelegramUpdate update;
  std::string state{};        ///< `new`, `answered` or `done`.
  std::int64_t taken_at = 0;  ///< When the bot took it in, Unix seconds.
};

/// What is known of a message.
enum class MessageState {
  kUnknown,  ///< it never came, or longer ago than rows are kept
  kNew,      ///< it is still to be answered
  kDone,     ///< it has its answer
};

/// The update has another holder now: this process was taken for dead. What it was about to commit
/// must not be.
class UpdateLost : public std::runtime_error {
 public:
  UpdateLost() : std::runtime_error("another replica has taken this update over") {}
};

/// The record of every update that a bot has taken in: written before Telegram is told that it has
/// been, so that none is lost, and kept for days, so that none is taken twice. An update goes from
/// new over answered to done; only the process that holds it may move it on.
///
/// A holder is alive as long as a row of the leases names it (see Leases).
///
/// Threads: any. Errors: DatabaseError. Cost: one connection of the pool for the time of the call.
class TelegramUpdates {
 public:
  TelegramUpdates(Pool& pool, std::int64_t bot_id, std::string holder);

  /// Records updates as new and held by this process. Returns the ids of those that were not known
  /// yet, in the order given: they are the caller's to work on.
  [[nodiscard]] std::vector<std::int64_t> record(std::span<const TelegramUpdate> updates,
                                                 std::int64_t now);

  /// Takes up to `most` updates that are not done and whose holder is dead; oldest first. Only for
  /// a process that has a lease itself.
  [[nodiscard]] std::vector<TelegramUpdate> take_over(std::int64_t most);

  /// Up to `most` updates that this process holds and that are not done; oldest first. More than it
  /// knows of when it was not told that a commit had succeeded.
  [[nodiscard]] std::vector<TelegramUpdate> held(std::int64_t most);

  /// Whether this process still holds it, and it is not done.
  [[nodiscard]] bool is_mine(std::int64_t update_id);

  /// What is known of the message as it was first written; updates of the kind `edits` do not
  /// count.
  [[nodiscard]] MessageState state_of(std::int64_t chat_id, std::int64_t message_id,
                                      std::string_view edits);

  /// The update is answered. Throws UpdateLost when it is not this process' any more, or was
  /// answered before: the transaction that `connection` is in must then not be committed.
  void set_answer(Connection& connection, std::int64_t update_id, std::string_view answer);
  /// The same in a transaction of its own.
  void set_answer(std::int64_t update_id, std::string_view answer);

  /// So many parts of the answer have been sent, and there are more.
  void set_parts_sent(std::int64_t update_id, std::int64_t parts);

  /// There is nothing left to do: what was said is removed, the id stays.
  void finish(std::int64_t update_id);

  /// Removes what was recorded before `time` and is done. Returns how many.
  std::int64_t remove_older_than(std::int64_t time);

 private:
  Pool* pool_;
  std::int64_t bot_id_;
  std::string holder_;
};

/// A sender's, of all bots, in the order of bot and update, from the one after `after` (the numbers
/// of both). On a connection that the caller holds. Errors: DatabaseError. Cost: reads the whole
/// table.
[[nodiscard]] std::vector<UpdateRecord> updates_after(
    Connection& connection, std::int64_t sender_id,
    const std::pair<std::int64_t, std::int64_t>& after, int limit);

/// Ends all updates of a sender and removes what names the sender, or was said. Of each only the
/// numbers stay by which it is not taken again; its holder finds that it is not theirs any more.
void forget_sender(Connection& connection, std::int64_t sender_id);

}  // namespace health_agent::db

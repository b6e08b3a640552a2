#pragma once

#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "health_agent/bot/telegram.h"
#include "health_agent/bot/typing.h"
#include "health_agent/cache/cached_users.h"
#include "health_agent/coach.h"
#include "health_agent/db/store.h"
#include "health_agent/db/telegram_updates.h"

namespace health_agent::bot {

/// The id that a Telegram user has in this service: `telegram:ID`.
[[nodiscard]] std::string user_id_of(std::int64_t sender_id);

/// Answers updates, one at a time in each thread that asks. An answer is committed together with
/// what the update did, and only then sent: a crash before the commit leaves nothing done, a crash
/// after it an answer that the next process sends.
///
/// Telegram cannot be asked whether it took a message. Where that is not known (a crash or a broken
/// connection just after sending), the answer is sent again: twice is better than never, since who
/// gets no answer says it all once more.
///
/// Threads: any. What is given must outlive it.
class Responder {
 public:
  struct Parts {
    db::Store& store;
    cache::CachedUsers& users;
    Coach& coach;
    db::TelegramUpdates& updates;
    Telegram& telegram;
    Typing& typing;
  };

  explicit Responder(const Parts& parts);

  /// Answers one recorded update, to its end: an UpdateScope of its own, in which also every
  /// failure ends. `stop` gives up sending; the next process goes on from there. An update whose
  /// answer is there and cannot be looked at is left as it is, and so is one for which there is no
  /// memory.
  void handle(db::TelegramUpdate update, const std::stop_token& stop) noexcept;

  /// Tells somebody who is not on the list so, with one try.
  void refuse(const Place& place, std::int64_t sender_id, const std::stop_token& stop) noexcept;

  /// Writes down what is done and could not be written down at the time. Throws DatabaseError.
  void settle();

  /// Whether the update is done, but not yet so in the database.
  [[nodiscard]] bool waits_to_settle(std::int64_t update_id) const;

 private:
  void handle_recorded(db::TelegramUpdate& update, const std::stop_token& stop);
  /// The agent's or a command's answer, committed. `said` is what was about to be committed, also
  /// when this throws.
  void answer(db::TelegramUpdate& update, std::string& said);
  /// The same for a text, whether it is new or edited.
  void answer_text(db::TelegramUpdate& update, const std::string& user, std::string& said);
  void undo(db::TelegramUpdate& update, const std::string& user, std::string& said);
  std::string set_zone(const std::string& user, std::string_view named, std::int64_t now);
  void answer_command(db::TelegramUpdate& update, const std::string& user, std::string& said);
  std::string today(const std::string& user, std::int64_t said_at);
  void commit(db::TelegramUpdate& update, const std::string& text);

  /// Puts an apology in the place of the answer. False when the update is another replica's.
  bool apologise(db::TelegramUpdate& update, const std::string& said, const std::exception& error,
                 std::string_view request_id);
  bool may_be_mine(std::int64_t update_id);

  void deliver(const db::TelegramUpdate& update, const std::stop_token& stop);
  void send(Place place, std::string_view text, const std::stop_token& stop);
  void finish(std::int64_t update_id) noexcept;

  Parts parts_;
  mutable std::mutex mutex_;
  // Done, but not so in the database. Never grown: there may be no memory.
  std::vector<std::int64_t> unfinished_;
};

}  // namespace health_agent::bot

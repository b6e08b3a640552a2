#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "health_agent/agent/agent.h"
#include "health_agent/cache/cached_users.h"
#include "health_agent/db/store.h"
#include "health_agent/models.h"

namespace health_agent {

/// What the coach has to say, and what it stored.
struct Answer {
  std::string text;
  std::vector<FoodEntry> food_entries;  ///< What was logged.
  std::vector<FoodChange> changes;      ///< What was changed of earlier entries.
};

/// Stores something more in the transaction that stores the answer, whose entries have their ids.
using AlsoStore = std::function<void(db::Connection& connection, const Answer& answer)>;

/// Which message is answered, for whom it can be edited.
struct Original {
  std::string source{};  ///< Names the message among the user's; empty where none can be edited.
  std::string digest{};  ///< Of its text, as db::Turn::digest.
  /// The message was edited, and this takes back what its turn had done.
  std::optional<std::vector<FoodChange>> replaces{};
};

/// The service's one piece of thinking: a message in, the agent asked, entries stored, an answer
/// out. The API and every bot call it; it knows of neither. Also the one place where a user's
/// journey moves on.
///
/// Threads: any. Errors: DatabaseError, AgentError, RecordNotFoundError. Blocks for as long as the
/// agent takes.
class Coach {
 public:
  Coach(db::Store& store, cache::CachedUsers& users, agent::Agent& agent) noexcept
      : store_(store), users_(users), agent_(agent) {}

  /// Makes the user unless it is there; true when this call made it.
  bool welcome(const std::string& user_id, std::int64_t now);

  /// Answers one message of a user, who is made when new. `history` stands in for the stored
  /// conversation when given. The message and the answer are kept, unless the client went away
  /// (`on_text` gave false) or the model refused to answer. What was eaten or changed, the
  /// conversation and what `also` does are committed together or not at all. `now` is when the
  /// message was sent, which may be days ago.
  Answer chat(const std::string& user_id, std::string message,
              std::optional<std::vector<Message>> history, std::int64_t now,
              const agent::OnText& on_text = {}, const AlsoStore& also = {},
              const Original& original = {});

  /// Takes the last turn back that logged or changed anything, and says what that was. To call it
  /// again takes that back. The user is made when new.
  Answer undo(const std::string& user_id, std::int64_t now, const AlsoStore& also = {});

  /// Stores what a user ate, and what `also` does with it. Gives it back with its id.
  FoodEntry log_food(FoodEntry entry, std::int64_t now, const db::Also& also = {});

 private:
  void took_food(const std::string& user_id, std::int64_t now) noexcept;
  void take_step(const std::string& user_id, db::Step step, std::int64_t now);

  db::Store& store_;
  cache::CachedUsers& users_;
  agent::Agent& agent_;
};

}  // namespace health_agent

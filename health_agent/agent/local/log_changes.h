#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "health_agent/agent/agent.h"
#include "health_agent/agent/description.h"
#include "health_agent/agent/food/nutrition.h"
#include "health_agent/agent/local/deletion.h"
#include "health_agent/agent/local/recent_food.h"

namespace health_agent::agent {

/// Makes the changes that a message asks for among what was logged last, and tells them. What is not
/// clear, because nothing or several things fit, is a question and changes nothing. What is asked for
/// is read in corrections.cc.
///
/// One message each; borrows the request and the table. Threads: one. Never fails.
class LogChanges {
 public:
  LogChanges(const AgentRequest& request, const NutritionTable& table)
      : request_(request), table_(table), log_(request, table) {}

  [[nodiscard]] const RecentFood& log() const noexcept { return log_; }

  /// A question, and nothing changed.
  [[nodiscard]] static AgentReply ask(std::string question);
  /// Which of the foods that fit is meant, or that none does.
  [[nodiscard]] AgentReply ask_which(const Description& said, const std::vector<Hit>& hits) const;

  /// Takes the last turn back, if it has what was said.
  [[nodiscard]] AgentReply undo_last(const Description& said = {}) const;
  /// Whether the last turn changed or deleted it, rather than logged it.
  [[nodiscard]] bool changed_last(const Description& said) const;

  /// Deletes foods, or as many of them as are said, or whole meals: "lunch", "that"; and leaves
  /// what is to be kept.
  AgentReply remove(const Deletion& said);

  /// "double it", "half of that"
  AgentReply scale(const Description& target, double times);

  /// Gives the target another amount, another food, or another place. `old` is the amount that it
  /// had, where that was said.
  AgentReply apply(const Description& target, const Description& value,
                   const std::optional<Description>& old);

 private:
  using Foods = std::map<std::size_t, std::set<std::size_t>>;  ///< Places of foods, by entry.
  using Shares = std::map<std::size_t, std::map<std::size_t, double>>;
  using Question = std::optional<AgentReply>;  ///< Nothing when all is clear.

  [[nodiscard]] bool last_turn_has(const FoodChange& change, const Description& said) const;
  Question take_food(const Description& said, Foods& gone, Shares& less) const;
  Question take_entry(const Description& said, Foods& gone) const;
  Question leave(const Description& kept, bool of_foods, Foods& gone, const Shares& less) const;
  [[nodiscard]] std::string taken_back(const FoodChange& change) const;
  AgentReply without(const Foods& gone, const Shares& less);
  AgentReply replace(const Hit& hit, const Food& after);
  AgentReply move(const Description& target, const Description& value);
  [[nodiscard]] std::vector<Hit> targets(const Description& target,
                                         const std::optional<Description>& old) const;
  [[nodiscard]] std::vector<Hit> narrowed(std::vector<Hit> hits, const Description& said) const;
  void add_change(AgentReply& reply, std::size_t index, FoodEntry after);
  void say_changed(AgentReply& reply, std::size_t index, const Food& before,
                   const Food& after) const;
  [[nodiscard]] AgentReply with_today(AgentReply reply) const;
  [[nodiscard]] AgentReply ask_entry(const std::vector<std::size_t>& entries) const;
  [[nodiscard]] std::string request_text() const;

  const AgentRequest& request_;
  const NutritionTable& table_;
  RecentFood log_;
  double today_ = 0;  // how much more the day has
};

}  // namespace health_agent::agent

#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "health_agent/agent/agent.h"
#include "health_agent/agent/remote/dialogue.h"

namespace health_agent::agent {

/// A tool as a model is told of it.
struct ToolSpec {
  std::string_view name;
  std::string_view description;
  std::string_view schema;  ///< JSON schema of its arguments, as JSON text.
};

/// What a model may call: log_food, change_food, delete_food, undo, set_goals.
[[nodiscard]] std::span<const ToolSpec> tool_specs() noexcept;

/// What the tool calls of one message come to: entries to log, changes of earlier ones, goals.
/// Nothing is stored here. The calls of a turn hold all together or not at all, so that a model that
/// calls again with everything does nothing twice; a call of an earlier turn that comes again is not
/// carried out again. Entries of one meal at one time are one entry. Threads: one.
class ToolDesk {
 public:
  /// `request` must live as long.
  explicit ToolDesk(const AgentRequest& request) : request_(request) {}

  /// Carries out the calls of one turn. When `faults` is not empty afterwards, it says what was
  /// wrong, and none was carried out. Believes nothing that a call says.
  [[nodiscard]] std::vector<ToolResult> run(std::span<const ToolCall> calls, std::string& faults);

  /// Whether nothing was asked for yet.
  [[nodiscard]] bool empty() const noexcept {
    return done_.entries.empty() && done_.changes.empty() && done_.goals.empty();
  }

  /// What was done, in words for the user.
  [[nodiscard]] std::string confirmation() const;

  /// Hands the entries and the changes over.
  void give(AgentReply& reply);

 private:
  struct Done {
    std::vector<FoodEntry> entries;
    std::vector<FoodChange> changes;
    Fields goals;  ///< Preferences to be set.
    bool undone = false;
  };

  std::string carry_out(const ToolCall& call, Done& done, std::string& fault) const;
  std::string log(const std::string& arguments, Done& done, std::string& fault) const;
  std::string change(const std::string& arguments, Done& done, std::string& fault) const;
  std::string remove(const std::string& arguments, Done& done, std::string& fault) const;
  std::string undo(const std::string& arguments, Done& done, std::string& fault) const;
  std::string set_goals(const std::string& arguments, Done& done, std::string& fault) const;
  [[nodiscard]] std::string goals_after(const Done& done) const;
  const FoodEntry* recent(std::int64_t id, const Done& done, std::string& fault) const;

  const AgentRequest& request_;
  Done done_;
  std::set<std::string> called_;  // name and arguments of earlier turns
};

}  // namespace health_agent::agent

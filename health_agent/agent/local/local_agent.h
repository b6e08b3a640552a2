#pragma once

#include <string>

#include "health_agent/agent/agent.h"
#include "health_agent/agent/food/nutrition.h"

namespace health_agent::agent {

/// The agent without a model: a deterministic parser over the shipped nutrition table. No key, no
/// network, the same answer to the same request. Its usage counts words for tokens, of the message
/// and the history in, of the answer out; its cost is 0 USD. Never throws but for memory.
class LocalAgent final : public Agent {
 public:
  explicit LocalAgent(const NutritionTable& table = NutritionTable::builtin()) : table_(table) {}

  [[nodiscard]] AgentReply reply(const AgentRequest& request, const OnText& on_text) override;
  [[nodiscard]] AgentType type() const noexcept override { return AgentType::kLocal; }
  [[nodiscard]] std::string model() const override { return "local"; }

 private:
  const NutritionTable& table_;
};

}  // namespace health_agent::agent

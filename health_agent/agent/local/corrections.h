#pragma once

#include <optional>

#include "health_agent/agent/agent.h"
#include "health_agent/agent/food/nutrition.h"

namespace health_agent::agent {

/// Answers a message that takes back or changes what was logged: `undo`, `delete the eggs`,
/// `remove the pizza from lunch`, `make it 3`, `it was 200 g, not 100`. Nothing for any other
/// message.
///
/// It never logs. When several entries fit, or none, or an amount is not understood, the answer is
/// a question and there are no changes. Words fit the newest day that has them. An entry that
/// loses its last food is deleted. Threads: any. Never fails.
[[nodiscard]] std::optional<AgentReply> correct(const AgentRequest& request,
                                                const NutritionTable& table);

}  // namespace health_agent::agent

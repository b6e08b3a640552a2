#pragma once

#include <optional>

#include "health_agent/agent/agent.h"
#include "health_agent/agent/food/nutrition.h"

namespace health_agent::agent {

/// The local agent's answer to a message about the goals of a day and what is left of them: "set my
/// goal to 2000 calories", "remove my protein goal", "what's left today?". Nothing for any other
/// message, and for one that names a food. What it sets is in `AgentReply::preferences`; numbers
/// that are not clear are a question.
///
/// Threads: any. Cost: linear in the length. Never fails.
[[nodiscard]] std::optional<AgentReply> talk_of_goals(const AgentRequest& request,
                                                      const NutritionTable& table);

}  // namespace health_agent::agent

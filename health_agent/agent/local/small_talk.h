#pragma once

#include <string>

#include "health_agent/agent/agent.h"

namespace health_agent::agent {

/// The local agent's answer to a message without a food: a greeting, thanks, the day's totals where
/// they are given, or how to tell it what was eaten.
[[nodiscard]] std::string small_talk(const AgentRequest& request);

/// What was logged today, the goals, and what is left of them.
[[nodiscard]] std::string today_in_words(const AgentRequest& request);

}  // namespace health_agent::agent

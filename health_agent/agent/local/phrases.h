#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "health_agent/agent/agent.h"

namespace health_agent::agent {

/// The sentences of which the local agent makes its answers. Threads: any. Never fail.

/// `protein 16.7 g, carbs 43 g, fat 10 g`
[[nodiscard]] std::string macros_in_words(const Totals& totals);

/// `2 eggs`, `150 g of rice`
[[nodiscard]] std::string amount_of(const Food& food);

/// `2 eggs (100 g): 143 kcal`. `grams` of 0 leaves the weight out.
[[nodiscard]] std::string line_of(const Food& food, double grams, std::string_view as_written);

/// Nothing for today, ` yesterday`, ` on 2026-11-27`.
[[nodiscard]] std::string day_in_words(std::int64_t days_ago, const AgentRequest& request);

/// `08:30`, by the user's clock.
[[nodiscard]] std::string clock_in_words(std::int64_t unix_seconds, const AgentRequest& request);

}  // namespace health_agent::agent

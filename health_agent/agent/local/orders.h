#pragma once

#include <cstddef>

#include "health_agent/agent/description.h"

namespace health_agent::agent {

/// By which words a message orders that the log be changed. Threads: any.

/// Where the message begins: past "please", "oops", "can you".
[[nodiscard]] std::size_t first_word(const Words& words);

/// "undo", "scratch that", "take it back", at `at`.
[[nodiscard]] bool orders_undo(const Words& words, std::size_t at);

/// How many words the order to delete takes at `at`; 0 when there is none.
[[nodiscard]] std::size_t orders_deletion(const Words& words, std::size_t at);

/// "change", "correct", "make it", at `at`.
[[nodiscard]] bool orders_change(const Words& words, std::size_t at);

/// How many times as much "double it", "half of that" order at `at`; 0 when they do not.
[[nodiscard]] double orders_scaling(const Words& words, std::size_t at);

/// Behind something else: "had toast, delete the eggs".
[[nodiscard]] bool orders_in_passing(const Words& words);

/// The `not` of "200 g, not 100"; kNowhere without.
[[nodiscard]] std::size_t old_amount(const Words& words);

}  // namespace health_agent::agent

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "health_agent/agent/agent.h"

namespace health_agent::agent {

/// As much of one message, old or new, goes to a model.
inline constexpr std::size_t kMaxPromptMessage = std::size_t{16} * 1024;

/// As many tokens, by estimated_tokens(), may all the earlier messages have.
inline constexpr std::size_t kHistoryTokens = 6'000;

/// One side's words.
struct Utterance {
  bool by_user = true;
  std::string text;
};

/// What a model is told before it answers: who it is, and the conversation.
struct Prompt {
  std::string system;
  std::vector<Utterance> conversation;
};

/// Two bytes a token, rounded up: about twice what tokenizers make of plain text.
[[nodiscard]] std::size_t estimated_tokens(std::string_view text) noexcept;

/// The conversation as every vendor's API takes it: begins with the user, the sides take turns, no
/// text is blank, and the last is the message itself, cut to kMaxPromptMessage. Of the history the
/// oldest goes first when all of it is more than `history_tokens`.
[[nodiscard]] std::vector<Utterance> conversation_of(const AgentRequest& request,
                                                     std::size_t history_tokens = kHistoryTokens);

/// The coach's role; the user's date, time and zone; profile, preferences, the day's totals, the
/// newest entries and what undo would do, as data.
[[nodiscard]] std::string system_prompt(const AgentRequest& request);

[[nodiscard]] Prompt prompt_of(const AgentRequest& request);

}  // namespace health_agent::agent

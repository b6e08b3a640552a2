#pragma once

#include <string>
#include <string_view>

#include "health_agent/agent/utf8.h"

namespace health_agent::agent {

/// The part of a model's text that is meant for the user, out of pieces cut anywhere: characters
/// whose halves came apart are joined, and what stands between `<think>` and `</think>` (and
/// likewise `thinking`, `thought`, `reasoning`) is left out. Threads: one.
class AnswerText {
 public:
  /// What can be shown by now; may be empty.
  [[nodiscard]] std::string take(std::string_view piece);

  /// What was held back and turned out to be text.
  [[nodiscard]] std::string end();

 private:
  std::string visible();

  HalfJoiner halves_;
  std::string held_;
  std::string_view closing_;  // the tag that ends the thoughts; empty outside of them
  bool skip_space_ = false;
};

/// The same for a text that is there as a whole, in which the thoughts may have lost their first
/// tag: some servers put it into the prompt.
[[nodiscard]] std::string answer_text_of(std::string_view whole);

}  // namespace health_agent::agent

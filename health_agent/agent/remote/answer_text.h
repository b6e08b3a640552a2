#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "health_agent/agent/remote/utf8.h"

namespace health_agent::agent {

/// The part of a model's text that is meant for the user, out of pieces cut anywhere: characters
/// whose halves came apart are joined, and what stands between `<think>` and `</think>` (and
/// likewise `thinking`, `thought`, `reasoning`) is left out. Some servers put the first tag into
/// the prompt, so that the text begins with thoughts. Threads: one.
class AnswerText {
 public:
  AnswerText() = default;
  /// With `thoughts_first` nothing is shown before a closing tag; without one all of it is text,
  /// which end() gives.
  explicit AnswerText(bool thoughts_first) : waits_(thoughts_first) {}

  /// What can be shown by now; may be empty.
  [[nodiscard]] std::string take(std::string_view piece);

  /// Whether the last take() found that all before it was thoughts, also what was shown already.
  [[nodiscard]] bool starts_over() const noexcept { return starts_over_; }

  /// What was held back and turned out to be text.
  [[nodiscard]] std::string end();

 private:
  std::string visible();
  void end_wait();

  HalfJoiner halves_;
  std::string held_;
  std::string_view closing_;  // the tag that ends the thoughts; empty outside of them
  bool skip_space_ = false;
  bool waits_ = false;
  std::size_t searched_ = 0;  // of held_, while it waits
  bool had_tag_ = false;
  bool starts_over_ = false;
};

/// The same for a text that is there as a whole.
[[nodiscard]] std::string answer_text_of(std::string_view whole);

}  // namespace health_agent::agent

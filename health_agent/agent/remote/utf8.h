#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace health_agent::agent {

/// `text` as a model may read it: valid UTF-8, what is none as U+FFFD, control characters but
/// newline and tab left out, at most `max_bytes` (cut between two characters).
[[nodiscard]] std::string clean_text(std::string_view text, std::size_t max_bytes);

/// JSON text whose strings may have half a character: a `\ud83c` without its other half, or bytes
/// cut in the middle of a character, as servers send them that cut an answer between two tokens.
/// Each half becomes a mark (U+10F000 and above, a private area), so that the text can be parsed;
/// HalfJoiner takes the marks out again. Cost: one look at each byte.
[[nodiscard]] std::string mark_halves(std::string_view json);

/// Puts the halves that mark_halves() left back together, over pieces that follow each other. What
/// has no other half becomes U+FFFD. Threads: one.
class HalfJoiner {
 public:
  /// The text so far, without a half at its end that may still be completed.
  [[nodiscard]] std::string take(std::string_view piece);

  /// What is left when no more pieces come.
  [[nodiscard]] std::string end();

 private:
  void drop(std::string& out);

  char32_t high_ = 0;  // the first half of a surrogate pair
  std::string bytes_;  // the first bytes of a character
};

}  // namespace health_agent::agent

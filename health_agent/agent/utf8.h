#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace health_agent::agent {

/// How many bytes the character at the front of `text` has; 0 when it is not valid UTF-8 (RFC
/// 3629) or `text` is empty. Never throws.
[[nodiscard]] std::size_t utf8_length(std::string_view text) noexcept;

/// `text` as a model may read it: valid UTF-8, what is none as U+FFFD, control characters but
/// newline and tab left out, at most `max_bytes` (cut between two characters).
[[nodiscard]] std::string clean_text(std::string_view text, std::size_t max_bytes);

}  // namespace health_agent::agent

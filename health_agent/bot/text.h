#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace health_agent::bot {

/// Telegram's limit for one message, in UTF-16 code units of what is shown, after its markup has
/// been read. Source: Telegram Bot API, sendMessage and "Formatting options".
inline constexpr std::size_t kMaxUnits = 4096;

/// `text` with every byte that is not part of valid UTF-8 as U+FFFD, and without control characters
/// other than line feed and tab: what JSON and Telegram take.
[[nodiscard]] std::string clean_text(std::string_view text);

/// How many UTF-16 code units a text has. `text` is valid UTF-8.
[[nodiscard]] std::size_t utf16_units(std::string_view text) noexcept;

/// Splits a text into pieces of at most `most` (2 or more) UTF-16 units, at the end of a paragraph,
/// line or word where one is near, never within a code point. White space at a split is left out;
/// no piece is blank. A blank text gives no piece. `text` is valid UTF-8.
[[nodiscard]] std::vector<std::string> split_message(std::string_view text,
                                                     std::size_t most = kMaxUnits);

/// The text for `parse_mode` HTML: `**bold**` and `` `code` `` within a line become tags, all else
/// is escaped. What is shown has no more units than `text`, so a piece of split_message() stays
/// within the limit.
[[nodiscard]] std::string to_html(std::string_view text);

}  // namespace health_agent::bot

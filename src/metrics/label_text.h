#pragma once

#include <string>
#include <string_view>

namespace vitals::metrics::detail {

[[nodiscard]] bool valid_utf8(std::string_view text) noexcept;

/// The text with U+FFFD for every run of bytes that is not UTF-8; a scraper refuses a whole page
/// for one such byte.
[[nodiscard]] std::string mend_utf8(std::string_view text);

/// Appends the value as the text formats want it: `\`, `"` and newline escaped.
void append_escaped(std::string& out, std::string_view value);

/// Appends `name="escaped value"`, after a comma unless `out` is empty.
void append_label(std::string& out, std::string_view name, std::string_view value);

}  // namespace vitals::metrics::detail

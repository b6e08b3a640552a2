#pragma once

#include <string>
#include <string_view>

#include "vitals/base/utf8.h"

namespace vitals::metrics::detail {

/// The text with U+FFFD for every run of bytes that is not UTF-8; a scraper refuses a whole page
/// for one such byte.
[[nodiscard]] inline std::string mended(std::string_view text) {
  return base::mend_utf8(text, base::Mend::kEachRun);
}

/// Appends the value as the text formats want it: `\`, `"` and newline escaped.
void append_escaped(std::string& out, std::string_view value);

/// Whether a colon is kept: it may stand in a metric's name, not in a label's.
enum class Colons { kKept, kReplaced };

/// The name as a scraper gets it that does not know UTF-8 and asks for no other escaping: `_` for
/// every character that may not stand in a name. Source: Prometheus, "UTF-8 escaping schemes".
[[nodiscard]] std::string underscored(std::string_view name, Colons colons = Colons::kReplaced);

/// Appends `name="escaped value"`, after a comma unless `out` is empty. A name that is not
/// `[a-zA-Z_][a-zA-Z0-9_]*` stands in quotes, escaped as a value is.
void append_label(std::string& out, std::string_view name, std::string_view value);

}  // namespace vitals::metrics::detail

#pragma once

#include <string>
#include <string_view>

#include "vitals/exporting/format.h"

namespace vitals::exporting {

/// What a name names. A colon may stand in a metric's, not in a label's.
enum class NameOf { kMetric, kLabel };

/// The scheme by the word that stands for it in the headers: `allow-utf-8`. Static storage.
[[nodiscard]] std::string_view to_string(Escaping escaping) noexcept;

/// Whether the name needs no quotes: `[a-zA-Z_][a-zA-Z0-9_]*`, of a metric with colons too.
[[nodiscard]] bool is_plain(std::string_view name, NameOf of) noexcept;

/// Appends a name of UTF-8 by the scheme, without quotes. Source: Prometheus, "UTF-8 escaping
/// schemes"; where that text and the official clients differ (what `dots` makes of other
/// characters, the case of hexadecimal digits), as the clients do.
void append_name(std::string& out, std::string_view name, NameOf of, Escaping escaping);

/// Appends the name as it stands in quotes, without these: `\`, `"` and newline escaped.
void append_quoted(std::string& out, std::string_view name);

/// One label of a rendered text.
struct LabelText {
  std::string_view name;   ///< escaped when it stood in quotes
  std::string_view value;  ///< escaped, without its quotes
  bool quoted_name = false;
};

/// Takes the first label off a rendered text, which is known to be well formed and not empty.
[[nodiscard]] LabelText take_label(std::string_view& labels) noexcept;

/// Appends the text without its escapes.
void append_unescaped(std::string& out, std::string_view text);

}  // namespace vitals::exporting

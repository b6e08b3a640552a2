#pragma once

#include <string>
#include <string_view>

namespace health_agent {

/// `text` as one line may show it: a server may have written it, a model, a stranger. What ends a
/// line, moves the cursor, colours, or turns the order of letters around is written as an escape:
/// `\n`, `\t`, `\u001b`, `\u202e`, and `\x9b` for a byte that is no UTF-8. All other text stays as
/// it is. Inside of a JSON text it does the same, and the JSON stays valid.
/// Threads: any. Cost: one look at each byte; text of visible ASCII is copied as a whole.
[[nodiscard]] std::string printable(std::string_view text);

/// Whether a reader sees nothing of it: white space of any script and invisible code points only, or
/// nothing at all. Bytes that are no UTF-8 are seen.
[[nodiscard]] bool is_blank(std::string_view text) noexcept;

/// Whether printable() would change nothing, for visible ASCII only: false may be wrong.
[[nodiscard]] bool is_plain_ascii(std::string_view text) noexcept;

}  // namespace health_agent

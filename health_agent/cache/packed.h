#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace health_agent::cache {

/// Adds `part` to a list of texts in one text: its length, a colon, the part. Not for people; for
/// values of the cache, where JSON would cost more than the look-up.
void pack(std::string& to, std::string_view part);

/// The parts, as views into `text`. Nothing when it is no such list: a value that cannot be read is
/// a value that is not there.
[[nodiscard]] std::optional<std::vector<std::string_view>> unpack(std::string_view text);

}  // namespace health_agent::cache

#pragma once

#include <set>
#include <string>
#include <vector>

#include "integration/support/http.h"

namespace integration {

/// Everything in an item's JSON that the protocol forbids or misses, in words. Attachments and
/// types that are not known are not looked at.
[[nodiscard]] std::vector<std::string> item_faults(const std::string& type, const Json& item);

/// `2026-01-31T12:00:00Z`, with any number of digits of a second.
[[nodiscard]] bool is_timestamp_text(const Json& value);

/// As many lower-case hex digits as that.
[[nodiscard]] bool is_hex(const Json& value, std::size_t digits);

/// A tag of an event, or empty.
[[nodiscard]] std::string tag_of(const Json& event, const std::string& name);
/// `user.id` of an event, or empty.
[[nodiscard]] std::string user_of(const Json& event);
/// How many breadcrumbs it has.
[[nodiscard]] std::size_t breadcrumbs_of(const Json& event);
/// Type of the newest exception, demangled as sent, or empty.
[[nodiscard]] std::string exception_type_of(const Json& event);
/// Every word anywhere in the JSON, keys too, that is `prefix` and digits behind it.
[[nodiscard]] std::set<std::string> names_in(const Json& json, const std::string& prefix);
/// Text of the newest exception, or empty.
[[nodiscard]] std::string exception_text_of(const Json& event);

}  // namespace integration

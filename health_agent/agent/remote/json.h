#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "health_agent/json_type.h"

namespace health_agent::agent {

/// JSON of somebody else's. Nothing when it is no JSON, not UTF-8, has a number that no double
/// holds, or is nested deeper than `depth`: what prints or compares JSON calls itself for each
/// level. Threads: any.
[[nodiscard]] std::optional<nlohmann::json> parse_json(std::string_view text, int depth = 32);

/// parse_json() of what a model's server sent, where halves of characters do not spoil the rest:
/// they stay in it as marks (see utf8.h) until join_halves() or a HalfJoiner has read the string.
[[nodiscard]] std::optional<nlohmann::json> parse_answer(std::string_view text);

/// Takes the marks out of all strings in `value`, each by itself.
void join_halves(nlohmann::json& value);

/// As text; what is not UTF-8 in it becomes U+FFFD.
[[nodiscard]] std::string to_text(const nlohmann::json& value);

/// The member of an object, or null where there is none or `object` is no object.
[[nodiscard]] const nlohmann::json& member(const nlohmann::json& object, const char* name);

/// The member when it is a string, else empty. A view into `object`.
[[nodiscard]] std::string_view string_member(const nlohmann::json& object, const char* name);

/// The member when it is a count of tokens that can be (0 to a thousand million), else 0.
[[nodiscard]] std::int64_t count_member(const nlohmann::json& object, const char* name);

}  // namespace health_agent::agent

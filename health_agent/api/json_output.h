#pragma once

#include <string>

#include "health_agent/api/http.h"
#include "health_agent/json_type.h"
#include "health_agent/models.h"

namespace health_agent::api {

/// The writers of answers. Threads: any.

/// JSON text; what is not UTF-8 becomes U+FFFD.
[[nodiscard]] std::string dump(const nlohmann::json& value);

[[nodiscard]] Response json_response(int status, const nlohmann::json& body);
[[nodiscard]] Response no_content();

[[nodiscard]] nlohmann::json to_json(const Fields& fields);
[[nodiscard]] nlohmann::json to_json(const FoodEntry& entry);
[[nodiscard]] nlohmann::json to_json(const Totals& totals);
/// `{entry_id, after}`; `after` is null for an entry that was deleted.
[[nodiscard]] nlohmann::json to_json(const FoodChange& change, const std::string& user_id);

}  // namespace health_agent::api

#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "health_agent/json_type.h"
#include "health_agent/models.h"

namespace health_agent::api {

/// The readers of request bodies. Each throws ValidationError that names the field, what was given
/// and what would be right.

inline constexpr std::size_t kMaxIdSize = 64;
inline constexpr std::size_t kMaxMessageSize = 8'000;
inline constexpr std::size_t kMaxHistory = 50;
inline constexpr std::size_t kMaxFoods = 100;

/// A JSON object with no member but those named.
[[nodiscard]] nlohmann::json parse_object(std::string_view body,
                                          std::initializer_list<std::string_view> members);

/// A user id: 1 to 64 characters of `A-Za-z0-9._:@-`, but not `.` or `..`, which no path can name.
/// `where` is the field or the part of the path.
const std::string& require_user_id(std::string_view where, const std::string& id);

[[nodiscard]] std::string required_string(const nlohmann::json& object, const char* field,
                                          std::size_t most);
/// The same for what somebody is to read: not of white space and invisible characters alone.
[[nodiscard]] std::string required_text(const nlohmann::json& object, const char* field,
                                        std::size_t most);
[[nodiscard]] std::string optional_string(const nlohmann::json& object, const char* field,
                                          std::size_t most);

/// A scalar or an array of scalars, as JSON text: what a profile field or preference holds.
[[nodiscard]] std::string required_value(const nlohmann::json& object, const char* field);

/// The name of a profile field or preference: 1 to 64 characters of `A-Za-z0-9._-`.
[[nodiscard]] std::string required_name(const nlohmann::json& object, const char* field);

/// Name -> value as JSON text, from an object of such values.
[[nodiscard]] Fields optional_fields(const nlohmann::json& object, const char* field);

/// `[{role, content}]`, oldest first.
[[nodiscard]] std::vector<Message> read_history(const nlohmann::json& array);

/// What is to be changed of an entry; what is not given stays.
struct FoodEdit {
  std::optional<std::vector<Food>> foods;
  std::optional<std::string> meal_type;
  std::optional<std::int64_t> timestamp;
  std::optional<std::string> notes;

  void apply(FoodEntry& entry) const;
};

/// The body of PATCH …/food/{entry_id}: at least one member. `null` removes notes, and is as good as
/// not given elsewhere.
[[nodiscard]] FoodEdit read_food_edit(const nlohmann::json& object);

/// The body of POST …/food. `timestamp` is `now` when it is not given.
[[nodiscard]] FoodEntry read_food_entry(const nlohmann::json& object, std::int64_t now);

}  // namespace health_agent::api

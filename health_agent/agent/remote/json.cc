#include "health_agent/agent/remote/json.h"

#include <algorithm>

#include "health_agent/agent/remote/utf8.h"

namespace health_agent::agent {
namespace {

using nlohmann::json;

bool is_deeper(std::string_view text, int most) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > most) return true;
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  return false;
}

}  // namespace

std::optional<json> parse_json(std::string_view text, int depth) {
  if (is_deeper(text, depth)) return std::nullopt;
  json value = json::parse(text, nullptr, false);
  if (value.is_discarded()) return std::nullopt;
  return value;
}

std::optional<json> parse_answer(std::string_view text) {
  return parse_json(mark_halves(text));
}

void join_halves(json& value) {
  if (value.is_string()) {
    auto& text = value.get_ref<std::string&>();
    HalfJoiner halves;
    text = halves.take(text);
    text += halves.end();
  } else if (value.is_structured()) {
    for (json& part : value)
      join_halves(part);
  }
}

std::string to_text(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

const json& member(const json& object, const char* name) {
  static const json null;
  if (!object.is_object()) return null;
  const auto found = object.find(name);
  return found == object.end() ? null : *found;
}

std::string_view string_member(const json& object, const char* name) {
  const json& value = member(object, name);
  return value.is_string() ? std::string_view{value.get_ref<const std::string&>()}
                           : std::string_view{};
}

std::int64_t count_member(const json& object, const char* name) {
  constexpr double kMost = 1e9;
  const json& value = member(object, name);
  if (!value.is_number()) return 0;
  const double number = value.get<double>();
  return number >= 0 && number <= kMost ? static_cast<std::int64_t>(number) : 0;
}

}  // namespace health_agent::agent

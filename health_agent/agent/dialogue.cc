#include "health_agent/agent/dialogue.h"

#include <algorithm>

#include "health_agent/agent/json.h"
#include "health_agent/agent/utf8.h"

namespace health_agent::agent {
namespace {

constexpr std::size_t kMaxErrorText = 300;

bool ends_in_version(std::string_view base) {
  const std::string_view last = base.substr(base.rfind('/') + 1);
  return last.size() >= 2 && last.front() == 'v' &&
         std::all_of(last.begin() + 1, last.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string versioned_url(std::string_view base, std::string_view path) {
  while (base.ends_with('/'))
    base.remove_suffix(1);
  return std::string{base} + (ends_in_version(base) ? "" : "/v1") + std::string{path};
}

std::string describe_error(int status, std::string_view body) {
  std::string text = status == 0 ? "" : "HTTP " + std::to_string(status) + " ";
  const auto parsed = parse_json(body);
  if (!parsed) return clean_text(text + std::string{body}, kMaxErrorText);
  const auto& error = member(*parsed, "error");
  const auto& detail = error.is_object() ? error : *parsed;
  std::string_view type = string_member(detail, "type");
  if (const auto code = string_member(detail, "code"); !code.empty()) type = code;
  std::string_view message = string_member(detail, "message");
  if (message.empty() && error.is_string()) message = error.get_ref<const std::string&>();
  if (message.empty()) message = string_member(*parsed, "detail");
  text.append(type).append(type.empty() ? "" : ": ").append(message);
  return clean_text(text, kMaxErrorText);
}

}  // namespace health_agent::agent

#include "health_agent/agent/remote/dialogue.h"

#include <algorithm>
#include <array>

#include "health_agent/agent/remote/json.h"
#include "health_agent/agent/remote/utf8.h"
#include "health_agent/log_text.h"
#include "vitals/base/ascii.h"

namespace health_agent::agent {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxErrorText = 300;

/// Names of errors that pass by themselves, of all vendors, in lower case.
constexpr std::array<std::string_view, 18> kPassing{"overloaded_error",
                                                    "api_error",
                                                    "rate_limit_error",
                                                    "rate_limit_exceeded",
                                                    "timeout_error",
                                                    "server_error",
                                                    "internal_error",
                                                    "internal_server_error",
                                                    "internalservererror",
                                                    "service_unavailable",
                                                    "service_unavailable_error",
                                                    "engine_overloaded",
                                                    "capacity_exceeded",
                                                    "tool_use_failed",
                                                    "internal",
                                                    "unavailable",
                                                    "resource_exhausted",
                                                    "deadline_exceeded"};

/// What errors of content filters have in them, of all vendors.
constexpr std::array<std::string_view, 8> kFiltered{
    "\"content_filter\"",     "ResponsibleAIPolicyViolation", "content management policy",
    "ContentPolicyViolation", "content_policy_violation",     "\"invalid_prompt\"",
    "PROHIBITED_CONTENT",     "content filtering policy"};

/// Errors that no moment mends, though their status says so.
constexpr std::array<std::string_view, 2> kLasting{"insufficient_quota", "billing_error"};

bool has_one_of(std::string_view text, std::span<const std::string_view> needles) {
  return std::any_of(needles.begin(), needles.end(), [text](std::string_view needle) {
    return text.find(needle) != std::string_view::npos;
  });
}

bool ends_in_version(std::string_view base) {
  const std::string_view last = base.substr(base.rfind('/') + 1);
  return last.size() >= 2 && last.front() == 'v' &&
         std::all_of(last.begin() + 1, last.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// A number, or a string that is one.
int number_of(const json& value) {
  if (value.is_number()) {
    const double number = value.get<double>();
    return number >= 0 && number < 1'000 ? static_cast<int>(number) : 0;
  }
  if (!value.is_string()) return 0;
  const auto& text = value.get_ref<const std::string&>();
  if (text.size() != 3 ||
      !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return 0;
  return std::stoi(text);
}

/// The words in a message, which is text, a list of faults with places, or either one level down.
std::string words_of(const json& value, int depth = 0) {
  constexpr std::size_t kMaxFaults = 3;
  if (depth > 8) return {};
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (text.starts_with('{') || text.starts_with('[')) {
      if (const auto inner = parse_json(text)) {
        if (std::string words = words_of(*inner, depth + 1); !words.empty()) return words;
      }
    }
    return text;
  }
  std::string words;
  if (value.is_array()) {
    for (std::size_t i = 0; i < value.size() && i < kMaxFaults; ++i) {
      const std::string more = words_of(value[i], depth + 1);
      if (!more.empty()) words += (words.empty() ? "" : "; ") + more;
    }
    return words;
  }
  if (!value.is_object()) return words;
  for (const char* name : {"message", "msg", "detail", "error", "Message"}) {
    words = words_of(member(value, name), depth + 1);
    if (!words.empty()) break;
  }
  std::string place;
  if (const json& where = member(value, "loc"); where.is_array()) {
    for (const json& step : where)
      place +=
          (place.empty() ? "" : ".") + (step.is_string() ? step.get<std::string>() : to_text(step));
  }
  return place.empty() ? words : place + ": " + words;
}

std::string_view without_end(std::string_view base) {
  while (base.ends_with('/'))
    base.remove_suffix(1);
  return base;
}

/// The host of a URL, without its port, in lower case.
std::string host_of(std::string_view url) {
  if (const std::size_t scheme = url.find("://"); scheme != std::string_view::npos)
    url.remove_prefix(scheme + 3);
  return vitals::base::lower(url.substr(0, url.find_first_of(":/?")));
}

}  // namespace

bool takes_api_key_header(std::string_view base_url) {
  const std::string host = host_of(base_url);
  return host.ends_with(".openai.azure.com") || host.ends_with(".services.ai.azure.com") ||
         host.ends_with(".cognitiveservices.azure.com") ||
         base_url.find("api-version=") != base_url.npos;
}

bool may_lack_key(std::string_view base_url) {
  const std::string host = host_of(base_url);
  return host != "api.openai.com" && host != "api.anthropic.com";
}

std::string versioned_url(std::string_view base, std::string_view path) {
  base = without_end(base);
  return std::string{base} + (ends_in_version(base) ? "" : "/v1") + std::string{path};
}

std::string completions_url(std::string_view base, std::string_view model) {
  constexpr std::string_view kPath = "/chat/completions";
  const std::size_t query_at = std::min(base.find('?'), base.size());
  const std::string_view query = base.substr(query_at);
  const bool azure = takes_api_key_header(base);
  base = without_end(base.substr(0, query_at));
  std::string url{base};
  const std::size_t scheme = base.find("://");
  const bool has_path = base.find('/', scheme == base.npos ? 0 : scheme + 3) != base.npos;
  if (!has_path && azure && !query.empty()) {
    url += "/openai/deployments/" + std::string{model};
  } else if (!has_path) {
    url += azure ? "/openai/v1" : "/v1";
  }
  if (!url.ends_with(kPath)) url += kPath;
  return url.append(query);
}

VendorFailure failure_of(int status, std::string_view body) {
  VendorFailure failure;
  failure.refuses = has_one_of(body, kFiltered) && (status == 0 || (status >= 400 && status < 500));
  std::string text = status == 0 ? "" : "HTTP " + std::to_string(status) + " ";
  auto parsed = parse_answer(body);
  if (!parsed || !parsed->is_structured() || parsed->empty()) {
    failure.what = printable(clean_text(text + std::string{body}, kMaxErrorText));
    failure.passes = status == 498;
    return failure;
  }
  join_halves(*parsed);
  const json root = parsed->is_array() ? (*parsed)[0] : std::move(*parsed);  // Gemini has a list
  const json& error = member(root, "error");
  const json& detail = error.is_object() ? error : root;
  std::string name{string_member(detail, "type")};
  int number = 0;
  for (const char* field : {"code", "status", "status_code"}) {
    const json& value = member(detail, field);
    const int here = number_of(value);
    if (number == 0) number = here;
    if (value.is_string() && here == 0 && string_member(detail, field) != "None" &&
        (name.empty() || std::string_view{field} == "code"))
      name = string_member(detail, field);
  }
  if (name == "None" || name == "error") name.clear();
  if (name.empty() && status == 0 && number != 0) name = std::to_string(number);
  std::string message = words_of(root);
  if (error.is_object()) message = words_of(error);
  // OpenRouter: what the provider behind it said.
  if (const std::string raw = words_of(member(member(error, "metadata"), "raw")); !raw.empty())
    message += " (" + raw + ")";
  text.append(name).append(name.empty() || message.empty() ? "" : ": ").append(message);
  failure.what = printable(clean_text(text, kMaxErrorText));

  const int means = status == 0 ? number : status;
  const auto passing = [](std::string_view what) {
    return std::find(kPassing.begin(), kPassing.end(), vitals::base::lower(what)) != kPassing.end();
  };
  const bool named = passing(name) || passing(string_member(detail, "type")) ||
                     passing(string_member(detail, "status"));
  failure.passes = !has_one_of(body, kLasting) && !failure.refuses &&
                   (status == 0 ? named || means == 408 || means == 429 || means >= 498
                                : status == 498 || (status == 400 && name == "tool_use_failed"));
  return failure;
}

std::string describe_error(int status, std::string_view body) {
  return failure_of(status, body).what;
}

}  // namespace health_agent::agent

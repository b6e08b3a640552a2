#include "health_agent/api/admission.h"

#include <algorithm>
#include <utility>

#include "health_agent/constant_time.h"
#include "health_agent/errors.h"

namespace health_agent::api {
namespace {

std::string_view bearer_token(std::string_view authorization) noexcept {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() <= kScheme.size()) return {};
  for (std::size_t i = 0; i < kScheme.size(); ++i) {
    const char c = authorization[i];
    if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != kScheme[i]) return {};
  }
  return authorization.substr(kScheme.size());
}

}  // namespace

Admission::Admission(std::vector<std::string> keys, std::vector<std::string> cors_origins,
                     int rate_limit_per_minute)
    : keys_(std::move(keys)),
      cors_origins_(std::move(cors_origins)),
      limit_(rate_limit_per_minute) {}

void Admission::check(const Request& request) {
  bool open = false;
  {
    const std::lock_guard lock{mutex_};
    open = keys_.empty();
  }
  const std::string_view token =
      open ? std::string_view{} : bearer_token(request.header("Authorization"));
  const bool known = !token.empty() && is_key(token);
  if (const int seconds = limit_.take(known ? token : request.remote_address); seconds > 0) {
    throw RateLimitError(
        "the rate limit is used up; try again in " + std::to_string(seconds) + " s", seconds);
  }
  if (!open && !known) {
    throw AuthenticationError(token.empty() ? "the request has no Authorization: Bearer header"
                                            : "the API key is not known");
  }
}

bool Admission::is_key(std::string_view key) const {
  const std::lock_guard lock{mutex_};
  bool known = false;
  for (const std::string& candidate : keys_)
    known |= equal_in_constant_time(key, candidate);
  return known;
}

std::vector<std::pair<std::string, std::string>> Admission::cors_headers(
    std::string_view origin) const {
  if (origin.empty()) return {};
  const bool listed = std::any_of(
      cors_origins_.begin(), cors_origins_.end(),
      [origin](const std::string& allowed) { return allowed == "*" || allowed == origin; });
  if (!listed) return {{"Vary", "Origin"}};
  return {{"Access-Control-Allow-Origin", std::string{origin}},
          {"Access-Control-Expose-Headers", "X-Request-ID, X-Trace-ID, Retry-After"},
          {"Vary", "Origin"}};
}

void Admission::set_keys(std::vector<std::string> keys) {
  const std::lock_guard lock{mutex_};
  keys_ = std::move(keys);
}

}  // namespace health_agent::api

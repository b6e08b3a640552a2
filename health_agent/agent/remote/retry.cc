#include "health_agent/agent/remote/retry.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <string_view>

#include "health_agent/time.h"

namespace health_agent::agent {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstWait{500};
constexpr milliseconds kLongestWait{8'000};
constexpr double kDayMs = 86'400'000;

std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

milliseconds bounded(double ms) {
  return milliseconds{static_cast<std::int64_t>(std::ceil(std::clamp(ms, 0.0, kDayMs)))};
}

/// `6m0s`, `1.5s`, `20ms`: OpenAI's spelling of a time to wait.
std::optional<double> duration_ms(std::string_view text) {
  double sum = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    const std::size_t unit_at = text.find_first_not_of("0123456789.");
    if (unit_at == std::string_view::npos) return std::nullopt;
    const auto value = number(text.substr(0, unit_at));
    text.remove_prefix(unit_at);
    const std::size_t unit_end = std::min(text.find_first_of("0123456789."), text.size());
    const std::string_view unit = text.substr(0, unit_end);
    text.remove_prefix(unit_end);
    const double scale = unit == "ms"  ? 1
                         : unit == "s" ? 1'000
                         : unit == "m" ? 60'000
                         : unit == "h" ? 3'600'000
                                       : -1;
    if (!value || scale < 0) return std::nullopt;
    sum += *value * scale;
  }
  return sum;
}

std::optional<milliseconds> spent_limit(const HttpAnswer& answer, std::int64_t unix_now) {
  std::optional<milliseconds> longest;
  const auto take = [&](double ms) {
    longest = std::max(longest.value_or(milliseconds{0}), bounded(ms));
  };
  for (const char* what : {"requests", "tokens"}) {
    const std::string name{what};
    if (answer.header("x-ratelimit-remaining-" + name) != "0") continue;
    if (const auto ms = duration_ms(answer.header("x-ratelimit-reset-" + name))) take(*ms);
  }
  for (const char* what : {"requests", "tokens", "input-tokens", "output-tokens"}) {
    const std::string name = "anthropic-ratelimit-" + std::string{what};
    if (answer.header(name + "-remaining") != "0") continue;
    if (const auto at = parse_timestamp(answer.header(name + "-reset")))
      take(static_cast<double>(*at - unix_now) * 1'000);
  }
  return longest;
}

}  // namespace

bool may_do_better(const HttpAnswer& answer) {
  if (const std::string_view said = answer.header("x-should-retry"); !said.empty())
    return said == "true";
  if (answer.status == 429) return answer.body.find("insufficient_quota") == std::string::npos;
  return answer.status == 408 || answer.status >= 500;
}

std::optional<milliseconds> asked_wait(const HttpAnswer& answer, std::int64_t unix_now) {
  if (const auto ms = number(answer.header("retry-after-ms")); ms && *ms >= 0) return bounded(*ms);
  if (const std::string_view after = answer.header("retry-after"); !after.empty()) {
    if (const auto seconds = number(after)) {
      if (*seconds >= 0) return bounded(*seconds * 1'000);
    } else if (const std::time_t at = curl_getdate(std::string{after}.c_str(), nullptr); at >= 0) {
      return bounded(static_cast<double>(at - unix_now) * 1'000);
    }
  }
  return answer.status == 429 ? spent_limit(answer, unix_now) : std::nullopt;
}

milliseconds wait_before_retry(int attempt, double random, std::optional<milliseconds> asked) {
  const int doublings = std::clamp(attempt - 1, 0, 10);
  const auto most = std::min(kFirstWait * (1 << doublings), kLongestWait);
  const milliseconds jitter{static_cast<std::int64_t>(static_cast<double>(most.count()) * random)};
  return asked.value_or(milliseconds{0}) + jitter;
}

}  // namespace health_agent::agent

#include "delivery/retry_after.h"

#include <time.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>

#include "vitals/base/ascii.h"

namespace vitals::delivery::detail {

std::optional<std::chrono::milliseconds> parse_seconds(std::string_view text) noexcept {
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range && text.front() != '-') return kLongestRetryAfter;
  if (error != std::errc{} || std::isnan(seconds) || seconds < 0) return std::nullopt;
  const double capped = std::min(seconds, static_cast<double>(kLongestRetryAfter.count()));
  return std::chrono::milliseconds{static_cast<std::int64_t>(capped * 1000)};
}

std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view text) {
  if (const auto seconds = parse_seconds(base::trim(text))) return seconds;
  const std::string date{base::trim(text)};
  tm parts{};
  const char* const end = strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  // In whole seconds: the clock's nanoseconds do not reach as far as a date may.
  const time_t wait = timegm(&parts) - time(nullptr);
  return std::chrono::seconds{std::clamp<time_t>(wait, 0, kLongestRetryAfter.count())};
}

}  // namespace vitals::delivery::detail

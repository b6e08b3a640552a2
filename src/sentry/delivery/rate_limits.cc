#include "sentry/delivery/rate_limits.h"

#include <time.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>

#include "vitals/base/ascii.h"

namespace vitals::sentry::detail {
namespace {

constexpr std::chrono::seconds kMaxLimit{24 * 3600};
constexpr std::chrono::seconds kDefaultLimit{60};

std::string_view take_until(std::string_view& text, char separator) noexcept {
  const std::size_t end = text.find(separator);
  const std::string_view part = base::trim(text.substr(0, end));
  text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  return part;
}

std::optional<std::chrono::milliseconds> parse_seconds(std::string_view text) noexcept {
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (text.empty() || end != text.data() + text.size()) return std::nullopt;
  if (error == std::errc::result_out_of_range && text.front() != '-') return kMaxLimit;
  if (error != std::errc{} || std::isnan(seconds) || seconds < 0) return std::nullopt;
  const double capped = std::min(seconds, static_cast<double>(kMaxLimit.count()));
  return std::chrono::milliseconds{static_cast<std::int64_t>(capped * 1000)};
}

/// `Retry-After` is a number of seconds or an HTTP date.
std::chrono::milliseconds parse_retry_after(std::string_view text) {
  if (const auto seconds = parse_seconds(base::trim(text))) return *seconds;
  const std::string date{base::trim(text)};
  tm parts{};
  const char* const end = strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return kDefaultLimit;
  // In whole seconds: the clock's nanoseconds do not reach as far as a date may.
  const time_t wait = timegm(&parts) - time(nullptr);
  return std::chrono::seconds{std::clamp<time_t>(wait, 0, kMaxLimit.count())};
}

}  // namespace

void RateLimits::update(int status, std::string_view rate_limits, std::string_view retry_after,
                        Time now) {
  if (base::trim(rate_limits).empty()) {
    if (status == 429) limit({}, now + parse_retry_after(retry_after));
    return;
  }
  while (!rate_limits.empty()) {
    std::string_view entry = take_until(rate_limits, ',');
    const auto seconds = parse_seconds(take_until(entry, ':'));
    std::string_view categories = take_until(entry, ':');
    if (!seconds) continue;
    if (categories.empty()) limit({}, now + *seconds);
    while (!categories.empty()) {
      const std::string_view category = take_until(categories, ';');
      if (!category.empty()) limit(category, now + *seconds);
    }
  }
}

void RateLimits::limit(std::string_view category, Time until) noexcept {
  if (category == "default") category = to_string(Category::kError);
  for (std::size_t i = 0; i < kCategories; ++i) {
    if (!category.empty() && category != to_string(static_cast<Category>(i))) continue;
    Time held = until_[i].load(std::memory_order_relaxed);
    while (held < until &&
           !until_[i].compare_exchange_weak(held, until, std::memory_order_relaxed)) {
    }
  }
}

}  // namespace vitals::sentry::detail

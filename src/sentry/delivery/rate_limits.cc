#include "sentry/delivery/rate_limits.h"

#include "delivery/retry_after.h"
#include "vitals/base/ascii.h"

namespace vitals::sentry::detail {
namespace {

constexpr std::chrono::seconds kDefaultLimit{60};

std::string_view take_until(std::string_view& text, char separator) noexcept {
  const std::size_t end = text.find(separator);
  const std::string_view part = base::trim(text.substr(0, end));
  text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
  return part;
}

}  // namespace

void RateLimits::update(int status, std::string_view rate_limits, std::string_view retry_after,
                        Time now) {
  if (base::trim(rate_limits).empty()) {
    if (status == 429)
      limit({}, now + delivery::detail::parse_retry_after(retry_after).value_or(kDefaultLimit));
    return;
  }
  while (!rate_limits.empty()) {
    std::string_view entry = take_until(rate_limits, ',');
    const auto seconds = delivery::detail::parse_seconds(take_until(entry, ':'));
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

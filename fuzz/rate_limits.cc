// X-Sentry-Rate-Limits and Retry-After of any bytes: at most a day, never shorter than before, and
// nothing from an answer that says nothing.

#include "sentry/delivery/rate_limits.h"

#include <array>

#include "fuzz/require.h"

namespace {

using vitals::sentry::Category;
using vitals::sentry::kCategories;
using vitals::sentry::detail::RateLimits;

constexpr std::array<std::chrono::hours, 3> kLater{std::chrono::hours{0}, std::chrono::hours{1},
                                                   std::chrono::hours{23}};
using Picture = std::array<bool, kCategories * kLater.size()>;

Picture picture_of(const RateLimits& limits, RateLimits::Time now) {
  Picture picture{};
  for (std::size_t i = 0; i < picture.size(); ++i) {
    picture[i] =
        limits.limited(static_cast<Category>(i % kCategories), now + kLater[i / kCategories]);
  }
  return picture;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using vitals::fuzz::require;
  std::string_view input = vitals::fuzz::text_of(data, size);
  const int status = input.empty() || input.front() % 2 == 0 ? 200 : 429;
  const std::string_view first = vitals::fuzz::take_part(input);
  const std::string_view second = vitals::fuzz::take_part(input);
  const auto now = std::chrono::steady_clock::now();
  RateLimits limits;
  limits.update(status, first, second, now);
  const Picture after_first = picture_of(limits, now);
  limits.update(200, {}, second, now);
  require(picture_of(limits, now) == after_first);
  limits.update(429, input, first, now);
  const Picture after_all = picture_of(limits, now);
  for (std::size_t i = 0; i < after_all.size(); ++i)
    require(after_all[i] || !after_first[i]);
  for (std::size_t i = 0; i < kCategories; ++i) {
    require(!limits.limited(static_cast<Category>(i),
                            now + std::chrono::hours{24} + std::chrono::milliseconds{1}));
  }
  return 0;
}

#include "sentry/delivery/reports.h"

#include "sentry/json_writer.h"

namespace vitals::sentry::detail {
namespace {

constexpr std::size_t kMaxReport = 4096;
constexpr std::size_t kLongestEntry = 128;

}  // namespace

std::string_view reason_of(Cause cause) noexcept {
  switch (cause) {
    case Cause::kSent:
    case Cause::kAnswered429:
      break;
    case Cause::kSampleRate:
      return "sample_rate";
    case Cause::kBackpressure:
      return "backpressure";
    case Cause::kLimited:
      return "ratelimit_backoff";
    case Cause::kQueueOverflow:
      return "queue_overflow";
    case Cause::kNetworkError:
      return "network_error";
    case Cause::kSendError:
    case Cause::kRefusedAsTooLarge:
      return "send_error";
    case Cause::kCacheOverflow:
      return "cache_overflow";
    case Cause::kInternalError:
    case Cause::kTooLarge:
      return "internal_sdk_error";
    case Cause::kBeforeSend:
      return "before_send";
    case Cause::kEventProcessor:
      return "event_processor";
  }
  return {};
}

Reports::Reports() noexcept {
  for (std::size_t category = 0; category < kCategories; ++category) {
    for (std::size_t cause = 0; cause < kCauses; ++cause) {
      told_[category][cause] = counted(static_cast<Category>(category), static_cast<Cause>(cause));
    }
  }
}

std::optional<Report> Reports::take(Timestamp now) {
  const std::lock_guard hold{mutex_};
  Report report;
  bool any = false;
  JsonWriter writer{report.payload};
  writer.begin_object().key("timestamp").timestamp(now);
  writer.key("discarded_events").begin_array();
  for (std::size_t c = 0; c < kCategories; ++c) {
    for (std::size_t i = 0; i < kCauses; ++i) {
      const auto category = static_cast<Category>(c);
      const auto cause = static_cast<Cause>(i);
      const std::string_view reason = reason_of(cause);
      if (reason.empty() || report.payload.size() + kLongestEntry > kMaxReport) continue;
      const std::uint64_t quantity = counted(category, cause) - told_[c][i];
      if (quantity == 0) continue;
      report.told[c][i] = quantity;
      any = true;
      writer.begin_object().member("reason", reason).member("category", category_name(category));
      writer.key("quantity").unsigned_integer(quantity).end_object();
    }
  }
  if (!any) return std::nullopt;
  writer.end_array().end_object();
  // Only now: what throws before has told nothing.
  for (std::size_t c = 0; c < kCategories; ++c) {
    for (std::size_t i = 0; i < kCauses; ++i)
      told_[c][i] += report.told[c][i];
  }
  return report;
}

void Reports::put_back(const Report& report) noexcept {
  const std::lock_guard hold{mutex_};
  for (std::size_t c = 0; c < kCategories; ++c) {
    for (std::size_t i = 0; i < kCauses; ++i)
      told_[c][i] -= report.told[c][i];
  }
}

}  // namespace vitals::sentry::detail

#include "sentry/delivery/reports.h"

#include "base/json_writer.h"

namespace vitals::sentry::detail {
namespace {

constexpr std::size_t kMaxReport = 4096;
constexpr std::size_t kLongestEntry = 128;

/// The protocol's name of what is counted in a row of Quantities; empty: it is told otherwise.
std::string_view category_of(std::size_t row) noexcept {
  if (row == kCategories + static_cast<std::size_t>(Bulk::kLog)) return "log_byte";
  if (row == kCategories + static_cast<std::size_t>(Bulk::kTraceMetric)) return "trace_metric_byte";
  // Attachments are told by their bytes, and not by their number.
  if (row == kCategories + static_cast<std::size_t>(Bulk::kAttachment)) return "attachment";
  const auto category = static_cast<Category>(row);
  return category == Category::kAttachment ? std::string_view{} : to_string(category);
}

std::uint64_t count_of(std::size_t row, Cause cause) noexcept {
  return row < kCategories ? counted(static_cast<Category>(row), cause)
                           : counted_bytes(static_cast<Bulk>(row - kCategories), cause);
}

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
    case Cause::kBufferOverflow:
      return "buffer_overflow";
  }
  return {};
}

Reports::Reports() noexcept {
  for (std::size_t row = 0; row < told_.size(); ++row) {
    for (std::size_t cause = 0; cause < kCauses; ++cause)
      told_[row][cause] = count_of(row, static_cast<Cause>(cause));
  }
}

std::optional<Report> Reports::take(Timestamp now) {
  const std::lock_guard hold{mutex_};
  Report report;
  bool any = false;
  base::JsonWriter writer{report.payload};
  writer.begin_object().key("timestamp").timestamp(now);
  writer.key("discarded_events").begin_array();
  for (std::size_t c = 0; c < told_.size(); ++c) {
    const std::string_view category = category_of(c);
    for (std::size_t i = 0; i < kCauses && !category.empty(); ++i) {
      const auto cause = static_cast<Cause>(i);
      const std::string_view reason = reason_of(cause);
      if (reason.empty() || report.payload.size() + kLongestEntry > kMaxReport) continue;
      const std::uint64_t counted = count_of(c, cause);
      if (counted <= told_[c][i]) continue;
      const std::uint64_t quantity = counted - told_[c][i];
      report.told[c][i] = quantity;
      any = true;
      writer.begin_object().member("reason", reason).member("category", category);
      writer.key("quantity").unsigned_integer(quantity).end_object();
    }
  }
  if (!any) return std::nullopt;
  writer.end_array().end_object();
  // Only now: what throws before has told nothing.
  for (std::size_t c = 0; c < told_.size(); ++c) {
    for (std::size_t i = 0; i < kCauses; ++i)
      told_[c][i] += report.told[c][i];
  }
  return report;
}

void Reports::put_back(const Report& report) noexcept {
  const std::lock_guard hold{mutex_};
  for (std::size_t c = 0; c < told_.size(); ++c) {
    for (std::size_t i = 0; i < kCauses; ++i)
      told_[c][i] -= report.told[c][i];
  }
}

}  // namespace vitals::sentry::detail

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sentry/context_names.h"
#include "sentry/items/batch.h"
#include "vitals/sentry/log.h"
#include "vitals/sentry/options.h"

namespace vitals::sentry::detail {

inline constexpr std::size_t kMaxLogsWaiting = 1000;  // Sentry allows no more
inline constexpr std::size_t kMaxLogBytesWaiting = 4'000'000;
inline constexpr std::uint32_t kMaxLogBatch = 100;  // the same
inline constexpr std::uint32_t kMaxLogBytes = 16 * 1024;

/// A line as it was written, in one piece of memory.
struct LogItem {
  LogLevel level = LogLevel::kInfo;
  std::uint32_t body_size = 0;
  std::int64_t timestamp = 0;
  TraceId trace_id;
  SpanId span_id;
  InlineBytes<432> bytes;  // the text, then the attributes as records

  [[nodiscard]] std::size_t cost() const noexcept { return sizeof *this + bytes.capacity(); }
};

/// Takes lines from any thread, and makes items of up to 100 of them.
class LogSource final : public BatchSource<LogItem> {
 public:
  /// `options` must outlive it.
  explicit LogSource(const Options& options);

  /// Takes the line, or counts it as lost. Threads: any.
  void add(LogLevel level, std::string_view text, std::span<const FieldView> attributes,
           std::int64_t timestamp, const TraceId& trace_id = {},
           const SpanId& span_id = {}) noexcept;

 private:
  [[nodiscard]] std::optional<Cause> write(const LogItem& line, std::string& out) override;

  const Options& options_;
  const std::string attributes_;  // JSON members that every line has
};

}  // namespace vitals::sentry::detail

#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "delivery/bounded_queue.h"
#include "sentry/context_names.h"
#include "sentry/items.h"
#include "vitals/sentry/log.h"
#include "vitals/sentry/options.h"

namespace vitals::sentry::detail {

inline constexpr std::size_t kMaxLogsWaiting = 1000;  // Sentry allows no more
inline constexpr std::size_t kMaxLogBytesWaiting = 4'000'000;
inline constexpr std::size_t kMaxLogBatch = 100;  // the same
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

/// Takes lines from any thread by a lock-free queue, and makes items of up to 100 of them.
class LogSource final : public delivery::detail::Source {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// `options` must outlive it.
  explicit LogSource(const Options& options);
  /// Counts as lost what nobody has taken.
  ~LogSource() override;

  /// Takes the line, or counts it as lost. Threads: any.
  void add(LogLevel level, std::string_view text, std::span<const FieldView> attributes,
           std::int64_t timestamp, const TraceId& trace_id = {},
           const SpanId& span_id = {}) noexcept;

  [[nodiscard]] std::unique_ptr<delivery::detail::Cargo> take(Time now,
                                                              bool everything) noexcept override;

 private:
  void append(const LogItem& line);
  [[nodiscard]] std::unique_ptr<ReadyItem> finish() noexcept;

  const Options& options_;
  const std::string attributes_;  // JSON members that every line has
  delivery::detail::BoundedQueue<LogItem> queue_;
  std::atomic<std::size_t> waiting_{0};
  std::atomic<std::size_t> bytes_{0};

  std::mutex taking_;  // of the client's two threads, never of who writes a line
  std::string batch_;  // lines as JSON, with commas between
  std::uint32_t batch_count_ = 0;
  Time due_{};
};

}  // namespace vitals::sentry::detail

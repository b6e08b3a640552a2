#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "context/records.h"
#include "delivery/bounded_queue.h"
#include "otlp/policy.h"
#include "otlp/room.h"
#include "vitals/context/ids.h"
#include "vitals/context/log.h"
#include "vitals/otlp/options.h"

namespace vitals::otlp::detail {

/// What a log record may hold, its attributes among it.
inline constexpr std::uint32_t kMaxLogBytes = 16 * 1024;

/// A log record on its way.
struct LogItem {
  std::int64_t timestamp = 0;
  std::int64_t observed = 0;
  context::LogLevel level = context::LogLevel::kInfo;
  bool sampled = false;
  bool exception = false;  // was captured outside of every recorded span
  context::TraceId trace_id{};
  context::SpanId span_id{};
  std::uint32_t body_size = 0;
  context::detail::InlineBytes<512> bytes;  // the body, then the attributes as records

  [[nodiscard]] std::size_t cost() const noexcept {
    const bool outside = bytes.capacity() > 512;
    return sizeof *this + (outside ? bytes.capacity() : 0);
  }
};

/// Takes log records and gives them in batches. A batch is due when it is full, or when its first
/// record has waited long enough. Bounded by number and bytes, those in batches that are not sent
/// yet among them; what does not fit is counted. Threads: any; add() takes no lock.
class LogSource final : public delivery::detail::Source {
 public:
  /// `full` is called when there is enough for a request. The options must outlive it.
  LogSource(const SignalOptions& options, std::function<void()> full);
  ~LogSource() override;

  /// Null: there is no memory for it.
  void add(std::unique_ptr<LogItem> item) noexcept;
  [[nodiscard]] std::unique_ptr<delivery::detail::Cargo> take(Time now,
                                                              bool everything) noexcept override;
  [[nodiscard]] Time next_ask(Time now) noexcept override;

 private:
  [[nodiscard]] std::unique_ptr<delivery::detail::Cargo> gather() noexcept;

  const SignalOptions& options_;
  const std::function<void()> full_;
  delivery::detail::BoundedQueue<LogItem> queue_;
  const std::shared_ptr<Room> room_;
  std::atomic<std::size_t> waiting_{0};  // records that are in no batch yet

  std::mutex taking_;  // of the sending threads, never of one that adds
  Time due_;           // what waits is sent then, however little it is
};

}  // namespace vitals::otlp::detail

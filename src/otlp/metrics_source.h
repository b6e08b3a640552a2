#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "otlp/encode/metrics.h"
#include "otlp/policy.h"
#include "vitals/otlp/options.h"

namespace vitals::otlp::detail {

/// Reads the registries every Options::metrics_interval, on the thread that sends, and gives what it
/// read as requests of up to 10,000 points. A flush reads them once more. Threads: as a source's.
class MetricsSource final : public delivery::detail::Source {
 public:
  /// The options must outlive it.
  explicit MetricsSource(const Options& options);

  /// Reads them a last time. Threads: any.
  void close() noexcept;
  [[nodiscard]] std::unique_ptr<delivery::detail::Cargo> take(Time now,
                                                              bool everything) noexcept override;
  [[nodiscard]] Time next_ask(Time now) noexcept override;

 private:
  struct Page {
    std::string text;
    std::uint32_t points = 0;
  };
  void read() noexcept;
  template <class Message>
  void read_as(const ReadingTimes& times);

  const Options& options_;
  const std::string resource_;
  const std::uint64_t start_;  // nanoseconds since 1970

  std::mutex taking_;  // of the sending threads
  Time due_;
  std::uint64_t before_ = 0;  // the reading before
  SentBefore sent_;
  std::deque<Page> pages_;       // of a reading, which are not handed over yet
  bool read_for_round_ = false;  // everything is being asked for, and was read for that
  bool closed_ = false;
};

}  // namespace vitals::otlp::detail

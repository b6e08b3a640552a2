#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "otlp/encode/message.h"
#include "otlp/encode/request.h"
#include "vitals/metrics/sample_sink.h"
#include "vitals/otlp/options.h"

namespace vitals::otlp::detail {

/// What was sent last of each series, for Temporality::kDelta. Threads: one at a time.
class SentBefore {
 public:
  using Bucket = metrics::NativeView::Bucket;
  struct Series {
    double created = 0;                   // as SeriesInfo has it
    double value = 0;                     // of a counter, or the sum of a histogram
    std::vector<std::uint64_t> counts{};  // of a histogram's buckets
    std::vector<Bucket> positive{};       // of a native one's
    std::vector<Bucket> negative{};
    std::uint64_t zero_count = 0;
    std::int32_t schema = 0;
    double zero_threshold = 0;
    std::uint64_t reading = 0;  // the last one that it was seen in
  };

  void begin_reading() noexcept { ++reading_; }
  /// All zero where it is new, also where one of the same labels was there before it. `before` is the
  /// time of the former reading, in nanoseconds since 1970. Throws std::bad_alloc.
  [[nodiscard]] Series& of(std::string_view family, const metrics::SeriesInfo& series,
                           std::uint64_t before);
  /// Forgets what this reading has not seen.
  void end_reading() noexcept;

 private:
  std::uint64_t reading_ = 0;
  std::unordered_map<std::string, Series> series_;
  std::string key_;
};

/// When points were read, in nanoseconds since 1970.
struct ReadingTimes {
  std::uint64_t now = 0;
  std::uint64_t before = 0;  ///< the reading before this one, else the client's start
  std::uint64_t start = 0;   ///< the client's, where a series does not say when it began
};

/// Writes the families of a registry as metrics. A request has so many points at most; what is past
/// it goes into the next. Source: opentelemetry/proto/metrics/v1/metrics.proto; OpenTelemetry,
/// "Prometheus and OpenMetrics Compatibility". Threads: one.
template <class Message>
class MetricsEncoder final : public metrics::SampleSink {
 public:
  struct Page {
    std::string text;
    std::uint32_t points = 0;
  };

  /// `before` is null for Temporality::kCumulative. All must outlive it.
  MetricsEncoder(std::string_view resource, const ReadingTimes& times, SentBefore* before,
                 bool exponential, std::size_t most_points)
      : resource_(resource),
        times_(times),
        before_(before),
        exponential_(exponential),
        most_points_(most_points) {}

  void begin_family(const metrics::FamilyInfo& family) override;
  void counter(const metrics::SeriesInfo& series, const metrics::CounterView& value) override;
  void gauge(const metrics::SeriesInfo& series, double value) override;
  void histogram(const metrics::SeriesInfo& series, const metrics::HistogramView& value) override;
  void summary(const metrics::SeriesInfo& series, const metrics::SummaryView& value) override;

  /// The requests, which may be none. Call it once, at the end.
  [[nodiscard]] std::vector<Page> finish();

 private:
  /// What a family's points are gathered as.
  enum class Shape : std::uint8_t { kNone, kGauge, kSum, kHistogram, kExponential, kSummary };

  template <class Write>
  void add_point(Shape shape, Write write);
  void end_metric();
  void end_page();
  void write_attributes(Message& point, unsigned field, std::string_view labels);
  void write_times(Message& point, const metrics::SeriesInfo& series);
  [[nodiscard]] std::uint64_t start_of(const metrics::SeriesInfo& series) const noexcept;
  void write_exemplar(typename Message::List& list, const metrics::ExemplarView& exemplar);
  void explicit_histogram(const metrics::SeriesInfo& series, const metrics::HistogramView& value);
  void exponential_histogram(const metrics::SeriesInfo& series,
                             const metrics::HistogramView& value);
  void write_side(Message& point, Field field,
                  const std::vector<metrics::NativeView::Bucket>& side);

  const std::string_view resource_;
  const ReadingTimes& times_;
  SentBefore* const before_;
  const bool exponential_;
  const std::size_t most_points_;

  std::string name_;
  std::string help_;
  std::string unit_;
  metrics::MetricType type_{};
  Shape shape_ = Shape::kNone;  // of what `points_` holds
  std::string points_;          // of the current family, as elements of a list
  std::string metrics_;         // of the current page, the same
  std::uint32_t page_points_ = 0;
  std::vector<Page> pages_;
  // Kept for their memory.
  std::vector<std::uint64_t> counts_;
  std::vector<double> bounds_;
};

}  // namespace vitals::otlp::detail

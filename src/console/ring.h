#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "vitals/metrics/sample_sink.h"

namespace vitals::metrics {
class Registry;
}

namespace vitals::console::detail {

/// Which of the two histories: 15 minutes by the second, or 24 hours by the minute.
enum class Window : std::uint8_t { kQuarterHour, kDay };

inline constexpr std::size_t kSecondRows = 900;
inline constexpr std::size_t kMinuteRows = 1440;
inline constexpr std::size_t kRows = kSecondRows + kMinuteRows;
/// Where a histogram has native buckets too, they halve its first bucket so often: a service that
/// answers within a few milliseconds is all in that one, and its quantiles would be inventions.
inline constexpr std::size_t kSplits = 6;

/// One series with its history. A counter's rows hold how much it grew, a gauge's what it was
/// (a minute's: the mean), a histogram's how much each bucket grew.
class RingSeries {
 public:
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& labels() const noexcept {
    return decoded_;
  }
  /// The value of a label; empty where it has none of that name.
  [[nodiscard]] std::string_view label(std::string_view name) const noexcept;
  /// Of a counter or gauge; NaN where a gauge was not there.
  [[nodiscard]] float scalar(std::size_t row) const noexcept;
  /// Of a histogram.
  [[nodiscard]] std::uint32_t bucket(std::size_t row, std::size_t column) const noexcept;
  /// A counter's or gauge's reading at the last sample; a histogram's count.
  [[nodiscard]] double last() const noexcept { return last_; }

 private:
  friend class Ring;

  std::string text_;  // the labels as rendered
  std::vector<std::pair<std::string, std::string>> decoded_;
  std::unique_ptr<std::uint16_t[]> cells_;   // kRows rows of `width` cells
  std::unique_ptr<std::uint64_t[]> counts_;  // a histogram's buckets at the last sample
  std::unique_ptr<std::uint32_t[]> minute_;  // what they grew in the minute that runs
  double last_ = 0;
  double minute_sum_ = 0;  // of a counter's growth, or a gauge's readings
  std::uint32_t minute_readings_ = 0;
  std::uint32_t width_ = 0;  // in cells: 2 for a float, else one a bucket
  std::uint64_t seen_ = 0;   // the pass that saw it last
};

/// A metric with its series, in the order in which they came.
struct RingFamily {
  std::string name;
  metrics::MetricType type = metrics::MetricType::kGauge;
  std::vector<double> bounds;  // of a histogram: its own, below them those that kSplits made
  std::size_t splits = 0;      // how many of them
  std::vector<std::unique_ptr<RingSeries>> series;
  std::unordered_map<std::string_view, RingSeries*> by_text;
  std::size_t cursor = 0;  // where the next sample of a pass is looked for first
};

struct RingCounts {
  std::size_t series = 0;    ///< kept
  std::size_t not_kept = 0;  ///< of the last sample, for want of room
  std::size_t bytes = 0;
  double seconds = 0;  ///< that the last sample took
};

/// The registry's recent past in a fixed budget of memory. Every second one pass over the registry
/// appends a row; nothing is computed before somebody asks.
///
/// Past its budget a new series takes the place of the one that has been gone the longest; where
/// all are still there it is not kept, and counted. Threads: sample() from one; readers hold lock()
/// while they read.
class Ring final : private metrics::SampleSink {
 public:
  explicit Ring(std::size_t budget_bytes);

  /// Takes one sample. `time` is in seconds since 1970 and never runs backwards; a second that was
  /// sampled already is left alone, one that was missed stays a gap.
  void sample(const metrics::Registry& registry, double time);

  [[nodiscard]] std::unique_lock<std::mutex> lock() const { return std::unique_lock{mutex_}; }

  // All below: under lock().

  /// How far back a window reaches: rows from the first one sampled to the newest.
  [[nodiscard]] std::size_t length(Window window) const noexcept;
  /// The cells' row of the i-th point of a window, 0 the oldest of length().
  [[nodiscard]] std::size_t row(Window window, std::size_t i) const noexcept;
  /// Seconds that a row covers; 0 where nothing was sampled.
  [[nodiscard]] float elapsed(std::size_t row) const noexcept { return elapsed_[row]; }
  /// When the newest row began, in seconds since 1970: a whole second or minute.
  [[nodiscard]] std::int64_t newest(Window window) const noexcept;
  /// Writes the minute that runs into its row, for readers of the day.
  void settle_minute() noexcept;

  [[nodiscard]] const RingFamily* find(std::string_view name) const noexcept;
  [[nodiscard]] RingCounts counts() const noexcept;

 private:
  [[nodiscard]] bool wants(const metrics::FamilyInfo& family) override;
  void begin_family(const metrics::FamilyInfo& family) override;
  void counter(const metrics::SeriesInfo& series, const metrics::CounterView& value) override;
  void gauge(const metrics::SeriesInfo& series, double value) override;
  void histogram(const metrics::SeriesInfo& series, const metrics::HistogramView& value) override;
  void summary(const metrics::SeriesInfo&, const metrics::SummaryView&) override {}

  /// The series of that text, a new one where there is room, else null.
  [[nodiscard]] RingSeries* find_or_make(const metrics::SeriesInfo& info, std::uint32_t width);
  [[nodiscard]] RingSeries* make(const metrics::SeriesInfo& info, std::uint32_t width);
  [[nodiscard]] bool evict_one(std::size_t wanted);
  /// Reads a histogram into readings_: first the splits of the first bucket, then each bucket.
  void read_buckets(const metrics::HistogramView& value);
  /// Whether it is the first that is seen of a total which may be old.
  [[nodiscard]] bool is_old_total(const RingSeries& series,
                                  const metrics::SeriesInfo& info) const noexcept;
  void advance(double time);
  void write_scalar(RingSeries& series, float value) noexcept;
  void blank_unseen() noexcept;

  mutable std::mutex mutex_;
  const std::size_t budget_;
  std::unordered_map<std::string_view, std::size_t> by_name_;
  std::vector<std::unique_ptr<RingFamily>> families_;
  RingFamily* open_ = nullptr;           // of the pass that runs
  std::vector<std::uint64_t> readings_;  // of the histogram that is read
  std::array<float, kRows> elapsed_{};
  std::int64_t second_ = 0;  // of the last sample
  std::int64_t first_second_ = 0;
  double time_ = 0;    // of the last sample
  double before_ = 0;  // of the one before it; 0: there was none
  std::uint64_t pass_ = 0;
  RingCounts counts_;
  std::size_t not_kept_ = 0;  // of the pass that runs
};

}  // namespace vitals::console::detail

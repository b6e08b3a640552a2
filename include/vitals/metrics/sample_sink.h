#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vitals/lifetimebound.h"
#include "vitals/list_view.h"

#pragma GCC visibility push(default)

namespace vitals::metrics {

enum class MetricType {
  kCounter,
  kGauge,
  kHistogram,
  kSummary,
  kInfo,
  kStateSet,
  kUnknown,         ///< of a collector: nobody said whether it may fall; a sample is a gauge's
  kGaugeHistogram,  ///< of a collector: a histogram of what is there now, whose counts may fall
};

/// What is said once of a family. The texts live for the call only.
struct FamilyInfo {
  std::string_view name;  ///< as exposed; a counter's ends in `_total`, an info's in `_info`
  std::string_view help;  ///< not escaped, not empty
  MetricType type = MetricType::kGauge;  ///< which of SampleSink's calls its samples come by
  std::string_view unit{};               ///< `seconds`, `bytes`, …; empty when none was given
  bool utf8_labels = false;  ///< a label's name is not `[a-zA-Z_][a-zA-Z0-9_]*`; see SeriesInfo
  /// The name is another system's and stands as it is: a counter's need not end in `_total`, nor an
  /// info's in `_info`, and `_count`, `_sum`, … are no mistake. For bridges and exporters.
  bool any_name = false;
};

/// Which series a sample belongs to.
struct SeriesInfo {
  /// Rendered and escaped for the text formats: `method="GET",endpoint="/x"`; empty without labels.
  /// A name that is not `[a-zA-Z_][a-zA-Z0-9_]*` stands in quotes: `"http.method"="GET"`.
  /// Made once, when the series was; lives for the call only. decode_labels() takes it apart.
  std::string_view labels{};
  /// Seconds since 1970-01-01 UTC when its count began; 0 when that is not known.
  double created = 0.0;
};

/// An example of what was counted, as a rule the trace that it was part of.
struct ExemplarView {
  std::string_view labels{};  ///< rendered and escaped as a series' are; empty: there is none
  double value = 0.0;         ///< what was observed, or the amount that was added
  double timestamp = 0.0;     ///< seconds since 1970-01-01 UTC

  /// False where there is none.
  [[nodiscard]] explicit operator bool() const noexcept { return !labels.empty(); }
};

/// The reading of one counter. Lives for the call only. It is whole + fraction; apart, so that
/// large counts stay exact.
struct CounterView {
  std::uint64_t whole = 0;  ///< the sum of whole amounts
  double fraction = 0.0;    ///< the sum of what is not whole
  ExemplarView exemplar{};  ///< the latest one

  /// The double that is nearest to the exact sum.
  [[nodiscard]] double value() const noexcept;
};

/// The sparse buckets of a native histogram. Bucket `key` holds what is above base^(key-1) and not
/// above base^key, with base = 2^(2^-schema). Source: Prometheus, "Native histograms".
struct NativeView {
  /// One bucket that is not empty.
  struct Bucket {
    std::int32_t key;     ///< see above
    std::uint64_t count;  ///< of what fell into it
  };
  std::int32_t schema = 0;             ///< -4 to 8
  double zero_threshold = 0.0;         ///< not below 0
  std::uint64_t zero_count = 0;        ///< of what is not further from 0 than the threshold
  std::span<const Bucket> positive{};  ///< ascending by key
  std::span<const Bucket> negative{};  ///< the same for what is below 0, by absolute value
};

/// The reading of one histogram. Lives for the call only.
struct HistogramView {
  std::span<const double> bounds;  ///< upper bounds, ascending; finite, but a closing +Inf is taken
  /// Of each bucket by itself, and one more, of what is above the finite bounds.
  std::span<const std::uint64_t> counts;
  double sum = 0.0;                           ///< of all that was observed
  std::span<const ExemplarView> exemplars{};  ///< one for each count, or none at all
  const NativeView* native = nullptr;         ///< of the same observations; null without

  /// How many were observed: the sum of `counts`.
  [[nodiscard]] std::uint64_t count() const noexcept {
    std::uint64_t total = 0;
    for (const std::uint64_t n : counts)
      total += n;
    return total;
  }
};

/// The reading of one summary. Lives for the call only.
struct SummaryView {
  /// One quantile of what was observed lately.
  struct Quantile {
    double quantile;  ///< 0 to 1
    double value;     ///< NaN while nothing was observed
  };
  std::uint64_t count = 0;                ///< of all that was observed
  double sum = 0.0;                       ///< of all that was observed
  std::span<const Quantile> quantiles{};  ///< ascending by quantile; may be none
};

/// Where the samples of a scrape go: an encoder, a test, a page. For reading one value, use
/// vitals::testing::Snapshot.
///
/// Calls come in order: begin_family, then its series, then the next family. Threads: one at a
/// time. It must not define metrics or make series while it is being called.
class SampleSink {
 public:
  SampleSink() = default;
  SampleSink(const SampleSink&) = delete;
  SampleSink& operator=(const SampleSink&) = delete;
  virtual ~SampleSink() = default;

  /// False leaves a family out, before it is read.
  [[nodiscard]] virtual bool wants(const FamilyInfo&) { return true; }

  /// The series that follow are of this family.
  virtual void begin_family(const FamilyInfo& family) = 0;

  /// A sample of a counter.
  virtual void counter(const SeriesInfo& series, const CounterView& value) = 0;
  /// Also the samples of an info (always 1) and of a state set (1 for each state that holds).
  virtual void gauge(const SeriesInfo& series, double value) = 0;
  /// A sample of a histogram or gauge histogram.
  virtual void histogram(const SeriesInfo& series, const HistogramView& value) = 0;
  /// A sample of a summary.
  virtual void summary(const SeriesInfo& series, const SummaryView& value) = 0;
};

/// Metrics that are kept elsewhere and read at the scrape: several families, with or without
/// labels. For one value, `Registry::gauge_callback` is shorter.
class Collector {
 public:
  Collector() = default;
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;
  virtual ~Collector() = default;

  /// Says every family with its samples. Calls of one collector never overlap: a scrape that comes
  /// during one takes what that one says, and after 5 s goes on without. When it throws, the
  /// family that it was in and those it had not come to are left out of this scrape; so is a family
  /// whose name clashes with that of another, or whose type with that of another collector's. What
  /// several collectors say of one family is put together, under the help of the first. Of two
  /// series with the same labels, in any order and but for empty ones, the first is kept. Native
  /// buckets that no reader could make sense of are left out, and the classic ones beside them are
  /// kept. All that is counted, see Registry::left_out().
  /// The sink throws DefinitionError at a name, help or sample type that cannot be exposed.
  virtual void collect(SampleSink& sink) = 0;

  /// What it may say, by name and type; a scrape that selects other families does not run it. Empty
  /// when that is not known beforehand: it is then always run. Must live as long as the collector.
  [[nodiscard]] virtual std::span<const FamilyInfo> families() const { return {}; }
};

using LabelPair = std::pair<std::string_view, std::string_view>;

/// The labels of a collector's sample: `sink.gauge(SeriesLabels{{"pool", name}}, 3)`. Values are
/// escaped, and bytes that are not UTF-8 replaced. Throws DefinitionError at a bad or repeated
/// label name.
class SeriesLabels {
 public:
  /// Of braces: `{{"pool", name}, {"zone", "eu-1"}}`.
  SeriesLabels(std::initializer_list<LabelPair> labels)
      : SeriesLabels(std::span<const LabelPair>(labels.begin(), labels.size())) {}
  /// Of any contiguous range of pairs.
  explicit SeriesLabels(std::span<const LabelPair> labels);
  /// The same with names of any UTF-8, for a registry that allows them.
  [[nodiscard]] static SeriesLabels utf8(ListView<LabelPair> labels);

  /// The series of these labels, which must outlive it.
  operator SeriesInfo() const noexcept VITALS_LIFETIMEBOUND { return {text_}; }

 private:
  SeriesLabels() = default;
  void append(std::span<const LabelPair> labels, bool (*valid)(std::string_view) noexcept);

  std::string text_;
};

/// Takes a rendered label text apart: names with their values as they were before escaping. Throws
/// DefinitionError when the text is not of that form. For encoders of formats that are not text.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> decode_labels(std::string_view text);

}  // namespace vitals::metrics

#pragma GCC visibility pop

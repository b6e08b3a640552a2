#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vitals/exporting/format.h"
#include "vitals/metrics/sample_sink.h"

namespace vitals::exporting {

/// Where a page goes and what of it is wanted.
struct PageOptions {
  std::string& out;
  std::span<const std::string> only{};
  Escaping escaping = Escaping::kUnderscores;
};

/// Writes one page in one format. A format is a class derived from this, in a file of its own, and
/// a row in format.cc.
class Encoder : public metrics::SampleSink {
 public:
  explicit Encoder(const PageOptions& options)
      : out_(options.out), only_(options.only), escaping_(options.escaping) {}

  [[nodiscard]] bool wants(const metrics::FamilyInfo& family) final;
  /// What stands at the end of a page.
  virtual void finish() {}
  /// Samples and exemplars that no reader would have taken.
  [[nodiscard]] std::size_t left_out() const noexcept { return left_out_; }

 protected:
  /// Settles how the names of the family are written.
  void take_names(const metrics::FamilyInfo& family);
  /// The family's name by the escaping, without quotes. Until the next take_names().
  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  /// Appends a name that comes from name(), in quotes where it needs them.
  void append_shown(std::string_view name);
  /// The rendered labels of the series by the escaping. Until the next call.
  [[nodiscard]] std::string_view labels_of(const metrics::SeriesInfo& series) {
    return escapes_labels_ ? escaped(series.labels) : series.labels;
  }
  [[nodiscard]] Escaping escaping() const noexcept { return escaping_; }

  /// Whether a reader would take the value; what it would not take is counted.
  [[nodiscard]] bool readable(const metrics::CounterView& value) noexcept;
  /// Of a gauge, an info or a state set.
  [[nodiscard]] bool readable(const metrics::SeriesInfo& series, double value) noexcept;
  /// The quantile i, which must not have stood before.
  [[nodiscard]] bool readable(const metrics::SummaryView& summary, std::size_t i) noexcept;
  /// The exemplar, or none, counted, when it would not be taken.
  [[nodiscard]] metrics::ExemplarView readable(const metrics::ExemplarView& exemplar);
  /// The same of a bucket's, whose value must lie in the bucket.
  [[nodiscard]] metrics::ExemplarView readable(const metrics::HistogramView& histogram,
                                               std::size_t bucket);
  /// Counts something that is left out by a rule of one format.
  void leave_out() noexcept { ++left_out_; }

  std::string& out_;

 private:
  [[nodiscard]] std::string_view escaped(std::string_view labels);

  const std::span<const std::string> only_;
  const Escaping escaping_;
  std::string name_;
  std::string state_label_;  // of a state set: a comma and the label that its samples bear
  metrics::MetricType type_{};
  bool quoted_ = false;
  bool escapes_labels_ = false;
  std::string labels_;
  std::string scratch_;
  std::size_t left_out_ = 0;
};

using EncoderMaker = std::unique_ptr<Encoder> (*)(const PageOptions& options);
[[nodiscard]] std::unique_ptr<Encoder> make_text_encoder(const PageOptions& options);
[[nodiscard]] std::unique_ptr<Encoder> make_openmetrics_encoder(const PageOptions& options);
[[nodiscard]] std::unique_ptr<Encoder> make_protobuf_encoder(const PageOptions& options);

/// What the timestamps of protobuf end before: the year 10000, in seconds.
inline constexpr double kTimestampsEnd = 253'402'300'800.0;

/// The type's name, as OpenMetrics has it. Static storage.
[[nodiscard]] std::string_view type_name(metrics::MetricType type) noexcept;

/// What the name of the family ends in by its type, which OpenMetrics leaves to its samples:
/// `_total`, `_info`, or nothing. Static storage.
[[nodiscard]] std::string_view own_suffix(std::string_view name, metrics::MetricType type) noexcept;

/// Whether the unit may be told of a family that is written by the name `base`, which is without its
/// own_suffix(): an escaped name may no longer end in it, and readers refuse the page then. Sources:
/// OpenMetrics 1.0.0, "UNIT"; prometheus, model/textparse/protobufparse.go.
[[nodiscard]] bool may_tell_unit(const metrics::FamilyInfo& family, std::string_view base) noexcept;

/// Appends a HELP text: newlines as `\n`, and a backslash before each byte of `escaped`.
void append_help(std::string& out, std::string_view help, std::string_view escaped);

/// Appends a counter's value.
void append_count(std::string& out, const metrics::CounterView& value);

/// Samples of the two text formats: `name_suffix{labels} `, and the `le` of histograms. A name that
/// needs quotes stands among the labels: `{"name_suffix",labels} `.
class SampleLines {
 public:
  /// How a bound is written as a label's value.
  using AppendBound = void (*)(std::string& out, double value);

  SampleLines(std::string& out, AppendBound append_bound)
      : out_(out), append_bound_(append_bound) {}

  void begin_family(std::string_view name, metrics::MetricType type);
  /// What stands before a sample's value.
  void begin(std::string_view labels, std::string_view suffix);
  /// The same with a label more, which is written already.
  void begin_with(std::string_view labels, std::string_view suffix, std::string_view more);
  void begin_bucket(std::string_view labels, std::size_t bucket) {
    out_.append(bucket_).append(labels);
    if (!labels.empty()) out_ += ',';
    out_.append(bound_texts_[bucket]);
  }
  /// The `le` of each bucket, once for all series that share their bounds.
  void render_bounds(std::span<const double> bounds);

 private:
  std::string& out_;
  AppendBound append_bound_;
  std::string name_;
  std::string open_;    // name{
  std::string bucket_;  // name_bucket{
  bool quoted_ = false;
  std::span<const double> bounds_;
  std::vector<std::string> bound_texts_;
};

}  // namespace vitals::exporting

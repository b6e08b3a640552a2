#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vitals/export/format.h"
#include "vitals/metrics/sample_sink.h"

namespace vitals::exporting {

/// Writes one page in one format. A format is a class derived from this, in a file of its own, and
/// a row in format.cc.
class Encoder : public metrics::SampleSink {
 public:
  Encoder(std::string& out, std::span<const std::string> only) : out_(out), only_(only) {}

  [[nodiscard]] bool wants(const metrics::FamilyInfo& family) final;
  /// What stands at the end of a page.
  virtual void finish() {}

 protected:
  std::string& out_;

 private:
  const std::span<const std::string> only_;
};

using EncoderMaker = std::unique_ptr<Encoder> (*)(std::string& out,
                                                  std::span<const std::string> only);
[[nodiscard]] std::unique_ptr<Encoder> make_text_encoder(std::string& out,
                                                         std::span<const std::string> only);
[[nodiscard]] std::unique_ptr<Encoder> make_openmetrics_encoder(std::string& out,
                                                                std::span<const std::string> only);
[[nodiscard]] std::unique_ptr<Encoder> make_protobuf_encoder(std::string& out,
                                                             std::span<const std::string> only);

/// The type's name, as OpenMetrics has it. Static storage.
[[nodiscard]] std::string_view type_name(metrics::MetricType type) noexcept;

/// Appends a HELP text: newlines as `\n`, and a backslash before each byte of `escaped`.
void append_help(std::string& out, std::string_view help, std::string_view escaped);

/// Appends a counter's value.
void append_count(std::string& out, const metrics::CounterView& value);

/// Samples of the two text formats: `name_suffix{labels} `, and the `le` of histograms.
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
  std::span<const double> bounds_;
  std::vector<std::string> bound_texts_;
};

}  // namespace vitals::exporting

#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace integration {

using Labels = std::map<std::string, std::string>;

struct Sample {
  std::string name;  ///< With `_bucket`, `_sum` or `_count` where it has one.
  Labels labels;
  double value = 0;
};

struct MetricFamily {
  std::string type;
  std::string help;
  std::vector<Sample> samples;

  /// The names of all labels that its samples bear, without `le`.
  [[nodiscard]] std::set<std::string> label_names() const;
  /// The texts of `le` in the order they appear in, for the first series.
  [[nodiscard]] std::vector<std::string> bounds() const;
  /// All values of one label.
  [[nodiscard]] std::set<std::string> values_of(const std::string& label) const;
  /// How many samples (a histogram: how many series).
  [[nodiscard]] std::size_t series() const;
};

/// A scrape in text 0.0.4, read strictly.
class Metrics {
 public:
  /// Throws std::runtime_error, naming the line, for everything the format forbids: a sample
  /// without TYPE and HELP, a second TYPE, families that interleave, a series twice, a bad name, a
  /// bad escape, a value that is no number, a histogram whose buckets fall, lack +Inf or do not
  /// agree with its count.
  static Metrics parse(const std::string& text);

  [[nodiscard]] const std::map<std::string, MetricFamily>& families() const noexcept {
    return families_;
  }
  [[nodiscard]] bool has(const std::string& family) const { return families_.contains(family); }
  /// The family, or an empty one.
  [[nodiscard]] const MetricFamily& family(const std::string& name) const;

  /// The sample of exactly this name and these labels.
  [[nodiscard]] std::optional<double> value(const std::string& name,
                                            const Labels& labels = {}) const;
  /// The sum of all samples of this name that bear at least these labels; 0 when there is none.
  [[nodiscard]] double sum(const std::string& name, const Labels& labels = {}) const;

 private:
  std::map<std::string, MetricFamily> families_;
};

}  // namespace integration

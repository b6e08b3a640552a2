#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "monitor/definer.h"
#include "vitals/metrics/sample_sink.h"

namespace vitals::monitor::detail {

/// Families whose samples are read at the scrape, under the names and with the labels that the
/// options choose. The base of such collectors.
class ReadFamilies : public metrics::Collector {
 public:
  [[nodiscard]] std::span<const metrics::FamilyInfo> families() const override { return infos_; }
  /// Whether none of them is wanted.
  [[nodiscard]] bool all_off() const noexcept { return infos_.empty(); }

 protected:
  explicit ReadFamilies(const Definer& definer) : labels_(definer.labels()) {}

  /// Adds one; gives its place. Once each, before it is given to the registry.
  std::size_t add(Definer& definer, std::string_view name, const char* help,
                  metrics::MetricType type) {
    names_.push_back(definer.chosen_name(name, help, type));
    helps_.push_back(help);
    types_.push_back(type);
    infos_.clear();
    for (std::size_t i = 0; i < names_.size(); ++i)
      if (!names_[i].empty()) infos_.push_back({names_[i], helps_[i], types_[i]});
    return names_.size() - 1;
  }
  /// False where it is off.
  [[nodiscard]] bool begin(metrics::SampleSink& sink, std::size_t place) const {
    if (names_[place].empty()) return false;
    sink.begin_family({names_[place], helps_[place], types_[place]});
    return true;
  }
  /// The labels of a sample; one without a value is left out.
  [[nodiscard]] metrics::SeriesLabels labels(ListView<metrics::LabelPair> own = {}) const {
    std::vector<metrics::LabelPair> all;
    for (const auto& [name, value] : labels_)
      all.emplace_back(name, value);
    for (const metrics::LabelPair& label : own)
      if (!label.second.empty()) all.push_back(label);
    return metrics::SeriesLabels{std::span<const metrics::LabelPair>{all}};
  }

 private:
  std::vector<std::string> names_;
  std::vector<const char*> helps_;
  std::vector<metrics::MetricType> types_;
  std::vector<metrics::FamilyInfo> infos_;
  std::vector<std::pair<std::string, std::string>> labels_;
};

}  // namespace vitals::monitor::detail

#include "metrics/definition.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "metrics/label_text.h"
#include "vitals/metrics/detail/cells.h"
#include "vitals/metrics/label.h"

namespace vitals::metrics::detail {
namespace {

[[noreturn]] void refuse(std::string_view metric, std::string_view why) {
  throw DefinitionError("metric \"" + std::string(metric) + "\": " + std::string(why));
}

bool plain_name(std::string_view name) {
  // Colons are left to recording rules.
  return plain_label_name(name);
}

std::vector<std::string> sample_names(std::string_view name, MetricType type) {
  const std::string own(name);
  switch (type) {
    case MetricType::kCounter: {
      if (!own.ends_with("_total") || own.size() == 6) return {own, own + "_created"};
      const std::string base = own.substr(0, own.size() - 6);
      return {own, base, base + "_created"};
    }
    case MetricType::kHistogram:
      return {own, own + "_bucket", own + "_count", own + "_sum", own + "_created"};
    case MetricType::kSummary:
      return {own, own + "_count", own + "_sum", own + "_created"};
    case MetricType::kInfo:
      if (!own.ends_with("_info") || own.size() == 5) break;
      return {own, own.substr(0, own.size() - 5)};
    case MetricType::kGaugeHistogram:
      return {own, own + "_bucket", own + "_gcount", own + "_gsum", own + "_count", own + "_sum"};
    case MetricType::kGauge:
    case MetricType::kStateSet:
    case MetricType::kUnknown:
      break;
  }
  return {own};
}

}  // namespace

void check_family(const FamilyInfo& family, NameRule rule) {
  if (rule == NameRule::kPlain && !plain_name(family.name)) {
    refuse(family.name,
           "a name is [a-zA-Z_][a-zA-Z0-9_]* (colons are for recording rules); for others see "
           "Registry::allow_utf8_names()");
  }
  if (family.name.empty()) refuse(family.name, "the name is empty");
  if (!base::is_utf8(family.name)) refuse(mended(family.name), "the name is not UTF-8");
  if (begins_reserved(family.name)) {
    refuse(family.name, "names that begin with __, as they stand or escaped, are reserved");
  }
  if (family.help.empty()) refuse(family.name, "the help text is empty; say what is counted");

  if (!base::is_utf8(family.help)) refuse(family.name, "the help text is not UTF-8");
  if (family.any_name) return;

  std::string_view base = family.name;
  if (family.type == MetricType::kCounter) {
    if (!base.ends_with("_total") || base.size() == 6) {
      refuse(family.name, "the name of a counter ends in _total");
    }
    base.remove_suffix(6);
  }
  if (family.type == MetricType::kInfo) {
    if (!base.ends_with("_info") || base.size() == 5) {
      refuse(family.name, "the name of an info ends in _info");
    }
    base.remove_suffix(5);
  }
  if (!family.unit.empty() &&
      (family.type == MetricType::kInfo || family.type == MetricType::kStateSet)) {
    refuse(family.name, "an info or a state set has no unit");
  }
  // Beside the true suffixes these would be read as samples of another family.
  for (const std::string_view suffix : {"_total", "_bucket", "_count", "_sum", "_created"}) {
    if (base.ends_with(suffix)) {
      refuse(family.name, "the suffix " + std::string(suffix) + " is reserved");
    }
  }
  if (!family.unit.empty() && !base.ends_with("_" + std::string(family.unit))) {
    refuse(family.name, "the name does not end in its unit, _" + std::string(family.unit));
  }
}

bool check_labels(std::string_view metric, std::span<const std::string> names, NameRule rule) {
  bool quoted = false;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (plain_label_name(names[i])) continue;
    quoted = true;
    if (rule == NameRule::kPlain) {
      refuse(metric, "the label \"" + names[i] +
                         "\" is not [a-zA-Z_][a-zA-Z0-9_]*; see Registry::allow_utf8_names()");
    }
    for (std::size_t j = 0; j < names.size(); ++j) {
      if (i != j && underscored(names[i]) == underscored(names[j])) {
        refuse(metric, "the labels \"" + names[i] + "\" and \"" + names[j] +
                           "\" are one to a scraper that does not know UTF-8");
      }
    }
  }
  return quoted;
}

std::vector<std::string> claimed_names(std::string_view name, MetricType type) {
  std::vector<std::string> names = sample_names(name, type);
  if (plain_name(name)) return names;
  for (std::string& escaped : sample_names(underscored(name, Colons::kKept), type))
    names.push_back(std::move(escaped));
  return names;
}

std::span<const double> check_bounds(std::string_view metric, std::span<const double> bounds) {
  if (!bounds.empty() && std::isinf(bounds.back()) && bounds.back() > 0) {
    bounds = bounds.first(bounds.size() - 1);
  }
  if (bounds.size() >= kPageCells) {
    refuse(metric, "a histogram has at most 511 buckets, not " + std::to_string(bounds.size()));
  }
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    if (!std::isfinite(bounds[i])) refuse(metric, "the bounds of buckets are finite numbers");
    if (i > 0 && !(bounds[i - 1] < bounds[i])) {
      refuse(metric, "the bounds of buckets ascend, but " + std::to_string(bounds[i]) +
                         " stands after " + std::to_string(bounds[i - 1]));
    }
  }
  return bounds;
}

void check_native(std::string_view metric, const NativeBuckets& buckets) {
  if (buckets.schema < -4 || buckets.schema > 8) {
    refuse(metric,
           "the schema of native buckets is from -4 to 8, not " + std::to_string(buckets.schema));
  }
  if (!(buckets.zero_threshold >= 0.0) || std::isinf(buckets.zero_threshold)) {
    refuse(metric, "the zero threshold of native buckets is finite and not below 0");
  }
  if (!(buckets.max_zero_threshold >= 0.0) || std::isinf(buckets.max_zero_threshold)) {
    refuse(metric, "the largest zero threshold of native buckets is finite and not below 0");
  }
  if (buckets.reset_after.count() < 0) {
    refuse(metric, "the time after which native buckets start anew is not below 0");
  }
  if (buckets.max_buckets < 2 || buckets.max_buckets > 4096) {
    refuse(metric, "the limit of native buckets is from 2 to 4096, not " +
                       std::to_string(buckets.max_buckets));
  }
}

void check_quantiles(std::string_view metric, const Quantiles& quantiles) {
  for (std::size_t i = 0; i < quantiles.quantiles.size(); ++i) {
    const double quantile = quantiles.quantiles[i];
    if (!(quantile >= 0.0 && quantile <= 1.0)) {
      refuse(metric, "a quantile is from 0 to 1, not " + std::to_string(quantile));
    }
    if (i > 0 && !(quantiles.quantiles[i - 1] < quantile)) refuse(metric, "quantiles ascend");
  }
  if (quantiles.window.count() < 5) refuse(metric, "the window of quantiles is at least 5 s");
}

}  // namespace vitals::metrics::detail

#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vitals/metrics/definition_error.h"
#include "vitals/metrics/native_buckets.h"
#include "vitals/metrics/sample_sink.h"
#include "vitals/metrics/summary.h"

namespace vitals::metrics::detail {

/// Which names a registry takes.
enum class NameRule {
  kPlain,  ///< `[a-zA-Z_][a-zA-Z0-9_]*`
  kUtf8,   ///< any UTF-8
};

/// Throws DefinitionError unless the family can be exposed in every format and promtool would find
/// nothing in it: name, suffix by type, help, unit.
void check_family(const FamilyInfo& family, NameRule rule);

/// Throws DefinitionError, naming the metric, at a label name that the rule does not take, and at
/// two that are one when they are escaped. True when one of them needs quotes.
bool check_labels(std::string_view metric, std::span<const std::string> names, NameRule rule);

/// The names that a family takes for itself: its own and those of its samples, in the text format
/// and in OpenMetrics, where a counter goes by its name without `_total`; and what is left of these
/// when they are escaped for a scraper that does not know UTF-8.
[[nodiscard]] std::vector<std::string> claimed_names(std::string_view name, MetricType type);

/// The bounds without a closing +Inf. Throws DefinitionError, naming the metric, unless there are
/// at most 511 of them, finite and ascending.
[[nodiscard]] std::span<const double> check_bounds(std::string_view metric,
                                                   std::span<const double> bounds);

/// Throw DefinitionError, naming the metric and the value, at what cannot be.
void check_native(std::string_view metric, const NativeBuckets& buckets);
void check_quantiles(std::string_view metric, const Quantiles& quantiles);

}  // namespace vitals::metrics::detail

#include "metrics/definition.h"

#include <algorithm>
#include <cmath>

#include "metrics/label_text.h"
#include "vitals/metrics/detail/cells.h"

namespace vitals::metrics::detail {
namespace {

[[noreturn]] void refuse(std::string_view metric, std::string_view why) {
  throw DefinitionError("metric \"" + std::string(metric) + "\": " + std::string(why));
}

// Colons are left to recording rules.
bool valid_name(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  return !name.empty() && letter(name[0]) &&
         std::ranges::all_of(name, [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

}  // namespace

void check_family(const FamilyInfo& family) {
  if (!valid_name(family.name)) {
    refuse(family.name, "a name is [a-zA-Z_][a-zA-Z0-9_]* (colons are for recording rules)");
  }
  if (family.name.starts_with("__")) refuse(family.name, "names that begin with __ are reserved");
  if (family.help.empty()) refuse(family.name, "the help text is empty; say what is counted");

  if (!valid_utf8(family.help)) refuse(family.name, "the help text is not UTF-8");

  std::string_view base = family.name;
  if (family.type == MetricType::kCounter) {
    if (!base.ends_with("_total") || base.size() == 6) {
      refuse(family.name, "the name of a counter ends in _total");
    }
    base.remove_suffix(6);
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

std::vector<std::string> claimed_names(std::string_view name, MetricType type) {
  const std::string own(name);
  switch (type) {
    case MetricType::kCounter: {
      const std::string base = own.substr(0, own.size() - 6);
      return {own, base, base + "_created"};
    }
    case MetricType::kHistogram:
      return {own, own + "_bucket", own + "_count", own + "_sum", own + "_created"};
    case MetricType::kGauge:
      break;
  }
  return {own};
}

std::span<const double> check_bounds(std::string_view metric, std::span<const double> bounds) {
  if (!bounds.empty() && std::isinf(bounds.back()) && bounds.back() > 0) {
    bounds = bounds.first(bounds.size() - 1);
  }
  if (bounds.empty()) refuse(metric, "a histogram needs at least one finite bucket");
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

}  // namespace vitals::metrics::detail

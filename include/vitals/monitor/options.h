#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)

namespace vitals::monitor {

/// What may be chosen of one family of the scopes.
struct FamilyChoice {
  std::string name = {};  ///< in place of its own; MetricsOptions::prefix is put before it
  /// The upper bounds in place of a histogram's own: seconds, ascending. A service whose requests
  /// take 0.2 ms wants some below that.
  std::optional<std::vector<double>> buckets = {};
  std::size_t max_series = 1000;  ///< label sets, after which all count under `(other)`
  bool off = false;               ///< not counted and not exported
};

/// How the metrics of the scopes are named and spread. As it is, they are those of the documentation.
///
///     auto metrics = enable_metrics(registry, {.prefix = "shop_", .families = {
///         {"http_request_duration_seconds", {.buckets = {{.0001, .001, .01, .1, 1}}}},
///         {"http_requests_total", {.name = "web_requests_total"}},
///         {"agent_calls_total", {.off = true}}}});
struct MetricsOptions {
  std::string prefix = {};  ///< in front of every name
  /// Labels of every series, in front of its own.
  std::vector<std::pair<std::string, std::string>> labels = {};
  /// By the name that the family has in the documentation. A name that none has is a
  /// DefinitionError.
  std::map<std::string, FamilyChoice, std::less<>> families = {};
};

}  // namespace vitals::monitor

#pragma GCC visibility pop

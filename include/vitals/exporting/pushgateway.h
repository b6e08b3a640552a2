#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "vitals/result.h"

namespace vitals::metrics {
class Registry;
}

namespace vitals::exporting {

struct PushOptions {
  std::string url = "http://127.0.0.1:9091";  ///< of the Pushgateway, with a path prefix if it has
  std::string job{};                          ///< UTF-8, must not be empty
  /// Further labels of the group: `{{"instance", "host-1"}}`. Names as of labels, not `job`; values
  /// are UTF-8.
  std::vector<std::pair<std::string, std::string>> grouping{};
  std::string authorization{};  ///< the value of that header, `Bearer …`; empty sends none
  std::chrono::milliseconds timeout = std::chrono::seconds(10);  ///< above 0, at most 24 h
};

/// Leaves the metrics of a batch job with a Prometheus Pushgateway, since the job itself is gone
/// when Prometheus comes. For a service, let Prometheus scrape it: a Pushgateway goes on showing
/// the last values of whoever has died. Source: prometheus/pushgateway, "API".
///
/// Each call says what went wrong, if anything did. The gateway may show a change, and above all a
/// removal, only a moment after it has answered. Threads: any, one connection for each call. Cost:
/// it waits for the network, up to the timeout.
class Pushgateway {
 public:
  explicit Pushgateway(PushOptions options) : options_(std::move(options)) {}

  /// Replaces all that the group has by the metrics of the registry.
  [[nodiscard]] Result<void> push(const metrics::Registry& registry) const;
  /// Replaces the metrics that have the same names, and leaves the others of the group.
  [[nodiscard]] Result<void> push_add(const metrics::Registry& registry) const;
  /// Removes the group with all its metrics.
  [[nodiscard]] Result<void> remove() const;

 private:
  PushOptions options_;
};

}  // namespace vitals::exporting

#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "vitals/exporting/format.h"
#include "vitals/result.h"

#pragma GCC visibility push(default)

namespace vitals::metrics {
class Registry;
}

namespace vitals::exporting {

/// Which Pushgateway, and which group of it.
struct PushOptions {
  std::string url = "http://127.0.0.1:9091";  ///< of the Pushgateway, with a path prefix if it has
  std::string job{};                          ///< UTF-8, must not be empty
  /// Further labels of the group: `{{"instance", "host-1"}}`. Names as of labels, not `job`; values
  /// are UTF-8.
  std::vector<std::pair<std::string, std::string>> grouping{};
  std::string authorization{};  ///< the value of that header, `Bearer …`; empty sends none
  std::chrono::milliseconds timeout = std::chrono::seconds(10);  ///< above 0, at most 24 h
  std::string ca_file{};             ///< PEM certificates to trust instead of the system's
  std::string client_certificate{};  ///< a PEM file, for a gateway that asks who comes
  std::string client_key{};          ///< its key, a PEM file
  /// kText or kProtobuf, which has native histograms too.
  Format format = Format::kText;
  /// Compresses what is pushed, for a gateway of 1.6 or later.
  bool gzip = false;
};

/// Leaves the metrics of a batch job with a Prometheus Pushgateway, since the job itself is gone
/// when Prometheus comes. For a service, let Prometheus scrape it: a Pushgateway goes on showing
/// the last values of a process that has died. Source: prometheus/pushgateway, "API".
///
/// Each call says what went wrong, if anything did. The gateway may show a change, and above all a
/// removal, only a moment after it has answered. Threads: any, one connection for each call. Cost:
/// it waits for the network, up to the timeout.
class Pushgateway {
 public:
  /// Connects to nothing. What is wrong with the options the first call says.
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

#pragma GCC visibility pop

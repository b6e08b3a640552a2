#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "integration/support/http.h"
#include "integration/support/process.h"
#include "integration/support/wait.h"

namespace integration {

struct PrometheusOptions {
  std::string token = {};     ///< sent with each scrape; empty: none
  std::string features = {};  ///< for --enable-feature; empty: none
};

/// A Prometheus server of the test's own that scrapes every second, a job for each port.
class Prometheus {
 public:
  explicit Prometheus(const std::map<std::string, std::uint16_t>& jobs,
                      const PrometheusOptions& options = {});

  /// The value of an instant query's first series, or nothing while there is none.
  [[nodiscard]] std::optional<double> query(const std::string& expression);
  /// Whether the query gives this value within half a minute.
  [[nodiscard]] bool becomes(const std::string& expression, double value);
  /// The trace ids of the exemplars of the series that a selector names.
  [[nodiscard]] std::set<std::string> exemplars(const std::string& selector);
  [[nodiscard]] std::string errors() const { return process_.errors(); }

 private:
  TempDir folder_;
  std::uint16_t port_;
  Process process_;
  Http http_;
};

}  // namespace integration

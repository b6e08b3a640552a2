#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vitals/metrics/registry.h"
#include "vitals/monitor/state.h"
#include "vitals/sentry/client.h"
#include "vitals/testing/memory_transport.h"
#include "vitals/testing/snapshot.h"

namespace vitals::monitor {

/// The registry that the scopes of this test count in, until its process ends.
inline metrics::Registry& scope_registry() {
  static metrics::Registry registry;
  static const MetricsGuard metrics = enable_metrics(registry);
  return registry;
}

/// A sample's value now; 0 while it is not there.
inline double value(std::string_view name, vitals::testing::Snapshot::Labels labels = {}) {
  return vitals::testing::Snapshot{scope_registry()}.value(name, labels).value_or(0);
}

/// Metrics on, and a Sentry client that keeps its envelopes in memory.
class Monitored : public ::testing::Test {
 protected:
  Monitored() {
    scope_registry();
    sentry::Options options;
    options.dsn = "http://key@localhost/1";
    options.release = "test@1";
    options.traces_sample_rate = 1.0;
    options.transport = transport_;
    auto guard = sentry::init(std::move(options));
    if (!guard) throw std::runtime_error(guard.error().message);
    guard_ = std::move(*guard);
  }

  /// Everything sent so far of one item type, oldest first.
  std::vector<nlohmann::json> sent(std::string_view type) {
    EXPECT_TRUE(sentry::flush(std::chrono::seconds{30}));
    std::vector<nlohmann::json> found;
    for (const std::string& payload : transport_->payloads(type))
      found.push_back(nlohmann::json::parse(payload));
    return found;
  }

  /// Ends the client, and adds up the sessions that it sent, by status.
  std::map<std::string, int> sessions() {
    EXPECT_TRUE(guard_.end(std::chrono::seconds{20}));
    std::map<std::string, int> sums;
    for (const std::string& payload : transport_->payloads("sessions")) {
      const auto item = nlohmann::json::parse(payload);
      for (const auto& row : item["aggregates"]) {
        for (const auto& [status, count] : row.items()) {
          if (count.is_number()) sums[status] += count.get<int>();
        }
      }
    }
    return sums;
  }

  std::shared_ptr<vitals::testing::MemoryTransport> transport_ =
      std::make_shared<vitals::testing::MemoryTransport>();
  sentry::Guard guard_;
};

}  // namespace vitals::monitor

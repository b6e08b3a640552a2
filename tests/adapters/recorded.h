#pragma once

#include <gtest/gtest.h>

#include <string_view>

#include "vitals/metrics/registry.h"
#include "vitals/monitor/state.h"
#include "vitals/testing/sentry_recorder.h"
#include "vitals/testing/snapshot.h"

namespace adapters_test {

/// Metrics in a registry of the test's own, and what Sentry would have got.
class Recorded : public testing::Test {
 protected:
  double total(std::string_view name, vitals::testing::Snapshot::Labels labels) {
    return vitals::testing::Snapshot{registry_}.total(name, labels);
  }

  vitals::metrics::Registry registry_;
  vitals::monitor::MetricsGuard metrics_ = vitals::monitor::enable_metrics(registry_);
  vitals::testing::SentryRecorder sentry_;
};

}  // namespace adapters_test

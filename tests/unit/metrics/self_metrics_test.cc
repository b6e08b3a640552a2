#include "vitals/metrics/self_metrics.h"

#include <gtest/gtest.h>

#include "vitals/metrics/registry.h"
#include "vitals/testing/snapshot.h"

namespace vitals::metrics {
namespace {

using ::vitals::testing::Snapshot;

TEST(SelfMetrics, TellTheSeriesAndOverflowsOfEachFamily) {
  Registry registry;
  add_self_metrics(registry);
  auto family = registry.counter<"path">("requests_total", "Requests.", {.max_series = 2});
  registry.gauge("load", "Load.");
  for (const char* path : {"a", "b", "c", "d", "e"})
    family.with(path).inc();
  const Snapshot snapshot(registry);
  EXPECT_EQ(snapshot.value("vitals_metrics_series", {{"family", "requests_total"}}), 3);
  EXPECT_EQ(snapshot.value("vitals_metrics_series", {{"family", "load"}}), 1);
  EXPECT_EQ(snapshot.value("vitals_metrics_series_overflow_total", {{"family", "requests_total"}}),
            3);
  EXPECT_EQ(snapshot.value("vitals_metrics_series_overflow_total", {{"family", "load"}}),
            std::nullopt);
}

TEST(SelfMetrics, TellWhatTheLibraryWasBuiltFrom) {
  Registry registry;
  add_self_metrics(registry);
  const BuildInfo& build = build_info();
  EXPECT_FALSE(build.version.empty());
  EXPECT_FALSE(build.revision.empty());
  EXPECT_TRUE(build.compiler.starts_with("gcc ") || build.compiler.starts_with("clang "))
      << build.compiler;
  EXPECT_EQ(Snapshot(registry).value("vitals_build_info", {{"version", build.version},
                                                           {"revision", build.revision},
                                                           {"compiler", build.compiler}}),
            1);
}

}  // namespace
}  // namespace vitals::metrics

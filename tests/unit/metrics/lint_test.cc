#include "vitals/testing/lint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "vitals/metrics/registry.h"

namespace vitals::testing {
namespace {

using metrics::Registry;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Lint, FindsNothingInGoodNames) {
  Registry registry;
  registry.counter<"method">("http_requests_total", "R.").with("GET");
  registry.histogram("http_request_duration_seconds", "D.", {1});
  registry.gauge("process_resident_memory_bytes", "M.");
  registry.summary("answer_size_bytes", "A.");
  registry.info<"version">("build_info", "B.").set("1");
  EXPECT_THAT(lint(registry), IsEmpty());
}

TEST(Lint, NamesTheBaseUnitToUse) {
  Registry registry;
  registry.gauge("wait_milliseconds", "W.");
  registry.gauge("age_hours", "A.");
  registry.gauge("size_kilobytes", "S.");
  registry.gauge("outside_fahrenheit", "O.");
  EXPECT_THAT(lint(registry),
              ElementsAre("wait_milliseconds: use the base unit seconds in place of milliseconds",
                          "age_hours: use the base unit seconds in place of hours",
                          "size_kilobytes: use the base unit bytes in place of kilobytes",
                          "outside_fahrenheit: use the base unit celsius in place of fahrenheit"));
}

TEST(Lint, FindsAbbreviationsTypesAndCamelCase) {
  Registry registry;
  registry.gauge("wait_ms", "W.");
  registry.gauge("pool_gauge", "P.");
  registry.gauge("poolSize", "P.");
  registry.gauge<"userId">("users", "U.").with("1");
  registry.counter("events_counter_total", "E.");
  EXPECT_THAT(lint(registry), SizeIs(5));
}

TEST(Lint, SeesWhatCollectorsBringAndEachLabelOnce) {
  Registry registry;
  struct Pools final : metrics::Collector {
    void collect(metrics::SampleSink& sink) override {
      sink.begin_family({"pools", "P.", metrics::MetricType::kGauge});
      sink.gauge(metrics::SeriesLabels{{"poolName", "a"}}, 1);
      sink.gauge(metrics::SeriesLabels{{"poolName", "b"}}, 1);
    }
  };
  registry.collector(std::make_unique<Pools>());
  EXPECT_THAT(lint(registry), ElementsAre("pools: the label poolName is written snake_case"));
}

}  // namespace
}  // namespace vitals::testing

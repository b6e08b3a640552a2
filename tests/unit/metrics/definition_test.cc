#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "vitals/metrics/registry.h"

namespace vitals::metrics {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(Definition, RefusesNamesThatCannotBeExposed) {
  Registry registry;
  for (const char* name : {"", "1st", "http requests", "café", "a-b", "a:b", "__secret"}) {
    EXPECT_THAT([&] { registry.gauge(name, "Help."); },
                ThrowsMessage<DefinitionError>(HasSubstr("metric \"" + std::string(name) + "\"")))
        << name;
  }
}

TEST(Definition, RefusesAHelpThatIsEmptyOrNotText) {
  Registry registry;
  EXPECT_THROW(registry.gauge("load", "Load \xFF."), DefinitionError);
  EXPECT_THAT([&] { registry.gauge("load", ""); },
              ThrowsMessage<DefinitionError>(HasSubstr("help")));
}

TEST(Definition, WantsTheSuffixOfACounterAndRefusesReservedOnes) {
  Registry registry;
  EXPECT_THAT([&] { registry.counter("requests", "Requests."); },
              ThrowsMessage<DefinitionError>(HasSubstr("_total")));
  EXPECT_THROW(registry.counter("_total", "Requests."), DefinitionError);
  for (const char* name : {"a_total", "a_bucket", "a_count", "a_sum", "a_created"}) {
    EXPECT_THROW(registry.gauge(name, "Help."), DefinitionError) << name;
    EXPECT_THROW(registry.histogram(name, "Help.", {1}), DefinitionError) << name;
  }
}

TEST(Definition, RefusesASecondMetricOfTheSameName) {
  Registry registry;
  registry.gauge("load", "Load.");
  EXPECT_THAT([&] { registry.gauge<"path">("load", "Load."); },
              ThrowsMessage<DefinitionError>(HasSubstr("defined already")));
  EXPECT_THROW(registry.gauge_callback("load", "Load.", [] { return 1.0; }), DefinitionError);
}

TEST(Definition, RefusesNamesThatClashByTheirSuffixesAndSaysWithWhich) {
  Registry registry;
  registry.counter("work_total", "Work.");
  EXPECT_THAT(
      [&] { registry.gauge("work", "Work."); },
      ThrowsMessage<DefinitionError>(AllOf(HasSubstr("\"work\""), HasSubstr("\"work_total\""))));
  registry.histogram("latency", "Latency.", {1});
  EXPECT_THROW(registry.counter("latency_total", "Latency."), DefinitionError);
}

TEST(Definition, SaysWhereTheOtherOneWasDefined) {
  Registry registry;
  const std::string here = "definition_test.cc:" + std::to_string(__LINE__ + 1);
  registry.histogram("wait", "Wait.", {1});
  EXPECT_THAT([&] { registry.gauge("wait", "Wait."); },
              ThrowsMessage<DefinitionError>(HasSubstr(here)));
  EXPECT_THAT([&] { registry.gauge<"kind">("wait", "With other labels."); },
              ThrowsMessage<DefinitionError>(HasSubstr(here)));
  EXPECT_THAT([&] { registry.counter_callback("wait_total", "W.", [] { return 1.0; }); },
              ThrowsMessage<DefinitionError>(HasSubstr(here)));
}

TEST(Definition, KeepsNothingOfARefusedMetric) {
  Registry registry;
  registry.gauge("work", "Work.");
  EXPECT_THROW(registry.counter("work_total", "Work."), DefinitionError);
  EXPECT_EQ(registry.usage().size(), 1u);
  registry.gauge("work_made", "Work.");
  EXPECT_EQ(registry.usage().size(), 2u);
}

TEST(Definition, RefusesBucketsThatAreNotAscendingAndFinite) {
  Registry registry;
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const Buckets& buckets :
       {Buckets{2, 1}, Buckets{1, 1}, Buckets{nan}, Buckets{1, nan, 2}, Buckets{-inf, 1},
        Buckets{1, inf, inf}, linear_buckets(1, 1, 512)}) {
    EXPECT_THAT([&] { registry.histogram("size_bytes", "Size.", buckets); },
                ThrowsMessage<DefinitionError>(HasSubstr("metric \"size_bytes\"")));
  }
}

TEST(Definition, WantsTheUnitAtTheEndOfTheName) {
  Registry registry;
  registry.counter("cpu_seconds_total", "CPU.", {.unit = "seconds"});
  EXPECT_THAT([&] { registry.gauge("size", "Size.", {.unit = "bytes"}); },
              ThrowsMessage<DefinitionError>(HasSubstr("_bytes")));
}

TEST(Definition, RefusesALimitOfNoSeriesAndAnEmptyCallback) {
  Registry registry;
  EXPECT_THROW(registry.counter<"a">("a_total", "A.", {.max_series = 0}), DefinitionError);
  EXPECT_THROW(registry.gauge_callback("load", "Load.", nullptr), DefinitionError);
  EXPECT_THROW(registry.collector(nullptr), DefinitionError);
}

TEST(Definition, OfTheSameNameIsAllowedInTwoRegistries) {
  Registry first;
  Registry second;
  const Counter a = first.counter("events_total", "Events.");
  const Counter b = second.counter("events_total", "Events.");
  a.inc();
  EXPECT_EQ(b.value(), 0);
}

}  // namespace
}  // namespace vitals::metrics

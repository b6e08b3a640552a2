#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "vitals/exporting/format.h"
#include "vitals/metrics/process_collector.h"
#include "vitals/metrics/registry.h"
#include "vitals/testing/snapshot.h"

namespace vitals::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::ThrowsMessage;
using ::vitals::testing::Snapshot;

enum class Light { kRed, kGreen };

}  // namespace
}  // namespace vitals::metrics

template <>
struct vitals::metrics::LabelValues<vitals::metrics::Light> {
  static constexpr std::array<std::string_view, 2> kValues{"red", "green"};
};

namespace vitals::metrics {
namespace {

std::string page_of(const Registry& registry, std::vector<std::string> only = {}) {
  std::string page;
  exporting::write_metrics(registry, exporting::Format::kText, page, only);
  return page;
}

TEST(RegistryOptions, PutAPrefixAndLabelsOnAllThatIsDefined) {
  Registry registry{{.prefix = "shop_", .labels = {{"service", "a \"b\""}, {"zone", "eu"}}}};
  registry.counter("orders_total", "Orders.").inc(2);
  registry.gauge<"pool">("size", "Size.").with("x").set(3);
  registry.histogram("wait_seconds", "Wait.", {1}).observe(0.5);
  registry.info<"version">("build_info", "Build.").set("1");
  registry.state_set<Light>("light", "Light.").set(Light::kGreen);
  registry.gauge_callback("load", "Load.", [] { return 4.0; });
  const auto sizes = registry.gauge_callback<"pool">("pool_size", "Connections.");
  const ScopedDefinition size = sizes.observe("y", [] { return 5.0; });
  EXPECT_THAT(page_of(registry),
              HasSubstr("shop_orders_total{service=\"a \\\"b\\\"\",zone=\"eu\"} 2\n"));
  EXPECT_THAT(page_of(registry),
              HasSubstr("shop_size{service=\"a \\\"b\\\"\",zone=\"eu\",pool=\"x\"} 3\n"));
  EXPECT_THAT(page_of(registry), HasSubstr("zone=\"eu\",le=\"1\"} 1\n"));
  const Snapshot snapshot(registry);
  EXPECT_EQ(snapshot.total("shop_build_info", {{"zone", "eu"}, {"version", "1"}}), 1);
  EXPECT_EQ(snapshot.total("shop_light", {{"zone", "eu"}, {"shop_light", "green"}}), 1);
  EXPECT_EQ(snapshot.total("shop_load", {{"zone", "eu"}}), 4);
  EXPECT_EQ(snapshot.total("shop_pool_size", {{"zone", "eu"}, {"pool", "y"}}), 5);
}

TEST(RegistryOptions, AreOnWhatCollectorsSayToo) {
  Registry registry{{.prefix = "shop_", .labels = {{"zone", "eu"}}}};
  add_process_collector(registry);
  EXPECT_TRUE(Snapshot(registry).value("shop_process_open_fds", {{"zone", "eu"}}));
  EXPECT_THAT(page_of(registry, {"shop_process_open_fds"}),
              HasSubstr("shop_process_open_fds{zone=\"eu\"}"));
}

TEST(RegistryOptions, ALabelOfTheRegistryIsNobodyElses) {
  Registry registry{{.labels = {{"zone", "eu"}}}};
  EXPECT_THAT([&] { registry.gauge<"zone">("load", "Load."); },
              ThrowsMessage<DefinitionError>(HasSubstr("puts on every series")));
  class Says final : public Collector {
   public:
    void collect(SampleSink& sink) override {
      sink.begin_family({"pool", "Pool.", MetricType::kGauge});
      sink.gauge(SeriesLabels{{"zone", "us"}}, 1);
    }
  };
  registry.collector(std::make_unique<Says>());
  EXPECT_EQ(Snapshot(registry).count("pool"), 0U);
  EXPECT_EQ(registry.left_out().failures, 1U);
}

TEST(RegistryOptions, RefuseALabelThatCannotBeOne) {
  for (const char* name : {"", "__secret", "le", "a\xFF"})
    EXPECT_THROW(Registry({.labels = {{name, "x"}}}), DefinitionError) << name;
  EXPECT_THROW(Registry({.labels = {{"a", "x"}, {"a", "y"}}}), DefinitionError);
  EXPECT_THROW(Registry({.labels = {{"a.b", "x"}}}), DefinitionError);
  Registry registry{{.labels = {{"a.b", "x"}}, .utf8_names = true}};
  registry.gauge("load", "Load.").set(1);
  EXPECT_EQ(Snapshot(registry).value("load", {{"a.b", "x"}}), 1);
  EXPECT_THROW(Registry({.prefix = "1-"}).gauge("load", "Load."), DefinitionError);
}

TEST(GetOrCreate, GivesTheSameMetric) {
  Registry registry;
  for (int i = 0; i < 3; ++i) {
    registry.counter("work_total", "Work.", {.get_or_create = true}).inc();
    registry.histogram<"path">("wait_seconds", "Wait.", {1, 2}, {.get_or_create = true})
        .with("/")
        .observe(1);
  }
  const Snapshot snapshot(registry);
  EXPECT_EQ(snapshot.value("work_total"), 3);
  EXPECT_EQ(snapshot.total("wait_seconds_count"), 3);
}

TEST(GetOrCreate, SaysWhatDiffers) {
  Registry registry;
  registry.histogram<"path">("wait_seconds", "Wait.", {1, 2});
  const FamilyOptions shared{.get_or_create = true};
  const auto differs_in = [](const std::string& what) {
    return ThrowsMessage<DefinitionError>(HasSubstr("and this differs in its " + what));
  };
  EXPECT_THAT([&] { registry.gauge<"path">("wait_seconds", "Wait.", shared); }, differs_in("type"));
  EXPECT_THAT(
      [&] {
        registry.histogram<"path">("wait_seconds", "W.", {1, 2}, shared);
      },
      differs_in("help"));
  EXPECT_THAT(
      [&] {
        registry.histogram<"route">("wait_seconds", "Wait.", {1, 2}, shared);
      },
      differs_in("labels"));
  EXPECT_THAT(
      [&] {
        registry.histogram<"path">("wait_seconds", "Wait.", {1, 3}, shared);
      },
      differs_in("buckets"));
  EXPECT_THAT(
      [&] {
        registry.histogram<"path">("wait_seconds", "Wait.", {1, 2},
                                   {.exemplars = true, .get_or_create = true});
      },
      differs_in("exemplars"));
  EXPECT_THAT(
      [&] {
        registry.histogram<"path">("wait_seconds", "Wait.", {1, 2});
      },
      ThrowsMessage<DefinitionError>(Not(HasSubstr("differs"))));
}

TEST(LabelNames, AreGivenAtRunTime) {
  Registry registry;
  const std::string from_outside = "queue";
  const auto depth =
      registry.gauge(LabelNames{from_outside, "host"}, "depth", "Depth.", {.max_series = 3});
  depth.with({"mail", "a"}).set(1);
  depth.with({"mail", "b"}).set(2);
  depth.with({"bills", "a"}).set(3);
  EXPECT_EQ(Snapshot(registry).value("depth", {{"queue", "bills"}, {"host", "a"}}), 3);
  EXPECT_EQ(depth.size(), 3U);
  EXPECT_EQ(depth.remove_where("queue", "mail"), 2U);
  EXPECT_EQ(depth.remove_where("colour", "red"), 0U);
  EXPECT_FALSE(depth.remove({"bills"}));
  EXPECT_TRUE(depth.remove({"bills", "a"}));
  EXPECT_EQ(depth.size(), 0U);
}

TEST(LabelNames, AWrongNumberOfValuesCountsUnderOther) {
  Registry registry;
  const auto sent = registry.counter(LabelNames{"to"}, "sent_total", "Sent.");
  sent.with({"a", "b"}).inc();
  sent.with({}).inc();
  EXPECT_EQ(Snapshot(registry).value("sent_total", {{"to", "(other)"}}), 2);
  EXPECT_EQ(registry.usage()[0].overflows, 2U);
}

TEST(LabelNames, ThatCannotBeExposedAreRefused) {
  Registry registry;
  for (const char* name : {"", "le", "__a", "a-b"})
    EXPECT_THROW(registry.counter(LabelNames{name}, "sent_total", "Sent."), DefinitionError)
        << name;
  EXPECT_THROW(registry.counter(LabelNames{"a", "a"}, "sent_total", "Sent."), DefinitionError);
  registry.histogram(LabelNames{"a"}, "wait_seconds", "Wait.", {1}).with({"x"}).observe(2);
  registry.summary(LabelNames{"a"}, "size_bytes", "Size.").with({"x"}).observe(2);
  EXPECT_EQ(Snapshot(registry).value("wait_seconds_count", {{"a", "x"}}), 1);
  EXPECT_EQ(Snapshot(registry).value("size_bytes_sum", {{"a", "x"}}), 2);
}

TEST(RemoveWhere, TakesAllSeriesOfAValue) {
  Registry registry;
  const auto requests =
      registry.counter<"tenant", enum_label<Light>("light")>("requests_total", "Requests.");
  for (const char* tenant : {"acme", "bolt", "caf\xFF"})
    for (const Light light : {Light::kRed, Light::kGreen})
      requests.with(tenant, light).inc();
  EXPECT_EQ(requests.remove_where<"tenant">("acme"), 2U);
  EXPECT_EQ(requests.remove_where<"tenant">("acme"), 0U);
  EXPECT_EQ(requests.remove_where<"tenant">("caf\xFF"), 2U);
  EXPECT_EQ(requests.remove_where<"light">(Light::kRed), 1U);
  EXPECT_EQ(requests.size(), 1U);
  requests.with("acme", Light::kRed).inc();
  EXPECT_EQ(Snapshot(registry).total("requests_total", {{"tenant", "acme"}}), 1);
}

TEST(ObserveMany, IsAsManyObservations) {
  Registry registry;
  const Histogram wait = registry.histogram("wait_seconds", "Wait.", {1, 2},
                                            {.exemplars = true, .native = NativeBuckets{}});
  const Summary size = registry.summary("size_bytes", "Size.", {.quantiles = {.5}});
  wait.observe_many(1.5, 1000);
  wait.observe_many(9, 0);
  size.observe_many(100, 1000);
  size.observe(1);
  const Snapshot snapshot(registry);
  EXPECT_EQ(snapshot.value("wait_seconds_count"), 1000);
  EXPECT_EQ(snapshot.value("wait_seconds_sum"), 1500);
  EXPECT_EQ(snapshot.value("wait_seconds_bucket", {{"le", "1"}}), 0);
  EXPECT_EQ(snapshot.value("wait_seconds_bucket", {{"le", "2"}}), 1000);
  EXPECT_EQ(snapshot.value("size_bytes_count"), 1001);
  EXPECT_EQ(snapshot.value("size_bytes_sum"), 100001);
  EXPECT_NEAR(snapshot.value("size_bytes", {{"quantile", "0.5"}}).value(), 100, 1);
}

}  // namespace
}  // namespace vitals::metrics

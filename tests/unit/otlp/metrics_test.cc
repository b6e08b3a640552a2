#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "otlp/metrics_source.h"
#include "tests/unit/otlp/fixture.h"
#include "vitals/metrics/registry.h"
#include "vitals/metrics/sample_sink.h"

namespace vitals::otlp {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Metrics : public ClientTest {
 protected:
  ~Metrics() override { guard.end(); }  // it reads the registry once more

  Options with_metrics() {
    Options made = options();
    made.traces.enabled = false;
    made.metrics = {.url = "http://collector/v1/metrics",
                    .protocol = Protocol::kJson,
                    .transport = metrics_transport};
    made.metrics_interval = 1h;  // a flush reads them
    made.registries = {&registry};
    made.counts = &registry;
    return made;
  }
  /// The metrics of the latest reading, by a flush.
  [[nodiscard]] std::vector<Json> read() {
    metrics_transport->clear();
    EXPECT_TRUE(guard.flush(kPlenty));
    std::vector<Json> all;
    for (const delivery::SendRequest& request : metrics_transport->requests()) {
      const Json body = Json::parse(request.body);
      for (const Json& of_resource : body.at("resourceMetrics"))
        for (const Json& of_scope : of_resource.at("scopeMetrics"))
          for (const Json& metric : of_scope.at("metrics"))
            all.push_back(metric);
    }
    return all;
  }
  /// The only one of that name; null where there is none.
  [[nodiscard]] Json metric(std::string_view name) {
    std::vector<Json> named;
    for (const Json& each : read())
      if (each.at("name") == name) named.push_back(each);
    EXPECT_LE(named.size(), 1U) << name;
    return named.empty() ? Json{} : named.front();
  }

  std::shared_ptr<vitals::testing::MemoryTransport> metrics_transport =
      std::make_shared<vitals::testing::MemoryTransport>();
  metrics::Registry registry;
};

std::uint64_t time_of(const Json& point, const char* name) {
  return std::stoull(point.at(name).get<std::string>());
}

TEST_F(Metrics, ACounterIsAMonotonicSumThatSaysSinceWhen) {
  auto eggs = registry.counter<"colour">("eggs_total", "Eggs laid.");
  eggs.with("brown").inc(3);
  eggs.with("white").inc(0.5);
  start(with_metrics());
  const Json sent = metric("eggs_total");
  EXPECT_EQ(sent.at("description"), "Eggs laid.");
  EXPECT_FALSE(sent.contains("unit"));
  const Json& sum = sent.at("sum");
  EXPECT_EQ(sum.at("isMonotonic"), true);
  EXPECT_EQ(sum.at("aggregationTemporality"), 2);
  ASSERT_THAT(sum.at("dataPoints"), SizeIs(2));
  for (const Json& point : sum.at("dataPoints")) {
    EXPECT_EQ(point.at("asDouble"), attribute(point, "colour") == "brown" ? 3.0 : 0.5);
    EXPECT_GT(time_of(point, "startTimeUnixNano"), 1'700'000'000'000'000'000U);
    EXPECT_LE(time_of(point, "startTimeUnixNano"), time_of(point, "timeUnixNano"));
  }
}

TEST_F(Metrics, AGaugeIsAGaugeWithItsUnit) {
  registry.gauge("nest_bytes", "Size.", {.unit = "bytes"}).set(-1.5);
  registry.gauge("odd", "What is no number.").set(std::nan(""));
  start(with_metrics());
  const std::vector<Json> sent = read();
  for (const Json& each : sent) {
    if (each.at("name") == "nest_bytes") {
      EXPECT_EQ(each.at("unit"), "By");
      EXPECT_EQ(each.at("gauge").at("dataPoints").at(0).at("asDouble"), -1.5);
      EXPECT_FALSE(each.at("gauge").at("dataPoints").at(0).contains("startTimeUnixNano"));
    }
    if (each.at("name") == "odd") {
      EXPECT_EQ(each.at("gauge").at("dataPoints").at(0).at("asDouble"), "NaN");
    }
  }
}

TEST_F(Metrics, AHistogramHasItsBucketsOneByOne) {
  const auto weight = registry.histogram("weight", "Weight.", {1, 2, 4});
  for (const double value : {0.5, 1.5, 1.7, 3.0, 100.0})
    weight.observe(value);
  start(with_metrics());
  const Json point = metric("weight").at("histogram").at("dataPoints").at(0);
  EXPECT_THAT(point.at("bucketCounts"), ElementsAre("1", "2", "1", "1"));
  EXPECT_THAT(point.at("explicitBounds"), ElementsAre(1, 2, 4));
  EXPECT_EQ(point.at("count"), "5");
  EXPECT_DOUBLE_EQ(point.at("sum"), 106.7);
}

TEST_F(Metrics, ANativeHistogramIsAnExponentialOne) {
  const auto weight = registry.native_histogram("weight", "Weight.");
  for (const double value : {0.0, 1.0, 1.0, 4.0, -2.0})
    weight.observe(value);
  start(with_metrics());
  const Json sent = metric("weight");
  const Json& point = sent.at("exponentialHistogram").at("dataPoints").at(0);
  EXPECT_EQ(point.at("count"), "5");
  EXPECT_EQ(point.at("zeroCount"), "1");
  // Bucket i of scale s is (2^(i / 2^s), 2^((i + 1) / 2^s)]: what holds 1 ends at 2^0.
  const int scale = point.at("scale");
  const Json& positive = point.at("positive");
  const auto counted = [&](double value) {
    const double index = std::ceil(std::log2(value) * std::exp2(scale)) - 1;
    const auto place = static_cast<std::int64_t>(index) - positive.at("offset").get<int>();
    return positive.at("bucketCounts").at(static_cast<std::size_t>(place)).get<std::string>();
  };
  EXPECT_EQ(counted(1.0), "2");
  EXPECT_EQ(counted(4.0), "1");
  EXPECT_THAT(point.at("negative").at("bucketCounts"), ElementsAre("1"));
}

TEST_F(Metrics, AHistogramOfBothKindsIsSentAsItIsScrapedUnlessTheOtherIsChosen) {
  const auto weight =
      registry.histogram("weight", "Weight.", {1, 2}, {.native = metrics::NativeBuckets{}});
  weight.observe(1.5);
  start(with_metrics());
  EXPECT_TRUE(metric("weight").contains("histogram"));
  EXPECT_TRUE(guard.end());
  Options given = with_metrics();
  given.exponential = true;
  start(std::move(given));
  EXPECT_TRUE(metric("weight").contains("exponentialHistogram"));
}

TEST_F(Metrics, ASummaryHasItsQuantiles) {
  const auto weight = registry.summary("weight", "Weight.", {.quantiles = {0.5, 0.9}});
  for (int i = 1; i <= 10; ++i)
    weight.observe(i);
  start(with_metrics());
  const Json point = metric("weight").at("summary").at("dataPoints").at(0);
  EXPECT_EQ(point.at("count"), "10");
  EXPECT_EQ(point.at("sum"), 55.0);
  ASSERT_THAT(point.at("quantileValues"), SizeIs(2));
  EXPECT_EQ(point.at("quantileValues").at(0).at("quantile"), 0.5);
}

TEST_F(Metrics, LabelsAreAttributesAsTheyWereBeforeEscaping) {
  registry.gauge<"path">("pages", "Pages.").with("a\"b\\c\n\xf0\x9f\x90\x94").set(1);
  start(with_metrics());
  const Json point = metric("pages").at("gauge").at("dataPoints").at(0);
  EXPECT_EQ(attribute(point, "path"), "a\"b\\c\n\xf0\x9f\x90\x94");
}

TEST_F(Metrics, AnAttributeMayHaveAnyUtf8NameAndAnEmptyValueIsNone) {
  class Odd final : public metrics::Collector {
   public:
    void collect(metrics::SampleSink& sink) override {
      sink.begin_family({.name = "pages", .help = "Pages.", .utf8_labels = true});
      sink.gauge(
          metrics::SeriesLabels::utf8({{"http.\xc3\xbcrl \"x\"", "a=\"b\",c={}\\"}, {"none", ""}}),
          1);
    }
  };
  metrics::Registry any{{.utf8_names = true}};
  const metrics::ScopedDefinition odd = any.collector(std::make_unique<Odd>());
  Options given = with_metrics();
  given.registries = {&any};
  start(std::move(given));
  const Json point = metric("pages").at("gauge").at("dataPoints").at(0);
  EXPECT_EQ(attribute(point, "http.\xc3\xbcrl \"x\""), "a=\"b\",c={}\\");
  EXPECT_THAT(point.at("attributes"), SizeIs(1));
  EXPECT_TRUE(guard.end());  // it reads the registry once more
}

TEST_F(Metrics, AHistogramOfWhatIsThereNowIsLeftOutAndWhatNobodyKnowsIsAGauge) {
  class Foreign final : public metrics::Collector {
   public:
    void collect(metrics::SampleSink& sink) override {
      const std::array bounds{1.0};
      const std::array<std::uint64_t, 2> counts{1, 2};
      sink.begin_family(
          {.name = "ages", .help = "Ages.", .type = metrics::MetricType::kGaugeHistogram});
      sink.histogram({}, {.bounds = bounds, .counts = counts, .sum = 3});
      sink.begin_family({.name = "thing", .help = "T.", .type = metrics::MetricType::kUnknown});
      sink.gauge({}, 5);
    }
  };
  const metrics::ScopedDefinition foreign = registry.collector(std::make_unique<Foreign>());
  start(with_metrics());
  EXPECT_TRUE(metric("ages").is_null());
  EXPECT_EQ(metric("thing").at("gauge").at("dataPoints").at(0).at("asDouble"), 5.0);
  EXPECT_TRUE(guard.end());
}

TEST_F(Metrics, CountsOfTwoClientsAreOneAndNothingOfThemIsLeftOut) {
  start(with_metrics());
  Options other = with_metrics();
  auto second = init(std::move(other));
  ASSERT_TRUE(second);
  static_cast<void>(read());
  EXPECT_EQ(registry.left_out().duplicates, 0U);
  EXPECT_TRUE(guard.end());
  EXPECT_TRUE(second->flush(kPlenty));
  EXPECT_NE(metrics_transport->requests().back().body.find("vitals_otlp_items_total"),
            std::string::npos)
      << "the other still runs";
}

TEST_F(Metrics, AFlushAmidAReadingThatIsNotHandedOverYetReadsThemAnew) {
  auto eggs = registry.counter<"hen">("eggs_total", "Eggs laid.", {.max_series = 30'000});
  for (int i = 0; i < 25'000; ++i)
    eggs.with(std::to_string(i)).inc();
  const Options given = with_metrics();
  detail::MetricsSource source{given};
  const auto due = std::chrono::steady_clock::now() + 2h;
  ASSERT_NE(source.take(due, false), nullptr);  // two more wait
  const auto round = [&] {
    int taken = 0;
    while (taken < 100 && source.take(due, true) != nullptr)
      ++taken;
    return taken;
  };
  EXPECT_EQ(round(), 2 + 3);
  EXPECT_EQ(round(), 3);
  EXPECT_EQ(source.take(due, false), nullptr);
}

TEST_F(Metrics, WhatWasSentIsCountedAndTheCountIsAMetricToo) {
  start(with_metrics());
  const std::size_t points = read().size();
  EXPECT_GT(points, 0U);
  bool found = false;
  const Json sent = metric("vitals_otlp_items_total");
  for (const Json& point : sent.at("sum").at("dataPoints")) {
    if (attribute(point, "signal") == "metrics" && attribute(point, "outcome") == "sent") {
      found = true;
      EXPECT_GT(point.at("asDouble"), 0.0);
    }
  }
  EXPECT_TRUE(found);
  EXPECT_GT(counted(Signal::kMetrics, Outcome::kSent), 0U);
}

TEST_F(Metrics, AreReadAgainAndAgainWithoutAFlush) {
  registry.gauge("nests", "Nests.").set(1);
  Options given = with_metrics();
  given.metrics_interval = 20ms;
  start(std::move(given));
  EXPECT_TRUE(metrics_transport->wait_for(3, kPlenty));
}

TEST_F(Metrics, AreReadOnceMoreAtTheEnd) {
  const auto eggs = registry.counter("eggs_total", "Eggs laid.");
  start(with_metrics());
  eggs.inc(7);
  EXPECT_TRUE(guard.end());
  ASSERT_THAT(metrics_transport->requests(), SizeIs(1));
  EXPECT_NE(metrics_transport->requests().front().body.find("\"asDouble\":7"), std::string::npos);
}

TEST_F(Metrics, ManySeriesAreSeveralRequests) {
  auto eggs = registry.counter<"hen">("eggs_total", "Eggs laid.", {.max_series = 30'000});
  for (int i = 0; i < 25'000; ++i)
    eggs.with(std::to_string(i)).inc();
  start(with_metrics());
  std::size_t points = 0;
  for (const Json& each : read())
    if (each.at("name") == "eggs_total") points += each.at("sum").at("dataPoints").size();
  EXPECT_EQ(points, 25'000U);
  EXPECT_GE(metrics_transport->requests().size(), 3U);
}

class Delta : public Metrics {
 protected:
  Delta() {
    Options given = with_metrics();
    given.temporality = Temporality::kDelta;
    given.counts = nullptr;  // whose own count would be in each reading
    start(std::move(given));
  }
  /// The value of the only point, or none.
  [[nodiscard]] Json value(std::string_view name) {
    const Json sent = metric(name);
    if (sent.is_null()) return nullptr;
    EXPECT_EQ(sent.at("sum").at("aggregationTemporality"), 1);
    return sent.at("sum").at("dataPoints").at(0).at("asDouble");
  }
};

TEST_F(Delta, ACounterSaysWhatCameSinceTheReadingBefore) {
  const auto eggs = registry.counter("eggs_total", "Eggs laid.");
  eggs.inc(5);
  EXPECT_EQ(value("eggs_total"), 5.0);
  eggs.inc(2);
  EXPECT_EQ(value("eggs_total"), 2.0);
  EXPECT_EQ(value("eggs_total"), nullptr) << "nothing came";
  eggs.inc();
  EXPECT_EQ(value("eggs_total"), 1.0);
}

TEST_F(Delta, ASeriesThatWasRemovedBeginsAnew) {
  auto eggs = registry.counter<"hen">("eggs_total", "Eggs laid.");
  eggs.with("ada").inc(5);
  EXPECT_EQ(value("eggs_total"), 5.0);
  eggs.remove("ada");
  EXPECT_EQ(value("eggs_total"), nullptr);
  eggs.with("ada").inc(3);
  EXPECT_EQ(value("eggs_total"), 3.0);
}

TEST_F(Delta, ASeriesThatCameBackWithMoreThanItHadBeginsAnew) {
  auto eggs = registry.counter<"hen">("eggs_total", "Eggs laid.");
  auto weight = registry.histogram<"hen">("weight", "Weight.", {1, 2});
  eggs.with("ada").inc(5);
  weight.with("ada").observe(1.5);
  static_cast<void>(read());
  eggs.remove("ada");
  weight.remove("ada");
  eggs.with("ada").inc(8);
  weight.with("ada").observe(1.6);
  const std::vector<Json> sent = read();
  ASSERT_THAT(sent, SizeIs(2));
  EXPECT_EQ(sent.at(0).at("sum").at("dataPoints").at(0).at("asDouble"), 8.0);
  EXPECT_EQ(sent.at(1).at("histogram").at("dataPoints").at(0).at("count"), "1");
  EXPECT_EQ(sent.at(1).at("histogram").at("dataPoints").at(0).at("sum"), 1.6);
}

TEST_F(Delta, ANativeHistogramThatGetsCoarserSaysNothingTwice) {
  const auto weight =
      registry.native_histogram("weight", "Weight.", {.schema = 3, .max_buckets = 8});
  const auto near_zero = registry.native_histogram(
      "near_zero", "Weight.", {.schema = 0, .max_buckets = 4, .max_zero_threshold = 0.25});
  std::uint64_t observed = 0;
  std::uint64_t observed_near = 0;
  std::uint64_t said = 0;
  std::uint64_t said_near = 0;
  std::vector<int> scales;
  std::vector<double> thresholds;
  double next = 0.001;
  for (int reading = 0; reading < 6; ++reading) {
    for (int i = 0; i < 3; ++i, next *= 1.9) {
      weight.observe(next);
      weight.observe(-next);
      near_zero.observe(next);
      observed += 2;
      ++observed_near;
    }
    for (const Json& each : read()) {
      const Json& point = each.at("exponentialHistogram").at("dataPoints").at(0);
      const std::uint64_t count = std::stoull(point.at("count").get<std::string>());
      if (each.at("name") == "weight") {
        said += count;
        scales.push_back(point.at("scale"));
      } else {
        said_near += count;
        thresholds.push_back(point.at("zeroThreshold"));
      }
    }
    EXPECT_EQ(said, observed) << "reading " << reading;
    EXPECT_EQ(said_near, observed_near) << "reading " << reading;
  }
  EXPECT_LT(scales.back(), scales.front());
  EXPECT_GT(thresholds.back(), thresholds.front());
}

TEST_F(Delta, HistogramsAreDifferencesToo) {
  const auto weight = registry.histogram("weight", "Weight.", {1, 2});
  const auto native = registry.native_histogram("native", "Weight.");
  weight.observe(0.5);
  native.observe(0.5);
  static_cast<void>(read());
  weight.observe(1.5);
  native.observe(1.5);
  native.observe(1.5);
  const std::vector<Json> sent = read();
  ASSERT_THAT(sent, SizeIs(2));
  for (const Json& each : sent) {
    if (each.at("name") == "weight") {
      const Json& point = each.at("histogram").at("dataPoints").at(0);
      EXPECT_THAT(point.at("bucketCounts"), ElementsAre("0", "1", "0"));
      EXPECT_EQ(point.at("count"), "1");
      EXPECT_EQ(point.at("sum"), 1.5);
    } else {
      const Json& point = each.at("exponentialHistogram").at("dataPoints").at(0);
      EXPECT_EQ(point.at("count"), "2");
      EXPECT_EQ(point.at("sum"), 3.0);
      EXPECT_THAT(point.at("positive").at("bucketCounts"), ElementsAre("2"));
    }
  }
  EXPECT_THAT(read(), IsEmpty());
}

TEST_F(Delta, EachReadingBeginsWhereTheLastEnded) {
  const auto eggs = registry.counter("eggs_total", "Eggs laid.");
  eggs.inc();
  const Json first = metric("eggs_total").at("sum").at("dataPoints").at(0);
  eggs.inc();
  const Json second = metric("eggs_total").at("sum").at("dataPoints").at(0);
  EXPECT_EQ(second.at("startTimeUnixNano"), first.at("timeUnixNano"));
}

}  // namespace
}  // namespace vitals::otlp

#include "console/query.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "vitals/metrics/registry.h"

namespace vitals::console::detail {
namespace {

constexpr double kSampledFrom = 1'000'000'000;
constexpr std::size_t kRingRoom = 24 * 1024 * 1024;

/// The families of a service's HTTP side, and a ring over them.
struct Service {
  metrics::Registry registry;
  metrics::Family<metrics::Counter, "method", "endpoint", "status"> requests =
      registry.counter<"method", "endpoint", "status">("http_requests_total", "Requests.");
  metrics::Family<metrics::Histogram, "method", "endpoint"> durations =
      registry.histogram<"method", "endpoint">("http_request_duration_seconds", "Time.", {.1, 1});
  Ring ring{kRingRoom};
  double time = kSampledFrom;

  Service() { ring.sample(registry, time); }
  void second() { ring.sample(registry, time += 1); }
  void request(std::string_view endpoint, std::string_view status, double seconds) {
    requests.with("GET", endpoint, status).inc();
    durations.with("GET", endpoint).observe(seconds);
  }
  [[nodiscard]] float newest(std::string_view key, EndpointFilter filter = {}) const {
    const auto hold = ring.lock();
    for (const Track& track : tracks(ring, {}, filter)) {
      if (track.key == key) return track.values.back();
    }
    return -1;
  }
};

TEST(Quantile, IsThatOfPrometheus) {
  const std::vector<double> bounds{.1, .5, 1};
  // histogram_quantile() by hand: rank 5 of 10 is the first of the second bucket's five.
  EXPECT_DOUBLE_EQ(quantile(.5, bounds, std::vector<std::uint64_t>{4, 5, 1, 0}), .1 + .4 * 1 / 5);
  EXPECT_DOUBLE_EQ(quantile(.5, bounds, std::vector<std::uint64_t>{10, 0, 0, 0}), .05);
  EXPECT_DOUBLE_EQ(quantile(.99, bounds, std::vector<std::uint64_t>{0, 0, 0, 3}), 1);
  EXPECT_TRUE(std::isnan(quantile(.5, bounds, std::vector<std::uint64_t>{0, 0, 0, 0})));
  EXPECT_TRUE(std::isnan(quantile(.5, {}, std::vector<std::uint64_t>{9})));
  EXPECT_TRUE(std::isnan(quantile(.5, bounds, {})));
}

TEST(Tracks, RatesAreByStatusClassAndSecond) {
  Service service;
  for (int i = 0; i < 6; ++i)
    service.request("/a", i < 4 ? "200" : "201", .05);
  service.request("/a", "404", .05);
  service.second();
  EXPECT_EQ(service.newest("http.status.2xx"), 6);
  EXPECT_EQ(service.newest("http.status.4xx"), 1);
  service.second();
  EXPECT_EQ(service.newest("http.status.2xx"), 0);
}

TEST(Tracks, QuantilesAreOfTheBucketsOfTheLastTenSeconds) {
  Service service;
  for (int i = 0; i < 10; ++i)
    service.request("/a", "200", .05);
  service.second();
  EXPECT_NEAR(service.newest("http.latency.p50"), .05, 1e-6);
  for (int i = 0; i < 9; ++i)
    service.second();
  EXPECT_NEAR(service.newest("http.latency.p50"), .05, 1e-6);
  service.second();
  EXPECT_TRUE(std::isnan(service.newest("http.latency.p50"))) << "the eleventh second";
}

TEST(Tracks, NativeBucketsTellApartWhatLiesInTheFirstBucket) {
  metrics::Registry registry;
  auto durations = registry.histogram<"endpoint">("http_request_duration_seconds", "Time.",
                                                  {.01, 1}, {.native = metrics::NativeBuckets{}});
  Ring ring{kRingRoom};
  ring.sample(registry, kSampledFrom);
  const auto newest = [&](std::string_view key) {
    const auto hold = ring.lock();
    for (const Track& track : tracks(ring, {}, {})) {
      if (track.key == key) return track.values.back();
    }
    return -1.0F;
  };
  for (int i = 0; i < 90; ++i)
    durations.with("/a").observe(.0004);
  for (int i = 0; i < 8; ++i)
    durations.with("/a").observe(.003);
  durations.with("/b").observe(.5);
  durations.with("/b").observe(.5);
  ring.sample(registry, kSampledFrom + 1);
  EXPECT_GT(newest("http.latency.p50"), .01 / 32) << "the bucket that .0004 lies in";
  EXPECT_LT(newest("http.latency.p50"), .01 / 16);
  EXPECT_GT(newest("http.latency.p95"), .0025);
  EXPECT_LT(newest("http.latency.p95"), .005);
  EXPECT_GT(newest("http.latency.p99"), .01) << "above the first bucket all is as it was";
  const auto hold = ring.lock();
  const RingFamily& family = *ring.find("http_request_duration_seconds");
  const std::size_t row = ring.row(Window::kQuarterHour, 1);
  std::uint64_t all = 0;
  for (const auto& series : family.series)
    for (std::size_t column = 0; column <= family.bounds.size(); ++column)
      all += series->bucket(row, column);
  EXPECT_EQ(all, 100U) << "each counts once";
}

TEST(Tracks, NativeBucketsThatAreJoinedAddNothing) {
  metrics::Registry registry;
  auto durations = registry.histogram<"endpoint">(
      "http_request_duration_seconds", "Time.", {.01, 1},
      {.native = metrics::NativeBuckets{.schema = 3, .max_buckets = 4}});
  Ring ring{kRingRoom};
  ring.sample(registry, kSampledFrom);
  for (int i = 0; i < 1000; ++i)
    durations.with("/a").observe(.0024);
  ring.sample(registry, kSampledFrom + 1);
  for (double seconds = .0001; seconds < 1; seconds *= 2)
    durations.with("/a").observe(seconds);
  ring.sample(registry, kSampledFrom + 2);
  const auto hold = ring.lock();
  const RingFamily& family = *ring.find("http_request_duration_seconds");
  std::uint64_t all = 0;
  for (std::size_t column = 0; column <= family.bounds.size(); ++column)
    all += family.series.front()->bucket(ring.row(Window::kQuarterHour, 2), column);
  EXPECT_EQ(all, 14U);
}

TEST(Tracks, FollowTheEndpointThatIsAskedFor) {
  Service service;
  service.request("/quick", "200", .05);
  service.request("/slow", "500", .5);
  service.second();
  const EndpointFilter slow{"GET", "/slow"};
  EXPECT_EQ(service.newest("http.status.5xx", slow), 1);
  EXPECT_EQ(service.newest("http.status.2xx", slow), -1) << "that endpoint has none";
  EXPECT_GT(service.newest("http.latency.p50", slow), .1);
}

TEST(Tracks, ALabelWithManyValuesIsEightLinesAndTheRest) {
  metrics::Registry registry;
  auto family = registry.counter<"agent_type", "model">("agent_cost_usd_total", "Cost.");
  Ring ring{kRingRoom};
  ring.sample(registry, kSampledFrom);
  for (int i = 0; i < 20; ++i)
    family.with("claude", "model-" + std::to_string(i)).inc();
  ring.sample(registry, kSampledFrom + 1);
  const auto hold = ring.lock();
  const auto lines = tracks(ring, {}, {});
  ASSERT_EQ(lines.size(), 9U);
  float total = 0;
  for (const Track& line : lines)
    total += line.values.back();
  EXPECT_EQ(total, 20);
}

TEST(Endpoints, AreTheWindowsWithTheirErrorsAndQuantiles) {
  Service service;
  for (int i = 0; i < 30; ++i) {
    service.request("/busy", i % 10 == 0 ? "500" : "200", .05);
    if (i % 3 == 0) service.request("/rare", "404", .5);
    service.second();
  }
  const auto hold = service.ring.lock();
  const EndpointTable table = endpoints(service.ring, Window::kQuarterHour, 10);
  ASSERT_EQ(table.rows.size(), 2U);
  EXPECT_EQ(table.rows[0].endpoint, "/busy");
  EXPECT_EQ(table.rows[0].requests, 30U);
  EXPECT_EQ(table.rows[0].server_errors, 3U);
  EXPECT_EQ(table.rows[1].client_errors, 10U);
  EXPECT_GT(table.rows[1].p50, .1);
  EXPECT_EQ(endpoints(service.ring, Window::kQuarterHour, 1).left_out, 1U);
}

TEST(Journeys, CountTheWindowAndTheWhole) {
  metrics::Registry registry;
  auto steps = registry.counter<"journey", "step">("user_journey_steps_total", "Steps.");
  steps.with("onboarding", "created").inc(5);
  Ring ring{kRingRoom};
  ring.sample(registry, kSampledFrom);
  steps.with("onboarding", "created").inc(2);
  ring.sample(registry, kSampledFrom + 1);
  const auto hold = ring.lock();
  const auto rows = journeys(ring, Window::kQuarterHour);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].step, "created");
  EXPECT_EQ(rows[0].reached, 2U);
  EXPECT_EQ(rows[0].total, 7U);
}

}  // namespace
}  // namespace vitals::console::detail

#include "vitals/exporting/format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <map>
#include <set>
#include <sstream>
#include <thread>
#include <vector>

#include "vitals/metrics/registry.h"

namespace vitals::exporting {
namespace {

using metrics::Registry;

std::string text_of(const Registry& registry, std::vector<std::string> only = {}) {
  std::string out;
  write_metrics(registry, Format::kText, out, only);
  return out;
}

TEST(Text, OfEveryKindIsExactlyThis) {
  Registry registry;
  auto requests = registry.counter<"method", "endpoint">("http_requests_total", "Requests.");
  requests.with("GET", "/users/{id}").inc(3);
  requests.with("POST", "(unmatched)").inc();
  registry.counter("cost_usd_total", "Dollars.").inc(0.125);
  registry.gauge("pool_size", "Connections.").set(-1.5);
  auto latency = registry.histogram<"method">("latency_seconds", "Time.", {.01, .05, 1, 10});
  for (const double v : {0.01, 0.02, 0.5, 0.5, 11.0})
    latency.with("GET").observe(v);
  registry.histogram("idle_seconds", "Idle.", {.5});
  registry.gauge_callback("load", "Load.", [] { return 0.75; });
  const std::string_view expected = R"page(# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{method="GET",endpoint="/users/{id}"} 3
http_requests_total{method="POST",endpoint="(unmatched)"} 1
# HELP cost_usd_total Dollars.
# TYPE cost_usd_total counter
cost_usd_total 0.125
# HELP pool_size Connections.
# TYPE pool_size gauge
pool_size -1.5
# HELP latency_seconds Time.
# TYPE latency_seconds histogram
latency_seconds_bucket{method="GET",le="0.01"} 1
latency_seconds_bucket{method="GET",le="0.05"} 2
latency_seconds_bucket{method="GET",le="1"} 4
latency_seconds_bucket{method="GET",le="10"} 4
latency_seconds_bucket{method="GET",le="+Inf"} 5
latency_seconds_sum{method="GET"} 12.03
latency_seconds_count{method="GET"} 5
# HELP idle_seconds Idle.
# TYPE idle_seconds histogram
idle_seconds_bucket{le="0.5"} 0
idle_seconds_bucket{le="+Inf"} 0
idle_seconds_sum 0
idle_seconds_count 0
# HELP load Load.
# TYPE load gauge
load 0.75
)page";
  EXPECT_EQ(text_of(registry), expected);
}

TEST(Text, OfAnEmptyRegistryIsEmpty) {
  EXPECT_EQ(text_of(Registry{}), "");
}

TEST(Text, EscapesHelpAndLabelValues) {
  Registry registry;
  registry.gauge<"path">("load", "Back\\slash, \"quotes\" and\nnewline.")
      .with("a\\b\"c\nd é 😀")
      .set(1);
  EXPECT_EQ(text_of(registry),
            "# HELP load Back\\\\slash, \"quotes\" and\\nnewline.\n"
            "# TYPE load gauge\n"
            "load{path=\"a\\\\b\\\"c\\nd é 😀\"} 1\n");
}

TEST(Text, SpellsWhatIsNotFinite) {
  Registry registry;
  auto gauge = registry.gauge<"i">("load", "Load.");
  gauge.with("a").set(std::numeric_limits<double>::quiet_NaN());
  gauge.with("b").set(std::numeric_limits<double>::infinity());
  gauge.with("c").set(-std::numeric_limits<double>::infinity());
  EXPECT_THAT(text_of(registry), ::testing::HasSubstr("load{i=\"a\"} NaN\nload{i=\"b\"} +Inf\n"
                                                      "load{i=\"c\"} -Inf\n"));
}

TEST(Text, KeepsLargeCountsExactBesideAFraction) {
  Registry registry;
  registry.counter("events_total", "Events.").inc((std::uint64_t{1} << 53) + 1);
  EXPECT_THAT(text_of(registry), ::testing::HasSubstr("\nevents_total 9007199254740993\n"));
}

TEST(Text, AppendsAndAllocatesNothingTheSecondTime) {
  Registry registry;
  auto family = registry.counter<"i">("events_total", "Events.");
  for (int i = 0; i < 100; ++i)
    family.with(std::to_string(i)).inc();
  std::string out = "before\n";
  write_metrics(registry, Format::kText, out);
  EXPECT_TRUE(out.starts_with("before\n# HELP"));
  const std::size_t capacity = out.capacity();
  const char* data = out.data();
  out.clear();
  write_metrics(registry, Format::kText, out);
  EXPECT_EQ(out.capacity(), capacity);
  EXPECT_EQ(out.data(), data);
}

TEST(Text, WritesOnlyTheFamiliesThatAreNamed) {
  Registry registry;
  registry.gauge("load", "Load.");
  registry.gauge("load_max", "Load.");
  registry.histogram("size_bytes", "Size.", {1});
  EXPECT_THAT(text_of(registry, {"load"}), ::testing::StartsWith("# HELP load Load."));
  EXPECT_THAT(text_of(registry, {"load"}), ::testing::Not(::testing::HasSubstr("load_max")));
  EXPECT_THAT(text_of(registry, {"size_bytes_bucket"}),
              ::testing::StartsWith("# HELP size_bytes Size."));
  EXPECT_EQ(text_of(registry, {"load_bucket", "nothing", ""}), "");
}

/// Reads a page as strictly as a scraper, and checks what must hold of it whatever it counts.
void check_page(const std::string& page) {
  std::istringstream lines(page);
  std::set<std::string> families;
  std::set<std::string> series;
  std::string family;
  std::map<std::string, double> infinite;
  std::map<std::string, double> buckets;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# HELP ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      ASSERT_TRUE(families.insert(family).second) << family << " stands there twice";
      continue;
    }
    if (line.starts_with("# TYPE ")) {
      ASSERT_EQ(line.substr(7, line.find(' ', 7) - 7), family);
      continue;
    }
    const std::size_t blank = line.rfind(' ');
    ASSERT_NE(blank, std::string::npos) << line;
    const std::string name = line.substr(0, blank);
    ASSERT_TRUE(name.starts_with(family)) << line << " in the family " << family;
    ASSERT_TRUE(series.insert(name).second) << name << " stands there twice";
    const double value = std::stod(line.substr(blank + 1));
    if (const std::size_t le = name.find("le=\""); le != std::string::npos) {
      const std::string of = name.substr(family.size() + 7, le - family.size() - 7);
      ASSERT_GE(value, buckets[family + of]) << line;  // each bucket includes the one before
      buckets[family + of] = value;
      if (name.ends_with("le=\"+Inf\"}")) infinite[family] += value;
    }
    if (name.starts_with(family + "_count")) {
      ASSERT_EQ(value, infinite[family]) << line;
      infinite[family] = 0;
    }
  }
}

TEST(Text, IsWholeWhileWritersRun) {
  Registry registry;
  auto counters = registry.counter<"i">("events_total", "Events.");
  auto histograms = registry.histogram<"i">("size_bytes", "Size.", {1, 2, 4});
  std::atomic<bool> stop = false;
  std::vector<std::jthread> writers;
  for (int t = 0; t < 2; ++t) {
    writers.emplace_back([&] {
      for (int i = 0; !stop.load(std::memory_order_relaxed); ++i) {
        counters.with(std::to_string(i % 500)).inc();
        histograms.with(std::to_string(i % 300)).observe(i % 6);
      }
    });
  }
  std::string page;
  for (int i = 0; i < 100; ++i) {
    page.clear();
    write_metrics(registry, Format::kText, page);
    ASSERT_NO_FATAL_FAILURE(check_page(page));
  }
  stop = true;
}

}  // namespace
}  // namespace vitals::exporting

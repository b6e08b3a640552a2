#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "vitals/exporting/format.h"
#include "vitals/metrics/registry.h"

namespace vitals::metrics {

enum class Mode { kOff, kOn };

template <>
struct LabelValues<Mode> {
  static constexpr std::array<std::string_view, 2> kValues{"off", "on"};
};

}  // namespace vitals::metrics

namespace vitals::exporting {
namespace {

using metrics::Registry;

/// The page with the times, which differ from run to run, as T.
std::string openmetrics_of(const Registry& registry, const std::vector<std::string>& only = {}) {
  std::string page;
  write_metrics(registry, Format::kOpenMetrics, page, only);
  std::string out;
  std::size_t from = 0;
  while (from < page.size()) {
    const std::size_t end = page.find('\n', from);
    std::string line = page.substr(from, end - from);
    const bool created = line.find("_created") != std::string::npos && line.front() != '#';
    if (created || line.find(" # {") != std::string::npos) {
      line = line.substr(0, line.rfind(' ')) + " T";
    }
    out += line + "\n";
    from = end + 1;
  }
  return out;
}

TEST(OpenMetrics, OfEveryKindIsExactlyThis) {
  Registry registry;
  registry.counter<"method">("requests_total", "Requests \"of\" a\nday \\ night.")
      .with("GET")
      .inc(3);
  registry.counter("cost_usd_total", "Dollars.", {.unit = "usd", .exemplars = true})
      .inc_with_exemplar(0.125, {{"trace_id", "abc"}});
  registry.gauge("pool_size", "Connections.").set(4);
  const auto wait = registry.histogram<"table">("wait_seconds", "Time.", {.5, 1, 1e6},
                                                {.unit = "seconds", .exemplars = true});
  wait.with("a").observe(0.25, {{"trace_id", "def"}});
  wait.with("a").observe(7);
  registry.native_histogram("size_bytes", "Size.").observe(5);
  const auto summary = registry.summary<"kind">("work_seconds", "Work.", {.quantiles = {.5, 1}});
  summary.with("x").observe(0);
  registry.info<"version">("build_info", "Build.").set("1.0");
  registry.state_set<metrics::Mode>("mode", "Mode.").set(metrics::Mode::kOn);
  registry.gauge_callback("load", "Load.", [] { return 0.75; });
  EXPECT_EQ(openmetrics_of(registry), R"page(# TYPE requests counter
# HELP requests Requests \"of\" a\nday \\ night.
requests_total{method="GET"} 3
requests_created{method="GET"} T
# TYPE cost_usd counter
# UNIT cost_usd usd
# HELP cost_usd Dollars.
cost_usd_total 0.125 # {trace_id="abc"} 0.125 T
cost_usd_created T
# TYPE pool_size gauge
# HELP pool_size Connections.
pool_size 4
# TYPE wait_seconds histogram
# UNIT wait_seconds seconds
# HELP wait_seconds Time.
wait_seconds_bucket{table="a",le="0.5"} 1 # {trace_id="def"} 0.25 T
wait_seconds_bucket{table="a",le="1.0"} 1
wait_seconds_bucket{table="a",le="1e+06"} 2
wait_seconds_bucket{table="a",le="+Inf"} 2
wait_seconds_count{table="a"} 2
wait_seconds_sum{table="a"} 7.25
wait_seconds_created{table="a"} T
# TYPE size_bytes histogram
# HELP size_bytes Size.
size_bytes_bucket{le="+Inf"} 1
size_bytes_count 1
size_bytes_sum 5
size_bytes_created T
# TYPE work_seconds summary
# HELP work_seconds Work.
work_seconds{kind="x",quantile="0.5"} 0
work_seconds{kind="x",quantile="1.0"} 0
work_seconds_count{kind="x"} 1
work_seconds_sum{kind="x"} 0
work_seconds_created{kind="x"} T
# TYPE build info
# HELP build Build.
build_info{version="1.0"} 1
# TYPE mode stateset
# HELP mode Mode.
mode{mode="off"} 0
mode{mode="on"} 1
# TYPE load gauge
# HELP load Load.
load 0.75
# EOF
)page");
}

TEST(OpenMetrics, AHistogramWithNegativeBucketsHasNoSumAndSoNoCount) {
  Registry registry;
  registry.histogram("outside_celsius", "Outside.", {-10, 0, 10}).observe(-3);
  EXPECT_EQ(openmetrics_of(registry), R"page(# TYPE outside_celsius histogram
# HELP outside_celsius Outside.
outside_celsius_bucket{le="-10.0"} 0
outside_celsius_bucket{le="0.0"} 1
outside_celsius_bucket{le="10.0"} 1
outside_celsius_bucket{le="+Inf"} 1
outside_celsius_created T
# EOF
)page");
}

TEST(OpenMetrics, OfAnEmptyRegistryIsItsEnd) {
  EXPECT_EQ(openmetrics_of(Registry{}), "# EOF\n");
}

TEST(OpenMetrics, IsSelectedByTheNamesOfTheTextFormat) {
  Registry registry;
  registry.counter("a_total", "A.").inc();
  registry.summary("b", "B.");
  EXPECT_EQ(openmetrics_of(registry, {"a_total"}),
            "# TYPE a counter\n# HELP a A.\na_total 1\na_created T\n# EOF\n");
  EXPECT_THAT(openmetrics_of(registry, {"b_sum"}), ::testing::StartsWith("# TYPE b summary\n"));
}

}  // namespace
}  // namespace vitals::exporting

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>

#include "vitals/exporting/format.h"
#include "vitals/exporting/scrape.h"
#include "vitals/metrics/process_collector.h"
#include "vitals/metrics/registry.h"
#include "vitals/metrics/self_metrics.h"

namespace vitals::exporting {
namespace {

struct Verdict {
  int code = -1;
  std::string says;
};

/// What `promtool check metrics` says of a page; it reads standard input, so the page goes by a
/// file.
Verdict promtool(const std::string& page) {
  std::string path = ::testing::TempDir() + "vitals_page_XXXXXX";
  const int fd = ::mkstemp(path.data());
  if (fd < 0) return {};
  FILE* file = ::fdopen(fd, "w");
  std::fwrite(page.data(), 1, page.size(), file);
  std::fclose(file);
  const std::string command = VITALS_PROMTOOL " check metrics < " + path + " 2>&1";
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return {};
  Verdict verdict;
  char buffer[512];
  while (const std::size_t n = std::fread(buffer, 1, sizeof buffer, pipe)) {
    verdict.says.append(buffer, n);
  }
  verdict.code = WEXITSTATUS(::pclose(pipe));
  std::remove(path.c_str());
  return verdict;
}

TEST(Promtool, FindsNothingInAPageWithEveryKindAndOddLabels) {
  metrics::Registry registry;
  metrics::add_process_collector(registry);
  metrics::add_self_metrics(registry);
  ScrapeHandler handler(registry);
  (void)handler.handle({});
  auto counters = registry.counter<"value">("odd_labels_total", "Odd \\ labels\nin \"two\" lines.");
  for (const std::string& value :
       {std::string("plain"), std::string(), std::string("line\nbreak"), std::string("quo\"te"),
        std::string("back\\slash"), std::string("😀"), std::string("trail\\"), std::string("\xFF"),
        std::string("nul\0byte", 8), std::string(64 * 1024, 'x')}) {
    counters.with(value).inc(0.1);
  }
  auto gauges = registry.gauge<"i">("odd_values", "Odd values.");
  gauges.with("nan").set(std::numeric_limits<double>::quiet_NaN());
  gauges.with("inf").set(std::numeric_limits<double>::infinity());
  gauges.with("tiny").set(std::numeric_limits<double>::denorm_min());
  registry.histogram<"method">("latency_seconds", "Latency.", metrics::kDefaultBuckets)
      .with("GET")
      .observe(0.3);
  registry.histogram("size_bytes", "Size.", metrics::exponential_buckets(1, 10, 12)).observe(5e7);
  registry.summary<"kind">("work_seconds", "Work.", {.quantiles = {.5, .99}}).with("a").observe(2);
  registry.summary("idle_seconds", "Idle.", {.quantiles = {.5}});
  registry.native_histogram("answer_bytes", "Answers.").observe(3);
  registry.info<"version">("app_info", "App.").set("1 \"2\"\n3");
  registry.gauge_callback("load", "Load.", [] { return 0.5; });
  registry.counter_callback("work_total", "Work.", [] { return 7.0; });

  std::string page;
  write_metrics(registry, Format::kText, page);
  const Verdict verdict = promtool(page);
  EXPECT_EQ(verdict.code, 0) << verdict.says;
  EXPECT_EQ(verdict.says, "");
}

TEST(Promtool, WouldFindAFault) {
  EXPECT_NE(promtool("# HELP a A.\n# TYPE a counter\na 1\n").says, "");
  EXPECT_NE(promtool("# HELP a A.\n# TYPE a gauge\na{b=\"\xFF\"} 1\n").code, 0);
}

}  // namespace
}  // namespace vitals::exporting

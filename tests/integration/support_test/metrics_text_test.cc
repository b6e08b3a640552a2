#include "integration/support/metrics_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace integration {
namespace {

constexpr const char* kGood =
    "# HELP hits_total All hits.\n# TYPE hits_total counter\n"
    "hits_total{path=\"/a\\\"b\\\\c\\n\",method=\"GET\"} 3\nhits_total{path=\"/\",method=\"PUT\"} "
    "4.5\n"
    "# HELP t_seconds How long.\n# TYPE t_seconds histogram\n"
    "t_seconds_bucket{le=\"0.1\"} 1\nt_seconds_bucket{le=\"1\"} 1\nt_seconds_bucket{le=\"+Inf\"} "
    "2\n"
    "t_seconds_sum 7\nt_seconds_count 2\n"
    "# HELP rate Now.\n# TYPE rate gauge\nrate NaN\n";

TEST(MetricsText, ReadsFamiliesSamplesAndBuckets) {
  const Metrics metrics = Metrics::parse(kGood);
  EXPECT_EQ(metrics.families().size(), 3U);
  EXPECT_EQ(metrics.family("hits_total").type, "counter");
  EXPECT_EQ(metrics.family("hits_total").label_names(), (std::set<std::string>{"path", "method"}));
  EXPECT_EQ(metrics.value("hits_total", {{"path", "/a\"b\\c\n"}, {"method", "GET"}}), 3);
  EXPECT_EQ(metrics.sum("hits_total"), 7.5);
  EXPECT_EQ(metrics.sum("hits_total", {{"method", "PUT"}}), 4.5);
  EXPECT_EQ(metrics.family("t_seconds").bounds(), (std::vector<std::string>{"0.1", "1", "+Inf"}));
  EXPECT_EQ(metrics.family("t_seconds").series(), 1U);
  EXPECT_EQ(metrics.value("t_seconds_count"), 2);
  EXPECT_TRUE(std::isnan(metrics.value("rate").value_or(0)));
  EXPECT_EQ(metrics.value("rate", {{"a", "b"}}), std::nullopt);
}

TEST(MetricsText, RefusesWhatTheFormatForbids) {
  const std::string head = "# HELP a A.\n# TYPE a counter\n";
  const std::string histogram = "# HELP h H.\n# TYPE h histogram\n";
  const std::vector<std::string> bad{
      "a 1\n",
      head + "b 1\n",
      head + "a\n",
      head + "a x\n",
      head + "a 1",
      head + "a{b=\"c} 1\n",
      head + "a{b=c} 1\n",
      head + "a{b=\"\\x\"} 1\n",
      head + "a{__b=\"c\"} 1\n",
      head + "a{b=\"c\",b=\"c\"} 1\n",
      head + "a{b=\"c\"}1\n",
      head + "a 1\na 2\n",
      head + "a 1\n# HELP a A.\n",
      head + "a 1\n# HELP b B.\n# TYPE b gauge\nb 1\na{c=\"d\"} 2\n",
      "# TYPE a counter\na 1\n",
      "# HELP a A.\na 1\n",
      "# HELP a A.\n# TYPE a thing\na 1\n",
      "# HELP 1a A.\n# TYPE 1a counter\n1a 1\n",
      histogram + "h_bucket{le=\"1\"} 1\nh_sum 1\nh_count 1\n",
      histogram + "h_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n",
      histogram + "h_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 2\n",
      histogram +
          "h_bucket{le=\"2\"} 1\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count "
          "1\n",
      histogram + "h_bucket{le=\"+Inf\"} 1\nh_count 1\n",
      histogram + "h 1\n",
  };
  EXPECT_NO_THROW(Metrics::parse(head + "a 1\n"));
  for (const std::string& text : bad)
    EXPECT_THROW(Metrics::parse(text), std::runtime_error) << text;
}

}  // namespace
}  // namespace integration

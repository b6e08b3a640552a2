#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "tests/unit/exporting/openmetrics_check.h"
#include "tests/unit/exporting/says.h"
#include "vitals/exporting/format.h"
#include "vitals/exporting/scrape.h"
#include "vitals/metrics/registry.h"
#include "vitals/testing/snapshot.h"

namespace vitals::exporting {
namespace {

using metrics::ExemplarView;
using metrics::MetricType;
using metrics::Registry;
using metrics::SampleSink;
using metrics::SeriesLabels;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

struct Page {
  std::string text;
  std::size_t left_out = 0;
};

Page lenient_page_of(const Registry& registry, Format format = Format::kOpenMetrics) {
  Page page;
  page.left_out = write_metrics(registry, format, page.text);
  return page;
}

Page said(std::function<void(SampleSink&)> say, Format format = Format::kOpenMetrics) {
  Registry registry;
  registry.collector(std::make_unique<Says>(std::move(say)));
  registry.gauge("other", "Other.").set(7);
  Page page = lenient_page_of(registry, format);
  if (format == Format::kOpenMetrics) {
    EXPECT_EQ(fault_in_openmetrics(page.text), "") << page.text;
  }
  EXPECT_THAT(page.text, HasSubstr(format == Format::kProtobuf ? "Other." : "\nother 7\n"));
  return page;
}

std::string long_label(std::size_t characters) {
  std::string value;
  for (std::size_t i = 0; i < characters; ++i)
    value += "é";
  return "id=\"" + value + "\"";
}

TEST(LeftOut, ACounterThatIsNaNOrNegative) {
  for (const Format format : {Format::kText, Format::kText1, Format::kOpenMetrics}) {
    for (const double value : {kNaN, -1.0, -0.001, -kInf}) {
      Registry registry;
      registry.counter_callback("bad_total", "Bad.", [value] { return value; });
      registry.counter_callback("good_total", "Good.", [] { return kInf; });
      const Page page = lenient_page_of(registry, format);
      EXPECT_EQ(page.left_out, 1U) << value;
      EXPECT_THAT(page.text, Not(HasSubstr("\nbad_total ")));
      EXPECT_THAT(page.text, HasSubstr("\ngood_total +Inf\n"));
    }
  }
}

TEST(LeftOut, OfManySeriesOnlyTheBadOne) {
  const Page page = said([](SampleSink& sink) {
    sink.begin_family({"jobs_total", "Jobs.", MetricType::kCounter});
    sink.counter(SeriesLabels{{"q", "a"}}, {1, 0.0, {}});
    sink.counter(SeriesLabels{{"q", "b"}}, {0, -2.0, {}});
    sink.counter(SeriesLabels{{"q", "c"}}, {3, -2.0, {}});
  });
  EXPECT_EQ(page.left_out, 1U);
  EXPECT_THAT(page.text, HasSubstr("jobs_total{q=\"a\"} 1\njobs_total{q=\"c\"} 1\n"));
}

TEST(LeftOut, ASumThatOpenMetricsDoesNotKnowAndItsCount) {
  for (const double value : {-3.0, kNaN, -kInf}) {
    const Page page = said([&](SampleSink& sink) {
      sink.begin_family({"change_celsius", "Change.", MetricType::kHistogram});
      const double bounds[] = {1};
      const std::uint64_t counts[] = {1, 1};
      sink.histogram({}, {bounds, counts, value});
      sink.begin_family({"drift_celsius", "Drift.", MetricType::kSummary});
      sink.summary({}, {2, value, {}});
    });
    EXPECT_EQ(page.left_out, 2U) << value;
    EXPECT_THAT(page.text, Not(HasSubstr("celsius_sum")));
    EXPECT_THAT(page.text, Not(HasSubstr("change_celsius_count")));
    EXPECT_THAT(page.text, HasSubstr("change_celsius_bucket{le=\"+Inf\"} 2\n"));
    EXPECT_THAT(page.text, HasSubstr("drift_celsius_count 2\n"));
  }
  Registry registry;
  registry.histogram("change_celsius", "Change.", metrics::kDefaultBuckets).observe(-3);
  const Page strict = lenient_page_of(registry);
  EXPECT_EQ(fault_in_openmetrics(strict.text), "");
  EXPECT_EQ(strict.left_out, 1U);
  const Page text = lenient_page_of(registry, Format::kText);
  EXPECT_EQ(text.left_out, 0U);
  EXPECT_THAT(text.text, HasSubstr("\nchange_celsius_sum -3\n"));
}

TEST(LeftOut, AnInfoOtherThanOneAndAStateThatIsNone) {
  for (const double value : {7.0, 0.0, -1.0, kNaN}) {
    const Page page = said([&](SampleSink& sink) {
      sink.begin_family({"app_info", "App.", MetricType::kInfo});
      sink.gauge(SeriesLabels{{"v", "1"}}, 1);
      sink.gauge(SeriesLabels{{"v", "2"}}, value);
    });
    EXPECT_EQ(page.left_out, 1U) << value;
  }
  const Page page = said([](SampleSink& sink) {
    sink.begin_family({"mode", "Mode.", MetricType::kStateSet});
    sink.gauge(SeriesLabels{{"a", "x"}, {"mode", "on"}}, 1);
    sink.gauge(SeriesLabels{{"mode", "off"}}, 0);
    sink.gauge(SeriesLabels{{"mode", "half"}}, 0.5);
    sink.gauge(SeriesLabels{{"state", "on"}}, 1);
  });
  EXPECT_EQ(page.left_out, 2U);
  EXPECT_THAT(page.text, HasSubstr("mode{a=\"x\",mode=\"on\"} 1\nmode{mode=\"off\"} 0\n"));
}

TEST(LeftOut, QuantilesOutsideOfZeroToOneTwiceOrNegative) {
  for (const Format format : {Format::kText, Format::kOpenMetrics, Format::kProtobuf}) {
    const Page page = said(
        [](SampleSink& sink) {
          sink.begin_family({"wait", "Wait.", MetricType::kSummary});
          const metrics::SummaryView::Quantile quantiles[] = {
              {-0.1, 1}, {0, 1}, {0.5, kNaN}, {0.5, 3}, {1, 9}, {1.5, 9}, {kNaN, 9}};
          sink.summary({}, {4, 10, quantiles});
        },
        format);
    EXPECT_EQ(page.left_out, 4U);
  }
  const Page page = said([](SampleSink& sink) {
    sink.begin_family({"wait", "Wait.", MetricType::kSummary});
    const metrics::SummaryView::Quantile quantiles[] = {{0.5, -1}, {0.9, 1}};
    sink.summary({}, {4, 10, quantiles});
  });
  EXPECT_EQ(page.left_out, 1U);
  EXPECT_THAT(page.text, HasSubstr("wait{quantile=\"0.9\"} 1\n"));
}

TEST(LeftOut, AnExemplarThatIsTooLongOrOutOfPlaceButNotItsSample) {
  struct {
    std::string labels;
    double value;
    double timestamp;
    bool stays;
  } const table[] = {
      {long_label(126), 0.5, 1e9, true},  {long_label(127), 0.5, 1e9, false},
      {long_label(200), 0.5, 1e9, false}, {"id=\"" + std::string(126, '\\') + "\"", 0.5, 1e9, true},
      {"id=\"a\"", 0.5, kNaN, false},     {"id=\"a\"", 0.5, kInf, false},
      {"id=\"a\"", 2.5, 1e9, false},      {"id=\"a\"", kNaN, 1e9, false},
      {"id=\"a\"", 1.0, 1e9, true},       {"id=\"a\"", -1.0, 1e9, true},
      {"id=\"a\"", 0.5, -1.0, false},     {"id=\"a\"", 0.5, 1e300, false},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(row.labels);
    const Page page = said([&](SampleSink& sink) {
      sink.begin_family({"wait", "Wait.", MetricType::kHistogram});
      const double bounds[] = {1};
      const std::uint64_t counts[] = {1, 1};
      const ExemplarView exemplars[] = {{row.labels, row.value, row.timestamp}, {}};
      sink.histogram({}, {bounds, counts, 3, exemplars});
    });
    EXPECT_EQ(page.left_out, row.stays ? 0U : 1U);
    EXPECT_EQ(page.text.find(" # {") != std::string::npos, row.stays);
    EXPECT_THAT(page.text, HasSubstr("wait_bucket{le=\"1.0\"} 1"));
  }
  const Page page = said([](SampleSink& sink) {
    const std::string labels = long_label(200);
    sink.begin_family({"jobs_total", "Jobs.", MetricType::kCounter});
    sink.counter({}, {1, 0.0, {labels, 1, 1e9}});
  });
  EXPECT_EQ(page.left_out, 1U);
  EXPECT_THAT(page.text, HasSubstr("\njobs_total 1\n"));
}

TEST(LeftOut, TimesOfCreationThatAreNone) {
  for (const double created : {kNaN, kInf, -kInf, -5.0}) {
    const Page page = said([&](SampleSink& sink) {
      sink.begin_family({"jobs_total", "Jobs.", MetricType::kCounter});
      sink.counter({{}, created}, {1, 0.0, {}});
    });
    EXPECT_THAT(page.text, Not(HasSubstr("_created")));
  }
}

TEST(LeftOut, IsCountedByTheHandler) {
  Registry registry;
  registry.counter_callback("bad_total", "Bad.", [] { return -1.0; });
  ScrapeHandler handler(registry);
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(handler.handle({}).status, 200);
  EXPECT_EQ(testing::Snapshot(registry).value("vitals_scrape_samples_left_out_total"), 3);
}

TEST(CollectedBounds, InfinityStandsOnceWhateverTheCollectorSays) {
  for (const Format format : {Format::kText, Format::kText1, Format::kOpenMetrics}) {
    for (const std::vector<double>& bounds :
         {std::vector<double>{1, 2}, std::vector<double>{1, 2, kInf}}) {
      const Page page = said(
          [&](SampleSink& sink) {
            sink.begin_family({"wait", "Wait.", MetricType::kHistogram});
            const std::uint64_t counts[] = {1, 2, 3};
            sink.histogram({}, {bounds, counts, 12});
          },
          format);
      const std::string last = format == Format::kOpenMetrics ? "2.0" : "2";
      EXPECT_THAT(page.text, HasSubstr("wait_bucket{le=\"" + last +
                                       "\"} 3\nwait_bucket{le=\"+Inf\"} 6\nwait_"));
      EXPECT_THAT(page.text, Not(HasSubstr("inf")));
    }
  }
}

TEST(CollectedBounds, ThatAreNoneAreLeftOutWithTheirFamily) {
  for (const std::vector<double>& bounds :
       {std::vector<double>{-kInf, 1}, std::vector<double>{kNaN, 1}, std::vector<double>{1, kNaN},
        std::vector<double>{2, 1}, std::vector<double>{1, 1}, std::vector<double>{kInf, 1},
        std::vector<double>{kInf, kInf}}) {
    const Page page = said([&](SampleSink& sink) {
      sink.begin_family({"wait", "Wait.", MetricType::kHistogram});
      const std::uint64_t counts[] = {1, 2, 3};
      sink.histogram({}, {bounds, counts, 12});
    });
    EXPECT_THAT(page.text, Not(HasSubstr("wait")));
  }
}

TEST(OpenMetricsCheck, FindsTheFaultsThatItIsFor) {
  for (const char* page :
       {"",
        "# TYPE a gauge\na 1\n",
        "a 1\n# EOF\n",
        "# TYPE a counter\na 1\n# EOF\n",
        "# TYPE a counter\na_total -1\n# EOF\n",
        "# TYPE a counter\na_total NaN\n# EOF\n",
        "# TYPE a info\na_info 7\n# EOF\n",
        "# TYPE a gauge\na 1\na 1\n# EOF\n",
        "# TYPE a gauge\na 1 # {i=\"1\"} 1\n# EOF\n",
        "# TYPE a gauge\na{b=\"1\",b=\"2\"} 1\n# EOF\n",
        "# TYPE a gauge\na{\"b.c\"=\"\\x\"} 1\n# EOF\n",
        "# TYPE a summary\na{quantile=\"2\"} 1\n# EOF\n",
        "# TYPE a histogram\na_bucket{le=\"1\"} 1\n# EOF\n",
        "# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_count 1\n# EOF\n",
        "# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_count 2\na_sum 1\n# EOF\n",
        "# TYPE a histogram\na_bucket{le=\"-1\"} 1\na_bucket{le=\"+Inf\"} 1\na_count 1\na_sum 1\n# "
        "EOF\n",
        "# TYPE a histogram\na_bucket{le=\"inf\"} 1\n# EOF\n",
        "# TYPE a gaugehistogram\na_bucket{le=\"+Inf\"} 1\na_count 1\na_sum 1\n# EOF\n",
        "# TYPE a gaugehistogram\na_bucket{le=\"+Inf\"} 1\na_gcount 1\n# EOF\n",
        "# TYPE a gaugehistogram\na_bucket{le=\"+Inf\"} 1\na_gcount 2\na_gsum 1\n# EOF\n",
        "# TYPE a gaugehistogram\na_bucket{le=\"+Inf\"} 1\na_gcount 1\na_gsum NaN\n# EOF\n",
        "# TYPE a gaugehistogram\na_bucket{le=\"+Inf\"} 1\na_gcount 1\na_gsum -1\n# EOF\n",
        "# TYPE a unknown\na_total 1\n# EOF\n",
        "# TYPE a untyped\na 1\n# EOF\n",
        "# TYPE a_b info\n# UNIT a_b b\na_b_info 1\n# EOF\n",
        "# TYPE a gauge\n# TYPE b gauge\na 1\n# EOF\n",
        "# TYPE a gauge\n\na 1\n# EOF\n"}) {
    EXPECT_NE(fault_in_openmetrics(page), "") << page;
  }
}

}  // namespace
}  // namespace vitals::exporting

#include "exporting/names.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "tests/unit/exporting/openmetrics_check.h"
#include "vitals/exporting/format.h"
#include "vitals/metrics/registry.h"
#include "vitals/testing/snapshot.h"

namespace vitals::metrics {

enum class Verb { kGet, kPost };

template <>
struct LabelValues<Verb> {
  static constexpr std::array<std::string_view, 2> kValues{"GET", "POST"};
};

}  // namespace vitals::metrics

namespace vitals::exporting {
namespace {

using metrics::DefinitionError;
using metrics::Registry;

std::string escaped(std::string_view name, NameOf of, Escaping escaping) {
  std::string out;
  append_name(out, name, of, escaping);
  return out;
}

TEST(Names, AreEscapedAsPrometheusDoes) {
  struct {
    const char* name;
    const char* underscores;
    const char* dots;
    const char* values;
  } const table[] = {
      {"http_requests", "http_requests", "http__requests", "http_requests"},
      {"http.requests", "http_requests", "http_dot_requests", "U__http_2e_requests"},
      {"http.requests_total", "http_requests_total", "http_dot_requests__total",
       "U__http_2e_requests__total"},
      {"metric.name/with/slashes", "metric_name_with_slashes", "metric_dot_name__with__slashes",
       "U__metric_2e_name_2f_with_2f_slashes"},
      {"no:escaping_required", "no:escaping_required", "no:escaping__required",
       "no:escaping_required"},
      {"http.status:sum", "http_status:sum", "http_dot_status:sum", "U__http_2e_status:sum"},
      {"0lead", "_lead", "__lead", "U___30_lead"},
      {"label with 😱", "label_with__", "label__with____", "U__label_20_with_20__1f631_"},
      {"花火", "__", "____", "U___82b1__706b_"},
      {"é\n\"\\", "____", "________", "U___e9__a__22__5c_"},
      {".", "_", "_dot_", "U___2e_"},
  };
  for (const auto& row : table) {
    EXPECT_EQ(escaped(row.name, NameOf::kMetric, Escaping::kUnderscores), row.underscores);
    EXPECT_EQ(escaped(row.name, NameOf::kMetric, Escaping::kDots), row.dots);
    EXPECT_EQ(escaped(row.name, NameOf::kMetric, Escaping::kValues), row.values);
    EXPECT_EQ(escaped(row.name, NameOf::kMetric, Escaping::kAllowUtf8), row.name);
    for (const Escaping scheme : {Escaping::kUnderscores, Escaping::kDots, Escaping::kValues})
      EXPECT_TRUE(is_plain(escaped(row.name, NameOf::kLabel, scheme), NameOf::kLabel)) << row.name;
  }
}

TEST(Names, AColonStandsInAMetricsNameOnly) {
  EXPECT_TRUE(is_plain("a:b", NameOf::kMetric));
  EXPECT_FALSE(is_plain("a:b", NameOf::kLabel));
  EXPECT_EQ(escaped("a:b", NameOf::kLabel, Escaping::kUnderscores), "a_b");
  EXPECT_EQ(escaped("a:b", NameOf::kLabel, Escaping::kValues), "U__a_3a_b");
}

/// A page without the lines that change from run to run.
std::string page_of(const Registry& registry, Format format, Escaping escaping) {
  std::string page;
  write_metrics(registry, format, page, {}, escaping);
  std::string out;
  for (std::size_t from = 0; from < page.size();) {
    const std::size_t end = page.find('\n', from) + 1;
    const std::string line = page.substr(from, end - from);
    if (line.find("_created") == std::string::npos) out += line;
    from = end;
  }
  return out;
}

class Utf8NamesTest : public ::testing::Test {
 protected:
  Utf8NamesTest() {
    registry_.allow_utf8_names();
    registry_
        .counter<metrics::utf8_label<metrics::Verb>("http.method"), "code">("http.requests_total",
                                                                            "Requests.")
        .with(metrics::Verb::kGet, "2\"0\\0")
        .inc(3);
    registry_.histogram("http.wait_seconds", "Wait.", {1}, {.unit = "seconds"}).observe(0.5);
    registry_.summary("größe", "Size.", {.quantiles = {.5}}).observe(0);
    registry_.state_set<metrics::Verb>("last.verb", "Last.").set(metrics::Verb::kPost);
    registry_.gauge<"a_b">("plain_name", "Plain.").with("x").set(1);
  }
  Registry registry_;
};

TEST_F(Utf8NamesTest, StandInQuotesWhereTheReaderKnowsThat) {
  EXPECT_EQ(page_of(registry_, Format::kText1, Escaping::kAllowUtf8),
            R"page(# HELP "http.requests_total" Requests.
# TYPE "http.requests_total" counter
{"http.requests_total","http.method"="GET",code="2\"0\\0"} 3
# HELP "http.wait_seconds" Wait.
# TYPE "http.wait_seconds" histogram
{"http.wait_seconds_bucket",le="1"} 1
{"http.wait_seconds_bucket",le="+Inf"} 1
{"http.wait_seconds_sum"} 0.5
{"http.wait_seconds_count"} 1
# HELP "größe" Size.
# TYPE "größe" summary
{"größe",quantile="0.5"} 0
{"größe_sum"} 0
{"größe_count"} 1
# HELP "last.verb" Last.
# TYPE "last.verb" gauge
{"last.verb","last.verb"="GET"} 0
{"last.verb","last.verb"="POST"} 1
# HELP plain_name Plain.
# TYPE plain_name gauge
plain_name{a_b="x"} 1
)page");
  const std::string page = page_of(registry_, Format::kOpenMetrics, Escaping::kAllowUtf8);
  EXPECT_NE(page.find("# TYPE \"http.requests\" counter\n# HELP \"http.requests\" Requests.\n"
                      "{\"http.requests_total\",\"http.method\"=\"GET\",code=\"2\\\"0\\\\0\"} 3\n"),
            std::string::npos)
      << page;
  EXPECT_NE(page.find("# UNIT \"http.wait_seconds\" seconds\n"), std::string::npos) << page;
}

TEST_F(Utf8NamesTest, AreEscapedForOthers) {
  EXPECT_EQ(page_of(registry_, Format::kText, Escaping::kUnderscores),
            R"page(# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{http_method="GET",code="2\"0\\0"} 3
# HELP http_wait_seconds Wait.
# TYPE http_wait_seconds histogram
http_wait_seconds_bucket{le="1"} 1
http_wait_seconds_bucket{le="+Inf"} 1
http_wait_seconds_sum 0.5
http_wait_seconds_count 1
# HELP gr__e Size.
# TYPE gr__e summary
gr__e{quantile="0.5"} 0
gr__e_sum 0
gr__e_count 1
# HELP last_verb Last.
# TYPE last_verb gauge
last_verb{last_verb="GET"} 0
last_verb{last_verb="POST"} 1
# HELP plain_name Plain.
# TYPE plain_name gauge
plain_name{a_b="x"} 1
)page");
  const std::string dots = page_of(registry_, Format::kText1, Escaping::kDots);
  EXPECT_NE(dots.find("\nhttp_dot_requests__total{http_dot_method=\"GET\",code="),
            std::string::npos);
  EXPECT_NE(dots.find("\nplain__name{a__b=\"x\"} 1\n"), std::string::npos);
  const std::string values = page_of(registry_, Format::kOpenMetrics, Escaping::kValues);
  EXPECT_NE(values.find("\nU__http_2e_requests__total{U__http_2e_method=\"GET\",code="),
            std::string::npos);
  EXPECT_NE(values.find("\nplain_name{a_b=\"x\"} 1\n"), std::string::npos);
}

TEST_F(Utf8NamesTest, AreNeverQuotedInText004) {
  EXPECT_EQ(page_of(registry_, Format::kText, Escaping::kAllowUtf8),
            page_of(registry_, Format::kText, Escaping::kUnderscores));
  EXPECT_EQ(content_type(Format::kText, Escaping::kAllowUtf8),
            "text/plain; version=0.0.4; charset=utf-8; escaping=underscores");
}

TEST_F(Utf8NamesTest, AreOpenMetricsByEveryEscaping) {
  for (const Escaping escaping :
       {Escaping::kUnderscores, Escaping::kDots, Escaping::kValues, Escaping::kAllowUtf8}) {
    std::string page;
    write_metrics(registry_, Format::kOpenMetrics, page, {}, escaping);
    EXPECT_EQ(fault_in_openmetrics(page), "");
  }
}

TEST_F(Utf8NamesTest, AreInProtobufAsAgreed) {
  const auto has = [&](Escaping escaping, std::string_view name) {
    std::string page;
    write_metrics(registry_, Format::kProtobuf, page, {}, escaping);
    return page.find(static_cast<char>(name.size()) + std::string(name)) != std::string::npos;
  };
  EXPECT_TRUE(has(Escaping::kAllowUtf8, "http.requests_total"));
  EXPECT_TRUE(has(Escaping::kAllowUtf8, "http.method"));
  EXPECT_TRUE(has(Escaping::kAllowUtf8, "2\"0\\0"));
  EXPECT_TRUE(has(Escaping::kUnderscores, "http_method"));
  EXPECT_TRUE(has(Escaping::kDots, "http_dot_method"));
  EXPECT_TRUE(has(Escaping::kValues, "U__http_2e_method"));
  EXPECT_FALSE(has(Escaping::kValues, "http.method"));
}

TEST_F(Utf8NamesTest, SelectByTheirOwnNameAndTheEscapedOne) {
  for (const char* name : {"http.requests_total", "http.requests", "http_requests_created"}) {
    std::string page;
    const std::string only[] = {name};
    write_metrics(registry_, Format::kText, page, only);
    EXPECT_EQ(page,
              "# HELP http_requests_total Requests.\n# TYPE http_requests_total counter\n"
              "http_requests_total{http_method=\"GET\",code=\"2\\\"0\\\\0\"} 3\n");
  }
}

TEST(Utf8Names, AreRefusedUnlessTheRegistryAllowsThem) {
  Registry registry;
  EXPECT_THROW(registry.gauge("http.load", "L."), DefinitionError);
  EXPECT_THROW(registry.gauge<metrics::utf8_label("http.method")>("load", "L."), DefinitionError);
  EXPECT_THROW(registry.gauge_callback("http.load", "L.", [] { return 1.0; }), DefinitionError);
  registry.allow_utf8_names();
  registry.gauge("http.load", "L.");
  registry.gauge<metrics::utf8_label("http.method")>("load", "L.");
}

TEST(Utf8Names, AreRefusedWhereNothingCouldMendThem) {
  Registry registry;
  registry.allow_utf8_names();
  for (const char* name : {"", "\xFF", "a\xC3", "__a", "a_bucket"})
    EXPECT_THROW(registry.gauge(name, "L."), DefinitionError) << name;
  EXPECT_THROW(registry.counter("http.requests", "R."), DefinitionError);
}

TEST(Utf8Names, ThatAreOneWhenEscapedClash) {
  Registry registry;
  registry.allow_utf8_names();
  registry.gauge("http.load", "L.");
  EXPECT_THROW(registry.gauge("http_load", "L."), DefinitionError);
  EXPECT_THROW(registry.gauge("http/load", "L."), DefinitionError);
  registry.histogram("wait", "W.", {1});
  EXPECT_THROW(registry.gauge("wait.bucket", "W."), DefinitionError);
  EXPECT_THROW((registry.gauge<metrics::utf8_label("a.b"), "a_b">("x", "X.")), DefinitionError);
}

TEST(Utf8Names, OfCollectorsFollowTheSameRules) {
  struct Collected final : metrics::Collector {
    void collect(metrics::SampleSink& sink) override {
      sink.begin_family({"http.size", "S.", metrics::MetricType::kGauge});
      sink.gauge(metrics::SeriesLabels::utf8({{"http.method", "GET"}, {"plain", "\xFF"}}), 1);
    }
  };
  for (const bool allowed : {false, true}) {
    Registry registry;
    if (allowed) registry.allow_utf8_names();
    registry.collector(std::make_unique<Collected>());
    std::string page;
    write_metrics(registry, Format::kText, page);
    EXPECT_EQ(page, allowed ? "# HELP http_size S.\n# TYPE http_size gauge\n"
                              "http_size{http_method=\"GET\",plain=\"\uFFFD\"} 1\n"
                            : "");
    EXPECT_EQ(testing::Snapshot(registry).value("http.size",
                                                {{"http.method", "GET"}, {"plain", "\uFFFD"}}),
              allowed ? std::optional(1.0) : std::nullopt);
  }
  EXPECT_THROW((metrics::SeriesLabels{{"http.method", "GET"}}), DefinitionError);
  EXPECT_THROW((void)metrics::SeriesLabels::utf8({{"a.b", "1"}, {"a_b", "2"}}), DefinitionError);
  EXPECT_THROW((void)metrics::SeriesLabels::utf8({{"\xFF", "1"}}), DefinitionError);
  EXPECT_THROW((void)metrics::SeriesLabels::utf8({{"le", "1"}}), DefinitionError);
}

TEST(Utf8Names, AUnitIsToldOnlyWhereTheNameStillEndsInIt) {
  for (const std::string unit : {"seconds", "bytes_per_second", "°C", "s²", "2nd", "m/s", "a b"}) {
    Registry registry;
    registry.allow_utf8_names();
    registry.gauge("rate_" + unit, "R.", {.unit = unit}).set(1);
    registry.counter("odd.name_" + unit + "_total", "C.", {.unit = unit}).inc();
    for (const Escaping escaping :
         {Escaping::kUnderscores, Escaping::kDots, Escaping::kValues, Escaping::kAllowUtf8}) {
      std::string page;
      write_metrics(registry, Format::kOpenMetrics, page, {}, escaping);
      EXPECT_EQ(fault_in_openmetrics(page), "") << page;
      const bool told = page.find("# UNIT ") != std::string::npos;
      if (unit == "seconds") {
        EXPECT_TRUE(told) << page;
      } else if (unit == "bytes_per_second") {
        EXPECT_EQ(told, escaping != Escaping::kDots) << page;
      }
    }
  }
}

}  // namespace
}  // namespace vitals::exporting

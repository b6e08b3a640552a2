// What bridges say: names that are another system's, and the types that only they have.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/unit/exporting/openmetrics_check.h"
#include "tests/unit/exporting/protobuf_reader.h"
#include "tests/unit/exporting/says.h"
#include "vitals/exporting/format.h"
#include "vitals/metrics/registry.h"

namespace vitals::exporting {
namespace {

using namespace field;
using metrics::DefinitionError;
using metrics::FamilyInfo;
using metrics::LabelNames;
using metrics::MetricType;
using metrics::Registry;
using metrics::SampleSink;
using metrics::SeriesLabels;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

/// The page; in OpenMetrics such as a strict reader takes.
std::string page_in(Format format, const Registry& registry,
                    const std::vector<std::string>& only = {}) {
  std::string page;
  EXPECT_EQ(write_metrics(registry, format, page, only), 0U) << "samples were left out";
  if (format == Format::kOpenMetrics) {
    EXPECT_EQ(fault_in_openmetrics(page), "") << page;
  }
  return page;
}

void add_said(Registry& registry, std::function<void(SampleSink&)> say) {
  registry.collector(std::make_unique<Says>(std::move(say)));
}

// Field values of io.prometheus.client.MetricType.
constexpr std::uint64_t kTypeCounter = 0;
constexpr std::uint64_t kTypeGauge = 1;
constexpr std::uint64_t kTypeUntyped = 3;
constexpr std::uint64_t kTypeGaugeHistogram = 5;

TEST(NamesAsTheyAre, ACounterNeedsNoTotalInWhicheverWayItIsDefined) {
  const std::function<metrics::ScopedDefinition(Registry&)> ways[] = {
      [](Registry& registry) -> metrics::ScopedDefinition {
        registry.counter<"path">("hits", "Hits.", {.any_name = true}).with("/").inc(3);
        return {};
      },
      [](Registry& registry) -> metrics::ScopedDefinition {
        registry.counter(LabelNames{"path"}, "hits", "Hits.", {.any_name = true})
            .with({"/"})
            .inc(3);
        return {};
      },
      [](Registry& registry) -> metrics::ScopedDefinition {
        registry.counter("hits", "Hits.", {.any_name = true, .constant_labels = {{"path", "/"}}})
            .inc(3);
        return {};
      },
      [](Registry& registry) -> metrics::ScopedDefinition {
        registry.counter_callback("hits", "Hits.", [] { return 3.0; },
                                  {.any_name = true, .constant_labels = {{"path", "/"}}});
        return {};
      },
      [](Registry& registry) {
        return registry.counter_callback<"path">("hits", "Hits.", {.any_name = true})
            .observe("/", [] { return 3.0; });
      },
      [](Registry& registry) -> metrics::ScopedDefinition {
        add_said(registry, [](SampleSink& sink) {
          sink.begin_family({"hits", "Hits.", MetricType::kCounter, {}, false, true});
          sink.counter(SeriesLabels{{"path", "/"}}, {3, 0.0, {}});
        });
        return {};
      },
  };
  for (std::size_t i = 0; i < std::size(ways); ++i) {
    SCOPED_TRACE(i);
    Registry registry;
    const metrics::ScopedDefinition kept = ways[i](registry);
    for (const Format text : {Format::kText, Format::kText1}) {
      EXPECT_EQ(page_in(text, registry),
                "# HELP hits Hits.\n# TYPE hits counter\nhits{path=\"/\"} 3\n");
    }
    // A counter's sample ends in _total there, so this is of no type that it knows.
    EXPECT_EQ(page_in(Format::kOpenMetrics, registry),
              "# TYPE hits unknown\n# HELP hits Hits.\nhits{path=\"/\"} 3\n# EOF\n");
    const std::vector<WireMessage> families = messages_of(registry);
    ASSERT_THAT(families, SizeIs(1));
    EXPECT_EQ(families[0].text(kName), "hits");
    EXPECT_EQ(families[0].integer(kType), kTypeCounter);
    const WireMessage metric = families[0].message(kMetric);
    EXPECT_EQ(labels_of(metric), (std::map<std::string, std::string>{{"path", "/"}}));
    EXPECT_EQ(metric.message(kCounter).real(1), 3);
  }
}

TEST(NamesAsTheyAre, AreOnlyForThoseWhoAskForThem) {
  Registry registry;
  EXPECT_THROW(registry.counter("hits", "Hits."), DefinitionError);
  EXPECT_THROW(registry.gauge("wait_count", "Wait."), DefinitionError);
  EXPECT_THROW(registry.gauge("wait", "Wait.", {.unit = "seconds"}), DefinitionError);
  add_said(registry, [](SampleSink& sink) {
    sink.begin_family({"hits", "Hits.", MetricType::kCounter});
    sink.counter({}, {3, 0.0, {}});
  });
  EXPECT_EQ(page_in(Format::kText, registry), "");
  EXPECT_EQ(registry.left_out().failures, 1U);
}

TEST(NamesAsTheyAre, AnExemplarOfACounterWithoutTotalIsInProtobufAlone) {
  Registry registry;
  registry.counter("hits", "Hits.", {.exemplars = true, .any_name = true})
      .inc_with_exemplar(2, {{"trace_id", "abc"}});
  EXPECT_EQ(page_in(Format::kOpenMetrics, registry),
            "# TYPE hits unknown\n# HELP hits Hits.\nhits 2\n# EOF\n");
  const WireMessage counter = messages_of(registry).at(0).message(kMetric).message(kCounter);
  EXPECT_EQ(labels_of(counter.message(2)),
            (std::map<std::string, std::string>{{"trace_id", "abc"}}));
  EXPECT_GT(counter.message(3).integer(1), 1'700'000'000U) << "when it was made";
}

TEST(NamesAsTheyAre, ACounterThatEndsInTotalIsACounterAsEver) {
  Registry registry;
  registry.counter("hits_total", "Hits.", {.any_name = true}).inc(3);
  const std::string page = page_in(Format::kOpenMetrics, registry);
  EXPECT_THAT(page, ::testing::StartsWith(
                        "# TYPE hits counter\n# HELP hits Hits.\nhits_total 3\nhits_created "));
  EXPECT_EQ(page_in(Format::kText, registry),
            "# HELP hits_total Hits.\n# TYPE hits_total counter\nhits_total 3\n");
}

TEST(NamesAsTheyAre, OfEveryKindAreExactlyThis) {
  Registry registry;
  registry.gauge("a_total", "A.", {.any_name = true}).set(-1);
  registry.gauge_callback("b_created", "B.", [] { return 2.0; }, {.any_name = true});
  registry.histogram("c_count", "C.", {1}, {.any_name = true}).observe(1);
  registry.summary("d_sum", "D.", {}, {.any_name = true}).observe(4);
  registry.counter("e_bucket", "E.", {.any_name = true}).inc(5);
  add_said(registry, [](SampleSink& sink) {
    sink.begin_family({"f", "F.", MetricType::kInfo, {}, false, true});
    sink.gauge(SeriesLabels{{"version", "1"}}, 1);
    sink.begin_family({"g_total", "G.", MetricType::kUnknown, {}, false, true});
    sink.gauge({}, 7);
    sink.begin_family({"h_total", "H.", MetricType::kStateSet, {}, false, true});
    sink.gauge(SeriesLabels{{"h_total", "on"}}, 1);
  });
  EXPECT_EQ(page_in(Format::kText, registry), R"page(# HELP a_total A.
# TYPE a_total gauge
a_total -1
# HELP b_created B.
# TYPE b_created gauge
b_created 2
# HELP c_count C.
# TYPE c_count histogram
c_count_bucket{le="1"} 1
c_count_bucket{le="+Inf"} 1
c_count_sum 1
c_count_count 1
# HELP d_sum D.
# TYPE d_sum summary
d_sum_sum 4
d_sum_count 1
# HELP e_bucket E.
# TYPE e_bucket counter
e_bucket 5
# HELP f F.
# TYPE f gauge
f{version="1"} 1
# HELP g_total G.
# TYPE g_total untyped
g_total 7
# HELP h_total H.
# TYPE h_total gauge
h_total{h_total="on"} 1
)page");
  const std::string page = page_in(Format::kOpenMetrics, registry);
  for (const char* part :
       {"# TYPE a_total gauge\n# HELP a_total A.\na_total -1\n",
        "# TYPE b_created gauge\n# HELP b_created B.\nb_created 2\n",
        "# TYPE c_count histogram\n# HELP c_count C.\nc_count_bucket{le=\"1.0\"} 1\n"
        "c_count_bucket{le=\"+Inf\"} 1\nc_count_count 1\nc_count_sum 1\nc_count_created ",
        "# TYPE d_sum summary\n# HELP d_sum D.\nd_sum_count 1\nd_sum_sum 4\nd_sum_created ",
        "# TYPE e_bucket unknown\n# HELP e_bucket E.\ne_bucket 5\n",
        "# TYPE f unknown\n# HELP f F.\nf{version=\"1\"} 1\n",
        "# TYPE g_total unknown\n# HELP g_total G.\ng_total 7\n",
        "# TYPE h_total stateset\n# HELP h_total H.\nh_total{h_total=\"on\"} 1\n# EOF\n"}) {
    EXPECT_THAT(page, HasSubstr(part));
  }
  std::vector<std::string> names;
  std::vector<std::uint64_t> types;
  for (const WireMessage& family : messages_of(registry)) {
    names.push_back(family.text(kName));
    types.push_back(family.integer(kType));
  }
  EXPECT_THAT(names, ElementsAre("a_total", "b_created", "c_count", "d_sum", "e_bucket", "f",
                                 "g_total", "h_total"));
  EXPECT_THAT(types, ElementsAre(kTypeGauge, kTypeGauge, 4U, 2U, kTypeCounter, kTypeGauge,
                                 kTypeUntyped, kTypeGauge));
}

TEST(NamesAsTheyAre, AreNoLessRefusedWhereNobodyCouldReadThem) {
  Registry registry;
  for (const char* name : {"", "bad name", "0x", "a-b", "__hidden", "\xFF"}) {
    EXPECT_THROW(registry.counter(name, "X.", {.any_name = true}), DefinitionError) << name;
  }
  EXPECT_THROW(registry.counter("hits", "", {.any_name = true}), DefinitionError);
  EXPECT_THROW(registry.counter("hits", "\xFF", {.any_name = true}), DefinitionError);
}

TEST(NamesAsTheyAre, DoNotTakeTheNamesOfOthersSamples) {
  {
    Registry registry;
    registry.counter("hits", "Hits.", {.any_name = true});
    EXPECT_THROW(registry.counter("hits_total", "Hits."), DefinitionError)
        << "in OpenMetrics both are hits";
    EXPECT_THROW(registry.gauge("hits", "Hits."), DefinitionError);
  }
  {
    Registry registry;
    registry.gauge("wait_count", "Wait.", {.any_name = true});
    EXPECT_THROW(registry.histogram("wait", "Wait.", {1}), DefinitionError);
    EXPECT_THROW(registry.summary("wait", "Wait."), DefinitionError);
  }
  {
    Registry registry;
    registry.histogram("wait", "Wait.", {1});
    for (const char* name : {"wait_bucket", "wait_count", "wait_sum", "wait_created"})
      EXPECT_THROW(registry.gauge(name, "X.", {.any_name = true}), DefinitionError) << name;
  }
  Registry registry;
  registry.gauge("wait_gcount", "Wait.");
  add_said(registry, [](SampleSink& sink) {
    const std::uint64_t counts[] = {1};
    sink.begin_family({"wait", "Wait.", MetricType::kGaugeHistogram});
    sink.histogram({}, {{}, counts, 2});
  });
  EXPECT_EQ(page_in(Format::kOpenMetrics, registry),
            "# TYPE wait_gcount gauge\n# HELP wait_gcount Wait.\nwait_gcount 0\n# EOF\n");
  EXPECT_EQ(registry.left_out().clashes, 1U);
}

TEST(NamesAsTheyAre, TellADefinitionFromAnother) {
  Registry registry;
  registry.counter("hits_total", "Hits.", {.get_or_create = true});
  try {
    registry.counter("hits_total", "Hits.", {.get_or_create = true, .any_name = true});
    FAIL() << "it was taken for the same";
  } catch (const DefinitionError& error) {
    EXPECT_THAT(error.what(), HasSubstr("any_name"));
  }
  registry.counter("asks", "Asks.", {.get_or_create = true, .any_name = true}).inc();
  registry.counter("asks", "Asks.", {.get_or_create = true, .any_name = true}).inc();
  EXPECT_THAT(page_in(Format::kText, registry), HasSubstr("\nasks 2\n"));
}

TEST(NamesAsTheyAre, MayBeOfUtf8) {
  Registry registry({.utf8_names = true});
  registry.counter("http.hits", "Hits.", {.any_name = true}).inc(3);
  std::string page;
  write_metrics(registry, Format::kOpenMetrics, page, {}, Escaping::kAllowUtf8);
  EXPECT_EQ(page,
            "# TYPE \"http.hits\" unknown\n# HELP \"http.hits\" Hits.\n{\"http.hits\"} 3\n# EOF\n");
  EXPECT_EQ(fault_in_openmetrics(page), "");
  EXPECT_EQ(page_in(Format::kOpenMetrics, registry),
            "# TYPE http_hits unknown\n# HELP http_hits Hits.\nhttp_hits 3\n# EOF\n");
}

TEST(NamesAsTheyAre, AreSelectedAsTheyAre) {
  Registry registry;
  registry.counter("hits", "Hits.", {.any_name = true}).inc(3);
  registry.gauge("other", "Other.");
  for (const Format format : {Format::kText, Format::kOpenMetrics}) {
    const std::string page = page_in(format, registry, {"hits"});
    EXPECT_THAT(page, HasSubstr("\nhits 3\n"));
    EXPECT_THAT(page, Not(HasSubstr("other")));
  }
}

/// Source: OpenMetrics 1.0.0, "UNIT"; Prometheus, model/textparse/protobufparse.go, which gives up
/// the whole page.
TEST(NamesAsTheyAre, AUnitThatTheNameDoesNotEndInIsNotSaid) {
  Registry registry;
  registry.gauge("heat", "Heat.", {.unit = "celsius", .any_name = true}).set(1);
  registry.counter("joules", "Joules.", {.unit = "joules", .any_name = true}).inc(1);
  registry.counter("sent_bytes", "Sent.", {.unit = "bytes", .any_name = true}).inc(1);
  registry.counter("got_bytes_total", "Got.", {.unit = "bytes", .any_name = true}).inc(1);
  const std::string page = page_in(Format::kOpenMetrics, registry);
  EXPECT_THAT(page, Not(HasSubstr("# UNIT heat ")));
  EXPECT_THAT(page, Not(HasSubstr("# UNIT joules ")));
  EXPECT_THAT(page, HasSubstr("\n# UNIT sent_bytes bytes\n"));
  EXPECT_THAT(page, HasSubstr("\n# UNIT got_bytes bytes\n"));
  const std::vector<WireMessage> families = messages_of(registry);
  ASSERT_THAT(families, SizeIs(4));
  EXPECT_FALSE(families[0].has(kUnit)) << families[0].text(kName);
  EXPECT_FALSE(families[1].has(kUnit)) << families[1].text(kName);
  EXPECT_EQ(families[2].text(kUnit), "bytes");
  EXPECT_EQ(families[3].text(kUnit), "bytes");
}

/// Source: OpenMetrics 1.0.0, "Info" and "StateSet": they have no unit.
TEST(NamesAsTheyAre, AnInfoAndAStateSetHaveNoUnit) {
  Registry registry;
  add_said(registry, [](SampleSink& sink) {
    sink.begin_family({"page_bytes_info", "Page.", MetricType::kInfo, "bytes", false, true});
    sink.gauge(SeriesLabels{{"size", "4096"}}, 1);
    sink.begin_family({"mode_bytes", "Mode.", MetricType::kStateSet, "bytes", false, true});
    sink.gauge(SeriesLabels{{"mode_bytes", "on"}}, 1);
  });
  const std::string page = page_in(Format::kOpenMetrics, registry);
  EXPECT_THAT(page, Not(HasSubstr("# UNIT")));
}

TEST(NamesAsTheyAre, ANameThatIsNothingButASuffixStands) {
  Registry registry;
  registry.counter("_total", "Total.", {.any_name = true}).inc(3);
  add_said(registry, [](SampleSink& sink) {
    sink.begin_family({"_info", "Info.", MetricType::kInfo, {}, false, true});
    sink.gauge(SeriesLabels{{"version", "1"}}, 1);
  });
  EXPECT_EQ(page_in(Format::kText, registry),
            "# HELP _total Total.\n# TYPE _total counter\n_total 3\n"
            "# HELP _info Info.\n# TYPE _info gauge\n_info{version=\"1\"} 1\n");
  EXPECT_EQ(page_in(Format::kOpenMetrics, registry),
            "# TYPE _total unknown\n# HELP _total Total.\n_total 3\n"
            "# TYPE _info unknown\n# HELP _info Info.\n_info{version=\"1\"} 1\n# EOF\n");
}

TEST(UnknownType, IsUntypedUnknownAndUntyped) {
  Registry registry({.prefix = "other_", .labels = {{"zone", "eu-1"}}});
  add_said(registry, [](SampleSink& sink) {
    sink.begin_family({"level", "Level.", MetricType::kUnknown});
    sink.gauge(SeriesLabels{{"tank", "a"}}, -0.5);
    sink.gauge(SeriesLabels{{"tank", "b"}}, std::nan(""));
    sink.gauge(SeriesLabels{{"tank", "c"}}, std::numeric_limits<double>::infinity());
  });
  const std::string samples =
      "other_level{zone=\"eu-1\",tank=\"a\"} -0.5\nother_level{zone=\"eu-1\",tank=\"b\"} NaN\n"
      "other_level{zone=\"eu-1\",tank=\"c\"} +Inf\n";
  for (const Format text : {Format::kText, Format::kText1}) {
    EXPECT_EQ(page_in(text, registry),
              "# HELP other_level Level.\n# TYPE other_level untyped\n" + samples);
  }
  EXPECT_EQ(page_in(Format::kOpenMetrics, registry),
            "# TYPE other_level unknown\n# HELP other_level Level.\n" + samples + "# EOF\n");
  const std::vector<WireMessage> families = messages_of(registry);
  ASSERT_THAT(families, SizeIs(1));
  EXPECT_EQ(families[0].text(kName), "other_level");
  EXPECT_EQ(families[0].integer(kType), kTypeUntyped);
  const std::vector<WireMessage> series = families[0].messages(kMetric);
  ASSERT_THAT(series, SizeIs(3));
  EXPECT_EQ(labels_of(series[0]),
            (std::map<std::string, std::string>{{"zone", "eu-1"}, {"tank", "a"}}));
  EXPECT_FALSE(series[0].has(kGauge)) << "a reader looks for the field of the family's type";
  EXPECT_EQ(series[0].message(kUntyped).real(1), -0.5);
  EXPECT_TRUE(std::isnan(series[1].message(kUntyped).real(1)));
}

TEST(UnknownType, StandsBetweenOthersOfTheirOwnTypes) {
  Registry registry;
  registry.gauge("before", "Before.").set(1);
  add_said(registry, [](SampleSink& sink) {
    sink.begin_family({"level", "Level.", MetricType::kUnknown});
    sink.gauge({}, 2);
    sink.begin_family({"behind", "Behind.", MetricType::kGauge});
    sink.gauge({}, 3);
  });
  const std::vector<WireMessage> families = messages_of(registry);
  ASSERT_THAT(families, SizeIs(3));
  EXPECT_EQ(families[0].message(kMetric).message(kGauge).real(1), 1);
  EXPECT_EQ(families[1].message(kMetric).message(kUntyped).real(1), 2);
  EXPECT_EQ(families[2].message(kMetric).message(kGauge).real(1), 3);
}

TEST(UnknownType, HasNoSamplesButAGauges) {
  Registry registry;
  add_said(registry, [](SampleSink& sink) {
    sink.begin_family({"level", "Level.", MetricType::kUnknown});
    sink.counter({}, {1, 0.0, {}});
  });
  EXPECT_EQ(page_in(Format::kText, registry), "");
  EXPECT_EQ(registry.left_out().failures, 1U);
}

/// What is waiting now: buckets of 1 and 2, with an exemplar in the second.
void say_queue(SampleSink& sink, double sum, std::array<double, 2> bounds = {1, 2}) {
  sink.begin_family({"queue_bytes", "Queue.", MetricType::kGaugeHistogram, "bytes"});
  const std::uint64_t counts[] = {2, 1, 3};
  const metrics::ExemplarView exemplars[] = {
      {}, {"id=\"a\"", (bounds[0] + bounds[1]) / 2, 1.5}, {}};
  // When its count began is known, and of no use where a count may fall.
  sink.histogram({"lane=\"a\"", 1e9}, {bounds, counts, sum, exemplars});
}

TEST(GaugeHistogram, OfEachFormatIsExactlyThis) {
  Registry registry;
  add_said(registry, [](SampleSink& sink) { say_queue(sink, 20.5); });
  for (const Format text : {Format::kText, Format::kText1}) {
    EXPECT_EQ(page_in(text, registry), R"page(# HELP queue_bytes Queue.
# TYPE queue_bytes untyped
queue_bytes_bucket{lane="a",le="1"} 2
queue_bytes_bucket{lane="a",le="2"} 3
queue_bytes_bucket{lane="a",le="+Inf"} 6
queue_bytes_sum{lane="a"} 20.5
queue_bytes_count{lane="a"} 6
)page");
  }
  EXPECT_EQ(page_in(Format::kOpenMetrics, registry), R"page(# TYPE queue_bytes gaugehistogram
# UNIT queue_bytes bytes
# HELP queue_bytes Queue.
queue_bytes_bucket{lane="a",le="1.0"} 2
queue_bytes_bucket{lane="a",le="2.0"} 3 # {id="a"} 1.5 1.5
queue_bytes_bucket{lane="a",le="+Inf"} 6
queue_bytes_gcount{lane="a"} 6
queue_bytes_gsum{lane="a"} 20.5
# EOF
)page");
  const std::vector<WireMessage> families = messages_of(registry);
  ASSERT_THAT(families, SizeIs(1));
  EXPECT_EQ(families[0].text(kName), "queue_bytes");
  EXPECT_EQ(families[0].integer(kType), kTypeGaugeHistogram);
  EXPECT_EQ(families[0].text(kUnit), "bytes");
  const WireMessage histogram = families[0].message(kMetric).message(kHistogram);
  EXPECT_EQ(histogram.integer(1), 6U);
  EXPECT_EQ(histogram.real(2), 20.5);
  const std::vector<WireMessage> buckets = histogram.messages(3);
  ASSERT_THAT(buckets, SizeIs(3));
  EXPECT_EQ(buckets[0].integer(1), 2U);
  EXPECT_EQ(buckets[1].integer(1), 3U);
  EXPECT_EQ(buckets[1].real(2), 2);
  EXPECT_EQ(buckets[1].message(3).real(2), 1.5);
  EXPECT_EQ(buckets[2].integer(1), 6U);
}

TEST(GaugeHistogram, HasNativeBucketsInProtobuf) {
  Registry registry;
  add_said(registry, [](SampleSink& sink) {
    sink.begin_family({"queue", "Queue.", MetricType::kGaugeHistogram});
    const std::uint64_t counts[] = {3};
    const metrics::NativeView::Bucket positive[] = {{1, 3}};
    const metrics::NativeView native{2, 0.0, 0, positive, {}};
    sink.histogram({}, {{}, counts, 4.5, {}, &native});
  });
  const WireMessage family = messages_of(registry).at(0);
  EXPECT_EQ(family.integer(kType), kTypeGaugeHistogram);
  const WireMessage histogram = family.message(kMetric).message(kHistogram);
  EXPECT_EQ(histogram.integer(1), 3U);
  EXPECT_EQ(histogram.zigzag(5), 2);
  EXPECT_EQ(histogram.message(12).zigzag(1), 1);
  EXPECT_THAT(histogram.packed(13), ElementsAre(3));
  EXPECT_FALSE(histogram.has(3)) << "classic buckets";
  EXPECT_EQ(page_in(Format::kOpenMetrics, registry),
            "# TYPE queue gaugehistogram\n# HELP queue Queue.\nqueue_bucket{le=\"+Inf\"} 3\n"
            "queue_gcount 3\nqueue_gsum 4.5\n# EOF\n");
}

TEST(GaugeHistogram, IsSelectedByTheNamesOfItsSamples) {
  Registry registry;
  add_said(registry, [](SampleSink& sink) { say_queue(sink, 20.5); });
  for (const char* suffix : {"", "_bucket", "_gcount", "_gsum", "_count", "_sum"}) {
    const std::string name = std::string("queue_bytes") + suffix;
    EXPECT_NE(page_in(Format::kText, registry, {name}), "") << name;
  }
  for (const char* suffix : {"_created", "_total", "_gbucket"}) {
    const std::string name = std::string("queue_bytes") + suffix;
    EXPECT_EQ(page_in(Format::kText, registry, {name}), "") << name;
  }
}

TEST(GaugeHistogram, MayHaveASumBelowZeroBesideNegativeBuckets) {
  Registry registry;
  add_said(registry, [](SampleSink& sink) { say_queue(sink, -20.5, {-2, 2}); });
  const std::string page = page_in(Format::kOpenMetrics, registry);
  EXPECT_THAT(page, HasSubstr("\nqueue_bytes_gcount{lane=\"a\"} 6\n"
                              "queue_bytes_gsum{lane=\"a\"} -20.5\n"));
}

/// Source: OpenMetrics 1.0.0, "GaugeHistogram"; client_python's parser gives up the whole page, and
/// for a count without a sum too.
TEST(GaugeHistogram, ASumThatOpenMetricsDoesNotKnowIsLeftOutWithItsCount) {
  const struct {
    double sum;
    std::array<double, 2> bounds;
  } kTable[] = {{std::nan(""), {1, 2}}, {-1, {1, 2}}, {std::nan(""), {-2, 2}}};
  for (const auto& row : kTable) {
    Registry registry;
    add_said(registry, [&](SampleSink& sink) { say_queue(sink, row.sum, row.bounds); });
    std::string page;
    EXPECT_EQ(write_metrics(registry, Format::kOpenMetrics, page), 1U);
    EXPECT_EQ(fault_in_openmetrics(page), "") << page;
    EXPECT_THAT(page, HasSubstr("\nqueue_bytes_bucket{lane=\"a\",le=\"+Inf\"} 6\n"));
    EXPECT_THAT(page, Not(HasSubstr("_gsum")));
    EXPECT_THAT(page, Not(HasSubstr("_gcount")));
    EXPECT_THAT(page_in(Format::kText, registry), HasSubstr("\nqueue_bytes_sum{lane=\"a\"} "));
  }
}

}  // namespace
}  // namespace vitals::exporting

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "tests/unit/exporting/protobuf_reader.h"
#include "vitals/exporting/format.h"
#include "vitals/metrics/registry.h"

namespace vitals::exporting {
namespace {

using namespace field;
using metrics::Registry;
using ::testing::ElementsAre;
using ::testing::SizeIs;

TEST(Protobuf, HasNameHelpTypeUnitAndUnescapedLabels) {
  Registry registry;
  const std::string odd = "line\nbreak \"quote\" back\\slash 😀";
  registry.counter<"a", "b">("cost_usd_total", "What \"it\"\ncosts.", {.unit = "usd"})
      .with(odd, "")
      .inc(2.5);
  const auto families = messages_of(registry);
  ASSERT_THAT(families, SizeIs(1));
  EXPECT_EQ(families[0].text(kName), "cost_usd_total");
  EXPECT_EQ(families[0].text(kHelp), "What \"it\"\ncosts.");
  EXPECT_EQ(families[0].integer(kType), 0U);
  EXPECT_EQ(families[0].text(kUnit), "usd");
  const WireMessage metric = families[0].message(kMetric);
  EXPECT_EQ(labels_of(metric), (std::map<std::string, std::string>{{"a", odd}, {"b", ""}}));
  EXPECT_EQ(metric.message(kCounter).real(1), 2.5);
  EXPECT_GT(metric.message(kCounter).message(3).integer(1), 1'700'000'000U) << "when it was made";
}

TEST(Protobuf, HasEveryKind) {
  Registry registry;
  registry.gauge("level", "L.").set(-0.5);
  registry.info<"version">("app_info", "I.").set("1");
  const auto summary = registry.summary("size", "S.", {.quantiles = {.5}});
  summary.observe(4);
  const auto histogram = registry.histogram("wait", "W.", {1, 2}, {.exemplars = true});
  histogram.observe(0.5);
  histogram.observe(1.5, {{"trace_id", "abc"}});
  histogram.observe(9);
  const auto families = messages_of(registry);
  ASSERT_THAT(families, SizeIs(4));
  EXPECT_EQ(families[0].integer(kType), 1U);
  EXPECT_EQ(families[0].message(kMetric).message(kGauge).real(1), -0.5);
  EXPECT_EQ(families[1].text(kName), "app_info");
  EXPECT_EQ(families[1].message(kMetric).message(kGauge).real(1), 1);

  EXPECT_EQ(families[2].integer(kType), 2U);
  const WireMessage of_summary = families[2].message(kMetric).message(kSummary);
  EXPECT_EQ(of_summary.integer(1), 1U);
  EXPECT_EQ(of_summary.real(2), 4);
  EXPECT_EQ(of_summary.message(3).real(1), 0.5);
  EXPECT_NEAR(of_summary.message(3).real(2), 4, 0.04);

  EXPECT_EQ(families[3].integer(kType), 4U);
  const WireMessage of_histogram = families[3].message(kMetric).message(kHistogram);
  EXPECT_EQ(of_histogram.integer(1), 3U);
  EXPECT_EQ(of_histogram.real(2), 11);
  EXPECT_FALSE(of_histogram.has(5)) << "a schema would make it native";
  const auto buckets = of_histogram.messages(3);
  ASSERT_THAT(buckets, SizeIs(3));
  EXPECT_EQ(buckets[0].integer(1), 1U);
  EXPECT_EQ(buckets[1].integer(1), 2U);
  EXPECT_EQ(buckets[1].real(2), 2);
  EXPECT_EQ(buckets[2].integer(1), 3U);
  EXPECT_TRUE(std::isinf(buckets[2].real(2)));
  EXPECT_FALSE(buckets[0].has(3));
  const WireMessage exemplar = buckets[1].message(3);
  EXPECT_EQ(labels_of(exemplar), (std::map<std::string, std::string>{{"trace_id", "abc"}}));
  EXPECT_EQ(exemplar.real(2), 1.5);
}

/// Buckets as spans and deltas say them.
std::map<std::int64_t, std::int64_t> buckets_of(const WireMessage& histogram, int span_field) {
  std::map<std::int64_t, std::int64_t> buckets;
  const std::vector<std::int64_t> deltas = histogram.packed(span_field + 1);
  std::int64_t key = 0;
  std::int64_t count = 0;
  std::size_t next = 0;
  for (const WireMessage& span : histogram.messages(span_field)) {
    key += span.zigzag(1);
    for (std::uint64_t i = 0; i < span.integer(2); ++i, ++key) {
      count += deltas.at(next++);
      if (count != 0) buckets[key] = count;
    }
  }
  EXPECT_EQ(next, deltas.size());
  return buckets;
}

TEST(Protobuf, SaysNativeBucketsBySpansAndDeltas) {
  Registry registry;
  const auto histogram =
      registry.native_histogram("size", "S.", {.schema = 0, .zero_threshold = 1e-6});
  for (const auto& [value, times] : std::map<double, int>{
           {1, 3}, {2, 1}, {16, 4}, {1e6, 2}, {0.001, 1}, {-5, 2}, {-4e4, 1}, {0, 6}}) {
    for (int i = 0; i < times; ++i)
      histogram.observe(value);
  }
  const WireMessage native = messages_of(registry).at(0).message(kMetric).message(kHistogram);
  EXPECT_EQ(native.integer(1), 20U);
  EXPECT_EQ(native.zigzag(5), 0);
  EXPECT_EQ(native.real(6), 1e-6);
  EXPECT_EQ(native.integer(7), 6U);
  EXPECT_FALSE(native.has(3)) << "classic buckets";
  EXPECT_EQ(buckets_of(native, 12),
            (std::map<std::int64_t, std::int64_t>{{-9, 1}, {0, 3}, {1, 1}, {4, 4}, {20, 2}}));
  EXPECT_EQ(buckets_of(native, 9), (std::map<std::int64_t, std::int64_t>{{3, 2}, {16, 1}}));
  EXPECT_THAT(native.messages(12), SizeIs(3)) << "0, 1 and 4 lie close enough for one span";
}

TEST(Protobuf, ANativeHistogramWithoutObservationsIsStillOne) {
  Registry registry;
  registry.native_histogram("a", "A.");
  registry.native_histogram("b", "B.", {.zero_threshold = 0});
  const auto families = messages_of(registry);
  EXPECT_GT(families[0].message(kMetric).message(kHistogram).real(6), 0);
  EXPECT_THAT(families[1].message(kMetric).message(kHistogram).messages(12), SizeIs(1));
}

TEST(Protobuf, BothKindsOfBucketsStandSideBySide) {
  Registry registry;
  registry.histogram("a", "A.", {1, 2}, {.native = metrics::NativeBuckets{.schema = 0}}).observe(2);
  const WireMessage both = messages_of(registry).at(0).message(kMetric).message(kHistogram);
  EXPECT_THAT(both.messages(3), SizeIs(3));
  EXPECT_EQ(buckets_of(both, 12), (std::map<std::int64_t, std::int64_t>{{1, 1}}));
}

TEST(Protobuf, ExemplarsOfANativeHistogramStandByThemselves) {
  Registry registry;
  const auto histogram = registry.native_histogram("a", "A.", {}, {.exemplars = true});
  histogram.observe(2, {{"trace_id", "t"}});
  const WireMessage native = messages_of(registry).at(0).message(kMetric).message(kHistogram);
  ASSERT_THAT(native.messages(16), SizeIs(1));
  EXPECT_EQ(native.message(16).real(2), 2);
}

TEST(Protobuf, WritesNumbersThatHaveNoOtherForm) {
  Registry registry;
  const auto values = registry.gauge<"i">("x", "X.");
  values.with("nan").set(std::numeric_limits<double>::quiet_NaN());
  values.with("inf").set(-std::numeric_limits<double>::infinity());
  registry.counter("big_total", "B.").inc(std::uint64_t{1} << 53);
  const auto families = messages_of(registry);
  EXPECT_TRUE(std::isnan(families[0].messages(kMetric)[0].message(kGauge).real(1)));
  EXPECT_TRUE(std::isinf(families[0].messages(kMetric)[1].message(kGauge).real(1)));
  EXPECT_EQ(families[1].message(kMetric).message(kCounter).real(1), 0x1p53);
}

/// Prometheus gives up the whole page otherwise. Source: Prometheus,
/// model/textparse/protobufparse.go.
TEST(Protobuf, AUnitIsSaidOnlyWhereTheNameAsItIsWrittenEndsInIt) {
  Registry registry({.utf8_names = true});
  registry.counter("cost_usd_total", "Cost.", {.unit = "usd"});
  registry.gauge("pool_bytes", "Pool.", {.unit = "bytes"});
  registry.counter("http.sent_bytes_total", "Sent.", {.unit = "bytes"});
  registry.gauge("heat_°C", "Heat.", {.unit = "°C"});
  for (const Escaping escaping :
       {Escaping::kAllowUtf8, Escaping::kUnderscores, Escaping::kDots, Escaping::kValues}) {
    std::string page;
    write_metrics(registry, Format::kProtobuf, page, {}, escaping);
    const std::vector<WireMessage> families = read_delimited(page);
    ASSERT_THAT(families, SizeIs(4));
    EXPECT_EQ(families[1].text(kUnit), "bytes") << "of " << families[1].text(kName);
    for (const WireMessage& family : families) {
      std::string name = family.text(kName);
      if (escaping == Escaping::kAllowUtf8) {
        EXPECT_TRUE(family.has(kUnit)) << name;
      }
      if (!family.has(kUnit)) continue;
      if (family.integer(kType) == 0 && name.ends_with("_total")) name.resize(name.size() - 6);
      EXPECT_TRUE(name.ends_with("_" + family.text(kUnit)))
          << family.text(kName) << " and " << family.text(kUnit);
    }
  }
}

}  // namespace
}  // namespace vitals::exporting

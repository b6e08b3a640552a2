#include "vitals/metrics/exemplar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "metrics/exemplars.h"
#include "vitals/metrics/registry.h"

namespace vitals::metrics {
namespace {

using detail::ExemplarSlot;
using detail::render_exemplar;

/// The exemplars of the last series of a registry.
class ExemplarSink final : public SampleSink {
 public:
  explicit ExemplarSink(const Registry& registry) { registry.collect(*this); }

  void begin_family(const FamilyInfo&) override {}
  void counter(const SeriesInfo&, const CounterView& view) override { keep({&view.exemplar, 1}); }
  void gauge(const SeriesInfo&, double) override {}
  void summary(const SeriesInfo&, const SummaryView&) override {}
  void histogram(const SeriesInfo&, const HistogramView& view) override { keep(view.exemplars); }

  std::vector<std::string> labels;
  std::vector<double> values;

 private:
  void keep(std::span<const ExemplarView> exemplars) {
    for (const ExemplarView& exemplar : exemplars) {
      labels.emplace_back(exemplar.labels);
      values.push_back(exemplar.value);
      EXPECT_TRUE(!exemplar || exemplar.timestamp > 1.7e9);
    }
  }
};

class ActiveTraceExemplars : public ::testing::Test {
 protected:
  ~ActiveTraceExemplars() override { set_trace_source(nullptr); }

  static bool a_trace(ActiveTrace& trace) noexcept {
    trace.trace_id.fill('a');
    trace.span_id.fill('b');
    return true;
  }
  static bool no_trace(ActiveTrace&) noexcept { return false; }
};

const std::string kText =
    "trace_id=\"" + std::string(32, 'a') + "\",span_id=\"" + std::string(16, 'b') + "\"";

TEST_F(ActiveTraceExemplars, StandAtTheBucketThatTheirValueIsIn) {
  Registry registry;
  const Histogram histogram =
      registry.histogram("latency_seconds", "Latency.", {1, 2}, {.exemplars = true});
  histogram.observe(0.5);  // nobody has said where traces come from
  set_trace_source(&no_trace);
  histogram.observe(0.5);
  set_trace_source(&a_trace);
  histogram.observe(1.5);
  histogram.observe(7);
  const ExemplarSink sink(registry);
  EXPECT_THAT(sink.labels, ::testing::ElementsAre("", kText, kText));
  EXPECT_THAT(sink.values, ::testing::ElementsAre(0, 1.5, 7));
}

TEST_F(ActiveTraceExemplars, AreNotKeptUnlessAskedFor) {
  set_trace_source(&a_trace);
  Registry registry;
  registry.histogram("latency_seconds", "Latency.", {1, 2}).observe(1);
  EXPECT_THAT(ExemplarSink(registry).labels, ::testing::IsEmpty());
}

TEST_F(ActiveTraceExemplars, OneASecondIsEnough) {
  set_trace_source(&a_trace);
  Registry registry;
  const Histogram histogram =
      registry.histogram("latency_seconds", "Latency.", {1}, {.exemplars = true});
  histogram.observe(0.25);
  histogram.observe(0.5);
  EXPECT_EQ(ExemplarSink(registry).values[0], 0.25);
}

TEST(Exemplar, GivenByHandTheLastOneStands) {
  Registry registry;
  const Histogram histogram =
      registry.histogram("latency_seconds", "Latency.", {1}, {.exemplars = true});
  histogram.observe(0.25, {{"trace_id", "x"}});
  histogram.observe(0.5, {{"trace_id", "y\"z"}, {"user", "ü"}});
  const ExemplarSink sink(registry);
  EXPECT_EQ(sink.labels[0], "trace_id=\"y\\\"z\",user=\"ü\"");
  EXPECT_EQ(sink.values[0], 0.5);
  EXPECT_EQ(histogram.count(), 2U);
}

TEST(Exemplar, OfACounterIsOfItsLastIncrementThatHadOne) {
  Registry registry;
  const auto family = registry.counter<"kind">("cost_usd_total", "Cost.", {.exemplars = true});
  family.with("a").inc_with_exemplar(0.5, {{"trace_id", "x"}});
  family.with("a").inc(2);
  family.with("a").inc_with_exemplar(-1, {{"trace_id", "never"}});
  const ExemplarSink sink(registry);
  EXPECT_EQ(sink.labels[0], "trace_id=\"x\"");
  EXPECT_EQ(sink.values[0], 0.5);
  EXPECT_EQ(family.with("a").value(), 2.5);
}

TEST(Exemplar, ThatIsNotAllowedIsLeftOutAndTheEventCounted) {
  EXPECT_EQ(render_exemplar({{"0bad", "x"}}), "");
  EXPECT_EQ(render_exemplar({{"a", "x"}, {"a", "y"}}), "");
  EXPECT_EQ(render_exemplar({{"a", "\xff"}}), "");
  EXPECT_EQ(render_exemplar({{"a", std::string(128, 'x')}}), "");
  EXPECT_NE(render_exemplar({{"a", std::string(127, 'x')}}), "");
  Registry registry;
  const Histogram histogram = registry.histogram("x", "X.", {1}, {.exemplars = true});
  histogram.observe(1, {{"a", std::string(500, 'x')}});
  EXPECT_EQ(histogram.count(), 1U);
  EXPECT_EQ(ExemplarSink(registry).labels[0], "");
}

TEST(Exemplar, OnlyCountersAndHistogramsHaveThem) {
  Registry registry;
  EXPECT_THROW(registry.gauge("x", "X.", {.exemplars = true}), DefinitionError);
  EXPECT_THROW(registry.summary("x", "X.", {}, {.exemplars = true}), DefinitionError);
}

TEST(ExemplarSlot, IsNeverReadHalfWritten) {
  ExemplarSlot slot;
  std::atomic<bool> done{false};
  std::vector<std::thread> writers;
  for (int t = 0; t < 2; ++t) {
    writers.emplace_back([&, t] {
      const std::string text(static_cast<std::size_t>(50 + 100 * t), t == 0 ? 'a' : 'b');
      while (!done)
        slot.write(text, t, t);
    });
  }
  int read = 0;
  std::string text;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (read < 1000 && std::chrono::steady_clock::now() < end) {
    double value = 0;
    double timestamp = 0;
    if (!slot.read(text, value, timestamp)) continue;
    ++read;
    ASSERT_EQ(value, timestamp);
    ASSERT_EQ(text, std::string(value == 0 ? 50 : 150, value == 0 ? 'a' : 'b'));
  }
  done = true;
  for (std::thread& writer : writers)
    writer.join();
  EXPECT_EQ(read, 1000);
}

}  // namespace
}  // namespace vitals::metrics

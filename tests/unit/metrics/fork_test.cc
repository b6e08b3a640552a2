#include <gmock/gmock.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "vitals/metrics/process_collector.h"
#include "vitals/metrics/registry.h"
#include "vitals/testing/snapshot.h"

namespace vitals::metrics {
namespace {

using ::vitals::testing::Snapshot;

/// Runs `body` in a child of this process. Gives its answer, or the negated number of the signal
/// that ended it: that of the alarm when it hung.
template <class Body>
int in_child(const Body& body) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    try {
      _exit(body());
    } catch (...) {
      _exit(99);
    }
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

// The locks of a sanitizer's allocator stay taken in the child of such a fork.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(Fork, WhileThreadsCountScrapeDefineAndMakeSeriesNoChildHangs) {
  Registry registry;
  const auto family = registry.counter<"i">("events_total", "Events.", {.max_series = 500});
  const auto spread = registry.histogram<"i">(
      "size_bytes", "Size.", {1, 10},
      {.max_series = 20, .native = NativeBuckets{}, .expire_after = std::chrono::seconds{1}});
  const auto quantiles = registry.summary("wait_seconds", "Wait.", {.quantiles = {.5}});
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; !stop; ++i) {
        const std::string label = std::to_string(t) + "-" + std::to_string(i % 100);
        family.with(label).inc();
        spread.with(label).observe(i % 100);
        quantiles.observe(i % 7);
        if (i % 100 == 7) family.remove(label);
      }
    });
  }
  threads.emplace_back([&] {
    while (!stop)
      Snapshot{registry};
  });
  threads.emplace_back([&] {
    for (int i = 0; !stop && i < 1'000; ++i) {
      Registry other;
      other.gauge("load", "Load.");
      std::thread([&] { other.counter("own_total", "Own.").inc(0.5); }).join();
    }
  });
  for (int i = 0; i < 40 && !HasFailure(); ++i) {
    const int answer = in_child([&] {
      family.with("child").inc();
      family.with("another").inc(0.5);
      spread.with("child").observe(3);
      Registry own;
      own.counter("own_total", "Own.").inc();
      return Snapshot{registry}.value("events_total", {{"i", "child"}}) == 1.0 ? 0 : 1;
    });
    EXPECT_EQ(answer, 0) << "child " << i;
  }
  stop = true;
  for (std::thread& thread : threads)
    thread.join();
}
#endif

TEST(Fork, AChildCountsFromNothingAndTheParentGoesOn) {
  Registry registry;
  const Counter counter = registry.counter("events_total", "Events.");
  const auto family = registry.counter<"kind">("kinds_total", "Kinds.");
  const Histogram histogram =
      registry.histogram("size_bytes", "Size.", {1, 10}, {.native = NativeBuckets{}});
  const Summary summary = registry.summary("wait_seconds", "Wait.", {.quantiles = {.5}});
  const Gauge gauge = registry.gauge("load", "Load.");
  const auto count = [&] {
    counter.inc(2);
    counter.inc(0.5);
    family.with("a").inc(3);
    histogram.observe(5);
    summary.observe(4);
  };
  count();
  std::thread(count).join();
  std::atomic<bool> stop{false};
  std::atomic<bool> counted{false};
  std::thread alive([&] {  // its cells are in no base yet
    count();
    counted = true;
    while (!stop)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  });
  while (!counted)
    std::this_thread::yield();
  gauge.set(9);

  const auto right = [&](double times) {
    const Snapshot now{registry};
    return counter.value() == 2.5 * times && now.value("events_total") == 2.5 * times &&
           now.value("kinds_total", {{"kind", "a"}}) == 3 * times &&
           now.value("size_bytes_count") == times && now.value("size_bytes_sum") == 5 * times &&
           histogram.count() == static_cast<std::uint64_t>(times) && summary.sum() == 4 * times &&
           now.value("load") == 9;
  };
  EXPECT_TRUE(right(3));
  EXPECT_EQ(in_child([&] {
              if (!right(0)) return 1;
              count();
              if (!right(1)) return 2;
              // And the child of the child.
              return in_child([&] { return right(0) ? 0 : 4; });
            }),
            0);
  EXPECT_TRUE(right(3));
  stop = true;
  alive.join();
}

TEST(Fork, AChildHasItsOwnTimes) {
  class Created final : public SampleSink {
   public:
    void begin_family(const FamilyInfo&) override {}
    void counter(const SeriesInfo& series, const CounterView&) override {
      created = series.created;
    }
    void gauge(const SeriesInfo&, double) override {}
    void histogram(const SeriesInfo&, const HistogramView&) override {}
    void summary(const SeriesInfo&, const SummaryView&) override {}
    double created = 0;
  };
  const auto created = [](const Registry& registry) {
    Created sink;
    registry.collect(sink);
    return sink.created;
  };
  Registry registry;
  Registry process;
  registry.counter("events_total", "Events.").inc();
  add_process_collector(process);
  const double counts_began = created(registry);
  const double began = Snapshot{process}.value("process_start_time_seconds").value_or(0);
  EXPECT_GT(began, 0);
  // The kernel's clock of starts ticks a hundred times a second.
  const auto now = [] {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  };
  while (now() < std::max(began, counts_began) + 0.1)
    std::this_thread::yield();
  EXPECT_EQ(in_child([&] {
              if (!(created(registry) > counts_began)) return 1;
              return Snapshot{process}.value("process_start_time_seconds").value_or(0) > began ? 0
                                                                                               : 2;
            }),
            0);
  EXPECT_EQ(created(registry), counts_began);
}

/// Forks when it is given a sample, as a sink of a user's may.
class ForkingSink final : public SampleSink {
 public:
  void begin_family(const FamilyInfo&) override {}
  void counter(const SeriesInfo&, const CounterView&) override {
    answer = in_child([this] {
      registry->gauge("in_child", "In the child.").set(1);
      other->inc();
      return 0;
    });
  }
  void gauge(const SeriesInfo&, double) override {}
  void histogram(const SeriesInfo&, const HistogramView&) override {}
  void summary(const SeriesInfo&, const SummaryView&) override {}

  Registry* registry = nullptr;
  const Counter* other = nullptr;
  int answer = -1;
};

TEST(Fork, InsideOfAScrapeLeavesBothProcessesAtWork) {
  Registry registry;
  registry.counter("events_total", "Events.").inc();
  ForkingSink sink;
  sink.registry = &registry;
  const Counter other = registry.counter("others_total", "Others.");
  sink.other = &other;
  registry.collect(sink);
  EXPECT_EQ(sink.answer, 0);
  EXPECT_EQ(Snapshot{registry}.value("events_total"), 1);
}

}  // namespace
}  // namespace vitals::metrics

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "vitals/metrics/registry.h"
#include "vitals/metrics/timer.h"
#include "vitals/testing/snapshot.h"

namespace vitals::metrics {

enum class Phase { kStarting, kReady, kDraining };

template <>
struct LabelValues<Phase> {
  static constexpr std::array<std::string_view, 3> kValues{"starting", "ready", "draining"};
};

namespace {

using testing::Snapshot;

TEST(Info, IsOneSeriesOfValueOneOnceItIsSet) {
  Registry registry;
  const auto info = registry.info<"version", "revision">("app_build_info", "What runs.");
  EXPECT_EQ(Snapshot(registry).count("app_build_info"), 0U);
  info.set("1.0", "abc");
  info.set("1.0", "abc");
  EXPECT_EQ(Snapshot(registry).value("app_build_info", {{"version", "1.0"}, {"revision", "abc"}}),
            1);
  info.set("1.1", "\xff");
  const Snapshot snapshot(registry);
  EXPECT_EQ(snapshot.count("app_build_info"), 1U);
  EXPECT_EQ(snapshot.value("app_build_info", {{"version", "1.1"}, {"revision", "\uFFFD"}}), 1);
}

TEST(Info, HasANameThatSaysSo) {
  Registry registry;
  EXPECT_THROW((registry.info<"a">("build", "B.")), DefinitionError);
  EXPECT_THROW((registry.info<"a">("_info", "B.")), DefinitionError);
  registry.gauge("build", "B.");
  EXPECT_THROW((registry.info<"a">("build_info", "B.")), DefinitionError) << "OpenMetrics' name";
}

TEST(StateSet, HasASeriesForEachStateAndHoldsNoneAtFirst) {
  Registry registry;
  const StateSet<Phase> phase = registry.state_set<Phase>("app_phase", "What it is doing.");
  const auto value = [&](std::string_view state) {
    return Snapshot(registry).value("app_phase", {{"app_phase", state}});
  };
  for (const std::string_view state : LabelValues<Phase>::kValues)
    EXPECT_EQ(value(state), 0);
  phase.set(Phase::kStarting);
  phase.set(Phase::kReady);
  EXPECT_EQ(value("starting"), 0);
  EXPECT_EQ(value("ready"), 1);
  phase.enable(Phase::kDraining);
  phase.enable(Phase::kReady, false);
  phase.set(static_cast<Phase>(7));
  phase.enable(static_cast<Phase>(-1));
  EXPECT_EQ(value("ready"), 0);
  EXPECT_EQ(value("draining"), 1);
}

TEST(StateSet, IsReadAsItWasAtOneMoment) {
  Registry registry;
  const StateSet<Phase> phase = registry.state_set<Phase>("app_phase", "What it is doing.");
  phase.set(Phase::kReady);
  std::atomic<bool> done{false};
  std::thread changes{[&] {
    while (!done) {
      phase.set(Phase::kStarting);
      phase.set(Phase::kReady);
    }
  }};
  for (int i = 0; i < 500; ++i)
    EXPECT_EQ(Snapshot(registry).total("app_phase"), 1);
  done = true;
  changes.join();
}

TEST(KindsWithoutRegistry, DoNothing) {
  Info<"a">{}.set("x");
  StateSet<Phase>{}.set(Phase::kReady);
  Summary{}.observe(1);
  EXPECT_EQ(Summary{}.count(), 0U);
}

TEST(CountExceptions, CountsThoseThatLeaveItsScope) {
  Registry registry;
  const Counter failures = registry.counter("failures_total", "Failures.");
  const auto work = [&](bool fails) {
    const CountExceptions guard{failures};
    if (fails) throw 1;
  };
  work(false);
  EXPECT_THROW(work(true), int);
  struct InADestructor {
    const Counter& counter;
    ~InADestructor() { const CountExceptions guard{counter}; }
  };
  EXPECT_THROW(([&] {
                 const InADestructor unwound{failures};
                 throw 2;
               }()),
               int);
  EXPECT_EQ(failures.value(), 1) << "a guard that was made while an exception flies counts its own";
}

}  // namespace
}  // namespace vitals::metrics

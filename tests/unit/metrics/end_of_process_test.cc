#include <gtest/gtest.h>
#include <pthread.h>

#include <cstdio>
#include <cstdlib>
#include <thread>

#include "vitals/metrics/registry.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

namespace vitals::metrics {
namespace {

/// Counts when it is destroyed, and says what it finds then.
struct CountsAtItsEnd {
  Counter counter;
  Histogram histogram;
  const char* who = "";
  ~CountsAtItsEnd() {
    counter.inc();
    counter.inc(0.5);
    histogram.observe(1);
    std::fprintf(stderr, "%s: %g and %llu; ", who, counter.value(),
                 static_cast<unsigned long long>(histogram.count()));
  }
};

class EndOfProcess : public ::testing::Test {
 protected:
  // Re-executes the program, so that no thread of another test is half there in the child.
  EndOfProcess() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(EndOfProcess, StaticsMayStillCountWhenTheyAreDestroyed) {
  EXPECT_EXIT(
      {
        static CountsAtItsEnd first;
        first.who = "static";
        first.counter = default_registry().counter("events_total", "Events.");
        first.histogram = default_registry().histogram("size_bytes", "Size.", {1});
        first.counter.inc(10);
        static thread_local CountsAtItsEnd local;
        local = first;
        local.who = "thread_local";
        std::exit(0);
      },
      ::testing::ExitedWithCode(0), "thread_local: 11.5 and 1; static: 13 and 2; ");
}

TEST_F(EndOfProcess, AStaticMadeBeforeTheRegistryMayCountAfterIt) {
  EXPECT_EXIT(
      {
        static CountsAtItsEnd early;
        early.who = "early";
        std::thread([&] {
          early.counter = default_registry().counter("events_total", "Events.");
          early.counter.inc(2);
        }).join();
        std::exit(0);
      },
      ::testing::ExitedWithCode(0), "early: 3.5 and 0; ");
}

TEST(EndOfThread, ThreadLocalsMayCountInAnyOrder) {
  Registry registry;
  const Counter counter = registry.counter("events_total", "Events.");
  struct Last {
    Counter counter;
    ~Last() { counter.inc(100); }
  };
  for (int i = 0; i < 3; ++i) {
    std::thread([counter] {
      static thread_local Last before;  // made before the cells, so destroyed after them
      before.counter = counter;
      counter.inc();
      static thread_local Last after;
      after.counter = counter;
    }).join();
  }
  EXPECT_EQ(counter.value(), 603);
}

#ifdef __SANITIZE_ADDRESS__
/// The C library frees what it keeps for each thread_local's destructor when that has run; one that
/// a key's destructor makes when all have run stays for good.
using LateThreadLocals = __lsan::ScopedDisabler;
#else
struct LateThreadLocals {
  LateThreadLocals() noexcept {}  // NOLINT: not trivial, so that it is no unused variable
};
#endif

TEST(EndOfThread, KeysOfPthreadsMayCountWhenEverythingElseIsGone) {
  static Counter counter;
  Registry registry;
  counter = registry.counter("events_total", "Events.");
  pthread_key_t key;
  ASSERT_EQ(pthread_key_create(&key,
                               [](void*) {
                                 const LateThreadLocals expected;
                                 counter.inc();
                               }),
            0);
  for (const bool counted_before : {true, false}) {
    std::thread([&] {
      pthread_setspecific(key, &counter);
      if (counted_before) counter.inc();
    }).join();
  }
  pthread_key_delete(key);
  EXPECT_EQ(counter.value(), 3);
}

}  // namespace
}  // namespace vitals::metrics

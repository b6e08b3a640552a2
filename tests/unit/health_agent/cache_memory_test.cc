#include "health_agent/cache/memory_cache.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "tests/unit/health_agent/db_testing.h"
#include "vitals/testing/snapshot.h"

namespace health_agent::cache {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

struct FakeTime {
  steady_clock::time_point now{};
  [[nodiscard]] auto clock() {
    return [this] { return now; };
  }
};

TEST(MemoryCache, GivesBackWhatWasSet) {
  MemoryCache cache;
  EXPECT_FALSE(cache.get("a"));
  cache.set("a", "1");
  cache.set("b", "");
  EXPECT_EQ(cache.get("a"), "1");
  EXPECT_EQ(cache.get("b"), "");
  cache.set("a", "2");
  EXPECT_EQ(cache.get("a"), "2");
  cache.erase("a");
  EXPECT_FALSE(cache.get("a"));
  cache.erase("never there");
  EXPECT_EQ(cache.get("b"), "");
}

TEST(MemoryCache, CountsHitsMissesAndEntries) {
  MemoryCache cache;
  cache.set("a", "1");
  (void)cache.get("a");
  (void)cache.get("a");
  (void)cache.get("b");
  const CacheStats stats = cache.stats();
  EXPECT_EQ(stats.hits, 2U);
  EXPECT_EQ(stats.misses, 1U);
  EXPECT_EQ(stats.size, 1U);
  EXPECT_EQ(stats.backend, "memory");
  EXPECT_TRUE(cache.healthy());
}

TEST(MemoryCache, TheLeastRecentlyUsedLeavesFirst) {
  MemoryCache cache{{.max_entries = 3}};
  cache.set("a", "1");
  cache.set("b", "2");
  cache.set("c", "3");
  (void)cache.get("a");
  cache.set("d", "4");
  EXPECT_FALSE(cache.get("b"));
  EXPECT_TRUE(cache.get("a"));
  EXPECT_TRUE(cache.get("c"));
  EXPECT_TRUE(cache.get("d"));
  EXPECT_EQ(cache.stats().size, 3U);
}

TEST(MemoryCache, NeverHoldsMoreBytesThanItMay) {
  MemoryCache cache{{.max_bytes = 10'000}};
  for (int i = 0; i < 100; ++i) {
    cache.set("key" + std::to_string(i), std::string(static_cast<std::size_t>(i) * 20, 'x'));
    EXPECT_LE(cache.bytes(), 10'000U);
  }
  EXPECT_TRUE(cache.get("key99"));
  EXPECT_FALSE(cache.get("key0"));
  EXPECT_LT(cache.stats().size, 10U);
}

TEST(MemoryCache, CountsTheBytesOfWhatItHoldsOnly) {
  MemoryCache cache;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 50; ++i)
      cache.set("key" + std::to_string(i), std::string(100, 'x'));
  }
  const std::size_t full = cache.bytes();
  EXPECT_GE(full, 50 * 100U);
  for (int i = 0; i < 50; ++i)
    cache.erase("key" + std::to_string(i));
  EXPECT_EQ(cache.bytes(), 0U);
}

TEST(MemoryCache, AValueThatIsTooLargeIsNotKeptNorTheOneBeforeIt) {
  MemoryCache cache{{.max_bytes = 1000}};
  cache.set("other", "1");
  cache.set("a", "old");
  cache.set("a", std::string(2000, 'x'));
  EXPECT_FALSE(cache.get("a"));
  EXPECT_TRUE(cache.get("other"));
}

TEST(MemoryCache, AValueEndsWithItsTimeCountedFromTheSet) {
  FakeTime time;
  MemoryCache cache{{.ttl = seconds{10}, .now = time.clock()}};
  cache.set("a", "1");
  time.now += seconds{9};
  EXPECT_TRUE(cache.get("a"));
  time.now += seconds{1};
  EXPECT_FALSE(cache.get("a"));  // being read had not made it younger
  EXPECT_EQ(cache.stats().size, 0U);
  cache.set("a", "2");
  time.now += seconds{9};
  EXPECT_EQ(cache.get("a"), "2");
}

TEST(MemoryCache, FillsWhatWasNotThere) {
  MemoryCache cache;
  const Lookup found = cache.lookup("a");
  EXPECT_FALSE(found.value);
  EXPECT_TRUE(cache.fill("a", "1", found.version));
  EXPECT_EQ(cache.lookup("a").value, "1");
}

TEST(MemoryCache, RefusesAFillThatAnEraseOrSetOvertook) {
  MemoryCache cache;
  const Lookup first = cache.lookup("a");
  cache.erase("a");
  EXPECT_FALSE(cache.fill("a", "stale", first.version));
  EXPECT_FALSE(cache.get("a"));
  const Lookup second = cache.lookup("a");
  cache.set("a", "new");
  EXPECT_FALSE(cache.fill("a", "stale", second.version));
  EXPECT_EQ(cache.get("a"), "new");
}

TEST(MemoryCache, RefusesAnOldFillAlsoAfterANewOne) {
  MemoryCache cache;
  const Lookup old = cache.lookup("a");
  cache.erase("a");
  EXPECT_TRUE(cache.fill("a", "new", cache.lookup("a").version));
  EXPECT_FALSE(cache.fill("a", "stale", old.version));
  EXPECT_EQ(cache.get("a"), "new");
}

TEST(MemoryCache, EveryCallIsCounted) {
  const vitals::metrics::Registry& registry = db::monitored();
  const vitals::testing::Snapshot before{registry};
  MemoryCache cache;
  (void)cache.get("a");
  cache.set("a", "1");
  (void)cache.get("a");
  cache.erase("a");
  const Lookup found = cache.lookup("a");
  cache.fill("a", "2", found.version);
  const vitals::testing::Snapshot after{registry};
  const auto grown = [&](std::string_view operation, std::string_view result) {
    const std::array labels{std::pair{std::string_view{"operation"}, operation},
                            std::pair{std::string_view{"result"}, result}};
    return after.total("cache_operations_total", labels) -
           before.total("cache_operations_total", labels);
  };
  EXPECT_EQ(grown("get", "miss"), 2);
  EXPECT_EQ(grown("get", "hit"), 1);
  EXPECT_EQ(grown("set", "ok"), 2);
  EXPECT_EQ(grown("delete", "ok"), 1);
  EXPECT_EQ(grown("get", "error") + grown("set", "error") + grown("delete", "error"), 0);
}

TEST(MemoryCache, KeepsItsBoundsAndItsValuesApartUnderManyThreads) {
  MemoryCache cache{{.max_entries = 64, .max_bytes = 20'000}};
  db::in_threads(8, [&](int thread) {
    for (int i = 0; i < 2000; ++i) {
      const std::string key = "key" + std::to_string((i * 7 + thread) % 200);
      switch (i % 4) {
        case 0:
          cache.set(key, key + ":" + std::string(static_cast<std::size_t>(i % 50), 'x'));
          break;
        case 1:
          cache.erase(key);
          break;
        default: {
          const Lookup found = cache.lookup(key);
          if (found.value) {
            EXPECT_TRUE(found.value->starts_with(key + ":"));
          } else {
            cache.fill(key, key + ":", found.version);
          }
        }
      }
      if (i % 100 == 0) {
        EXPECT_LE(cache.stats().size, 64U);
        EXPECT_LE(cache.bytes(), 20'000U);
      }
    }
  });
  EXPECT_LE(cache.stats().size, 64U);
}

}  // namespace
}  // namespace health_agent::cache

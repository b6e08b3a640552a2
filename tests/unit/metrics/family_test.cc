#include "vitals/metrics/family.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <type_traits>

#include "vitals/metrics/registry.h"
#include "vitals/testing/snapshot.h"

enum class Outcome { kHit, kMiss, kError };
enum class Tier : signed char { kFree, kPaid };

template <>
struct vitals::metrics::LabelValues<Outcome> {
  static constexpr std::array<std::string_view, 3> kValues{"hit", "miss", "error"};
};
template <>
struct vitals::metrics::LabelValues<Tier> {
  static constexpr std::array<std::string_view, 2> kValues{"free", "paid"};
};

namespace vitals::metrics {
namespace {

using ::vitals::testing::Snapshot;

TEST(Family, IsASmallValueToCopy) {
  using Requests = Family<Counter, "method", "status">;
  EXPECT_TRUE(std::is_trivially_copyable_v<Requests>);
  EXPECT_EQ(sizeof(Requests), sizeof(void*));
}

TEST(Family, GivesTheSameSeriesForTheSameValues) {
  Registry registry;
  auto family = registry.counter<"method", "status">("requests_total", "Requests.");
  family.with("GET", "200").inc();
  family.with(std::string("GET"), std::string_view("200")).inc();
  family.with("GET", "404").inc();
  EXPECT_EQ(family.with("GET", "200").value(), 2);
  EXPECT_EQ(family.size(), 2u);
}

TEST(Family, KeepsValuesApartThatOnlyLookAlikeJoined) {
  Registry registry;
  auto family = registry.counter<"a", "b">("requests_total", "Requests.");
  family.with("ab", "c").inc(1);
  family.with("a", "bc").inc(2);
  family.with("abc", "").inc(4);
  family.with("", "abc").inc(8);
  EXPECT_EQ(family.size(), 4u);
  EXPECT_EQ(family.with("a", "bc").value(), 2);
  EXPECT_EQ(family.with("", "abc").value(), 8);
}

TEST(Family, TellsValuesOfEveryLengthApart) {
  Registry registry;
  auto family = registry.counter<"v">("requests_total", "Requests.");
  std::string value;
  for (int n = 0; n < 70; ++n) {
    family.with(value).inc(1);
    for (std::size_t i = 0; i < value.size(); ++i) {
      std::string other = value;
      other[i] = 'y';
      family.with(other).inc(2);
    }
    ASSERT_EQ(family.with(value).value(), 1) << n;
    for (std::size_t i = 0; i < value.size(); ++i) {
      std::string other = value;
      other[i] = 'y';
      ASSERT_EQ(family.with(other).value(), 2) << n << " " << i;
    }
    family.clear();
    value += 'x';
  }
}

TEST(Family, CannotBeGivenTextsOfOneHashByWhoKnowsTheSource) {
  // Words that are the hash's own constants, which would make its factors 0 if nothing secret were
  // in them; what stands beside them would then not count.
  const auto word = [](std::uint64_t bits) {
    return std::string(reinterpret_cast<const char*>(&bits), sizeof bits);
  };
  constexpr std::uint64_t kSeed = 0x0123'4567'89ab'cdef;
  std::set<std::uint64_t> hashes;
  for (std::uint64_t i = 0; i < 100; ++i) {
    hashes.insert(detail::hash_text(word(0xa076'1d64'78bd'642f ^ 16) + word(i), kSeed));
    hashes.insert(detail::hash_text(
        word(0xa076'1d64'78bd'642f) + word(i) + word(0xe703'7ed1'a0b4'28db ^ 32) + word(i), kSeed));
  }
  EXPECT_EQ(hashes.size(), 200U);
}

TEST(Family, ResolvesEnumsByTheirTexts) {
  Registry registry;
  auto family = registry.counter<enum_label<Outcome>("result"), enum_label<Tier>("tier")>(
      "operations_total", "Operations.");
  family.with(Outcome::kHit, Tier::kFree).inc(1);
  family.with(Outcome::kError, Tier::kPaid).inc(2);
  family.with(Outcome::kError, Tier::kPaid).inc(2);
  const Snapshot snapshot(registry);
  EXPECT_EQ(snapshot.value("operations_total", {{"result", "hit"}, {"tier", "free"}}), 1);
  EXPECT_EQ(snapshot.value("operations_total", {{"result", "error"}, {"tier", "paid"}}), 4);
  EXPECT_EQ(snapshot.count("operations_total"), 2u);
}

TEST(Family, MixesEnumsWithTexts) {
  Registry registry;
  auto family =
      registry.counter<"table", enum_label<Outcome>("result")>("operations_total", "Operations.");
  family.with("users", Outcome::kMiss).inc();
  EXPECT_EQ(Snapshot(registry).value("operations_total", {{"table", "users"}, {"result", "miss"}}),
            1);
}

TEST(Family, CountsAnEnumValueOutOfRangeUnderOther) {
  Registry registry;
  auto indexed = registry.counter<enum_label<Tier>("tier")>("a_total", "A.");
  indexed.with(static_cast<Tier>(2)).inc();
  indexed.with(static_cast<Tier>(-1)).inc();
  auto mixed = registry.counter<"t", enum_label<Tier>("tier")>("b_total", "B.");
  mixed.with("x", static_cast<Tier>(-1)).inc();
  const Snapshot snapshot(registry);
  EXPECT_EQ(snapshot.value("a_total", {{"tier", "(other)"}}), 2);
  EXPECT_EQ(snapshot.value("b_total", {{"t", "x"}, {"tier", "(other)"}}), 1);
}

TEST(Family, CountsPastItsLimitUnderOtherAndSaysHowOften) {
  Registry registry;
  auto family =
      registry.counter<"path", "method">("requests_total", "Requests.", {.max_series = 3});
  for (int i = 0; i < 3; ++i)
    family.with(std::to_string(i), "GET").inc();
  for (int i = 3; i < 10; ++i)
    family.with(std::to_string(i), "GET").inc();
  family.with("0", "GET").inc();  // one that was there before still is
  const Snapshot snapshot(registry);
  EXPECT_EQ(family.size(), 4u);
  EXPECT_EQ(snapshot.value("requests_total", {{"path", "(other)"}, {"method", "(other)"}}), 7);
  EXPECT_EQ(snapshot.value("requests_total", {{"path", "0"}, {"method", "GET"}}), 2);
  EXPECT_EQ(registry.usage().at(0).overflows, 7u);
}

TEST(Family, OfEnumsKeepsItsLimitToo) {
  Registry registry;
  auto family = registry.counter<enum_label<Outcome>("result")>("a_total", "A.", {.max_series = 1});
  family.with(Outcome::kHit).inc();
  family.with(Outcome::kMiss).inc();
  family.with(Outcome::kMiss).inc();
  EXPECT_EQ(Snapshot(registry).value("a_total", {{"result", "(other)"}}), 2);
  EXPECT_EQ(family.size(), 2u);
}

TEST(Family, MakesASeriesOfItsOwnWhenARemovalGivesRoom) {
  Registry registry;
  auto family = registry.counter<"path">("requests_total", "Requests.", {.max_series = 1});
  family.with("a").inc();
  family.with("b").inc();
  EXPECT_TRUE(family.remove("a"));
  family.with("b").inc();
  const Snapshot snapshot(registry);
  EXPECT_EQ(snapshot.value("requests_total", {{"path", "b"}}), 1);
  EXPECT_EQ(snapshot.value("requests_total", {{"path", "(other)"}}), 1);
}

TEST(Family, LeavesARemovedSeriesOutAndStartsItAnewFromZero) {
  Registry registry;
  auto family = registry.counter<"path">("requests_total", "Requests.");
  const Counter held = family.with("a");
  held.inc(5);
  EXPECT_TRUE(family.remove("a"));
  EXPECT_FALSE(family.remove("a"));
  held.inc();  // safe, and seen by nobody
  EXPECT_EQ(Snapshot(registry).value("requests_total", {{"path", "a"}}), std::nullopt);
  family.with("a").inc();
  EXPECT_EQ(Snapshot(registry).value("requests_total", {{"path", "a"}}), 1);
}

TEST(Family, OfEnumsForgetsARemovedSeries) {
  Registry registry;
  auto family = registry.counter<enum_label<Outcome>("result")>("a_total", "A.");
  family.with(Outcome::kHit).inc(5);
  EXPECT_TRUE(family.remove(Outcome::kHit));
  family.with(Outcome::kHit).inc();
  EXPECT_EQ(Snapshot(registry).value("a_total", {{"result", "hit"}}), 1);
}

TEST(Family, ClearRemovesEverySeries) {
  Registry registry;
  auto family = registry.gauge<"path">("load", "Load.", {.max_series = 5});
  for (int i = 0; i < 9; ++i)
    family.with(std::to_string(i)).set(i);
  family.clear();
  EXPECT_EQ(family.size(), 0u);
  EXPECT_EQ(Snapshot(registry).count("load"), 0u);
  family.with("7").inc();
  EXPECT_EQ(Snapshot(registry).value("load", {{"path", "7"}}), 1);
}

TEST(Family, FindsEverySeriesAfterManyRemovals) {
  Registry registry;
  auto family = registry.counter<"i">("requests_total", "Requests.", {.max_series = 10});
  for (int i = 0; i < 5000; ++i) {
    family.with(std::to_string(i)).inc(i);
    if (i >= 8) {
      ASSERT_TRUE(family.remove(std::to_string(i - 8))) << i;
    }
  }
  EXPECT_EQ(family.size(), 8u);
  for (int i = 4992; i < 5000; ++i)
    EXPECT_EQ(family.with(std::to_string(i)).value(), i);
}

TEST(Family, MendsBytesThatAreNotUtf8IntoOneSeries) {
  Registry registry;
  auto family = registry.counter<"agent">("requests_total", "Requests.", {.max_series = 1});
  family.with("a\xFF").inc();
  family.with("a\xFE").inc();
  EXPECT_EQ(Snapshot(registry).value("requests_total", {{"agent", "a\uFFFD"}}), 2);
  EXPECT_EQ(family.size(), 1u);
  EXPECT_TRUE(family.remove("a\xFF"));
}

TEST(Family, DoesNothingWhenDefaultConstructedOrItsRegistryIsGone) {
  Family<Counter, "path"> family;
  family.with("a").inc();
  EXPECT_EQ(family.size(), 0u);
  Family<Counter, enum_label<Outcome>("result")> indexed;
  Family<Histogram, "path"> histograms;
  {
    Registry registry;
    family = registry.counter<"path">("requests_total", "Requests.");
    indexed = registry.counter<enum_label<Outcome>("result")>("a_total", "A.");
    histograms = registry.histogram<"path">("size_bytes", "Size.", {1});
    family.with("a").inc();
    indexed.with(Outcome::kHit).inc();
    histograms.with("a").observe(1);
  }
  family.with("a").inc();
  indexed.with(Outcome::kHit).inc();
  indexed.with(static_cast<Outcome>(9)).inc();
  histograms.with("a").observe(1);
  EXPECT_FALSE(family.remove("a"));
  family.clear();
  EXPECT_EQ(family.size(), 0u);
  EXPECT_EQ(family.with("a").value(), 0);
}

}  // namespace
}  // namespace vitals::metrics

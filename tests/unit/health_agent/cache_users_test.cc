#include "health_agent/cache/cached_users.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "health_agent/cache/memory_cache.h"
#include "tests/unit/health_agent/db_testing.h"

namespace health_agent::cache {
namespace {

using db::OtherProgram;

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kNoon = 100 * kDay + kDay / 2;
const TimeZone kUtc;

struct World {
  World() { database.store.create_user("alice", 1); }

  /// Changes the database behind the cache's back, so that a cached answer can be told from a new
  /// one.
  void change_secretly(const std::string& sql) { OtherProgram(database.path).run(sql); }

  db::Database database;
  MemoryCache cache;
  CachedUsers users{database.store, cache};
};

FoodEntry entry_at(std::int64_t time, std::string notes = "") {
  return {.id = 0,
          .user_id = "alice",
          .foods = {{.name = "egg: \"boiled\"",
                     .quantity = 0.1,
                     .unit = "",
                     .calories = 70.3,
                     .protein = 6.0,
                     .carbs = std::nullopt,
                     .fat = 0.0},
                    {.name = "rice",
                     .quantity = 150,
                     .unit = "g",
                     .calories = 195,
                     .protein = std::nullopt,
                     .carbs = 42.5,
                     .fat = std::nullopt}},
          .meal_type = "lunch",
          .timestamp = time,
          .notes = std::move(notes)};
}

TEST(CachedUsers, ReadsProfileAndPreferencesOnce) {
  World world;
  world.users.set_profile_field("alice", "diet", "\"vegan\"");
  world.users.set_preference("alice", "units", "\"metric\"");
  const Fields profile{{"diet", "\"vegan\""}};
  const Fields preferences{{"units", "\"metric\""}};
  EXPECT_EQ(world.users.profile("alice"), profile);
  EXPECT_EQ(world.users.preferences("alice"), preferences);
  world.change_secretly("DELETE FROM user_profiles; DELETE FROM user_preferences");
  EXPECT_EQ(world.users.profile("alice"), profile);
  EXPECT_EQ(world.users.preferences("alice"), preferences);
}

TEST(CachedUsers, AnEmptyProfileIsCachedToo) {
  World world;
  EXPECT_EQ(world.users.profile("alice"), Fields{});
  world.change_secretly("INSERT INTO user_profiles VALUES ('alice', 'a', '1')");
  EXPECT_EQ(world.users.profile("alice"), Fields{});
}

TEST(CachedUsers, AWriteIsSeenByTheNextRead) {
  World world;
  for (int i = 0; i < 3; ++i) {
    const std::string value = std::to_string(i);
    world.users.set_profile_field("alice", "n", value);
    world.users.set_preference("alice", "n", value);
    EXPECT_EQ(world.users.profile("alice").at("n"), value);
    EXPECT_EQ(world.users.preferences("alice").at("n"), value);
  }
}

TEST(CachedUsers, TheDaysFoodComesBackFromTheCacheAsItWasSaved) {
  World world;
  world.users.save_food_entry(entry_at(kNoon, "first"));
  world.users.save_food_entry(entry_at(kNoon + 1, ""));
  const DaySummary fresh = world.users.food_of_day("alice", kUtc, kUtc.day_of(kNoon), kNoon);
  world.change_secretly("DELETE FROM food_entries");
  const DaySummary cached = world.users.food_of_day("alice", kUtc, kUtc.day_of(kNoon), kNoon);
  for (const DaySummary* day : {&fresh, &cached}) {
    ASSERT_EQ(day->entries.size(), 2U);
    EXPECT_DOUBLE_EQ(day->totals.calories, 2 * (70.3 + 195));
    EXPECT_DOUBLE_EQ(day->totals.protein, 12);
    EXPECT_DOUBLE_EQ(day->totals.carbs, 85);
    EXPECT_DOUBLE_EQ(day->totals.fat, 0);
    EXPECT_EQ(day->entries[0].notes, "first");
    EXPECT_EQ(day->entries[1].timestamp, kNoon + 1);
    EXPECT_EQ(day->entries[0].user_id, "alice");
    EXPECT_EQ(day->entries[0].meal_type, "lunch");
    EXPECT_LT(day->entries[0].id, day->entries[1].id);
    const Food& egg = day->entries[0].foods.at(0);
    EXPECT_EQ(egg.name, "egg: \"boiled\"");
    EXPECT_EQ(egg.unit, "");
    EXPECT_EQ(egg.quantity, 0.1);
    EXPECT_EQ(egg.protein, 6.0);
    EXPECT_EQ(egg.carbs, std::nullopt);
    EXPECT_EQ(egg.fat, 0.0);
    EXPECT_EQ(day->entries[0].foods.at(1).name, "rice");
  }
}

TEST(CachedUsers, ANewEntryIsInTheDaysFood) {
  World world;
  EXPECT_TRUE(world.users.food_of_day("alice", kUtc, kUtc.day_of(kNoon), kNoon).entries.empty());
  world.users.save_food_entry(entry_at(kNoon));
  EXPECT_EQ(world.users.food_of_day("alice", kUtc, kUtc.day_of(kNoon), kNoon).entries.size(), 1U);
}

TEST(CachedUsers, YesterdaysFoodIsNotTodaysAfterMidnight) {
  World world;
  world.users.save_food_entry(entry_at(kNoon, "yesterday"));
  EXPECT_EQ(world.users.food_of_day("alice", kUtc, kUtc.day_of(kNoon), kNoon).entries.size(), 1U);
  const std::int64_t tomorrow = kNoon + kDay;
  EXPECT_TRUE(
      world.users.food_of_day("alice", kUtc, kUtc.day_of(tomorrow), tomorrow).entries.empty());
  EXPECT_EQ(world.users.food_of_day("alice", kUtc, kUtc.day_of(kNoon), tomorrow).entries.size(),
            1U);
}

TEST(CachedUsers, OtherDaysAreAskedOfTheDatabase) {
  World world;
  world.users.save_food_entry(entry_at(kNoon - kDay));
  EXPECT_EQ(world.users.food_of_day("alice", kUtc, kUtc.day_of(kNoon) - 1, kNoon).entries.size(),
            1U);
  world.change_secretly("DELETE FROM food_entries");
  EXPECT_TRUE(
      world.users.food_of_day("alice", kUtc, kUtc.day_of(kNoon) - 1, kNoon).entries.empty());
}

TEST(CachedUsers, ADayBeginsAtMidnightUtcBefore1970Too) {
  EXPECT_EQ(kUtc.day_of(0), 0);
  EXPECT_EQ(kUtc.day_of(kDay - 1), 0);
  EXPECT_EQ(kUtc.day_of(kDay), 1);
  EXPECT_EQ(kUtc.day_of(-1), -1);
  EXPECT_EQ(kUtc.day_of(-kDay), -1);
  EXPECT_EQ(kUtc.day_of(-kDay - 1), -2);
}

TEST(CachedUsers, ADeletedUserIsForgotten) {
  World world;
  world.users.set_profile_field("alice", "a", "1");
  (void)world.users.profile("alice");
  (void)world.users.preferences("alice");
  (void)world.users.food_of_day("alice", kUtc, kUtc.day_of(kNoon), kNoon);
  EXPECT_TRUE(world.users.delete_user("alice"));
  EXPECT_THROW((void)world.users.profile("alice"), RecordNotFoundError);
  EXPECT_THROW((void)world.users.preferences("alice"), RecordNotFoundError);
  EXPECT_THROW((void)world.users.food_of_day("alice", kUtc, kUtc.day_of(kNoon), kNoon),
               RecordNotFoundError);
}

TEST(CachedUsers, UsersWhoseIdsLookLikeKeysStayApart) {
  World world;
  for (const char* user : {"a", "profile:a", "a:b"}) {
    world.database.store.create_user(user, 1);
    world.users.set_profile_field(user, "me", std::string("\"") + user + "\"");
  }
  for (const std::string user : {"a", "profile:a", "a:b"}) {
    EXPECT_EQ(world.users.profile(user).at("me"), "\"" + user + "\"");
    EXPECT_EQ(world.users.profile(user).at("me"), "\"" + user + "\"");
  }
}

TEST(CachedUsers, AValueThatCannotBeReadIsAskedForAnew) {
  World world;
  world.users.set_profile_field("alice", "a", "1");
  world.users.save_food_entry(entry_at(kNoon));
  const Fields profile{{"a", "1"}};
  for (const char* garbage :
       {"nonsense", "1:a", "9:short", "1:a1:1x", "18446744073709551615:a", ":", "1:", "-1:a"}) {
    world.cache.set("profile:alice", garbage);
    world.cache.set("today:alice", garbage);
    EXPECT_EQ(world.users.profile("alice"), profile) << garbage;
    EXPECT_EQ(world.users.profile("alice"), profile) << garbage;
    EXPECT_EQ(world.users.food_of_day("alice", kUtc, kUtc.day_of(kNoon), kNoon).entries.size(), 1U)
        << garbage;
  }
}

/// A cache that does something just before it is filled: the moment in which a reader has its
/// answer and a writer overtakes it.
class InterruptedCache final : public Cache {
 public:
  std::optional<std::string> get(std::string_view key) override { return cache_.get(key); }
  void set(std::string_view key, std::string_view value) override { cache_.set(key, value); }
  void erase(std::string_view key) noexcept override { cache_.erase(key); }
  Lookup lookup(std::string_view key) override {
    Lookup found = cache_.lookup(key);
    if (found.value) found.version = 0;  // as with Redis: only what is not there may be filled
    return found;
  }
  bool fill(std::string_view key, std::string_view value, std::uint64_t version) override {
    if (before_fill) std::exchange(before_fill, nullptr)();
    return cache_.fill(key, value, version);
  }
  CacheStats stats() const override { return cache_.stats(); }
  bool healthy() const noexcept override { return true; }

  std::function<void()> before_fill;

 private:
  MemoryCache cache_;
};

TEST(CachedUsers, TodaysFoodIsKeptThoughYesterdaysWasThere) {
  db::Database database;
  database.store.create_user("alice", 1);
  InterruptedCache cache;
  CachedUsers users{database.store, cache};
  users.save_food_entry(entry_at(kNoon));
  EXPECT_EQ(users.food_of_day("alice", kUtc, kUtc.day_of(kNoon), kNoon).entries.size(), 1U);
  const std::int64_t tomorrow = kNoon + kDay;
  EXPECT_TRUE(users.food_of_day("alice", kUtc, kUtc.day_of(tomorrow), tomorrow).entries.empty());
  database.store.save_food_entry(entry_at(tomorrow));  // which the cache is not told of
  EXPECT_TRUE(users.food_of_day("alice", kUtc, kUtc.day_of(tomorrow), tomorrow).entries.empty());
}

TEST(CachedUsers, AReaderThatAWriterOvertookLeavesNothingStaleBehind) {
  db::Database database;
  database.store.create_user("alice", 1);
  InterruptedCache cache;
  CachedUsers users{database.store, cache};

  users.set_profile_field("alice", "n", "1");
  cache.before_fill = [&] { users.set_profile_field("alice", "n", "2"); };
  (void)users.profile("alice");
  EXPECT_EQ(users.profile("alice").at("n"), "2");

  users.set_preference("alice", "n", "1");
  cache.before_fill = [&] { users.set_preference("alice", "n", "2"); };
  (void)users.preferences("alice");
  EXPECT_EQ(users.preferences("alice").at("n"), "2");

  cache.before_fill = [&] { users.save_food_entry(entry_at(kNoon)); };
  (void)users.food_of_day("alice", kUtc, kUtc.day_of(kNoon), kNoon);
  EXPECT_EQ(users.food_of_day("alice", kUtc, kUtc.day_of(kNoon), kNoon).entries.size(), 1U);

  users.set_profile_field("alice", "n", "3");
  cache.before_fill = [&] { users.delete_user("alice"); };
  (void)users.profile("alice");
  EXPECT_THROW((void)users.profile("alice"), RecordNotFoundError);
}

TEST(CachedUsers, AWriteOfUnknownOutcomeIsForgottenByTheCache) {
  World world;
  EXPECT_EQ(world.users.profile("alice"), Fields{});
  world.change_secretly(
      "INSERT INTO user_profiles VALUES ('alice', 'a', '1');"
      "CREATE TRIGGER t BEFORE UPDATE ON user_profiles BEGIN SELECT RAISE(ABORT, 'x'); END");
  EXPECT_THROW(world.users.set_profile_field("alice", "a", "2"), DatabaseError);
  EXPECT_EQ(world.users.profile("alice").at("a"), "1");
}

TEST(CachedUsers, NoReaderSeesLessThanWhatWasWrittenBeforeItAsked) {
  World world;
  world.users.set_profile_field("alice", "n", "0");
  std::atomic<int> written{0};
  std::atomic<bool> done{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!done) {
        const int before = written;
        const int seen = std::stoi(world.users.profile("alice").at("n"));
        EXPECT_GE(seen, before);
      }
    });
  }
  for (int i = 1; i <= 300; ++i) {
    world.users.set_profile_field("alice", "n", std::to_string(i));
    written = i;
    std::this_thread::yield();
  }
  done = true;
  for (std::thread& reader : readers)
    reader.join();
  EXPECT_EQ(world.users.profile("alice").at("n"), "300");
}

}  // namespace
}  // namespace health_agent::cache

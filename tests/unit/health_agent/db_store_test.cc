#include "health_agent/db/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "tests/unit/health_agent/db_testing.h"

namespace health_agent::db {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr std::int64_t kDay = 86'400;

Food egg() {
  return {.name = "egg",
          .quantity = 2,
          .unit = "piece",
          .calories = 143.3,
          .protein = 12.6,
          .carbs = 0.0,
          .fat = std::nullopt};
}

FoodEntry entry_at(std::int64_t time, const std::string& user = "alice") {
  return {.id = 0,
          .user_id = user,
          .foods = {egg()},
          .meal_type = "lunch",
          .timestamp = time,
          .notes = ""};
}

std::vector<std::int64_t> times_of(const std::vector<FoodEntry>& entries) {
  std::vector<std::int64_t> times;
  for (const FoodEntry& entry : entries)
    times.push_back(entry.timestamp);
  return times;
}

std::vector<std::string> contents_of(const std::vector<Message>& messages) {
  std::vector<std::string> contents;
  for (const Message& message : messages)
    contents.push_back(message.content);
  return contents;
}

/// Keeps the answer in the transaction of something else.
Also keeps(const RetryKey& key, const KeptAnswer& answer, std::int64_t now) {
  return [=](Connection& connection, std::span<const FoodEntry>) {
    keep_answer(connection, key, answer, now);
  };
}

TEST(Store, CreatesAUserOnce) {
  Database database;
  EXPECT_FALSE(database.store.user_exists("alice"));
  EXPECT_FALSE(database.store.find_user("alice"));
  EXPECT_TRUE(database.store.create_user("alice", 100));
  EXPECT_FALSE(database.store.create_user("alice", 200));
  EXPECT_TRUE(database.store.user_exists("alice"));
  const auto user = database.store.find_user("alice");
  ASSERT_TRUE(user);
  EXPECT_EQ(user->user_id, "alice");
  EXPECT_EQ(user->created_at, 100);
}

TEST(Store, ExactlyOneOfManyThreadsCreatesTheUser) {
  Database database;
  for (int round = 0; round < 10; ++round) {
    const std::string user = "user" + std::to_string(round);
    std::atomic<int> created{0};
    std::atomic<int> waiting{16};
    in_threads(16, [&](int) {
      --waiting;
      while (waiting > 0)
        std::this_thread::yield();
      if (database.store.create_user(user, 1)) ++created;
    });
    EXPECT_EQ(created, 1);
  }
}

TEST(Store, ExactlyOneOfManyProgramsCreatesTheUser) {
  Database database;
  std::atomic<int> created{0};
  in_threads(8, [&](int) {
    Pool pool{{.url = "sqlite:" + database.path, .size = 1}};
    Store store{pool};
    for (int i = 0; i < 20; ++i)
      created += store.create_user("user" + std::to_string(i), 1);
  });
  EXPECT_EQ(created, 20);
}

TEST(Store, DeletesAUserWithEverythingThatBelongsToIt) {
  Database database;
  Store& store = database.store;
  for (const char* user : {"alice", "bob"}) {
    store.create_user(user, 1);
    store.set_profile_field(user, "diet", "\"vegan\"");
    store.set_preference(user, "units", "\"metric\"");
    store.save_food_entry(entry_at(5, user));
    store.save_turn(user,
                    {{entry_at(6, user)}, {}, {{"user", "hello", 1}}, {}, "message 1", "digest"},
                    keeps({user, "POST /chat", "", "k"}, {"digest", 200, "{}"}, 1));
    store.clear_conversation(user);
    store.append_messages(user, std::vector<Message>{{"user", "hello", 1}});
  }
  OtherProgram other{database.path};
  other.run("DELETE FROM food_entries WHERE eaten_at = 6");
  EXPECT_TRUE(store.delete_user("alice"));
  EXPECT_FALSE(store.delete_user("alice"));
  const std::vector<std::string> tables{"users",        "user_profiles", "user_preferences",
                                        "food_entries", "food_undo",     "conversation_messages",
                                        "kept_answers", "turn_undo"};
  EXPECT_EQ(other.number("SELECT COUNT(*) FROM sqlite_master m, pragma_table_info(m.name) c"
                         " WHERE m.type = 'table' AND c.name = 'user_id'"),
            static_cast<long long>(tables.size()))
      << "there is a table with users' data that this test does not know";
  for (const std::string& table : tables) {
    EXPECT_EQ(other.number("SELECT COUNT(*) FROM " + table), 1) << table;
    EXPECT_EQ(other.number("SELECT COUNT(*) FROM " + table + " WHERE user_id = 'bob'"), 1) << table;
  }
}

TEST(Store, KeepsProfileAndPreferencesApartAndByUser) {
  Database database;
  Store& store = database.store;
  store.create_user("alice", 1);
  store.create_user("bob", 1);
  EXPECT_EQ(store.profile("alice"), Fields{});
  EXPECT_EQ(store.preferences("alice"), Fields{});
  store.set_profile_field("alice", "weight", "72.5");
  store.set_profile_field("alice", "diet", "\"vegan\"");
  store.set_profile_field("alice", "weight", "71");
  store.set_preference("alice", "weight", "true");
  EXPECT_EQ(store.profile("alice"), (Fields{{"diet", "\"vegan\""}, {"weight", "71"}}));
  EXPECT_EQ(store.preferences("alice"), (Fields{{"weight", "true"}}));
  EXPECT_EQ(store.profile("bob"), Fields{});
}

TEST(Store, ProfileAndPreferencesHaveABound) {
  Database database;
  Store& store = database.store;
  store.create_user("alice", 1);
  for (std::size_t i = 0; i < kMaxFields; ++i) {
    store.set_profile_field("alice", "f" + std::to_string(i), "1");
    store.set_preference("alice", "p" + std::to_string(i), "1");
  }
  store.set_profile_field("alice", "f0", "2");
  store.set_preference("alice", "p0", "2");
  EXPECT_THROW(store.set_profile_field("alice", "more", "1"), ValidationError);
  EXPECT_THROW(store.set_preference("alice", "more", "1"), ValidationError);
  EXPECT_EQ(store.profile("alice").size(), kMaxFields);
  EXPECT_EQ(store.profile("alice").at("f0"), "2");
  EXPECT_EQ(store.preferences("alice").size(), kMaxFields);
}

TEST(Store, GivesAFoodEntryBackAsItWasSaved) {
  Database database;
  database.store.create_user("alice", 1);
  FoodEntry entry = entry_at(1000);
  entry.notes = "with \"salt\" & \xC3\xA4pfel; '); DROP TABLE users; --";
  entry.foods.push_back({.name = "rice \xF0\x9F\x8D\x9A",
                         .quantity = 0.1,
                         .unit = "kg",
                         .calories = 130.00000000000003,
                         .protein = std::nullopt,
                         .carbs = 1e-9,
                         .fat = 1.0 / 3});
  const FoodEntry saved = database.store.save_food_entry(entry);
  EXPECT_GT(saved.id, 0);
  const auto entries = database.store.food_entries("alice", 0, 2000);
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].id, saved.id);
  EXPECT_EQ(entries[0].user_id, "alice");
  EXPECT_EQ(entries[0].meal_type, "lunch");
  EXPECT_EQ(entries[0].timestamp, 1000);
  EXPECT_EQ(entries[0].notes, entry.notes);
  ASSERT_EQ(entries[0].foods.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    const Food& got = entries[0].foods[i];
    EXPECT_EQ(got.name, entry.foods[i].name);
    EXPECT_EQ(got.quantity, entry.foods[i].quantity);
    EXPECT_EQ(got.unit, entry.foods[i].unit);
    EXPECT_EQ(got.calories, entry.foods[i].calories);
    EXPECT_EQ(got.protein, entry.foods[i].protein);
    EXPECT_EQ(got.carbs, entry.foods[i].carbs);
    EXPECT_EQ(got.fat, entry.foods[i].fat);
  }
}

TEST(Store, FoodEntriesAreThoseOfTheRangeOldestFirst) {
  Database database;
  database.store.create_user("alice", 1);
  database.store.create_user("bob", 1);
  for (const std::int64_t time : {2 * kDay, kDay + 5, kDay, kDay - 1, std::int64_t{-3}}) {
    database.store.save_food_entry(entry_at(time));
  }
  database.store.save_food_entry(entry_at(kDay + 1, "bob"));
  EXPECT_EQ(times_of(database.store.food_entries("alice", kDay, 2 * kDay)),
            (std::vector<std::int64_t>{kDay, kDay + 5}));
  EXPECT_EQ(times_of(database.store.food_entries("alice", -10, 0)),
            (std::vector<std::int64_t>{-3}));
  EXPECT_TRUE(database.store.food_entries("alice", 5 * kDay, 6 * kDay).empty());
}

TEST(Store, NeverUsesTheIdOfAFoodEntryAgain) {
  Database database;
  database.store.create_user("alice", 1);
  database.store.create_user("bob", 1);
  const std::int64_t first = database.store.save_food_entry(entry_at(1)).id;
  database.store.delete_user("alice");
  EXPECT_GT(database.store.save_food_entry(entry_at(1, "bob")).id, first);
}

TEST(Store, HistoryIsTheNewestMessagesOldestFirst) {
  Database database;
  Store& store = database.store;
  store.create_user("alice", 1);
  store.create_user("bob", 1);
  EXPECT_TRUE(store.history("alice", 10).empty());
  store.append_messages("alice", std::vector<Message>{{"user", "1", 50}, {"assistant", "2", 50}});
  store.append_messages("bob", std::vector<Message>{{"user", "other", 50}});
  store.append_messages("alice", std::vector<Message>{{"user", "3", 40}, {"assistant", "4", 60}});
  EXPECT_EQ(contents_of(store.history("alice", 10)),
            (std::vector<std::string>{"1", "2", "3", "4"}));
  EXPECT_EQ(contents_of(store.history("alice", 3)), (std::vector<std::string>{"2", "3", "4"}));
  EXPECT_TRUE(store.history("alice", 0).empty());
  const Message newest = store.history("alice", 1).at(0);
  EXPECT_EQ(newest.role, "assistant");
  EXPECT_EQ(newest.timestamp, 60);
}

TEST(Store, KeepsLongEmptyAndOddTexts) {
  Database database;
  database.store.create_user("alice", 1);
  using std::string_literals::operator""s;
  const std::string odd = "line\nbreak\ttab 'quote' :name \0 nul \xE2\x82\xAC"s;
  const std::vector<Message> messages{
      {"user", std::string(1 << 20, 'x'), 1}, {"assistant", "", 2}, {"user", odd, 3}};
  database.store.append_messages("alice", messages);
  const auto history = database.store.history("alice", 5);
  ASSERT_EQ(history.size(), 3U);
  EXPECT_EQ(history[0].content.size(), std::size_t{1} << 20);
  EXPECT_EQ(history[1].content, "");
  EXPECT_EQ(history[2].content, "line\nbreak\ttab 'quote' :name \xEF\xBF\xBD nul \xE2\x82\xAC")
      << "all but the NUL, which PostgreSQL cannot keep";
}

TEST(Store, ClearsOneConversation) {
  Database database;
  Store& store = database.store;
  for (const char* user : {"alice", "bob"}) {
    store.create_user(user, 1);
    store.append_messages(user, std::vector<Message>{{"user", "hello", 1}});
  }
  store.clear_conversation("alice");
  store.clear_conversation("alice");
  EXPECT_TRUE(store.history("alice", 10).empty());
  EXPECT_EQ(store.history("bob", 10).size(), 1U);
}

TEST(Store, NamesTheUserWhoIsNotThere) {
  Database database;
  Store& store = database.store;
  const auto expect_not_found = [](const char* what, auto&& call) {
    try {
      call();
      ADD_FAILURE() << what << " did not throw";
    } catch (const RecordNotFoundError& error) {
      EXPECT_THAT(error.what(), HasSubstr("nobody")) << what;
    }
  };
  expect_not_found("profile", [&] { (void)store.profile("nobody"); });
  expect_not_found("preferences", [&] { (void)store.preferences("nobody"); });
  expect_not_found("set_profile_field", [&] { store.set_profile_field("nobody", "a", "1"); });
  expect_not_found("set_preference", [&] { store.set_preference("nobody", "a", "1"); });
  expect_not_found("save_food_entry", [&] { store.save_food_entry(entry_at(1, "nobody")); });
  expect_not_found("food_entries", [&] { (void)store.food_entries("nobody", 0, 1); });
  expect_not_found("append_messages", [&] {
    store.append_messages("nobody", std::vector<Message>{{"user", "x", 1}});
  });
  expect_not_found("history", [&] { (void)store.history("nobody", 1); });
  expect_not_found("clear_conversation", [&] { store.clear_conversation("nobody"); });
  expect_not_found("reach_step", [&] { (void)store.reach_step("nobody", Step::kFirstMessage, 1); });
  EXPECT_EQ(database.pool.counts().available, database.pool.counts().total);
}

TEST(Store, EachStepIsReachedOnceWithTheSecondsSinceCreation) {
  Database database;
  Store& store = database.store;
  store.create_user("alice", 1000);
  const auto message = store.reach_step("alice", Step::kFirstMessage, 1005);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->step, "first_message");
  EXPECT_EQ(message->seconds, 5);
  EXPECT_FALSE(store.reach_step("alice", Step::kFirstMessage, 1006));
  const auto food = store.reach_step("alice", Step::kFirstFoodEntry, 1010);
  ASSERT_TRUE(food);
  EXPECT_EQ(food->step, "first_food_entry");
  EXPECT_EQ(food->seconds, 10);
  EXPECT_FALSE(store.reach_step("alice", Step::kFirstFoodEntry, 1011));
}

TEST(Store, TheSecondDayBeginsAtMidnightUtc) {
  Database database;
  Store& store = database.store;
  store.create_user("alice", kDay - 10);
  EXPECT_FALSE(store.reach_step("alice", Step::kSecondDay, kDay - 1));
  const auto step = store.reach_step("alice", Step::kSecondDay, kDay);
  ASSERT_TRUE(step);
  EXPECT_EQ(step->step, "second_day");
  EXPECT_EQ(step->seconds, 10);
  EXPECT_FALSE(store.reach_step("alice", Step::kSecondDay, 3 * kDay));
}

TEST(Store, LosesNothingWhileReadersAndWritersShareAFewConnections) {
  Database database{{.url = {},
                     .size = 3,
                     .checkout_timeout = std::chrono::seconds{60},
                     .lock_timeout = std::chrono::seconds{60}}};
  Store& store = database.store;
  constexpr int kThreads = 8;
  constexpr int kRounds = 40;
  in_threads(kThreads, [&](int thread) {
    const std::string user = "user" + std::to_string(thread);
    store.create_user(user, 1);
    for (int round = 1; round <= kRounds; ++round) {
      store.save_food_entry(entry_at(round, user));
      store.append_messages(user, std::vector<Message>{{"user", "a", 1}, {"assistant", "b", 1}});
      store.set_profile_field(user, "round", std::to_string(round));
      EXPECT_EQ(store.food_entries(user, 0, 1000).size(), static_cast<std::size_t>(round));
      EXPECT_EQ(store.profile(user).at("round"), std::to_string(round));
    }
  });
  OtherProgram other{database.path};
  EXPECT_EQ(other.number("SELECT COUNT(*) FROM food_entries"), kThreads * kRounds);
  EXPECT_EQ(other.number("SELECT COUNT(*) FROM conversation_messages"), 2 * kThreads * kRounds);
  EXPECT_EQ(
      other.number("SELECT COUNT(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
}

TEST(Store, ChangesAnEntryOfItsUserOnly) {
  Database database;
  Store& store = database.store;
  store.create_user("alice", 1);
  store.create_user("bob", 1);
  FoodEntry entry = store.save_food_entry(entry_at(10));
  entry.meal_type = "dinner";
  entry.timestamp = 20;
  entry.notes = "late";
  store.change_food("alice", {entry.id, entry});
  const FoodEntry changed = store.food_entry("alice", entry.id).value();
  EXPECT_EQ(changed.meal_type, "dinner");
  EXPECT_EQ(changed.timestamp, 20);
  EXPECT_EQ(changed.notes, "late");
  EXPECT_EQ(changed.foods[0].name, "egg");

  EXPECT_FALSE(store.food_entry("bob", entry.id));
  for (const FoodChange& change : {FoodChange{entry.id, std::nullopt}, FoodChange{entry.id, entry}})
    EXPECT_THROW(store.change_food("bob", change), RecordNotFoundError);
  EXPECT_THROW(store.change_food("alice", {entry.id, entry, true}), RecordNotFoundError);
  store.change_food("alice", {entry.id, std::nullopt});
  EXPECT_THROW(store.change_food("alice", {entry.id, std::nullopt}), RecordNotFoundError);
  EXPECT_THROW(store.change_food("alice", {entry.id, entry}), RecordNotFoundError);
  EXPECT_FALSE(store.food_entry("alice", entry.id));
}

TEST(Store, TakesBackATurnUntilItIsChangedOtherwise) {
  Database database;
  Store& store = database.store;
  store.create_user("alice", 1);
  EXPECT_TRUE(store.undo_of("alice").empty());
  const auto stored = store.save_turn("alice", {{entry_at(10), entry_at(20)}, {}, {}});
  ASSERT_EQ(stored.size(), 2U);
  const std::vector<FoodChange> undo = store.undo_of("alice");
  ASSERT_EQ(undo.size(), 2U);
  EXPECT_EQ(undo[0].entry_id, stored[1].id);
  EXPECT_FALSE(undo[0].after);
  // A turn that logs nothing leaves it as it is.
  store.save_turn("alice", {{}, {}, {{"user", "thanks", 30}}});
  EXPECT_EQ(store.undo_of("alice").size(), 2U);
  store.change_food("alice", undo[0]);
  EXPECT_TRUE(store.undo_of("alice").empty());
}

TEST(Store, WhatIsChangedByItsIdIsNotTakenBackByAWord) {
  Database database;
  Store& store = database.store;
  store.create_user("alice", 1);
  const FoodEntry other = store.save_food_entry(entry_at(5));
  const FoodEntry told = store.save_turn("alice", {{entry_at(10)}, {}, {}}).at(0);
  const auto rename = [](FoodEntry& entry) { entry.notes = "mine"; };
  store.edit_food("alice", other.id, rename);
  EXPECT_EQ(store.undo_of("alice").size(), 1U);
  store.edit_food("alice", told.id, rename);
  EXPECT_TRUE(store.undo_of("alice").empty()) << "it would undo more than the turn";
}

TEST(Store, EditsOfOneEntryAtOnceAreAllMade) {
  Database database;
  Store& store = database.store;
  store.create_user("alice", 1);
  const std::int64_t id = store.save_food_entry(entry_at(0)).id;
  in_threads(4, [&](int) {
    for (int i = 0; i < 25; ++i)
      store.edit_food("alice", id, [](FoodEntry& entry) { ++entry.timestamp; });
  });
  EXPECT_EQ(store.food_entry("alice", id).value().timestamp, 100);
  EXPECT_THROW(store.edit_food("bob", id, [](FoodEntry&) {}), RecordNotFoundError);
  EXPECT_THROW(store.edit_food("alice", id + 1, [](FoodEntry&) {}), RecordNotFoundError);
}

TEST(Store, GivesWhatBelongsToAUserPageByPage) {
  Database database;
  Store& store = database.store;
  store.create_user("alice", 1);
  store.create_user("bob", 1);
  for (int i = 0; i < 5; ++i) {
    store.save_food_entry(entry_at(100 - i));
    store.save_food_entry(entry_at(7, "bob"));
    store.append_messages("alice", std::vector<Message>{{"user", std::to_string(i), i}});
  }
  std::vector<std::int64_t> times;
  std::string contents;
  std::int64_t last = 0;
  for (bool more = true; more;) {
    const auto page = store.food_after("alice", last, 2);
    for (const FoodEntry& entry : page) {
      times.push_back(entry.timestamp);
      last = entry.id;
    }
    more = page.size() == 2;
  }
  last = 0;
  for (bool more = true; more;) {
    const auto page = store.messages_after("alice", last, 2);
    for (const StoredMessage& stored : page) {
      contents += stored.message.content;
      last = stored.id;
    }
    more = page.size() == 2;
  }
  EXPECT_EQ(times, (std::vector<std::int64_t>{100, 99, 98, 97, 96}));
  EXPECT_EQ(contents, "01234");
}

TEST(KeptAnswers, AreKeptWithWhatTheyAnswerOrNotAtAll) {
  Database database;
  Store& store = database.store;
  store.create_user("alice", 1);
  const RetryKey key{"alice", "POST /food", "app", "k1"};
  const KeptAnswer answer{"digest", 201, "{\"id\":1}"};
  EXPECT_FALSE(store.find_answer(key, 100));
  store.save_food_entry(entry_at(10), keeps(key, answer, 100));
  // The second one finds the key taken, and stores nothing, whether it is food or a turn.
  EXPECT_THROW(store.save_food_entry(entry_at(11), keeps(key, answer, 101)), KeyTaken);
  EXPECT_THROW(
      store.save_turn("alice", {{entry_at(12)}, {}, {{"user", "x", 1}}}, keeps(key, answer, 101)),
      KeyTaken);
  EXPECT_EQ(times_of(store.food_entries("alice", 0, 99)), (std::vector<std::int64_t>{10}));
  EXPECT_TRUE(store.history("alice", 9).empty());
  const auto found = store.find_answer(key, 101);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->request, "digest");
  EXPECT_EQ(found->status, 201);
  EXPECT_EQ(found->body, "{\"id\":1}");
}

TEST(KeptAnswers, AreThoseOfOneUserRouteHolderAndKey) {
  Database database;
  Store& store = database.store;
  store.create_user("alice", 1);
  store.create_user("bob", 1);
  int status = 200;
  const std::vector<RetryKey> keys{{"alice", "a", "", "k"},
                                   {"bob", "a", "", "k"},
                                   {"alice", "b", "", "k"},
                                   {"alice", "a", "app", "k"},
                                   {"alice", "a", "", "K"}};
  for (const RetryKey& key : keys)
    store.save_turn(key.user_id, {}, keeps(key, {"", status++, ""}, 100));
  status = 200;
  for (const RetryKey& key : keys)
    EXPECT_EQ(store.find_answer(key, 100).value().status, status++);
  EXPECT_EQ(store.answers_after("alice", 0, 9).size(), 4U);
  EXPECT_EQ(store.answers_after("alice", 0, 3).size(), 3U);
}

TEST(KeptAnswers, AreKeptForADayAndNoMoreThanSoMany) {
  Database database;
  Store& store = database.store;
  store.create_user("alice", 1);
  const RetryKey key{"alice", "a", "", "k"};
  store.save_turn("alice", {}, keeps(key, {"", 200, "first"}, 100));
  EXPECT_TRUE(store.find_answer(key, 99 + kDay));
  EXPECT_THROW(store.save_turn("alice", {}, keeps(key, {"", 200, "second"}, 99 + kDay)), KeyTaken);
  EXPECT_FALSE(store.find_answer(key, 100 + kDay));
  store.save_turn("alice", {}, keeps(key, {"", 200, "second"}, 100 + kDay));
  EXPECT_EQ(store.find_answer(key, 100 + kDay).value().body, "second");

  const std::int64_t now = 101 + kDay;
  store.save_turn("alice", {}, [&](Connection& connection, std::span<const FoodEntry>) {
    for (std::int64_t i = 1; i < kMostKeptAnswers; ++i)
      keep_answer(connection, {"alice", "a", "", std::to_string(i)}, {"", 200, ""}, now);
  });
  EXPECT_TRUE(store.find_answer(key, now));
  store.save_turn("alice", {}, keeps({"alice", "a", "", "more"}, {"", 200, ""}, now));
  EXPECT_FALSE(store.find_answer(key, now)) << "the oldest goes";
  EXPECT_TRUE(store.find_answer({"alice", "a", "", "1"}, now));
  EXPECT_EQ(store.remove_answers_before(now), 0);
  EXPECT_EQ(store.remove_answers_before(now + 1), kMostKeptAnswers);
}

TEST(KeptAnswers, OfRequestsAtOnceOneIsDone) {
  Database database;
  Store& store = database.store;
  store.create_user("alice", 1);
  std::atomic<int> done{0};
  in_threads(4, [&](int i) {
    try {
      store.save_food_entry(entry_at(i), keeps({"alice", "a", "", "k"}, {"", 200, ""}, 100));
      ++done;
    } catch (const KeyTaken&) {
    }
  });
  EXPECT_EQ(done, 1);
  EXPECT_EQ(store.food_entries("alice", 0, 99).size(), 1U);
}

}  // namespace
}  // namespace health_agent::db

#include "health_agent/coach.h"

#include <gmock/gmock.h>

#include "health_agent/cache/memory_cache.h"
#include "health_agent/errors.h"
#include "tests/unit/health_agent/db_testing.h"

namespace health_agent {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::int64_t kNow = 1'795'501'416;

/// An agent that says what the test tells it to.
class ScriptedAgent final : public agent::Agent {
 public:
  agent::AgentReply reply(const agent::AgentRequest& request,
                          const agent::OnText& on_text) override {
    asked.push_back(request);
    if (fails) throw AgentError("no answer");
    agent::AgentReply answer = next;
    if (answer.refused) return answer;  // its words wait for the caller
    if (on_text && !on_text(answer.text)) answer.cancelled = true;
    return answer;
  }
  [[nodiscard]] agent::AgentType type() const noexcept override { return agent::AgentType::kLocal; }
  [[nodiscard]] std::string model() const override { return "scripted"; }

  std::vector<agent::AgentRequest> asked;
  agent::AgentReply next;
  bool fails = false;
};

class CoachTest : public ::testing::Test {
 protected:
  db::TempFolder folder_;
  db::Pool pool_{{.url = "sqlite:" + folder_.file("coach.db"), .size = 2}};
  const int migrated_ = db::migrate(pool_);
  db::Store store_{pool_};
  cache::MemoryCache cache_;
  cache::CachedUsers users_{store_, cache_};
  ScriptedAgent agent_;
  Coach coach_{store_, users_, agent_};
};

TEST_F(CoachTest, MakesANewUserAndKeepsTheConversation) {
  agent_.next.text = "Hello!";
  EXPECT_EQ(coach_.chat("ana", "hi", std::nullopt, kNow).text, "Hello!");
  EXPECT_TRUE(store_.user_exists("ana"));
  EXPECT_THAT(store_.history("ana", 10),
              ElementsAre(Field(&Message::content, "hi"), Field(&Message::content, "Hello!")));
}

TEST_F(CoachTest, TellsTheAgentWhatItKnowsOfTheUser) {
  coach_.welcome("ana", kNow);
  users_.set_profile_field("ana", "goal", "\"stay well\"");
  users_.set_preference("ana", "units", "\"metric\"");
  coach_.chat("ana", "one", std::nullopt, kNow);
  coach_.chat("ana", "two", std::nullopt, kNow);
  ASSERT_THAT(agent_.asked, SizeIs(2));
  EXPECT_EQ(agent_.asked[1].profile.at("goal"), "\"stay well\"");
  EXPECT_EQ(agent_.asked[1].preferences.at("units"), "\"metric\"");
  EXPECT_THAT(agent_.asked[1].history, SizeIs(2));
  EXPECT_EQ(agent_.asked[1].message, "two");
}

TEST_F(CoachTest, GoalsThatTheAgentSetsAreStoredWithTheTurnAndSeenAtOnce) {
  coach_.chat("ana", "hi", std::nullopt, kNow);
  agent_.next.preferences = {{"goal_calories", "1800"}, {"goal_fat", "null"}};
  coach_.chat("ana", "my goal is 1800 calories", std::nullopt, kNow);
  EXPECT_EQ(users_.preferences("ana").at("goal_calories"), "1800");
  agent_.next = {};
  coach_.chat("ana", "what's left?", std::nullopt, kNow);
  EXPECT_EQ(agent_.asked.back().preferences.at("goal_calories"), "1800");
  EXPECT_EQ(agent_.asked.back().preferences.at("goal_fat"), "null");
}

TEST_F(CoachTest, GivenHistoryStandsInForTheStoredOne) {
  coach_.chat("ana", "one", std::nullopt, kNow);
  coach_.chat("ana", "two", std::vector<Message>{{"user", "mine", 0}}, kNow);
  EXPECT_THAT(agent_.asked[1].history, ElementsAre(Field(&Message::content, "mine")));
}

TEST_F(CoachTest, StoresTheEntryThatTheAgentFound) {
  FoodEntry entry;
  entry.foods = {{.name = "egg",
                  .quantity = 2,
                  .unit = "piece",
                  .calories = 144,
                  .protein = {},
                  .carbs = {},
                  .fat = {}}};
  entry.meal_type = "lunch";
  entry.timestamp = kNow;
  agent_.next.food_entries = {entry};
  const Answer answer = coach_.chat("ana", "2 eggs", std::nullopt, kNow);
  ASSERT_EQ(answer.food_entries.size(), 1U);
  EXPECT_GT(answer.food_entries[0].id, 0);
  EXPECT_EQ(answer.food_entries[0].user_id, "ana");
  EXPECT_EQ(users_.food_of_day("ana", TimeZone{}, TimeZone{}.day_of(kNow), kNow).totals.calories,
            144);
}

TEST_F(CoachTest, WhatWasLoggedIsChangedAndTakenBackByTheUsersWord) {
  const auto eggs = [](double count) {
    FoodEntry entry;
    entry.foods = {{.name = "egg",
                    .quantity = count,
                    .unit = "piece",
                    .calories = 72 * count,
                    .protein = {},
                    .carbs = {},
                    .fat = {}}};
    entry.meal_type = "lunch";
    entry.timestamp = kNow;
    return entry;
  };
  const auto today = [&] {
    return users_.food_of_day("ana", TimeZone{}, TimeZone{}.day_of(kNow), kNow).totals.calories;
  };
  agent_.next.food_entries = {eggs(2)};
  const std::int64_t id = coach_.chat("ana", "2 eggs", std::nullopt, kNow).food_entries.at(0).id;

  agent_.next = {};
  agent_.next.changes = {{id, eggs(3)}};
  coach_.chat("ana", "make it 3", std::nullopt, kNow);
  ASSERT_THAT(agent_.asked.back().recent, SizeIs(1));
  EXPECT_EQ(agent_.asked.back().recent[0].id, id);
  EXPECT_EQ(today(), 216);

  agent_.next.changes = {{id, std::nullopt}};
  coach_.chat("ana", "delete the eggs", std::nullopt, kNow);
  EXPECT_EQ(today(), 0);

  // Undo, and undo of the undo, for ever: each turn is told what takes back the last one.
  for (const double expected : {216.0, 0.0, 216.0}) {
    agent_.next.changes = store_.undo_of("ana");
    coach_.chat("ana", "undo", std::nullopt, kNow);
    EXPECT_THAT(agent_.asked.back().undo, SizeIs(1));
    EXPECT_EQ(today(), expected);
    ASSERT_EQ(store_.recent_food("ana", 9).size(), expected > 0 ? 1U : 0U);
  }
  EXPECT_EQ(store_.recent_food("ana", 9)[0].id, id);
}

TEST_F(CoachTest, AChangeOfWhatIsGoneStoresNothingOfTheTurn) {
  agent_.next.changes = {{4711, std::nullopt}};
  EXPECT_THROW(coach_.chat("ana", "delete it", std::nullopt, kNow), RecordNotFoundError);
  EXPECT_THAT(store_.history("ana", 10), IsEmpty());
}

TEST_F(CoachTest, ADayIsTheUsersOwn) {
  coach_.welcome("ana", kNow);
  const TimeZone zone = TimeZone::find("Pacific/Auckland").value();
  users_.set_preference("ana", "timezone", "\"Pacific/Auckland\"");
  const std::int64_t midnight = zone.start_of(zone.day_of(kNow));
  for (const std::int64_t time : {midnight - 1, midnight, kNow}) {
    FoodEntry entry;
    entry.user_id = "ana";
    entry.foods = {{.name = "egg",
                    .quantity = 1,
                    .unit = "piece",
                    .calories = 72,
                    .protein = {},
                    .carbs = {},
                    .fat = {}}};
    entry.meal_type = "snack";
    entry.timestamp = time;
    coach_.log_food(entry, kNow);
  }
  coach_.chat("ana", "hi", std::nullopt, kNow);
  EXPECT_EQ(agent_.asked.back().zone.name(), "Pacific/Auckland");
  EXPECT_EQ(agent_.asked.back().today.value().calories, 144);
}

TEST_F(CoachTest, KeepsNothingWhenTheClientLeavesOrTheAgentFails) {
  agent_.next.text = "long answer";
  coach_.chat("ana", "hi", std::nullopt, kNow, [](std::string_view) { return false; });
  agent_.fails = true;
  EXPECT_THROW(coach_.chat("ana", "hi", std::nullopt, kNow), AgentError);
  EXPECT_THAT(store_.history("ana", 10), IsEmpty());
}

TEST_F(CoachTest, ARefusedTurnIsToldAndNotKept) {
  agent_.next.text = "Hello!";
  coach_.chat("ana", "hi", std::nullopt, kNow);
  agent_.next.text = "I would rather not.";
  agent_.next.refused = true;
  std::string heard;
  bool also = false;
  const auto listen = [&heard](std::string_view piece) {
    heard += piece;
    return true;
  };
  const Answer answer = coach_.chat("ana", "something bad", std::nullopt, kNow, listen,
                                    [&also](db::Connection&, const Answer&) { also = true; });
  EXPECT_EQ(answer.text, "I would rather not.");
  EXPECT_EQ(heard, answer.text);
  EXPECT_TRUE(also) << "what belongs to the answer is stored all the same";
  EXPECT_THAT(store_.history("ana", 10), SizeIs(2)) << "or the next turn is refused, too";
  coach_.chat("ana", "an egg", std::nullopt, kNow);
  EXPECT_THAT(agent_.asked.back().history, SizeIs(2));
}

TEST_F(CoachTest, FoodThatIsStoredIsNoErrorWhenTheJourneyCannotBeRecorded) {
  coach_.welcome("ana", kNow);
  db::OtherProgram(folder_.file("coach.db"))
      .run("ALTER TABLE users RENAME COLUMN second_day_at TO gone");
  FoodEntry entry;
  entry.user_id = "ana";
  entry.meal_type = "snack";
  entry.timestamp = kNow;
  EXPECT_GT(coach_.log_food(entry, kNow).id, 0);
  EXPECT_THAT(store_.food_entries("ana", kNow, kNow + 1), SizeIs(1));
}

TEST_F(CoachTest, FoodOfSomebodyUnknownIsRefused) {
  FoodEntry entry;
  entry.user_id = "nobody";
  entry.meal_type = "snack";
  EXPECT_THROW(coach_.log_food(entry, kNow), RecordNotFoundError);
}

}  // namespace
}  // namespace health_agent

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
  agent_.next.food_entry = entry;
  const Answer answer = coach_.chat("ana", "2 eggs", std::nullopt, kNow);
  ASSERT_TRUE(answer.food_entry);
  EXPECT_GT(answer.food_entry->id, 0);
  EXPECT_EQ(answer.food_entry->user_id, "ana");
  EXPECT_EQ(users_.food_of_day("ana", cache::day_of(kNow), kNow).totals.calories, 144);
}

TEST_F(CoachTest, KeepsNothingWhenTheClientLeavesOrTheAgentFails) {
  agent_.next.text = "long answer";
  coach_.chat("ana", "hi", std::nullopt, kNow, [](std::string_view) { return false; });
  agent_.fails = true;
  EXPECT_THROW(coach_.chat("ana", "hi", std::nullopt, kNow), AgentError);
  EXPECT_THAT(store_.history("ana", 10), IsEmpty());
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

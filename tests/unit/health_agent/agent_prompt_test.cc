#include "health_agent/agent/remote/prompt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "health_agent/agent/remote/utf8.h"

namespace health_agent::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

MATCHER_P(User, text, "") {
  return arg.by_user && arg.text == text;
}
MATCHER_P(Coach, text, "") {
  return !arg.by_user && arg.text == text;
}

AgentRequest asking(std::string message, std::vector<Message> history = {}) {
  AgentRequest request;
  request.message = std::move(message);
  request.history = std::move(history);
  return request;
}

TEST(Prompt, TheConversationEndsWithTheMessage) {
  EXPECT_THAT(conversation_of(asking("an egg")), ElementsAre(User("an egg")));
  EXPECT_THAT(conversation_of(asking("an egg", {{"user", "hi", 0}, {"assistant", "Hello!", 0}})),
              ElementsAre(User("hi"), Coach("Hello!"), User("an egg")));
}

TEST(Prompt, TheSidesTakeTurnsAndTheUserBegins) {
  EXPECT_THAT(conversation_of(asking("c", {{"assistant", "Welcome!", 0},
                                           {"user", "a", 0},
                                           {"user", "b", 0},
                                           {"assistant", "1", 0},
                                           {"assistant", "2", 0},
                                           {"user", "d", 0}})),
              ElementsAre(User("a\n\nb"), Coach("1\n\n2"), User("d\n\nc")));
}

TEST(Prompt, BlankTextsAndStrangeRolesAreLeftOut) {
  EXPECT_THAT(conversation_of(asking("c", {{"user", "a", 0},
                                           {"system", "obey", 0},
                                           {"assistant", " \n", 0},
                                           {"assistant", "", 0},
                                           {"assistant", "\x01\x02", 0}})),
              ElementsAre(User("a\n\nc")));
  EXPECT_THAT(conversation_of(asking("  \n")), ElementsAre(User("(an empty message)")));
}

TEST(Prompt, TheOldestGoesFirstWhenThereIsTooMuch) {
  const std::string words(100, 'w');  // 50 tokens
  const std::vector<Message> history{{"user", "1" + words, 0},
                                     {"assistant", "2" + words, 0},
                                     {"user", "3" + words, 0},
                                     {"assistant", "4" + words, 0}};
  EXPECT_THAT(conversation_of(asking("c", history), 51 * 2),
              ElementsAre(User("3" + words), Coach("4" + words), User("c")));
  EXPECT_THAT(conversation_of(asking("c", history), 51 * 3 - 1),
              ElementsAre(User("3" + words), Coach("4" + words), User("c")));
  // Three fit, but the first of them would be the coach's.
  EXPECT_THAT(conversation_of(asking("c", history), 51 * 3),
              ElementsAre(User("3" + words), Coach("4" + words), User("c")));
  EXPECT_THAT(conversation_of(asking("c", history), 0), ElementsAre(User("c")));
}

TEST(Prompt, AMessageOfAnyBytesAndLengthBecomesText) {
  const auto huge = conversation_of(asking(std::string(5'000'000, 'x')));
  EXPECT_EQ(huge.front().text.size(), kMaxPromptMessage);
  EXPECT_THAT(conversation_of(asking("e\xFFg\xE2\x82", {})),
              ElementsAre(User("e\xEF\xBF\xBDg\xEF\xBF\xBD\xEF\xBF\xBD")));
  EXPECT_EQ(clean_text("ääää", 5), "ää") << "never half a character";
  EXPECT_EQ(clean_text(std::string("a\0b\x1b", 4), 100), "ab");
}

TEST(Prompt, TheSystemPromptHasTheUsersDataAsData) {
  AgentRequest request = asking("hi");
  request.now = 1'795'537'184;
  request.profile = {{"diet", "\"vegan\""}, {"broken", "{"}};
  request.preferences = {{"tone", "\"kind\""}, {"long", "\"" + std::string(9'000, 'x') + "\""}};
  request.today = Totals{.calories = 512.5};
  const std::string system = system_prompt(request);
  EXPECT_THAT(system, HasSubstr("log_food"));
  EXPECT_THAT(system, HasSubstr("2026-11-24T"));
  EXPECT_THAT(system, HasSubstr(R"("profile":{"diet":"vegan"})"));
  EXPECT_THAT(system, HasSubstr(R"("preferences":{"tone":"kind"})"));
  EXPECT_THAT(system, HasSubstr(R"("calories":512.5)"));
  EXPECT_THAT(system_prompt(asking("hi")), Not(HasSubstr("logged_today\"")));
}

TEST(Prompt, HasTheGoalsAndWhatIsLeftOfThem) {
  AgentRequest request = asking("what's left today?");
  request.preferences = {{"goal_calories", "2000"}, {"goal_fat", "60"}, {"goal_carbs", "null"}};
  EXPECT_THAT(system_prompt(request), HasSubstr(R"("goals":{"calories":2000.0,"fat":60.0})"));
  EXPECT_THAT(system_prompt(request), Not(HasSubstr("left_today\"")));
  request.today = Totals{.calories = 512.5, .protein = 0, .carbs = 0, .fat = 64};
  EXPECT_THAT(system_prompt(request), HasSubstr(R"("left_today":{"calories":1487.5,"fat":-4.0})"));
}

TEST(Prompt, TimesAreTheUsersOwn) {
  AgentRequest request = asking("hi");
  request.now = 1'795'564'784;  // 23:59:44 UTC on Tuesday
  request.zone = TimeZone::find("Europe/Berlin").value();
  const std::string system = system_prompt(request);
  EXPECT_THAT(system, HasSubstr(R"("now":"2026-11-25T00:59")"));
  EXPECT_THAT(system, HasSubstr(R"("weekday":"Wednesday")"));
  EXPECT_THAT(system, HasSubstr(R"("yesterday":"2026-11-24")"));
  EXPECT_THAT(system, HasSubstr(R"("time_zone":"Europe/Berlin")"));
}

TEST(Prompt, WhatIsLoggedIsListedSoThatItCanBeChanged) {
  AgentRequest request = asking("hi");
  request.now = 1'795'564'784;
  for (int i = 0; i < 30; ++i) {
    FoodEntry entry;
    entry.id = 100 - i;
    entry.meal_type = "lunch";
    entry.timestamp = request.now - 3600;
    entry.foods.push_back({"egg", 2, "piece", 143, 12.5, std::nullopt, std::nullopt});
    request.recent.push_back(entry);
  }
  FoodEntry gone = request.recent[0];
  request.undo = {{.entry_id = 100, .after = std::nullopt},
                  {.entry_id = 7, .after = gone, .restores = true}};
  const std::string system = system_prompt(request);
  EXPECT_THAT(system, HasSubstr(R"("id":100,"meal_type":"lunch","when":"2026-11-24 22:59")"));
  EXPECT_THAT(system, HasSubstr(R"("protein":12.5)"));
  EXPECT_THAT(system, HasSubstr(R"("id":81,)"));
  EXPECT_THAT(system, Not(HasSubstr(R"("id":80,)"))) << "twenty are listed";
  EXPECT_THAT(system, HasSubstr("deletes the entry 100"));
  EXPECT_THAT(system, HasSubstr("brings back lunch: 2 eggs"));
  for (FoodEntry& entry : request.recent)
    entry.notes = std::string(2'000, 'x');
  EXPECT_LT(system_prompt(request).size(), 20'000U) << "long entries do not fill the prompt";
}

}  // namespace
}  // namespace health_agent::agent

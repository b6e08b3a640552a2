#include <gmock/gmock.h>

#include <latch>
#include <thread>

#include "tests/unit/health_agent/api_world.h"

namespace health_agent::api {
namespace {

using nlohmann::json;

constexpr const char* kFood = "/api/v1/users/ann/food";

std::string egg_body(double calories = 70) {
  return json{{"foods", {{{"name", "egg"}, {"quantity", 1}, {"calories", calories}}}},
              {"meal_type", "lunch"}}
      .dump();
}

std::string said(const std::string& message, const std::string& user = "ann") {
  return json{{"user_id", user}, {"message", message}}.dump();
}

class ApiRetries : public ::testing::Test {
 protected:
  ApiRetries() {
    api_.store().create_user("ann", 1);
    api_.store().create_user("bob", 1);
    eats(api_);
  }

  static void eats(ApiProcess& api) {
    api.agent.next.food_entries = {FoodEntry{
        .id = 0, .user_id = "", .foods = {}, .meal_type = "lunch", .timestamp = 5, .notes = ""}};
  }
  std::size_t meals(const std::string& user = "ann") {
    return api_.store().recent_food(user, 1'000).size();
  }
  static bool replayed(const Given& given) {
    return given.headers.contains("Idempotency-Replayed");
  }

  db::TempFolder folder_;
  ApiProcess api_{folder_.file("api.db")};
};

TEST_F(ApiRetries, ARetryGetsTheFirstAnswerAgainAndLogsNothing) {
  for (const auto& [path, body, status] :
       {std::tuple{std::string{kFood}, egg_body(), 201},
        std::tuple{std::string{"/api/v1/chat"}, said("an egg"), 200}}) {
    const std::size_t before = meals();
    const Ask ask{.body = body, .idempotency_key = "8e03978e-40d5-43e8-bc93-6894a57f9324"};
    const Given first = api_.post(path, ask);
    EXPECT_EQ(first.status, status) << first.body;
    EXPECT_FALSE(replayed(first));
    for (int i = 0; i < 3; ++i) {
      const Given again = api_.post(path, ask);
      EXPECT_EQ(again.status, status);
      EXPECT_EQ(again.body, first.body);
      ASSERT_TRUE(replayed(again));
      EXPECT_EQ(again.headers.at("Idempotency-Replayed"), "true");
    }
    EXPECT_EQ(meals(), before + 1) << path;
  }
  EXPECT_EQ(api_.agent.calls, 1);
  EXPECT_EQ(api_.store().history("ann", 9).size(), 2U);
}

TEST_F(ApiRetries, WithoutAKeyEachRequestCounts) {
  for (int i = 0; i < 2; ++i)
    EXPECT_EQ(api_.post(kFood, {.body = egg_body()}).status, 201);
  EXPECT_EQ(meals(), 2U);
}

TEST_F(ApiRetries, TheProcessMayEndBetweenTheCommitAndTheAnswer) {
  const Ask food{.body = egg_body(), .idempotency_key = "k"};
  const Ask chat{.body = said("an egg"), .idempotency_key = "k"};
  const Given first_food = api_.post(kFood, food);
  const Given first_chat = api_.post("/api/v1/chat", chat);
  ApiProcess next{folder_.file("api.db")};
  eats(next);
  EXPECT_EQ(next.post(kFood, food).body, first_food.body);
  EXPECT_EQ(next.post("/api/v1/chat", chat).body, first_chat.body);
  EXPECT_EQ(next.agent.calls, 0);
  EXPECT_EQ(meals(), 2U);
}

TEST_F(ApiRetries, TheSameKeyWithAnotherBodyIs422) {
  EXPECT_EQ(api_.post(kFood, {.body = egg_body(70), .idempotency_key = "k"}).status, 201);
  EXPECT_EQ(api_.post(kFood, {.body = egg_body(71), .idempotency_key = "k"}).status, 422);
  EXPECT_EQ(api_.post("/api/v1/chat", {.body = said("a"), .idempotency_key = "k"}).status, 200);
  EXPECT_EQ(api_.post("/api/v1/chat", {.body = said("b"), .idempotency_key = "k"}).status, 422);
  EXPECT_EQ(meals(), 2U);
  // The same said in other words is the same.
  const json body = json::parse(egg_body(70));
  EXPECT_EQ(api_.post(kFood, {.body = body.dump(4), .idempotency_key = "k"}).status, 201);
}

TEST_F(ApiRetries, AKeyIsOneUsersOneRoutesAndOneHolders) {
  EXPECT_EQ(api_.post(kFood, {.body = egg_body(), .idempotency_key = "k"}).status, 201);
  for (const Ask& ask : {Ask{.body = egg_body(), .idempotency_key = "k", .key_name = "app"},
                         Ask{.body = egg_body(), .idempotency_key = "K"}})
    EXPECT_FALSE(replayed(api_.post(kFood, ask)));
  EXPECT_FALSE(
      replayed(api_.post("/api/v1/users/bob/food", {.body = egg_body(), .idempotency_key = "k"})));
  EXPECT_FALSE(replayed(api_.post("/api/v1/chat", {.body = said("a"), .idempotency_key = "k"})));
  EXPECT_EQ(meals(), 4U);
  EXPECT_EQ(meals("bob"), 1U);
}

TEST_F(ApiRetries, AFailedFirstTryDoesNotCount) {
  const Ask chat{.body = said("an egg"), .idempotency_key = "k"};
  api_.agent.fails = true;
  EXPECT_EQ(api_.post("/api/v1/chat", chat).status, 502);
  api_.agent.fails = false;
  const Given second = api_.post("/api/v1/chat", chat);
  EXPECT_EQ(second.status, 200);
  EXPECT_FALSE(replayed(second));

  const Ask nobodys{.body = egg_body(), .idempotency_key = "k"};
  EXPECT_EQ(api_.post("/api/v1/users/carl/food", nobodys).status, 404);
  api_.store().create_user("carl", 1);
  EXPECT_EQ(api_.post("/api/v1/users/carl/food", nobodys).status, 201);

  EXPECT_EQ(api_.post(kFood, {.body = "{}", .idempotency_key = "new"}).status, 400);
  EXPECT_EQ(api_.post(kFood, {.body = egg_body(), .idempotency_key = "new"}).status, 201);
}

TEST_F(ApiRetries, AKeyIsVisibleAscii) {
  for (const std::string& good :
       {std::string{"a"}, std::string(255, '~'), std::string{"\"quoted\""}, std::string{"!/:=,;"}})
    EXPECT_EQ(api_.post(kFood, {.body = egg_body(), .idempotency_key = good}).status, 201) << good;
  for (const std::string& bad : {std::string(256, 'a'), std::string{"a b"}, std::string{"\t"},
                                 std::string{"é"}, std::string{"a\x7f"}})
    EXPECT_EQ(api_.post(kFood, {.body = egg_body(), .idempotency_key = bad}).status, 400) << bad;
}

TEST_F(ApiRetries, WhileTheFirstIsUnderWayTheNextIsToldToComeAgain) {
  const Ask chat{.body = said("an egg"), .idempotency_key = "k"};
  std::latch asked{1};
  std::latch go_on{1};
  api_.agent.meanwhile = [&] {
    asked.count_down();
    go_on.wait();
  };
  std::thread first{[&] { EXPECT_EQ(api_.post("/api/v1/chat", chat).status, 200); }};
  asked.wait();
  const Given second = api_.post("/api/v1/chat", chat);
  EXPECT_EQ(second.status, 409);
  EXPECT_EQ(second.json()["error"], "ConflictError");
  EXPECT_GT(std::stoi(second.headers.at("Retry-After")), 0);
  EXPECT_EQ(api_.post("/api/v1/chat", {.body = said("x"), .idempotency_key = "k"}).status, 422);
  go_on.count_down();
  first.join();
  EXPECT_TRUE(replayed(api_.post("/api/v1/chat", chat)));
  EXPECT_EQ(meals(), 1U);
}

TEST_F(ApiRetries, OfTwoReplicasThatWorkOnTheSameOneCommits) {
  ApiProcess other{folder_.file("api.db")};
  eats(other);
  for (const bool streamed : {false, true}) {
    const std::size_t before = meals();
    const Ask chat{.body = said("an egg"),
                   .idempotency_key = streamed ? "s" : "w",
                   .key_name = {},
                   .streamed = streamed};
    Given faster;
    api_.agent.meanwhile = [&] { faster = other.post("/api/v1/chat", chat); };
    const Given slower = api_.post("/api/v1/chat", chat);
    EXPECT_EQ(slower.status, 200);
    const std::string whole =
        streamed ? faster.body.substr(faster.body.find("event: done")) : faster.body;
    EXPECT_NE(slower.body.find(whole), std::string::npos) << slower.body;
    EXPECT_EQ(meals(), before + 1);
  }
}

TEST_F(ApiRetries, AStreamIsReplayedAsOneAndAsAWhole) {
  Ask chat{.body = said("an egg"), .idempotency_key = "k", .key_name = {}, .streamed = true};
  const Given first = api_.post("/api/v1/chat", chat);
  const Given again = api_.post("/api/v1/chat", chat);
  EXPECT_EQ(again.body, first.body);
  EXPECT_TRUE(replayed(again));
  chat.streamed = false;
  const Given whole = api_.post("/api/v1/chat", chat);
  EXPECT_EQ(whole.json()["response"], "You said: an egg");
  EXPECT_NE(first.body.find(whole.body), std::string::npos);
  EXPECT_EQ(meals(), 1U);
}

TEST_F(ApiRetries, AStreamWhoseClientLeftMayBeTriedAgain) {
  const Ask chat{.body = said("an egg"), .idempotency_key = "k", .key_name = {}, .streamed = true};
  api_.client_leaves = true;
  (void)api_.post("/api/v1/chat", chat);
  EXPECT_EQ(meals(), 0U);
  api_.client_leaves = false;
  EXPECT_FALSE(replayed(api_.post("/api/v1/chat", chat)));
  EXPECT_EQ(meals(), 1U);
}

TEST_F(ApiRetries, AChatTellsAllEntriesAndChanges) {
  FoodEntry lunch{
      .id = 0, .user_id = "", .foods = {}, .meal_type = "lunch", .timestamp = 5, .notes = ""};
  FoodEntry dinner = lunch;
  dinner.meal_type = "dinner";
  const auto chat = [&](bool streamed) {
    const Given given =
        api_.post("/api/v1/chat",
                  {.body = said("x"), .idempotency_key = {}, .key_name = {}, .streamed = streamed});
    if (!streamed) return given.json();
    const std::string mark = "event: done\ndata: ";
    return json::parse(given.body.substr(given.body.find(mark) + mark.size()), nullptr, false);
  };
  for (const bool streamed : {false, true}) {
    api_.agent.next = {};
    api_.agent.next.food_entries = {lunch};
    json answer = chat(streamed);
    EXPECT_EQ(answer["food_entry"]["meal_type"], "lunch");
    EXPECT_FALSE(answer.contains("food_entries"));
    EXPECT_FALSE(answer.contains("changes"));

    api_.agent.next.food_entries = {lunch, dinner};
    answer = chat(streamed);
    EXPECT_EQ(answer["food_entry"], answer["food_entries"][0]);
    ASSERT_EQ(answer["food_entries"].size(), 2U);
    EXPECT_EQ(answer["food_entries"][1]["meal_type"], "dinner");
    const std::int64_t one = answer["food_entries"][0]["id"];
    const std::int64_t other = answer["food_entries"][1]["id"];

    api_.agent.next = {};
    api_.agent.next.changes = {{one, dinner}, {other, std::nullopt}};
    answer = chat(streamed);
    EXPECT_FALSE(answer.contains("food_entry"));
    ASSERT_EQ(answer["changes"].size(), 2U);
    EXPECT_EQ(answer["changes"][0]["entry_id"], one);
    EXPECT_EQ(answer["changes"][0]["after"]["id"], one);
    EXPECT_EQ(answer["changes"][0]["after"]["user_id"], "ann");
    EXPECT_EQ(answer["changes"][0]["after"]["meal_type"], "dinner");
    EXPECT_EQ(answer["changes"][1], (json{{"entry_id", other}, {"after", nullptr}}));
  }
}

}  // namespace
}  // namespace health_agent::api

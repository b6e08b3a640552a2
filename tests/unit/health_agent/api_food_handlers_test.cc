#include <gmock/gmock.h>

#include <chrono>
#include <thread>

#include "health_agent/time.h"
#include "tests/unit/health_agent/api_world.h"

namespace health_agent::api {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class ApiFood : public ::testing::Test {
 protected:
  ApiFood() { api_.store().create_user("ann", 1); }

  std::int64_t log(const std::string& time, double calories = 100) {
    const json body{
        {"foods", {{{"name", "egg"}, {"quantity", 1}, {"calories", calories}, {"fat", 2.5}}}},
        {"meal_type", "lunch"},
        {"timestamp", time}};
    const Given given = api_.post("/api/v1/users/ann/food", {.body = body.dump()});
    EXPECT_EQ(given.status, 201) << given.body;
    return given.json().value("id", 0);
  }
  std::string entry_path(std::int64_t id) { return "/api/v1/users/ann/food/" + std::to_string(id); }
  json day(const std::string& query = "") {
    return api_.get("/api/v1/users/ann/food" + query).json();
  }
  void prefer(const std::string& name, const json& value) {
    const Given given =
        api_.patch("/api/v1/users/ann/preferences", {{"preference", name}, {"value", value}});
    EXPECT_EQ(given.status, 200) << given.body;
  }

  db::TempFolder folder_;
  ApiProcess api_{folder_.file("api.db")};
};

TEST_F(ApiFood, AnEntryIsReadChangedAndDeletedAndTheDayFollows) {
  const std::string now = format_timestamp(unix_now());
  const std::int64_t id = log(now);
  EXPECT_EQ(day()["totals"]["calories"], 100) << "cached from here on";
  const json entry = api_.get(entry_path(id)).json();
  EXPECT_EQ(entry["id"], id);
  EXPECT_EQ(entry, day()["entries"][0]);

  const Given patched = api_.patch(
      entry_path(id), {{"foods", {{{"name", "egg"}, {"quantity", 3}, {"calories", 300}}}}});
  EXPECT_EQ(patched.status, 200) << patched.body;
  EXPECT_EQ(patched.json(), api_.get(entry_path(id)).json());
  EXPECT_EQ(patched.json()["timestamp"], now) << "what is not given stays";
  EXPECT_EQ(patched.json()["meal_type"], "lunch");
  EXPECT_EQ(day()["totals"]["calories"], 300);
  EXPECT_EQ(day()["totals"]["fat"], 0);

  EXPECT_EQ(api_.del(entry_path(id)).status, 204);
  EXPECT_EQ(api_.del(entry_path(id)).status, 404);
  EXPECT_EQ(api_.get(entry_path(id)).status, 404);
  EXPECT_EQ(day()["entries"], json::array());
}

TEST_F(ApiFood, AChangeTakesAnyOfTheMembersByItself) {
  const std::int64_t id = log("2026-11-24T12:00:00Z");
  const std::vector<std::pair<json, json>> changes{
      {{{"meal_type", "dinner"}}, {{"meal_type", "dinner"}}},
      {{{"timestamp", "2026-11-23T01:00:00+02:00"}}, {{"timestamp", "2026-11-22T23:00:00Z"}}},
      {{{"notes", "late"}}, {{"notes", "late"}}},
      {{{"notes", nullptr}}, {{"notes", ""}}},
      {{{"notes", "x"}, {"timestamp", nullptr}, {"meal_type", nullptr}, {"foods", nullptr}},
       {{"notes", "x"}}},
  };
  json expected = api_.get(entry_path(id)).json();
  for (const auto& [change, effect] : changes) {
    const Given given = api_.patch(entry_path(id), change);
    ASSERT_EQ(given.status, 200) << given.body;
    expected.update(effect);
    EXPECT_EQ(given.json(), expected) << change;
  }
  for (const json& wrong :
       {json::object(), json{{"meal_type", "brunch"}}, json{{"meal_type", 7}},
        json{{"foods", json::array()}}, json{{"foods", {{{"name", "x"}}}}},
        json{{"timestamp", "noon"}}, json{{"notes", 5}}, json{{"id", 5}},
        json{{"notes", "a"}, {"x", 1}}, json::array(), json{{"timestamp", nullptr}}}) {
    EXPECT_EQ(api_.patch(entry_path(id), wrong).status, 400) << wrong;
  }
  EXPECT_EQ(api_.get(entry_path(id)).json(), expected) << "what was refused changes nothing";
}

TEST_F(ApiFood, AnEntryIsItsUsersOwn) {
  api_.store().create_user("bob", 1);
  const std::string id = std::to_string(log("2026-11-24T12:00:00Z"));
  for (const std::string user : {"bob", "nobody"}) {
    const std::string path = "/api/v1/users/" + user + "/food/" + id;
    EXPECT_EQ(api_.get(path).status, 404);
    EXPECT_EQ(api_.patch(path, {{"notes", "mine"}}).status, 404);
    EXPECT_EQ(api_.del(path).status, 404);
  }
  EXPECT_EQ(day("?date=2026-11-24")["entries"][0]["notes"], "");
}

TEST_F(ApiFood, AnIdIsANumberInOneSpelling) {
  const std::string id = std::to_string(log("2026-11-24T12:00:00Z"));
  for (const std::string& bad :
       {"x" + id, id + "x", "0" + id, "+" + id, "-" + id, " " + id, id + ".0", std::string{"1e0"},
        std::string{"０"}, std::string(65, '1')}) {
    const std::string path = "/api/v1/users/ann/food/" + bad;
    EXPECT_EQ(api_.get(path).status, 400) << bad;
    EXPECT_EQ(api_.patch(path, {{"notes", "x"}}).status, 400) << bad;
    EXPECT_EQ(api_.del(path).status, 400) << bad;
  }
  for (const char* none :
       {"0", "4711", "9223372036854775807", "9223372036854775808", "99999999999999999999999999"}) {
    EXPECT_EQ(api_.get(std::string{"/api/v1/users/ann/food/"} + none).status, 404) << none;
    EXPECT_EQ(api_.del(std::string{"/api/v1/users/ann/food/"} + none).status, 404) << none;
  }
}

TEST_F(ApiFood, DaysFromAndToAreIncludedWithThoseBetween) {
  for (const char* time : {"2026-01-30T23:59:59Z", "2026-01-31T00:00:00Z", "2026-01-31T12:00:00Z",
                           "2026-02-02T23:59:59Z", "2026-02-03T00:00:00Z"})
    log(time);
  const json days = day("?from=2026-01-31&to=2026-02-02");
  EXPECT_EQ(days["user_id"], "ann");
  EXPECT_EQ(days["from"], "2026-01-31");
  EXPECT_EQ(days["to"], "2026-02-02");
  ASSERT_EQ(days["days"].size(), 3U);
  const std::vector<std::pair<std::string, int>> expected{
      {"2026-01-31", 2}, {"2026-02-01", 0}, {"2026-02-02", 1}};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(days["days"][i]["date"], expected[i].first);
    EXPECT_EQ(days["days"][i]["entries"].size(), static_cast<std::size_t>(expected[i].second));
    EXPECT_EQ(days["days"][i]["totals"]["calories"], 100 * expected[i].second);
    EXPECT_EQ(days["days"][i]["totals"], day("?date=" + expected[i].first)["totals"]);
  }
  EXPECT_EQ(days["totals"]["calories"], 300);
  EXPECT_EQ(days["totals"]["fat"], 7.5);
  EXPECT_EQ(day("?from=2026-01-31&to=2026-01-31")["days"].size(), 1U);
}

TEST_F(ApiFood, DaysAreThoseOfTheUsersZoneAlsoWhereTheClockChanges) {
  prefer("timezone", "Europe/Berlin");
  // The day of the change has 23 hours, and the next begins at 22:00 UTC.
  for (const char* time : {"2026-03-28T22:59:59Z", "2026-03-28T23:00:00Z", "2026-03-29T21:59:59Z",
                           "2026-03-29T22:00:00Z"})
    log(time);
  const json days = day("?from=2026-03-28&to=2026-03-30")["days"];
  ASSERT_EQ(days.size(), 3U);
  EXPECT_EQ(days[0]["entries"].size(), 1U);
  EXPECT_EQ(days[1]["entries"].size(), 2U);
  EXPECT_EQ(days[2]["entries"].size(), 1U);
}

TEST_F(ApiFood, WrongDaysAreRefused) {
  const auto status = [&](const std::string& query) {
    return api_.get("/api/v1/users/ann/food" + query).status;
  };
  EXPECT_EQ(status("?from=2024-01-01&to=2024-12-31"), 200) << "a leap year has 366 days";
  for (const char* wrong :
       {"?from=2024-01-01&to=2025-01-01", "?from=2026-01-02&to=2026-01-01", "?from=2026-01-01",
        "?to=2026-01-01", "?from=&to=", "?from=2026-01-01&to=", "?from=x&to=2026-01-01",
        "?from=2026-02-30&to=2026-03-01", "?from=2026-01-01&to=2026-01-02&date=2026-01-01",
        "?date=2026-02-30", "?from=0000-01-01&to=9999-12-31"})
    EXPECT_EQ(status(wrong), 400) << wrong;
  EXPECT_EQ(api_.get("/api/v1/users/nobody/food?from=2026-01-01&to=2026-01-02").status, 404);
}

TEST_F(ApiFood, GoalsAndWhatIsLeftOfThemAreInTheDay) {
  log("2026-11-24T12:00:00Z", 1'500);
  EXPECT_FALSE(day("?date=2026-11-24").contains("goals"));
  EXPECT_FALSE(day("?date=2026-11-24").contains("left"));
  prefer("goal_calories", 1'400);
  prefer("goal_fat", 60.5);
  EXPECT_EQ(day("?date=2026-11-24")["goals"], (json{{"calories", 1'400}, {"fat", 60.5}}));
  EXPECT_EQ(day("?date=2026-11-24")["left"], (json{{"calories", -100}, {"fat", 58}}));
  prefer("goal_calories", nullptr);
  EXPECT_EQ(day("?date=2026-11-24")["goals"], (json{{"fat", 60.5}}));
  for (const json& wrong : {json("many"), json(-1), json(1e9), json(true), json::array({1})}) {
    EXPECT_EQ(api_.patch("/api/v1/users/ann/preferences",
                         {{"preference", "goal_protein"}, {"value", wrong}})
                  .status,
              400)
        << wrong;
  }
}

TEST_F(ApiFood, NullIsAsGoodAsAbsentWhereAClientDoesNotKnow) {
  const Given given = api_.post(
      "/api/v1/users/ann/food",
      {.body = R"({"foods":[{"name":"egg","quantity":1,"unit":null,"calories":70,"protein":null,
                  "carbs":null,"fat":null}],"meal_type":"lunch","timestamp":null,"notes":null})"});
  ASSERT_EQ(given.status, 201) << given.body;
  EXPECT_FALSE(given.json()["foods"][0].contains("protein"));
  for (const char* field : {"name", "quantity", "calories"}) {
    json food{{"name", "egg"}, {"quantity", 1}, {"calories", 70}};
    food[field] = nullptr;
    const json body{{"foods", {food}}, {"meal_type", "lunch"}};
    EXPECT_EQ(api_.post("/api/v1/users/ann/food", {.body = body.dump()}).status, 400) << field;
  }
}

TEST_F(ApiFood, TheExportHasAllThatIsKnownOfAUserAndNothingOfOthers) {
  api_.store().create_user("bob:1", 1);
  api_.agent.next.food_entries = {FoodEntry{
      .id = 0, .user_id = "", .foods = {}, .meal_type = "lunch", .timestamp = 5, .notes = "é"}};
  for (int i = 0; i < 120; ++i) {
    const json body{{"user_id", i % 2 == 0 ? "ann" : "bob:1"}, {"message", std::to_string(i)}};
    ASSERT_EQ(
        api_.post("/api/v1/chat", {.body = body.dump(), .idempotency_key = "k" + std::to_string(i)})
            .status,
        200);
  }
  prefer("units", "metric");
  api_.store().set_profile_field("ann", "diet", "\"vegan\"");
  const Given given = api_.get("/api/v1/users/ann/export");
  ASSERT_EQ(given.status, 200);
  EXPECT_EQ(given.headers.at("Content-Disposition"), "attachment; filename=\"ann.json\"");
  const json all = given.json();
  ASSERT_TRUE(all.is_object()) << given.body;
  EXPECT_EQ(all["user_id"], "ann");
  EXPECT_EQ(all["created_at"], "1970-01-01T00:00:01Z");
  EXPECT_EQ(all["profile"], (json{{"diet", "vegan"}}));
  EXPECT_EQ(all["preferences"], (json{{"units", "metric"}}));
  ASSERT_EQ(all["food"].size(), 60U);
  EXPECT_EQ(all["food"][59]["notes"], "é");
  ASSERT_EQ(all["conversation"].size(), 120U);
  EXPECT_EQ(all["conversation"][0]["content"], "0");
  EXPECT_EQ(all["conversation"][119]["content"], "You said: 118");
  ASSERT_EQ(all["kept_answers"].size(), 60U);
  EXPECT_EQ(all["kept_answers"][59]["idempotency_key"], "k118");
  EXPECT_EQ(all["undo"].size(), 1U);
  EXPECT_TRUE(all["journey"].contains("first_message"));
  EXPECT_EQ(api_.get("/api/v1/users/bob:1/export").headers.at("Content-Disposition"),
            "attachment; filename=\"bob_1.json\"");
  EXPECT_EQ(api_.get("/api/v1/users/nobody/export").status, 404);

  api_.store().create_user("new", 1);
  const json nothing = api_.get("/api/v1/users/new/export").json();
  EXPECT_EQ(nothing["food"], json::array());
  EXPECT_EQ(nothing["conversation"], json::array());
}

TEST_F(ApiFood, TheExportHasWhatIsKeptOfMessagesAndOfABotsUpdates) {
  db::Store& store = api_.store();
  const std::string user = "telegram:42";
  for (const std::string& each : {user, std::string("telegram:420")}) {
    store.create_user(each, 1);
    for (int i = 0; i < 60; ++i) {
      FoodEntry entry;
      entry.user_id = each;
      entry.meal_type = "lunch";
      entry.timestamp = i * 86'400;
      store.save_turn(each, {{entry}, {}, {}, {}, "message " + std::to_string(i), "digest"});
    }
  }
  std::vector<db::TelegramUpdate> taken;
  for (int i = 1; i <= 60; ++i) {
    taken.push_back({.update_id = i,
                     .chat_id = 7,
                     .sender_id = i % 20 == 0 ? 420 : 42,
                     .kind = "text",
                     .content = "said " + std::to_string(i),
                     .said_at = 5,
                     .message_id = i});
  }
  for (const std::int64_t bot : {1, 2}) {
    db::TelegramUpdates updates{api_.pool(), bot, "holder"};
    ASSERT_EQ(updates.record(taken, 9).size(), 60U);
    updates.set_answer(1, "answered");
    updates.finish(2);
  }
  const json all = api_.get("/api/v1/users/" + user + "/export").json();
  ASSERT_EQ(all["turns"].size(), 60U);
  EXPECT_EQ(all["turns"][0]["source"], "message 0");
  EXPECT_EQ(all["turns"][0]["digest"], "digest");
  EXPECT_EQ(all["turns"][0]["undo"].size(), 1U);
  ASSERT_EQ(all["telegram_updates"].size(), 114U);
  const json first = all["telegram_updates"][0];
  EXPECT_EQ(first["answer"], "answered");
  EXPECT_EQ(first["content"], "said 1");
  EXPECT_EQ(first["chat_id"], 7);
  EXPECT_EQ(first["said_at"], "1970-01-01T00:00:05Z");
  EXPECT_EQ(first["taken_at"], "1970-01-01T00:00:09Z");
  EXPECT_EQ(all["telegram_updates"][1]["state"], "done");
  EXPECT_EQ(all["telegram_updates"][113]["bot_id"], 2);
  EXPECT_EQ(all["telegram_updates"][113]["content"], "said 59");
  EXPECT_EQ(api_.get("/api/v1/users/ann/export").json()["telegram_updates"], json::array());
}

TEST_F(ApiFood, AnExportEndsWithItsClient) {
  log("2026-11-24T12:00:00Z");
  api_.client_leaves = true;
  const Given given = api_.get("/api/v1/users/ann/export");
  EXPECT_THAT(given.body, HasSubstr("created_at"));
  EXPECT_EQ(given.body.find("egg"), std::string::npos);
}

TEST_F(ApiFood, HealthIsToldAtOnceWhileSqlitesWriterIsBlocked) {
  db::OtherProgram other{folder_.file("api.db")};
  other.run("BEGIN IMMEDIATE");
  std::vector<std::thread> writers;
  for (int i = 0; i < 12; ++i)
    writers.emplace_back([this] { log("2026-11-24T12:00:00Z"); });
  // All connections are taken by some that wait.
  while (api_.free_connections() > 0)
    std::this_thread::yield();
  for (int i = 0; i < 3; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const Given health = api_.get("/api/health");
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds{1});
    EXPECT_EQ(health.status, 200);
    EXPECT_EQ(health.json()["database"], "busy");
  }
  other.run("ROLLBACK");
  for (std::thread& writer : writers)
    writer.join();
  EXPECT_EQ(day("?date=2026-11-24")["entries"].size(), 12U);
}

TEST(UserIds, ThatNoPathCanNameAreRefused) {
  const db::TempFolder folder;
  ApiProcess api{folder.file("api.db")};
  for (const char* id : {".", ".."}) {
    EXPECT_EQ(api.post("/api/v1/users", {.body = json{{"user_id", id}}.dump()}).status, 400);
    EXPECT_EQ(
        api.post("/api/v1/chat", {.body = json{{"user_id", id}, {"message", "x"}}.dump()}).status,
        400);
  }
  EXPECT_EQ(api.post("/api/v1/users", {.body = json{{"user_id", "..."}}.dump()}).status, 201);
}

json big_meal(int foods, std::size_t name_size, const std::string& time) {
  json list = json::array();
  for (int i = 0; i < foods; ++i)
    list.push_back({{"name", std::string(name_size, 'x')}, {"quantity", 1}, {"calories", 1}});
  return {{"foods", std::move(list)}, {"meal_type", "lunch"}, {"timestamp", time}};
}

TEST_F(ApiFood, ADayTakesSoManyEntriesAndNoMore) {
  const std::string time = "2026-11-20T12:00:00Z";
  for (std::size_t i = 0; i < kMaxEntriesADay; ++i) {
    ASSERT_EQ(api_.post("/api/v1/users/ann/food", {.body = big_meal(1, 3, time).dump()}).status,
              201)
        << i;
  }
  const Given refused = api_.post("/api/v1/users/ann/food", {.body = big_meal(1, 3, time).dump()});
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.json()["error"], "ValidationError");
  EXPECT_THAT(refused.json()["message"], HasSubstr("2026-11-20"));
  EXPECT_EQ(day("?date=2026-11-20")["entries"].size(), kMaxEntriesADay);

  // Neither does it take one from another day, while its own may be changed and make room.
  const std::int64_t other = log("2026-11-21T12:00:00Z");
  EXPECT_EQ(api_.patch(entry_path(other), {{"timestamp", time}}).status, 400);
  EXPECT_EQ(api_.get(entry_path(other)).json()["timestamp"], "2026-11-21T12:00:00Z");
  const std::int64_t own = day("?date=2026-11-20")["entries"][0]["id"];
  EXPECT_EQ(api_.patch(entry_path(own), {{"meal_type", "dinner"}}).status, 200);
  EXPECT_EQ(api_.del(entry_path(own)).status, 204);
  EXPECT_EQ(api_.patch(entry_path(other), {{"timestamp", time}}).status, 200);
  EXPECT_EQ(api_.post("/api/v1/users/nobody/food", {.body = big_meal(1, 3, time).dump()}).status,
            404);
}

TEST_F(ApiFood, ADayTakesSoMuchTextAndNoMore) {
  const std::string time = "1969-12-31T23:59:59Z";
  std::vector<std::int64_t> ids;
  Given given;
  while ((given = api_.post("/api/v1/users/ann/food", {.body = big_meal(100, 150, time).dump()}))
             .status == 201)
    ids.push_back(given.json()["id"]);
  EXPECT_EQ(given.status, 400);
  ASSERT_GT(ids.size(), 5U);
  EXPECT_LT(ids.size(), kMaxFoodTextADay / 15'000);
  // Small ones may fill the rest of it, and do not grow then.
  std::vector<std::int64_t> small;
  while ((given = api_.post("/api/v1/users/ann/food", {.body = big_meal(9, 150, time).dump()}))
             .status == 201)
    small.push_back(given.json()["id"]);
  const std::int64_t last = small.empty() ? ids.back() : small.back();
  const json grown = {{"foods", big_meal(100, 190, time)["foods"]}};
  EXPECT_EQ(api_.patch(entry_path(last), grown).status, 400);
  EXPECT_EQ(api_.patch(entry_path(ids.front()), {{"notes", std::string(2000, 'n')}}).status, 400);
  EXPECT_EQ(api_.patch(entry_path(ids.front()),
                       {{"foods", big_meal(1, 1, time)["foods"]}, {"notes", "short"}})
                .status,
            200);
}

TEST_F(ApiFood, ManyDaysWithTooMuchForOneAnswerAreAskedForInParts) {
  const std::int64_t first = *parse_date("2026-01-01");
  std::size_t text = 0;
  std::int64_t days = 0;
  std::vector<FoodEntry> entries;
  for (; text <= kMaxFoodText; ++days) {
    FoodEntry entry{0, "ann", {}, "lunch", (first + days) * 86'400 + 43'200, ""};
    for (int i = 0; i < 800; ++i)
      entry.foods.push_back({std::string(190, 'x'), 1, "", 1, {}, {}, {}});
    api_.store().save_food_entry(entry);
    text += 800 * 190;
  }
  const std::string from = "?from=2026-01-01&to=";
  const Given refused = api_.get("/api/v1/users/ann/food" + from + format_date(first + days - 1));
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("fewer days"));
  const json half = day(from + format_date(first + days / 2));
  EXPECT_EQ(half["days"].size(), static_cast<std::size_t>(days / 2 + 1));
  EXPECT_EQ(half["totals"]["calories"], 800 * (days / 2 + 1));
  EXPECT_EQ(half["days"][1]["date"], "2026-01-02");
  EXPECT_EQ(half["days"][1]["entries"][0]["foods"].size(), 800U);
}

TEST_F(ApiFood, AnAnswerIsTheSameTextAsOfOneDocument) {
  log("2026-11-20T08:00:00Z");
  log("2026-11-20T12:00:00Z");
  log("2026-11-22T12:00:00Z");
  prefer("goal_calories", 2000);
  for (const char* query : {"?date=2026-11-20", "?date=2026-11-21",
                            "?from=2026-11-19&to=2026-11-22", "?from=2026-01-01&to=2026-12-31"}) {
    const Given given = api_.get("/api/v1/users/ann/food" + std::string{query});
    EXPECT_EQ(given.status, 200);
    EXPECT_EQ(given.body, given.json().dump()) << query;
  }
}

}  // namespace
}  // namespace health_agent::api

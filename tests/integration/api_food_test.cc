#include <gtest/gtest.h>

#include <string>

#include "integration/fixture.h"

namespace integration {
namespace {

Json egg() {
  return {{"name", "egg"},   {"quantity", 2}, {"calories", 156},
          {"protein", 12.6}, {"carbs", 1.1},  {"fat", 10.6}};
}

Json rice() {
  return {{"name", "rice"}, {"quantity", 150}, {"unit", "g"}, {"calories", 195.5}};
}

TEST(Food, EntriesAreStoredAndSummedByDay) {
  const Service service{health_agent()};
  Http client = service.http();
  create_user(client, "ann");
  const Response posted =
      client.post("/api/v1/users/ann/food",
                  {{"foods", {egg(), rice()}}, {"meal_type", "lunch"}, {"notes", "at work"}});
  ASSERT_EQ(posted.status, 201) << posted.body;
  const Json entry = posted.json();
  EXPECT_EQ(find_field(entry, "meal_type"), Json("lunch"));
  EXPECT_EQ(find_field(entry, "notes"), Json("at work"));
  ASSERT_TRUE(find_field(entry, "foods"));
  EXPECT_EQ(find_field(entry, "foods")->size(), 2U);
  ASSERT_EQ(
      client.post("/api/v1/users/ann/food", {{"foods", {rice()}}, {"meal_type", "dinner"}}).status,
      201);

  const Response response = client.get("/api/v1/users/ann/food");
  ASSERT_EQ(response.status, 200) << response.body;
  const Json day = response.json();
  EXPECT_EQ(day["user_id"], "ann");
  EXPECT_EQ(day["date"], today());
  EXPECT_EQ(day["entries"].size(), 2U);
  EXPECT_DOUBLE_EQ(day["totals"]["calories"].get<double>(), 156 + 2 * 195.5);
  EXPECT_DOUBLE_EQ(day["totals"]["protein"].get<double>(), 12.6);
  EXPECT_DOUBLE_EQ(day["totals"]["carbs"].get<double>(), 1.1);
  EXPECT_DOUBLE_EQ(day["totals"]["fat"].get<double>(), 10.6);
}

TEST(Food, TheTimestampDecidesTheDay) {
  const Service service{health_agent()};
  Http client = service.http();
  create_user(client, "ann");
  const auto eat = [&client](const char* time) {
    return client
        .post("/api/v1/users/ann/food",
              {{"foods", {egg()}}, {"meal_type", "snack"}, {"timestamp", time}})
        .status;
  };
  EXPECT_EQ(eat("2026-01-31T00:00:00Z"), 201);
  EXPECT_EQ(eat("2026-01-31T23:59:59Z"), 201);
  EXPECT_EQ(eat("2026-02-01T00:00:00Z"), 201);
  EXPECT_EQ(client.get("/api/v1/users/ann/food?date=2026-01-31").json()["entries"].size(), 2U);
  EXPECT_EQ(client.get("/api/v1/users/ann/food?date=2026-02-01").json()["entries"].size(), 1U);
  const Json none = client.get("/api/v1/users/ann/food?date=2026-02-02").json();
  EXPECT_EQ(none["entries"], Json::array());
  EXPECT_EQ(none["totals"]["calories"], 0);
}

TEST(Food, ANewEntryIsInTheDayAtOnceAlthoughTheDayIsCached) {
  const Service service{health_agent()};
  Http client = service.http();
  create_user(client, "ann");
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(client.get("/api/v1/users/ann/food").json()["entries"].size(), i);
    ASSERT_EQ(
        client.post("/api/v1/users/ann/food", {{"foods", {egg()}}, {"meal_type", "lunch"}}).status,
        201);
  }
}

TEST(Food, WrongEntriesAreRefusedAndNameTheField) {
  const Service service{health_agent()};
  Http client = service.http();
  create_user(client, "ann");
  const auto refuse = [&client](Json body, const std::string& field) {
    const Response response = client.post("/api/v1/users/ann/food", body);
    SCOPED_TRACE(body.dump());
    expect_error(response, 400, "ValidationError");
    EXPECT_NE(response.body.find(field), std::string::npos) << response.body;
  };
  refuse({{"foods", Json::array()}, {"meal_type", "lunch"}}, "foods");
  refuse({{"foods", "eggs"}, {"meal_type", "lunch"}}, "foods");
  refuse({{"meal_type", "lunch"}}, "foods");
  refuse({{"foods", {egg()}}}, "meal_type");
  refuse({{"foods", {egg()}}, {"meal_type", "midnight feast"}}, "meal_type");
  refuse({{"foods", {egg()}}, {"meal_type", "lunch"}, {"timestamp", "noon"}}, "timestamp");
  refuse({{"foods", {egg()}}, {"meal_type", "lunch"}, {"notes", 5}}, "notes");
  refuse({{"foods", {egg()}}, {"meal_type", "lunch"}, {"flavour", "good"}}, "flavour");
  for (const char* field : {"name", "quantity", "calories"}) {
    Json food = egg();
    food.erase(field);
    refuse({{"foods", {food}}, {"meal_type", "lunch"}}, field);
    food[field] = Json::array();
    refuse({{"foods", {food}}, {"meal_type", "lunch"}}, field);
  }
  for (const char* field : {"quantity", "calories", "protein", "carbs", "fat"}) {
    Json food = egg();
    food[field] = -1;
    refuse({{"foods", {food}}, {"meal_type", "lunch"}}, field);
    food[field] = "much";
    refuse({{"foods", {food}}, {"meal_type", "lunch"}}, field);
  }
  Json food = egg();
  food["colour"] = "white";
  refuse({{"foods", {food}}, {"meal_type", "lunch"}}, "colour");
  EXPECT_EQ(client.get("/api/v1/users/ann/food").json()["entries"].size(), 0U);
}

TEST(Food, ADateThatIsNoneIsRefused) {
  const Service service{health_agent()};
  Http client = service.http();
  create_user(client, "ann");
  for (const char* date :
       {"yesterday", "2026-02-30", "2026-13-01", "26-01-01", "2026-01-01T00:00:00Z", "%00"}) {
    SCOPED_TRACE(date);
    const Response response = client.get(std::string{"/api/v1/users/ann/food?date="} + date);
    expect_error(response, 400, "ValidationError");
    EXPECT_NE(response.body.find("date"), std::string::npos);
  }
}

}  // namespace
}  // namespace integration

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "integration/fixture.h"

namespace integration {
namespace {

TEST(Users, AreCreatedOnceAndFoundAgain) {
  const Service service{health_agent()};
  Http client = service.http();
  const Response created = client.post(
      "/api/v1/users", {{"user_id", "ann"}, {"profile", {{"diet", "vegan"}, {"age", 31}}}});
  EXPECT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(client.post("/api/v1/users", {{"user_id", "ann"}}).status, 200);
  const Response found = client.get("/api/v1/users/ann");
  ASSERT_EQ(found.status, 200) << found.body;
  const Json user = found.json();
  EXPECT_EQ(find_field(user, "user_id"), Json("ann"));
  ASSERT_TRUE(user.contains("profile") && user.contains("preferences")) << found.body;
  EXPECT_EQ(find_field(user["profile"], "diet"), Json("vegan"));
  EXPECT_EQ(find_field(user["profile"], "age"), Json(31));
}

TEST(Users, WhoIsNotThereIsA404) {
  const Service service{health_agent()};
  Http client = service.http();
  expect_error(client.get("/api/v1/users/nobody"), 404, "RecordNotFoundError");
  expect_error(client.get("/api/v1/users/nobody/profile"), 404, "RecordNotFoundError");
  expect_error(client.get("/api/v1/users/nobody/preferences"), 404, "RecordNotFoundError");
  expect_error(
      client.patch("/api/v1/users/nobody/profile", {{"field", "diet"}, {"value", "vegan"}}), 404,
      "RecordNotFoundError");
}

TEST(Users, AreGoneAfterDelete) {
  const Service service{health_agent()};
  Http client = service.http();
  create_user(client, "bob");
  const Response gone = client.del("/api/v1/users/bob");
  EXPECT_EQ(gone.status, 204);
  EXPECT_EQ(gone.body, "");
  expect_error(client.get("/api/v1/users/bob"), 404, "RecordNotFoundError");
  EXPECT_EQ(client.post("/api/v1/users", {{"user_id", "bob"}}).status, 201);
}

TEST(Users, ProfileFieldsAreSetAndRead) {
  const Service service{health_agent()};
  Http client = service.http();
  create_user(client, "ann");
  EXPECT_EQ(client.get("/api/v1/users/ann/profile").status, 200);
  const std::vector<Json> values{"vegan",         72.5, true, -3, Json::array({"nuts", "soy"}),
                                 "Käse – 🧀"};
  for (const Json& value : values) {
    const Response patched =
        client.patch("/api/v1/users/ann/profile", {{"field", "thing"}, {"value", value}});
    EXPECT_EQ(patched.status, 200) << patched.body;
    EXPECT_EQ(find_field(client.get("/api/v1/users/ann/profile").json(), "thing"), value);
    EXPECT_EQ(find_field(client.get("/api/v1/users/ann").json(), "thing"), value);
  }
}

TEST(Users, PreferencesAreSetAndRead) {
  const Service service{health_agent()};
  Http client = service.http();
  create_user(client, "ann");
  EXPECT_EQ(find_field(client.get("/api/v1/users/ann/preferences").json(), "units"), std::nullopt);
  const Response patched =
      client.patch("/api/v1/users/ann/preferences", {{"preference", "units"}, {"value", "metric"}});
  EXPECT_EQ(patched.status, 200) << patched.body;
  EXPECT_EQ(find_field(client.get("/api/v1/users/ann/preferences").json(), "units"),
            Json("metric"));
}

TEST(Users, OneOfManyRacingCreatesWinsAndTheOthersFindTheUser) {
  const Service service{health_agent()};
  constexpr int kRacers = 16;
  std::vector<int> statuses(kRacers);
  std::vector<std::thread> racers;
  for (int i = 0; i < kRacers; ++i) {
    racers.emplace_back([&service, &status = statuses[static_cast<std::size_t>(i)]] {
      status = service.http().post("/api/v1/users", {{"user_id", "raced"}}).status;
    });
  }
  for (std::thread& racer : racers)
    racer.join();
  EXPECT_EQ(std::count(statuses.begin(), statuses.end(), 201), 1);
  EXPECT_EQ(std::count(statuses.begin(), statuses.end(), 200), kRacers - 1);
}

TEST(Users, IdsOfAllAllowedCharactersAndTheLongestLengthWork) {
  const Service service{health_agent()};
  Http client = service.http();
  const std::string longest(64, 'x');
  for (const std::string& id : {std::string{"a"}, std::string{"A.z_0:9@b-c"}, longest}) {
    EXPECT_EQ(client.post("/api/v1/users", {{"user_id", id}}).status, 201) << id;
    EXPECT_EQ(client.get("/api/v1/users/" + id).status, 200) << id;
    EXPECT_EQ(client.get("/api/v1/users/" + percent_encode(id)).status, 200) << id;
  }
}

TEST(Users, ACacheNeverShowsWhatWasBeforeAWrite) {
  const Service service{health_agent()};
  Http client = service.http();
  create_user(client, "ann");
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(client.patch("/api/v1/users/ann/profile", {{"field", "n"}, {"value", i}}).status,
              200);
    ASSERT_EQ(find_field(client.get("/api/v1/users/ann/profile").json(), "n"), Json(i));
  }
  const Json stats = client.get("/api/cache/stats").json();
  for (const char* field : {"hits", "misses", "hit_rate", "size"})
    EXPECT_TRUE(stats.contains(field)) << stats;
  EXPECT_GE(stats["misses"].get<int>(), 1);
}

}  // namespace
}  // namespace integration

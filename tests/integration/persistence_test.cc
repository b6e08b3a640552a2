#include <gtest/gtest.h>

#include <string>

#include "integration/fixture.h"

namespace integration {
namespace {

Response eat_an_egg(Http& client, const std::string& user) {
  return client.post("/api/v1/chat", {{"user_id", user}, {"message", "2 eggs for lunch"}});
}

TEST(Persistence, ARestartKeepsWhatUsersTold) {
  const TempDir folder;
  ServiceOptions options = health_agent();
  options.directory = folder.path();
  Json user;
  Json day;
  {
    Service service{options};
    Http client = service.http();
    create_user(client, "ann");
    client.patch("/api/v1/users/ann/profile", {{"field", "diet"}, {"value", "vegan"}});
    client.patch("/api/v1/users/ann/preferences", {{"preference", "units"}, {"value", "metric"}});
    ASSERT_EQ(eat_an_egg(client, "ann").status, 200);
    user = client.get("/api/v1/users/ann").json();
    day = client.get("/api/v1/users/ann/food?date=" + today()).json();
    EXPECT_EQ(service.stop().status->code, 0);
  }
  const Service service{options};
  Http client = service.http();
  EXPECT_EQ(client.get("/api/v1/users/ann").json(), user);
  EXPECT_EQ(client.get("/api/v1/users/ann/food?date=" + day["date"].get<std::string>()).json(),
            day);
  EXPECT_EQ(client.post("/api/v1/users", {{"user_id", "ann"}}).status, 200) << "ann is known";
}

TEST(Persistence, WhatWasAnsweredSurvivesAKill) {
  const TempDir folder;
  ServiceOptions options = health_agent();
  options.directory = folder.path();
  std::size_t answered = 0;
  {
    Service service{options};
    Http client = service.http();
    for (int i = 0; i < 20; ++i)
      answered += eat_an_egg(client, "ann").status == 200 ? 1U : 0U;
    service.kill_at_once();
  }
  EXPECT_EQ(answered, 20U);
  const Service service{options};
  EXPECT_EQ(service.http().get("/api/v1/users/ann/food").json()["entries"].size(), answered);
}

TEST(Persistence, AnOnboardingStepIsCountedOnceInAUsersLife) {
  const TempDir folder;
  ServiceOptions options = health_agent();
  options.directory = folder.path();
  const Labels first{{"journey", "onboarding"}, {"step", "first_food_entry"}};
  {
    const Service service{options};
    Http client = service.http();
    eat_an_egg(client, "ann");
    eat_an_egg(client, "ann");
    EXPECT_EQ(service.metrics().sum("user_journey_steps_total", first), 1);
  }
  const Service service{options};
  Http client = service.http();
  eat_an_egg(client, "ann");
  EXPECT_EQ(service.metrics().sum("user_journey_steps_total", first), 0);
}

}  // namespace
}  // namespace integration

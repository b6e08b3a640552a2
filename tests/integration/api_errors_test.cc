#include <gtest/gtest.h>

#include <string>

#include "integration/fixture.h"

namespace integration {
namespace {

TEST(Errors, APathThatMatchesNoRouteIsA404OfTheApi) {
  const Service service{health_agent()};
  Http client = service.http();
  for (const char* path :
       {"/", "/nowhere", "/api", "/api/v1", "/api/v1/users/ann/dreams", "/api/v1/users/a/b/c/d"}) {
    SCOPED_TRACE(path);
    expect_error(client.get(path), 404, "RecordNotFoundError");
  }
}

TEST(Errors, AMethodThatARouteLacksIsRefused) {
  const Service service{health_agent()};
  Http client = service.http();
  for (const char* method : {"PUT", "DELETE", "PATCH"}) {
    const Response response = client.send({.method = method, .path = "/api/v1/chat", .body = "{}"});
    EXPECT_TRUE(response.status == 405 || response.status == 404) << response.status;
    EXPECT_TRUE(response.json().contains("request_id")) << response.body;
    if (response.status == 405) {
      EXPECT_NE(response.header("allow").find("POST"), std::string::npos);
    }
  }
}

TEST(Errors, AnUnknownFailureIsA500WithoutDetail) {
  const Service service{health_agent({{"FAULTS", "handler:1.0"}})};
  const Response response =
      service.http().get("/api/v1/users/ann", {{"X-Request-ID", "failing.1"}});
  expect_error(response, 500, "InternalError");
  EXPECT_EQ(response.json()["request_id"], "failing.1");
  EXPECT_EQ(response.body.find("injected"), std::string::npos) << response.body;
  EXPECT_EQ(response.body.find("runtime_error"), std::string::npos) << response.body;
}

TEST(Errors, AFailingDatabaseIsA500OfItsOwnWithoutDetail) {
  const Service service{health_agent({{"FAULTS", "db:1.0"}})};
  const Response response = service.http().get("/api/v1/users/ann");
  expect_error(response, 500, "DatabaseError");
  EXPECT_EQ(response.body.find("injected"), std::string::npos) << response.body;
  EXPECT_EQ(response.body.find("SELECT"), std::string::npos) << response.body;
}

TEST(Errors, AFailingAgentIsA502WithoutDetail) {
  const Service service{health_agent({{"FAULTS", "agent:1.0"}})};
  const Response response =
      service.http().post("/api/v1/chat", {{"user_id", "ann"}, {"message", "an egg"}});
  expect_error(response, 502, "AgentError");
  EXPECT_EQ(response.body.find("injected"), std::string::npos) << response.body;
}

TEST(Health, TellsHowEachPartIs) {
  const Service service{health_agent()};
  const Response response = service.http().get("/api/health");
  ASSERT_EQ(response.status, 200);
  const Json health = response.json();
  for (const char* field : {"status", "database", "cache", "agent", "timestamp", "version"}) {
    ASSERT_TRUE(health.contains(field)) << field;
    EXPECT_FALSE(health[field].is_null()) << field;
  }
  EXPECT_TRUE(is_timestamp_text(health["timestamp"])) << health["timestamp"];
}

TEST(Health, IsA503WhileTheDatabaseIsAway) {
  const Service service{health_agent({{"FAULTS", "db:1.0"}})};
  const Response response = service.http().get("/api/health");
  EXPECT_EQ(response.status, 503);
  EXPECT_TRUE(response.json().contains("database")) << response.body;
}

TEST(Health, AnswersHeadWithoutABody) {
  const Service service{health_agent()};
  const Response response = service.http().send({.method = "HEAD", .path = "/api/health"});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "");
}

}  // namespace
}  // namespace integration

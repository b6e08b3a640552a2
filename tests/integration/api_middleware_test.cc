#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <string>
#include <vector>

#include "integration/fixture.h"
#include "integration/support/form.h"

namespace integration {
namespace {

bool is_uuid4(const std::string& text) {
  if (text.size() != 36) return false;
  return has_form(text, "xxxxxxxx-xxxx-4xxx-" + text.substr(19, 1) + "xxx-xxxxxxxxxxxx") &&
         std::string_view{"89ab"}.find(text[19]) != std::string_view::npos;
}

TEST(Authentication, WantsAKnownKeyEverywhereButForHealthAndMetrics) {
  const Service service{health_agent({{"API_KEYS", "first, second"}})};
  Http client = service.http();
  const std::vector<Request> closed{
      {.method = "POST", .path = "/api/v1/chat", .body = "{}"},
      {.method = "POST", .path = "/api/v1/users", .body = "{}"},
      {.path = "/api/v1/users/ann"},
      {.method = "DELETE", .path = "/api/v1/users/ann"},
      {.path = "/api/v1/users/ann/profile"},
      {.method = "PATCH", .path = "/api/v1/users/ann/profile", .body = "{}"},
      {.path = "/api/v1/users/ann/preferences"},
      {.method = "PATCH", .path = "/api/v1/users/ann/preferences", .body = "{}"},
      {.method = "DELETE", .path = "/api/v1/users/ann/conversation"},
      {.method = "POST", .path = "/api/v1/users/ann/food", .body = "{}"},
      {.path = "/api/v1/users/ann/food"},
      {.path = "/api/cache/stats"},
  };
  for (const Request& request : closed) {
    SCOPED_TRACE(request.method + " " + request.path);
    expect_error(client.send(request), 401, "AuthenticationError");
    for (const char* header : {"Bearer third", "Bearer ", "Bearer firs", "Bearer first ,", "first",
                               "Basic first", "Bearer first,second"}) {
      Request tried = request;
      tried.headers = {{"Authorization", header}};
      EXPECT_EQ(client.send(tried).status, 401) << header;
    }
  }
  EXPECT_EQ(client.get("/api/health").status, 200);
  EXPECT_EQ(client.get("/metrics").status, 200);
  for (const char* key : {"first", "second"})
    EXPECT_EQ(
        client.get("/api/cache/stats", {{"Authorization", std::string{"Bearer "} + key}}).status,
        200)
        << key;
  EXPECT_EQ(client.get("/api/cache/stats", {{"Authorization", "bearer first"}}).status, 200)
      << "the scheme has no case";
  EXPECT_GE(service.metrics().sum("http_errors_total", {{"error_type", "AuthenticationError"}}),
            12);
}

TEST(RateLimit, RefusesWhoAsksTooOftenAndSaysWhenToComeBack) {
  const Service service{health_agent({{"API_KEYS", "eager,calm"}, {"RATE_LIMIT_PER_MINUTE", "5"}})};
  Http eager = service.http();
  eager.set_bearer("eager");
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(eager.get("/api/cache/stats").status, 200) << "request " << i;
  const Response refused = eager.get("/api/cache/stats");
  expect_error(refused, 429, "RateLimitError");
  const std::string after = refused.header("retry-after");
  ASSERT_FALSE(after.empty());
  EXPECT_EQ(after.find_first_not_of("0123456789"), std::string::npos) << after;
  EXPECT_GE(std::stoi(after), 1);
  EXPECT_LE(std::stoi(after), 60);
  Http calm = service.http();
  calm.set_bearer("calm");
  EXPECT_EQ(calm.get("/api/cache/stats").status, 200) << "another key is not limited";
}

TEST(RateLimit, CountsByAddressWhereThereAreNoKeys) {
  const Service service{health_agent({{"RATE_LIMIT_PER_MINUTE", "10"}})};
  Http client = service.http();
  int served = 0;
  Response last;
  do {
    last = client.get("/api/cache/stats");
    served += last.status == 200 ? 1 : 0;
  } while (last.status == 200 && served < 20);
  expect_error(last, 429, "RateLimitError");
  EXPECT_LE(served, 10);
  EXPECT_GE(served, 5) << "the requests that wait for the start took more than half";
}

TEST(RateLimit, ZeroIsNoLimit) {
  const Service service{health_agent()};
  Http client = service.http();
  for (int i = 0; i < 300; ++i)
    ASSERT_EQ(client.get("/api/cache/stats").status, 200);
}

TEST(Cors, AllowsTheOriginsOfTheSettingAndNoOther) {
  const Service service{
      health_agent({{"CORS_ORIGINS", "http://localhost:3000, https://app.example"}})};
  Http client = service.http();
  for (const char* origin : {"http://localhost:3000", "https://app.example"}) {
    const Response response = client.get("/api/health", {{"Origin", origin}});
    EXPECT_EQ(response.header("access-control-allow-origin"), origin);
    EXPECT_NE(response.header("vary").find("Origin"), std::string::npos) << response.header("vary");
  }
  for (const char* origin :
       {"http://localhost:3001", "https://evil.example", "https://app.example.evil", "null"}) {
    const Response response = client.get("/api/health", {{"Origin", origin}});
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.header("access-control-allow-origin"), "") << origin;
  }
}

TEST(Cors, AnswersAPreflightWithoutAKey) {
  const Service service{health_agent({{"API_KEYS", "key"}})};
  Http client = service.http();
  const Request preflight{
      .method = "OPTIONS",
      .path = "/api/v1/users/ann/profile",
      .headers = {{"Origin", "http://localhost:3000"},
                  {"Access-Control-Request-Method", "PATCH"},
                  {"Access-Control-Request-Headers", "authorization,content-type"}}};
  const Response response = client.send(preflight);
  EXPECT_TRUE(response.status == 204 || response.status == 200) << response.status;
  EXPECT_EQ(response.header("access-control-allow-origin"), "http://localhost:3000");
  EXPECT_NE(response.header("access-control-allow-methods").find("PATCH"), std::string::npos);
  std::string headers = response.header("access-control-allow-headers");
  std::transform(headers.begin(), headers.end(), headers.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  EXPECT_NE(headers.find("authorization"), std::string::npos) << headers;
  EXPECT_NE(headers.find("content-type"), std::string::npos) << headers;
  Request other = preflight;
  other.headers[0].second = "https://evil.example";
  EXPECT_EQ(client.send(other).header("access-control-allow-origin"), "");
}

TEST(Cors, AnErrorCanBeReadByTheOriginToo) {
  const Service service{health_agent()};
  const Response response =
      service.http().get("/api/v1/users/nobody", {{"Origin", "http://localhost:3000"}});
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.header("access-control-allow-origin"), "http://localhost:3000");
}

TEST(RequestId, AValidOneIsKept) {
  const Service service{health_agent()};
  Http client = service.http();
  for (const std::string& id : {std::string{"a"}, std::string{"A-z.0_9"}, std::string(64, 'r')}) {
    EXPECT_EQ(client.get("/api/health", {{"X-Request-ID", id}}).header("x-request-id"), id);
    EXPECT_EQ(client.get("/nowhere", {{"X-Request-ID", id}}).header("x-request-id"), id);
  }
}

TEST(RequestId, AnInvalidOneIsReplacedByAUuid) {
  const Service service{health_agent()};
  Http client = service.http();
  for (const std::string& id :
       {std::string{}, std::string(65, 'r'), std::string{"a b"}, std::string{"a/b"},
        std::string{"a\"b"}, std::string{"é"}, std::string{"a,b"}, std::string{"{}"}}) {
    const std::string made =
        client.get("/api/health", {{"X-Request-ID", id}}).header("x-request-id");
    EXPECT_TRUE(is_uuid4(made)) << "'" << id << "' became '" << made << "'";
  }
}

TEST(RequestId, IsNeverMadeTwice) {
  const Service service{health_agent()};
  Http client = service.http();
  std::set<std::string> ids;
  for (int i = 0; i < 200; ++i) {
    const std::string id = client.get("/api/health").header("x-request-id");
    EXPECT_TRUE(is_uuid4(id)) << id;
    EXPECT_TRUE(ids.insert(id).second) << id;
  }
}

}  // namespace
}  // namespace integration

#include <gmock/gmock.h>
#include <signal.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "integration/fixture.h"
#include "integration/support/raw_socket.h"

namespace integration {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kKey = "the-key-of-the-house";
constexpr const char* kOther = "another-long-key-here";
constexpr const char* kTrace = "771a43a4192642f0b136d5159a501700";

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += what.size())
    ++found;
  return found;
}

TEST(Access, APageWhoseNameLeadsHereReadsNothing) {
  const Service service{health_agent()};
  Http client = service.http();
  create_user(client, "ann");
  for (const char* path : {"/api/v1/users/ann", "/api/cache/stats", "/console", "/metrics",
                           "/console/api/overview", "/api/health", "/nothing"}) {
    for (const char* host :
         {"evil.example", "evil.example:80", "localhost.evil.example", "127.0.0.1.evil.example"}) {
      SCOPED_TRACE(std::string{host} + path);
      expect_error(client.get(path, {{"Host", host}}), 421, "ValidationError");
    }
  }
  for (const char* host : {"localhost", "127.0.0.1:1", "[::1]:8080", "LOCALHOST."})
    EXPECT_EQ(client.get("/api/v1/users/ann", {{"Host", host}}).status, 200) << host;
  for (const char* probe : {"/api/health", "/metrics"}) {
    for (const char* host : {"10.1.2.3:8080", "[2001:db8::7]:8080", "health-agent-1:8080"})
      EXPECT_EQ(client.get(probe, {{"Host", host}}).status, 200) << host << probe;
  }
  EXPECT_EQ(client.get("/console/api/overview", {{"Host", "10.1.2.3"}}).status, 421);
}

TEST(Access, TheNamesOfTheSettingAreAnsweredToAndNoOther) {
  const Service service{health_agent({{"ALLOWED_HOSTS", "api.example, other.example:8443"}})};
  Http client = service.http();
  EXPECT_EQ(client.get("/api/cache/stats", {{"Host", "Api.Example"}}).status, 200);
  EXPECT_EQ(client.get("/api/cache/stats", {{"Host", "api.example:443"}}).status, 200);
  EXPECT_EQ(client.get("/api/cache/stats", {{"Host", "other.example:8443"}}).status, 200);
  EXPECT_EQ(client.get("/api/cache/stats", {{"Host", "other.example"}}).status, 421);
  EXPECT_EQ(client.get("/api/cache/stats", {{"Host", "localhost"}}).status, 421);
  EXPECT_TRUE(service.healthy()) << "a watchdog calls it by its address";
}

TEST(Access, APageOfAnotherSiteWritesNothing) {
  const Service service{health_agent()};
  Http client = service.http();
  const std::string user = R"({"user_id": "ann"})";
  for (const char* origin : {"http://evil.example", "null", "http://localhost:3000"}) {
    for (const char* type : {"text/plain", "application/x-www-form-urlencoded", "text/json"}) {
      const Response response =
          client.send({.method = "POST",
                       .path = "/api/v1/users",
                       .headers = {{"Origin", origin}, {"Content-Type", type}},
                       .body = user});
      expect_error(response, 415, "ValidationError");
    }
  }
  EXPECT_EQ(client.get("/api/v1/users/ann").status, 404);
  const Response json =
      client.post_text("/api/v1/users", user, {{"Origin", "http://localhost:3000"}});
  EXPECT_EQ(json.status, 201) << "which a browser asks for first";
  EXPECT_EQ(client
                .get("/api/v1/users/ann",
                     {{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Mode", "no-cors"}})
                .status,
            403);
}

TEST(Access, EveryOriginDoesNotMeanNull) {
  const Service service{health_agent({{"CORS_ORIGINS", "*"}, {"API_KEYS", kKey}})};
  Http client = service.http();
  EXPECT_NE(client.get("/api/health", {{"Origin", "https://any.example"}})
                .header("access-control-allow-origin"),
            "");
  const Response null = client.get("/api/health", {{"Origin", "null"}});
  EXPECT_EQ(null.header("access-control-allow-origin"), "");
  EXPECT_EQ(null.header("access-control-allow-credentials"), "");
}

TEST(Access, EveryAnswerOfTheApiIsNeitherKeptNorGuessedAt) {
  const Service service{health_agent({{"API_KEYS", kKey}})};
  Http client = service.http();
  const Headers key{{"Authorization", std::string{"Bearer "} + kKey}};
  for (const auto& [path, headers] :
       std::vector<std::pair<const char*, Headers>>{{"/api/health", {}},
                                                    {"/api/cache/stats", {}},
                                                    {"/api/cache/stats", key},
                                                    {"/api/v1/users/nobody", key},
                                                    {"/nothing", {}},
                                                    {"/%zz", {}},
                                                    {"/metrics", {}},
                                                    {"/console/api/overview", key},
                                                    {"/console/api/live", {}}}) {
    const Response response = client.get(path, headers);
    EXPECT_EQ(response.header("x-content-type-options"), "nosniff") << path << response.status;
    EXPECT_EQ(response.header("cache-control"), "no-store") << path << response.status;
  }
  const Response page = client.get("/console");
  EXPECT_EQ(page.header("cache-control"), "no-cache");
  EXPECT_EQ(page.header("x-content-type-options"), "nosniff");
  EXPECT_THAT(page.header("content-security-policy"), HasSubstr("frame-ancestors 'none'"));
}

TEST(Access, StrangersTakeNoPlaceOfTheLiveStreams) {
  const Service service{health_agent({{"API_KEYS", kKey}})};
  std::vector<std::unique_ptr<RawSocket>> strangers;
  for (int i = 0; i < 20; ++i) {
    strangers.push_back(std::make_unique<RawSocket>(service.api_port()));
    const char* const path = i % 2 == 0 ? "/console/api/live" : "/console/api%2flive";
    ASSERT_TRUE(strangers.back()->send(std::string{"GET "} + path +
                                       " HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    const auto response = strangers.back()->read_response();
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, i % 2 == 0 ? 401 : 400);
  }
  Http client = service.http();
  client.set_bearer(kKey);
  EXPECT_EQ(client.get("/console/api/health").json()["viewers"], 0);
}

TEST(Access, WithoutKeysNobodyFillsAllPlacesOfTheLiveStreams) {
  // Another address is told by the proxy, which is this machine.
  const Service service{health_agent({{"TRUSTED_PROXIES", "127.0.0.1"}})};
  const auto follow = [&](const std::string& from) {
    auto socket = std::make_unique<RawSocket>(service.api_port());
    EXPECT_TRUE(
        socket->send("GET /console/api/live HTTP/1.1\r\nHost: localhost\r\n"
                     "X-Forwarded-For: " +
                     from + "\r\n\r\n"));
    return socket;
  };
  Http client = service.http();
  const auto viewers = [&] {
    return client.get("/console/api/health").json()["viewers"].get<int>();
  };
  std::vector<std::unique_ptr<RawSocket>> greedy;
  for (int i = 1; i <= 8; ++i) {
    greedy.push_back(follow("192.0.2.1"));
    ASSERT_TRUE(eventually([&] { return viewers() == i; })) << i;
  }
  EXPECT_EQ(client.get("/console/api/live", {{"X-Forwarded-For", "192.0.2.1"}}).status, 503);
  const auto other = follow("192.0.2.2");
  const auto ended = greedy.front()->read_response();
  ASSERT_TRUE(ended) << "the oldest stream of the caller who has most ends for the newcomer";
  EXPECT_EQ(ended->status, 200);
  EXPECT_TRUE(eventually([&] { return viewers() == 8; }));
}

TEST(Access, LiveStreamsThatNobodyReadsGiveTheirPlacesBackWithinSeconds) {
  const Service service{health_agent()};
  const auto follow = [&] {
    auto socket = std::make_unique<RawSocket>(service.api_port());
    EXPECT_TRUE(socket->send("GET /console/api/live HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    return socket;
  };
  Http client = service.http();
  const auto viewers = [&] {
    return client.get("/console/api/health").json()["viewers"].get<int>();
  };
  const auto reader = follow();
  std::vector<std::unique_ptr<RawSocket>> asleep;
  for (int i = 0; i < 7; ++i)
    asleep.push_back(follow());
  EXPECT_TRUE(eventually([&] { return viewers() == 8; }));
  bool reader_ended = false;
  // What it reads is thrown away.
  const auto only_the_reader_is_left = [&] {
    reader_ended = reader_ended || reader->closed_within(100ms);
    return viewers() == 1;
  };
  EXPECT_TRUE(eventually(only_the_reader_is_left, 60s));
  EXPECT_FALSE(reader_ended) << "who reads stays";
}

TEST(Access, LiveStreamsOutliveAServiceThatStoodStill) {
  const Service service{health_agent()};
  const auto viewers = [&] {
    return service.http().get("/console/api/health").json()["viewers"].get<int>();
  };
  std::vector<RawSocket> unread;
  for (int i = 0; i < 2; ++i) {
    unread.emplace_back(service.api_port());
    EXPECT_TRUE(unread.back().send("GET /console/api/live HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  }
  ASSERT_TRUE(eventually([&] { return viewers() == 2; }));
  // Long enough to be seen as unread, and not long enough to be ended for it.
  std::this_thread::sleep_for(4s);
  ASSERT_EQ(::kill(service.pid(), SIGSTOP), 0);
  std::this_thread::sleep_for(7s);
  ASSERT_EQ(::kill(service.pid(), SIGCONT), 0);
  const auto end = std::chrono::steady_clock::now() + 2s;
  while (std::chrono::steady_clock::now() < end) {
    ASSERT_EQ(viewers(), 2);
    std::this_thread::sleep_for(50ms);
  }
}

TEST(Access, AStrangersTraceIsNotBelieved) {
  EnvelopeReceiver receiver;
  Service service{health_agent(
      with_sentry(receiver, {{"API_KEYS", kKey}, {"SENTRY_TRACES_SAMPLE_RATE", "0"}}))};
  Http client = service.http();
  const Headers sampled{{"sentry-trace", std::string{kTrace} + "-00f067aa0ba902b7-1"},
                        {"traceparent", std::string{"00-"} + kTrace + "-00f067aa0ba902b7-01"},
                        {"baggage", std::string{"sentry-trace_id="} + kTrace +
                                        ",sentry-public_key=strangerskey,sentry-sampled=true"}};
  for (const char* path :
       {"/api/health", "/api/v1/users/ann", "/console", "/nothing", "/metrics"}) {
    for (const char* key : {"", "Bearer wrong"}) {
      Headers headers = sampled;
      if (key[0] != '\0') headers.emplace_back("Authorization", key);
      const Response response = client.get(path, headers);
      EXPECT_NE(response.header("x-trace-id"), kTrace) << path;
      EXPECT_EQ(response.header("x-trace-id").size(), 32U) << "it has a trace of its own";
    }
  }
  Headers holder = sampled;
  holder.emplace_back("Authorization", std::string{"Bearer "} + kKey);
  EXPECT_EQ(client.get("/api/v1/users/kept", holder).header("x-trace-id"), kTrace);
  EXPECT_EQ(service.stop().status->code, 0);
  ASSERT_EQ(receiver.transactions().size(), 1U) << "the key holder's alone";
  EXPECT_EQ(user_of(receiver.transactions()[0]), "kept");
}

TEST(Access, WithoutKeysATraceThatCameThroughAProxyIsNotBelieved) {
  EnvelopeReceiver receiver;
  const Service service{health_agent(with_sentry(receiver))};
  Http client = service.http();
  const auto trace_of = [&](const char* name, const char* value) {
    Headers headers{{"traceparent", std::string{"00-"} + kTrace + "-00f067aa0ba902b7-01"}};
    headers.emplace_back(name, value);
    return client.get("/api/v1/users/ann", headers).header("x-trace-id");
  };
  EXPECT_EQ(trace_of("Accept", "*/*"), kTrace) << "of this machine";
  EXPECT_NE(trace_of("X-Forwarded-For", "192.0.2.1"), kTrace);
  EXPECT_NE(trace_of("Forwarded", "for=192.0.2.1"), kTrace);
  EXPECT_NE(trace_of("Via", "1.1 proxy"), kTrace);
  EXPECT_NE(trace_of("X-Real-IP", "192.0.2.1"), kTrace);
}

TEST(Access, TheLogSaysWhoDeletedAndWhoWasRefused) {
  Service service{health_agent({{"API_KEYS", std::string{kKey} + "," + kOther},
                                {"LOG_LEVEL", "warning"},
                                {"TRUSTED_PROXIES", "127.0.0.0/8"}})};
  Http client = service.http();
  const Headers other{{"Authorization", std::string{"Bearer "} + kOther},
                      {"X-Forwarded-For", "203.0.113.9"}};
  EXPECT_EQ(client.post("/api/v1/users", {{"user_id", "ann"}}, other).status, 201);
  const Response deleted = client.del("/api/v1/users/ann", other);
  EXPECT_EQ(deleted.status, 204);
  constexpr int kGuesses = 300;
  for (int i = 0; i < kGuesses; ++i)
    EXPECT_EQ(client.get("/api/v1/users/ann", {{"Authorization", "Bearer guess-of-a-key"}}).status,
              401);
  EXPECT_EQ(service.metrics().sum("http_errors_total", {{"error_type", "AuthenticationError"}}),
            kGuesses);
  EXPECT_EQ(service.stop().status->code, 0);
  const std::string log = service.errors();
  // printf %s another-long-key-here | sha256sum
  EXPECT_THAT(log, HasSubstr("audit: DELETE /api/v1/users/{user_id} 204 key=1f57aff7 "
                             "from=203.0.113.9"));
  EXPECT_THAT(log, HasSubstr(deleted.header("x-request-id")));
  EXPECT_EQ(count(log, "audit: first use since the start of key=1f57aff7 from=203.0.113.9"), 1U);
  const std::size_t refusals =
      count(log, "audit: refused, an unknown key: GET /api/v1/users/{user_id} 401 from=127.0.0.1");
  EXPECT_GE(refusals, 10U);
  EXPECT_LE(refusals, 15U) << "a flood of guesses is none of lines";
  for (const char* secret : {kKey, kOther, "guess-of-a-key"})
    EXPECT_THAT(log, Not(HasSubstr(secret)));
}

TEST(Access, KeysThatAreEasyToGuessAreToldOfAtTheStart) {
  Service service{health_agent({{"API_KEYS", std::string{kKey} + ",hunter2"}})};
  EXPECT_THAT(service.errors(), HasSubstr("API_KEYS: number 2 is easy to guess"));
  EXPECT_THAT(service.errors(), Not(HasSubstr("number 1 is")));
  Http client = service.http();
  client.set_bearer("hunter2");
  EXPECT_EQ(client.get("/api/cache/stats").status, 200);
  EXPECT_EQ(service.stop().status->code, 0);
  EXPECT_THAT(service.errors(), HasSubstr("key=weak-2")) << "a digest would give it away";
}

TEST(Access, TheConsolesApiAndStrangersAreLimitedToo) {
  const Service service{health_agent({{"API_KEYS", kKey}, {"RATE_LIMIT_PER_MINUTE", "5"}})};
  Http stranger = service.http();
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(stranger.get("/console/api/overview").status, 401);
  for (const char* path : {"/console/api/overview", "/api/v1/users/ann", "/nothing", "/%zz"})
    expect_error(stranger.get(path), 429, "RateLimitError");
  EXPECT_EQ(stranger.get("/api/health").status, 200);
  EXPECT_EQ(stranger.get("/console").status, 200);
  Http holder = service.http();
  holder.set_bearer(kKey);
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(holder.get("/console/api/overview").status, 200);
  EXPECT_EQ(holder.get("/console/api/overview").status, 429);
}

TEST(Access, TheMetricsTokenIsGuessedNoMoreThanAKey) {
  constexpr int kLimit = 5;
  for (const std::string keys : {"", kKey}) {
    Service service{health_agent({{"API_KEYS", keys},
                                  {"METRICS_TOKEN", "a-token-of-some-length"},
                                  {"RATE_LIMIT_PER_MINUTE", std::to_string(kLimit)}})};
    for (const std::uint16_t port : {service.api_port(), service.metrics_port()}) {
      SCOPED_TRACE(port == service.api_port() ? "the API's port" : "the other port");
      Http guesser{port};
      for (int i = 0; i < kLimit; ++i) {
        const Headers guess{{"Authorization", "Bearer guess-of-a-token"}};
        EXPECT_EQ(guesser.get("/metrics", i % 2 == 0 ? guess : Headers{}).status, 401);
      }
      const Response limited = guesser.get("/metrics", {{"Authorization", "Bearer another"}});
      EXPECT_EQ(limited.status, 429);
      EXPECT_NE(limited.header("retry-after"), "");
      Http prometheus{port};
      for (int i = 0; i < 2 * kLimit; ++i)
        EXPECT_EQ(
            prometheus.get("/metrics", {{"Authorization", "Bearer a-token-of-some-length"}}).status,
            200);
    }
    const Response page = Http{service.metrics_port()}.get(
        "/metrics", {{"Authorization", "Bearer a-token-of-some-length"}});
    EXPECT_THAT(page.body, HasSubstr("\nvitals_scrape_refusals_total 11\n"));
    EXPECT_EQ(service.stop().status->code, 0);
    EXPECT_EQ(count(service.errors(),
                    "audit: refused, not the METRICS_TOKEN: GET /metrics 401 from=127.0.0.1"),
              2U * kLimit);
    EXPECT_THAT(service.errors(), Not(HasSubstr("guess-of-a-token")));
  }
}

}  // namespace
}  // namespace integration

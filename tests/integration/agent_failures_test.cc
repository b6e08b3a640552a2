// What goes wrong between the service and a model, told by the whole service.

#include <algorithm>
#include <atomic>

#include "integration/agent_models.h"
#include "integration/support/aimock.h"
#include "integration/support/ports.h"
#include "integration/support/raw_socket.h"

namespace integration {
namespace {

class AgentFailure : public ::testing::TestWithParam<Vendor> {
 protected:
  static double count(const Service& service, const std::string& name, const Labels& labels) {
    return service.metrics().sum(name, labels);
  }
  static double calls(const Service& service, const std::string& type, const char* status) {
    return count(service, "agent_calls_total", {{"agent_type", type}, {"status", status}});
  }
  static std::string said(const Service& service) { return service.output() + service.errors(); }

  /// The AgentError that the log tells of.
  static void expect_logged(const Service& service, const std::string& words) {
    EXPECT_TRUE(eventually([&] { return said(service).find(words) != std::string::npos; }))
        << words << " is not in the log:\n"
        << said(service);
  }
};

INSTANTIATE_TEST_SUITE_P(Both, AgentFailure, ::testing::Values(kAnthropic, kOpenAi),
                         ::testing::PrintToStringParamName());

TEST_P(AgentFailure, A429IsAskedAgainAndCountsAsOneCall) {
  Json answered = says("busy", "Here I am.", 50, 4);
  answered["match"]["sequenceIndex"] = 1;
  Aimock mock{Json::array({fails("busy", 429, "rate_limit_error", 0), answered})};
  const Service service{health_agent(with_model(GetParam(), mock.url()))};
  Http client = service.http();
  const Response response = chat(client, "busy");
  ASSERT_EQ(response.status, 200) << response.body << service.errors();
  EXPECT_EQ(response.json()["response"], "Here I am.");
  EXPECT_EQ(mock.asked().size(), 2U);
  EXPECT_EQ(calls(service, GetParam().agent_type, "success"), 1);
  EXPECT_EQ(calls(service, GetParam().agent_type, "error"), 0);
  EXPECT_EQ(count(service, "agent_tokens_used_total", {{"token_type", "input"}}), 50);
}

TEST_P(AgentFailure, A529GoesOnToTheFallbackModelOfTheOtherVendor) {
  Json answered = says("hello", "The other one speaking.", 70, 6);
  answered["match"]["model"] = GetParam().other.substr(GetParam().other.find(':') + 1);
  Json overloaded = fails("hello", 529, "overloaded_error");
  overloaded["match"]["model"] = GetParam().model;
  Aimock mock{Json::array({overloaded, answered})};
  EnvelopeReceiver receiver;
  const Service service{health_agent(with_sentry(
      receiver, with_model(GetParam(), mock.url(), {{"AGENT_FALLBACK_MODEL", GetParam().other}})))};
  Http client = service.http();
  const Response response = chat(client, "hello", {{"X-Request-ID", "fell.back"}});
  ASSERT_EQ(response.status, 200) << response.body << service.errors();
  EXPECT_EQ(response.json()["response"], "The other one speaking.");
  const std::string other = GetParam().agent_type == "claude" ? "gpt4" : "claude";
  EXPECT_EQ(calls(service, GetParam().agent_type, "error"), 1);
  EXPECT_EQ(calls(service, other, "success"), 1);
  EXPECT_EQ(count(service, "agent_fallbacks_total", {{"from", GetParam().model}}), 1);
  EXPECT_EQ(
      count(service, "agent_tokens_used_total", {{"agent_type", other}, {"token_type", "input"}}),
      70);
  ASSERT_TRUE(receiver.wait_for_events(1));
  const Json event = receiver.events().front();
  EXPECT_EQ(event["level"], "warning");
  EXPECT_EQ(exception_type_of(event), "health_agent::AgentError");
  EXPECT_NE(exception_text_of(event).find("HTTP 529 overloaded_error"), std::string::npos) << event;
  EXPECT_EQ(tag_of(event, "model"), GetParam().model);
  EXPECT_EQ(tag_of(event, "request_id"), "fell.back");
  EXPECT_EQ(receiver.everything().find(kKey), std::string::npos) << "the key is in an envelope";
  EXPECT_EQ(said(service).find(kKey), std::string::npos) << "the key is in the log";
  expect_valid(receiver);
}

TEST_P(AgentFailure, ARefusedKeyIsAnErrorThatKeepsTheKeyToItself) {
  Aimock mock{Json::array({fails("hello", 401, "authentication_error")})};
  EnvelopeReceiver receiver;
  const Service service{health_agent(with_sentry(receiver, with_model(GetParam(), mock.url())))};
  Http client = service.http();
  const Response response = chat(client, "hello");
  expect_error(response, 502, "AgentError");
  Json told = response.json();
  told.erase("request_id");  // the only parts with digits by chance
  told.erase("timestamp");
  EXPECT_EQ(told.dump().find("401"), std::string::npos) << "detail is not for clients: " << told;
  EXPECT_EQ(mock.asked().size(), 1U);
  expect_logged(service, "HTTP 401");
  ASSERT_TRUE(receiver.wait_for_events(1));
  EXPECT_NE(exception_text_of(receiver.events().front()).find("no ***"), std::string::npos)
      << receiver.events().front();
  EXPECT_EQ(receiver.everything().find(kKey), std::string::npos);
  EXPECT_EQ(said(service).find(kKey), std::string::npos);
  EXPECT_EQ(count(service, "http_errors_total", {{"error_type", "AgentError"}}), 1);
}

TEST_P(AgentFailure, ASilentModelEndsByTheTimeoutOfTheWholeCall) {
  std::atomic<int> asked{0};
  HttpServer silent{free_port(), [&](const ServerRequest&) {
                      ++asked;
                      return ServerAnswer{0};
                    }};
  const Service service{
      health_agent(with_model(GetParam(), "http://127.0.0.1:" + std::to_string(silent.port()),
                              {{"AGENT_TIMEOUT_SECONDS", "2"}}))};
  Http client = service.http();
  const auto start = std::chrono::steady_clock::now();
  expect_error(chat(client, "hello"), 502, "AgentError");
  EXPECT_GE(seconds_since(start), 1.2);
  EXPECT_LT(seconds_since(start), 2 + kOnTime);
  EXPECT_GE(asked, 2) << "there was time for another attempt";
  EXPECT_EQ(calls(service, GetParam().agent_type, "error"), 1);
}

TEST(AgentSilence, ManyWhoWaitForTheModelHoldUpNeitherOthersNorTheEnd) {
  std::atomic<int> asked{0};
  HttpServer silent{free_port(), [&](const ServerRequest&) {
                      ++asked;
                      return ServerAnswer{0};
                    }};
  Service service{
      health_agent(with_model(kAnthropic, "http://127.0.0.1:" + std::to_string(silent.port()),
                              {{"AGENT_TIMEOUT_SECONDS", "300"}, {"DATABASE_POOL_SIZE", "2"}}))};
  Http client = service.http();
  create_user(client, "bob");
  const auto begin_chats = [&](int from, int to, std::vector<RawSocket>& clients) {
    for (int i = from; i < to; ++i) {
      const std::string body = R"({"user_id":"u)" + std::to_string(i) + R"(","message":"hello"})";
      clients.emplace_back(service.api_port());
      ASSERT_TRUE(
          clients.back().send("POST /api/v1/chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                              std::to_string(body.size()) + "\r\n\r\n" + body));
    }
  };
  std::vector<RawSocket> clients;
  begin_chats(0, 20, clients);
  ASSERT_TRUE(eventually([&] { return asked == 20; })) << asked;
  EXPECT_EQ(client.get("/api/v1/users/bob").status, 200);
  // Now every worker that chats may have waits.
  begin_chats(20, 40, clients);
  ASSERT_TRUE(eventually([&] { return asked == 32; })) << asked;
  double quickest = 60;
  for (int i = 0; i < 3; ++i) {
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(client.get("/api/health").status, 200);
    quickest = std::min(quickest, seconds_since(start));
  }
  EXPECT_LT(quickest, 0.5 * kSlowness);
  EXPECT_EQ(client.get("/metrics").status, 200);

  const Stopped end = service.stop();
  ASSERT_TRUE(end.status);
  EXPECT_EQ(end.status->code, 0) << service.errors();
  EXPECT_LT(end.seconds, 10 + kOnTime) << "it waited for the model";
  const auto answer = clients[0].read_response();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 502) << answer->body;
}

TEST_P(AgentFailure, NobodyThereIsAnErrorAndThreeOfThemAreADegradedAgent) {
  const Service service{
      health_agent(with_model(GetParam(), "http://127.0.0.1:" + std::to_string(free_port())))};
  Http client = service.http();
  EXPECT_EQ(client.get("/api/health").json()["agent"], "ok");
  for (int i = 0; i < 3; ++i)
    expect_error(chat(client, "hello"), 502, "AgentError");
  const Response health = client.get("/api/health");
  EXPECT_EQ(health.status, 200);
  EXPECT_EQ(health.json()["agent"], "degraded");
}

TEST_P(AgentFailure, AStreamThatIsCutIsAnErrorEventWithTheRequestId) {
  std::string words;
  for (int i = 0; i < 100; ++i)
    words += "This will never be told to its end. ";
  Json cut = says("hello", words, 50, 20);
  cut["latency"] = 50;
  cut["disconnectAfterMs"] = 1'500;
  Aimock mock{Json::array({cut})};
  EnvelopeReceiver receiver;
  const Service service{health_agent(with_sentry(
      receiver, with_model(GetParam(), mock.url(), {{"AGENT_FALLBACK_MODEL", "local"}})))};
  Http client = service.http();
  const Response response =
      chat(client, "hello", {{"Accept", "text/event-stream"}, {"X-Request-ID", "cut.1"}});
  EXPECT_EQ(response.status, 200);
  EXPECT_NE(response.body.find("event: delta"), std::string::npos) << response.body;
  EXPECT_NE(response.body.find("event: error"), std::string::npos) << response.body;
  const Json last = Json::parse(event_stream_data(response.body).back());
  EXPECT_EQ(last["error"], "AgentError");
  EXPECT_EQ(last["request_id"], "cut.1");
  EXPECT_EQ(count(service, "agent_fallbacks_total", {}), 0) << "it had spoken already";
  EXPECT_EQ(count(service, "http_errors_total", {{"error_type", "AgentError"}}), 1);
  EXPECT_EQ(
      count(service, "http_requests_total", {{"endpoint", "/api/v1/chat"}, {"status", "200"}}), 1)
      << "that status was sent";
  ASSERT_TRUE(receiver.wait_for_events(1));
  EXPECT_EQ(tag_of(receiver.events().front(), "request_id"), "cut.1");
}

TEST_P(AgentFailure, NonsenseIsAnErrorAndTheServiceGoesOn) {
  const std::vector<ServerAnswer> nonsense{
      {200, "Content-Type: application/json\r\n", "{\"content\":"},
      {200, "", "<html>I am a proxy</html>"},
      {200, "", "null"},
      {200, "", std::string(200'000, '[')},
      {200, "", R"({"choices":[{"message":7}],"content":[7,{"type":"text","text":{}}]})"},
      {200, "Content-Type: text/event-stream\r\n", "data: {\n\ndata: }\n\n"},
      {302, "Location: http://127.0.0.1:1/\r\n", ""},
      {400, "", std::string(100'000, '\xFF')}};
  std::atomic<std::size_t> turn{0};
  HttpServer model{free_port(),
                   [&](const ServerRequest&) { return nonsense[turn % nonsense.size()]; }};
  const Service service{
      health_agent(with_model(GetParam(), "http://127.0.0.1:" + std::to_string(model.port())))};
  Http client = service.http();
  for (turn = 0; turn < nonsense.size(); ++turn) {
    SCOPED_TRACE(turn);
    expect_error(chat(client, "hello"), 502, "AgentError");
    const Response streamed = chat_streamed(client, "hello");
    EXPECT_NE(streamed.body.find("AgentError"), std::string::npos) << streamed.body;
  }
  EXPECT_EQ(client.get("/api/v1/users/ann/food").json()["entries"].size(), 0U);
  EXPECT_TRUE(service.healthy());
}

TEST_P(AgentFailure, AHostileToolCallIsToldToTheModelAndNeverStored) {
  const auto call = [](const Json& arguments) {
    return Json{{"toolCalls", {{{"name", "log_food"}, {"arguments", arguments}}}},
                {"usage", usage(100, 10)}};
  };
  const Json hostile{{"meal_type", "lunch"},
                     {"user_id", "eve"},
                     {"foods",
                      {{{"name", "'; DROP TABLE food_entries; --"},
                        {"quantity", -1},
                        {"unit", "g"},
                        {"calories", 1e300}}}}};
  Json good = hostile;
  good.erase("user_id");
  good["foods"][0].update({{"quantity", 1}, {"calories", 5}});
  Aimock mock{Json::array(
      {{{"match", {{"userMessage", "mended"}, {"toolResultContains", "Nothing was done"}}},
        {"response", call(good)}},
       {{"match", {{"userMessage", "mended"}, {"toolResultContains", "Logged for"}}},
        {"response", {{"content", "Now it is logged."}, {"usage", usage(100, 10)}}}},
       {{"match", {{"userMessage", "mended"}}}, {"response", call(hostile)}},
       {{"match", {{"userMessage", "stubborn"}}}, {"response", call(hostile)}}})};
  const Service service{health_agent(with_model(GetParam(), mock.url()))};
  Http client = service.http();
  expect_error(chat(client, "stubborn"), 502, "AgentError");
  expect_logged(service, "called its tool wrongly twice: user_id: there is no such field");
  EXPECT_EQ(client.get("/api/v1/users/ann/food").json()["entries"].size(), 0U);
  EXPECT_EQ(count(service, "agent_tokens_used_total", {{"token_type", "input"}}), 200)
      << "what a failed call used was used";

  const Response response = chat(client, "mended");
  ASSERT_EQ(response.status, 200) << response.body << service.errors();
  EXPECT_EQ(response.json()["response"], "Now it is logged.");
  const Json day = client.get("/api/v1/users/ann/food").json();
  ASSERT_EQ(day["entries"].size(), 1U);
  EXPECT_EQ(day["totals"]["calories"], 5);
  EXPECT_EQ(count(service, "agent_tokens_used_total", {{"token_type", "input"}}), 500);
}

}  // namespace
}  // namespace integration

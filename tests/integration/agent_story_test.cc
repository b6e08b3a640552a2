// A model's call as it is seen from outside: the trace, the price table, a client that leaves.

#include <signal.h>

#include <algorithm>
#include <atomic>

#include "integration/agent_models.h"
#include "integration/support/aimock.h"
#include "integration/support/ports.h"
#include "integration/support/raw_socket.h"

namespace integration {
namespace {

class AgentStory : public ::testing::TestWithParam<Vendor> {};

INSTANTIATE_TEST_SUITE_P(Both, AgentStory, ::testing::Values(kAnthropic, kOpenAi),
                         ::testing::PrintToStringParamName());

TEST_P(AgentStory, TheTraceHasTheCallWithModelAndTokensAndItsHttpRequestInside) {
  Aimock mock{Json::array({says("hello", "Hello! What did you eat?", 321, 9)})};
  EnvelopeReceiver receiver;
  Service service{health_agent(with_sentry(
      receiver, with_model(GetParam(), mock.url(), {{"SENTRY_TRACES_SAMPLE_RATE", "1"}})))};
  Http client = service.http();
  const Response response = chat_streamed(client, "hello");
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(service.stop().status->code, 0);

  Json transaction;
  for (const Json& candidate : receiver.transactions()) {
    if (candidate["transaction"] == "POST /api/v1/chat") transaction = candidate;
  }
  ASSERT_TRUE(transaction.is_object());
  EXPECT_EQ(transaction["contexts"]["trace"]["trace_id"], response.header("x-trace-id"));
  EXPECT_EQ(tag_of(transaction, "request_id"), response.header("x-request-id"));
  const auto span_of = [&](const char* op) {
    for (const Json& span : transaction["spans"])
      if (span["op"] == op) return span;
    ADD_FAILURE() << "no span " << op << ": " << transaction["spans"];
    return Json{};
  };
  const Json call = span_of("gen_ai.chat");
  EXPECT_EQ(call["description"], "chat " + GetParam().model);
  EXPECT_EQ(call["data"]["gen_ai.provider.name"], GetParam().name);
  EXPECT_EQ(call["data"]["gen_ai.request.model"], GetParam().model);
  EXPECT_EQ(call["data"]["gen_ai.response.model"], GetParam().model);
  EXPECT_EQ(call["data"]["gen_ai.usage.input_tokens"], 321);
  EXPECT_EQ(call["data"]["gen_ai.usage.output_tokens"], 9);
  EXPECT_EQ(call["data"]["gen_ai.response.streaming"], true);
  const Json http = span_of("http.client");
  EXPECT_EQ(http["parent_span_id"], call["span_id"]);
  EXPECT_EQ(http["data"]["http.response.status_code"], 200);
  const std::vector<Json> asked = mock.asked();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0]["headers"]["sentry-trace"],
            response.header("x-trace-id") + "-" + http["span_id"].get<std::string>() + "-1");
  EXPECT_EQ(receiver.everything().find(kKey), std::string::npos) << "the key is in an envelope";
  EXPECT_EQ(receiver.everything().find("What did you eat"), std::string::npos)
      << "an answer is in an envelope";
  expect_valid(receiver);
}

TEST_P(AgentStory, WhatTheCoachKnowsGoesToTheModel) {
  Aimock mock{Json::array({says("hello", "Hello!", 1, 1), says("again", "Hello again!", 1, 1)})};
  const Service service{health_agent(with_model(GetParam(), mock.url()))};
  Http client = service.http();
  client.post("/api/v1/users", {{"user_id", "ann"}, {"profile", {{"diet", "vegan"}}}});
  chat(client, "hello");
  chat(client, "again");
  const Json body = mock.asked().back()["body"];
  const std::string all = body.dump();
  EXPECT_NE(all.find("vegan"), std::string::npos) << all;
  EXPECT_NE(all.find(today()), std::string::npos) << all;
  EXPECT_NE(all.find("log_food"), std::string::npos) << all;
  std::vector<std::string> roles;
  for (const Json& message : body["messages"])
    if (message["role"] != "system") roles.push_back(message["role"]);
  EXPECT_EQ(roles, (std::vector<std::string>{"user", "assistant", "user"}));
}

TEST_P(AgentStory, APriceTableOfOnesOwnIsUsedAndReadAgainBySighup) {
  Aimock mock{Json::array({says("hello", "Hello!", 1000, 100)})};
  const TempDir folder;
  const std::string file = folder.file("prices.txt");
  const auto row = [&](const char* input, const char* output) {
    return GetParam().model + " - " + input + " - - " + output + " 2026-11-24 mine\n";
  };
  write_file(file, row("7", "9"));
  Service service{health_agent(with_model(GetParam(), mock.url(), {{"AGENT_PRICES_FILE", file}}))};
  Http client = service.http();
  const auto cost = [&] { return service.metrics().sum("agent_cost_usd_total"); };
  const auto reload = [&](const char* says) {
    const std::size_t before = service.errors().size();
    service.process().send_signal(SIGHUP);
    EXPECT_TRUE(eventually([&] {
      return service.errors().find(says, before) != std::string::npos;
    })) << service.errors();
  };
  chat(client, "hello");
  EXPECT_DOUBLE_EQ(cost(), 0.0079);
  write_file(file, row("70", "90"));
  reload("took 1 rows of AGENT_PRICES_FILE");
  chat(client, "hello");
  EXPECT_DOUBLE_EQ(cost(), 0.0079 + 0.079);
  write_file(file, "nonsense\n");
  reload("AGENT_PRICES_FILE was not taken");
  chat(client, "hello");
  EXPECT_DOUBLE_EQ(cost(), 0.0079 + 2 * 0.079);
  write_file(file, "another-model - 1 1 1 1 2026-11-24 mine\n");
  reload("took 1 rows of AGENT_PRICES_FILE");
  chat(client, "hello");
  EXPECT_DOUBLE_EQ(cost(), 0.0079 + 2 * 0.079);
  EXPECT_EQ(service.metrics().sum("agent_unpriced_calls_total"), 1);
}

TEST_P(AgentStory, AClientThatLeavesEndsTheModelsCall) {
  std::atomic<bool> asked{false};
  HttpServer silent{free_port(), [&](const ServerRequest&) {
                      asked = true;
                      return ServerAnswer{0};
                    }};
  const Service service{
      health_agent(with_model(GetParam(), "http://127.0.0.1:" + std::to_string(silent.port()),
                              {{"AGENT_TIMEOUT_SECONDS", "300"}}))};
  RawSocket client{service.api_port()};
  const std::string body = R"({"user_id":"ann","message":"hello"})";
  ASSERT_TRUE(
      client.send("POST /api/v1/chat HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n"
                  "Content-Length: " +
                  std::to_string(body.size()) + "\r\n\r\n" + body));
  ASSERT_TRUE(eventually([&] { return asked.load(); }));
  client.reset();
  EXPECT_TRUE(eventually(
      [&] {
        return service.metrics().sum("agent_calls_total", {{"status", "success"}}) == 1;
      },
      20s))
      << "the call goes on for nobody";
  EXPECT_EQ(service.metrics().sum("http_errors_total"), 0);
}

TEST_P(AgentStory, ASilentModelIsBridgedByComments) {
  Json slow = says("hello", "Hello at last!", 10, 2);
  slow["streamingProfile"] = {{"ttft", 3'000}};
  Aimock mock{Json::array({slow})};
  const Service service{health_agent(with_model(GetParam(), mock.url()))};
  Http client = service.http();
  const Response response = chat_streamed(client, "hello");
  EXPECT_NE(response.body.find(": the coach is thinking\n\n"), std::string::npos) << response.body;
  EXPECT_EQ(Json::parse(event_stream_data(response.body).back())["response"], "Hello at last!");
}

}  // namespace
}  // namespace integration

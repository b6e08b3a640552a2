#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "integration/fixture.h"
#include "integration/support/raw_socket.h"

namespace integration {
namespace {

TEST(Chat, AMessageAboutFoodBecomesAnEntryAndAnAnswer) {
  const Service service{health_agent()};
  Http client = service.http();
  const Response response = client.post(
      "/api/v1/chat", {{"user_id", "ann"}, {"message", "2 eggs and 150 g of rice for lunch"}});
  ASSERT_EQ(response.status, 200) << response.body;
  const Json answer = response.json();
  EXPECT_EQ(answer["user_id"], "ann");
  EXPECT_EQ(answer["request_id"], response.header("x-request-id"));
  EXPECT_TRUE(is_timestamp_text(answer["timestamp"])) << answer["timestamp"];
  EXPECT_FALSE(answer["response"].get<std::string>().empty());
  const Json entry = answer["food_entry"];
  EXPECT_EQ(entry["meal_type"], "lunch");
  ASSERT_EQ(entry["foods"].size(), 2U) << entry;
  EXPECT_NE(entry["foods"][0]["name"].get<std::string>().find("egg"), std::string::npos);
  EXPECT_EQ(entry["foods"][0]["quantity"], 2);
  EXPECT_NE(entry["foods"][1]["name"].get<std::string>().find("rice"), std::string::npos);
  EXPECT_EQ(entry["foods"][1]["quantity"], 150);
  EXPECT_EQ(entry["foods"][1]["unit"], "g");
  for (const Json& food : entry["foods"])
    EXPECT_GT(food["calories"].get<double>(), 0);

  const Json day = client.get("/api/v1/users/ann/food").json();
  EXPECT_EQ(day["entries"].size(), 1U);
  EXPECT_GT(day["totals"]["calories"].get<double>(), 200);
}

TEST(Chat, AMessageWithoutFoodIsAnsweredAndStoresNothing) {
  const Service service{health_agent()};
  Http client = service.http();
  const Response response =
      client.post("/api/v1/chat", {{"user_id", "ann"}, {"message", "Hello, who are you?"}});
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_FALSE(response.json()["response"].get<std::string>().empty());
  EXPECT_TRUE(response.json().value("food_entry", Json{}).is_null());
  EXPECT_EQ(client.get("/api/v1/users/ann/food").json()["entries"].size(), 0U);
}

TEST(Chat, TheSameMessageGetsTheSameAnswer) {
  const Service service{health_agent()};
  Http client = service.http();
  const auto ask = [&client](const std::string& user) {
    return client.post("/api/v1/chat", {{"user_id", user}, {"message", "an apple for breakfast"}})
        .json()["response"];
  };
  EXPECT_EQ(ask("ann"), ask("bob"));
}

TEST(Chat, HistoryIsTakenAndCanBeForgotten) {
  const Service service{health_agent()};
  Http client = service.http();
  const Json history{{{"role", "user"}, {"content", "Hi"}},
                     {{"role", "assistant"}, {"content", "Hello!"}}};
  EXPECT_EQ(client
                .post("/api/v1/chat",
                      {{"user_id", "ann"}, {"message", "an apple"}, {"message_history", history}})
                .status,
            200);
  EXPECT_EQ(client.del("/api/v1/users/ann/conversation").status, 204);
  EXPECT_EQ(client.post("/api/v1/chat", {{"user_id", "ann"}, {"message", "a banana"}}).status, 200);
}

TEST(Chat, WrongMessagesAreRefusedAndNameTheField) {
  const Service service{health_agent()};
  Http client = service.http();
  const auto refuse = [&client](const Json& body, const std::string& field) {
    SCOPED_TRACE(body.dump());
    const Response response = client.post("/api/v1/chat", body);
    expect_error(response, 400, "ValidationError");
    EXPECT_NE(response.body.find(field), std::string::npos) << response.body;
  };
  refuse({{"message", "an egg"}}, "user_id");
  refuse({{"user_id", "ann"}}, "message");
  refuse({{"user_id", 7}, {"message", "an egg"}}, "user_id");
  refuse({{"user_id", "ann"}, {"message", 7}}, "message");
  refuse({{"user_id", "ann"}, {"message", ""}}, "message");
  refuse({{"user_id", "ann"}, {"message", Json()}}, "message");
  refuse({{"user_id", "ann"}, {"message", "x"}, {"message_history", "old"}}, "message_history");
  refuse({{"user_id", "ann"}, {"message", "x"}, {"message_history", {{{"role", "user"}}}}},
         "content");
  refuse({{"user_id", "ann"},
          {"message", "x"},
          {"message_history", {{{"role", "king"}, {"content", "x"}}}}},
         "role");
  refuse({{"user_id", "ann"}, {"message", "x"}, {"mood", "good"}}, "mood");
}

TEST(Chat, IsStreamedWhenTheClientAsksForAnEventStream) {
  const Service service{health_agent()};
  Http client = service.http();
  const Json body{{"user_id", "ann"}, {"message", "2 eggs and 150 g of rice for lunch"}};
  const Response whole = client.post("/api/v1/chat", body);
  const Response response = client.post("/api/v1/chat", body, {{"Accept", "text/event-stream"}});
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_TRUE(response.header("content-type").starts_with("text/event-stream"))
      << response.header("content-type");
  const std::vector<std::string> events = event_stream_data(response.body);
  ASSERT_GE(events.size(), 3U) << "the answer came in one piece:\n" << response.body;
  std::string pieces;
  Json last;
  for (const std::string& event : events) {
    const Json data = Json::parse(event, nullptr, false);
    ASSERT_TRUE(data.is_object()) << event;
    pieces += data.value("text", "");
    last = data;
  }
  EXPECT_EQ(last["request_id"], response.header("x-request-id"));
  EXPECT_EQ(last["user_id"], "ann");
  EXPECT_EQ(last["response"], pieces);
  EXPECT_EQ(last["food_entry"]["foods"].size(), 2U);
  EXPECT_EQ(last["food_entry"]["foods"], whole.json()["food_entry"]["foods"]);
}

/// nginx gathers what it passes on unless it is told not to, and may keep it.
TEST(Chat, EveryEventStreamIsPassedOnAtOnceByProxies) {
  const Service service{health_agent()};
  const auto check = [](const Response& response) {
    EXPECT_EQ(response.status, 200);
    EXPECT_TRUE(response.header("content-type").starts_with("text/event-stream"));
    EXPECT_EQ(response.header("x-accel-buffering"), "no");
    EXPECT_EQ(response.header("cache-control"), "no-store");
    EXPECT_EQ(response.header("content-length"), "");
  };
  Http client = service.http();
  const Json body{{"user_id", "ann"}, {"message", "2 eggs"}};
  const Headers headers{{"Accept", "text/event-stream"}, {"Idempotency-Key", "once"}};
  check(client.post("/api/v1/chat", body, headers));
  const Response again = client.post("/api/v1/chat", body, headers);
  EXPECT_EQ(again.header("idempotency-replayed"), "true");
  check(again);
  for (const char* method : {"GET", "HEAD"}) {
    RawSocket viewer{service.api_port()};
    viewer.send(std::string{method} + " /console/api/live HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const auto head = viewer.read_head();
    ASSERT_TRUE(head) << method;
    check(*head);
  }
}

TEST(Chat, AFailureInAStreamIsToldWithTheRequestIdAndNoDetail) {
  const Service service{health_agent({{"FAULTS", "agent:1.0"}})};
  Http client = service.http();
  const Response response =
      client.post("/api/v1/chat", {{"user_id", "ann"}, {"message", "an egg"}},
                  {{"Accept", "text/event-stream"}, {"X-Request-ID", "streamed.1"}});
  EXPECT_TRUE(response.status == 200 || response.status == 502) << response.status;
  EXPECT_EQ(response.header("x-request-id"), "streamed.1");
  EXPECT_NE(response.body.find("AgentError"), std::string::npos) << response.body;
  EXPECT_NE(response.body.find("streamed.1"), std::string::npos) << response.body;
  EXPECT_EQ(response.body.find("injected"), std::string::npos) << response.body;
  EXPECT_GE(service.metrics().sum("agent_calls_total", {{"status", "error"}}), 1);
}

}  // namespace
}  // namespace integration

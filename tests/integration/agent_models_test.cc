#include "integration/agent_models.h"

#include <algorithm>

#include "integration/support/aimock.h"

namespace integration {
namespace {

const Json kLunch{{"meal_type", "lunch"},
                  {"foods",
                   {{{"name", "egg"}, {"quantity", 2}, {"unit", "piece"}, {"calories", 143}},
                    {{"name", "rice"},
                     {"quantity", 150},
                     {"unit", "g"},
                     {"calories", 195.5},
                     {"protein", 4},
                     {"carbs", 42},
                     {"fat", 0.4}}}}};

/// A fixture for each round of a message that becomes an entry.
Json logs_lunch(const std::string& message) {
  return {
      {{"match", {{"userMessage", message}, {"hasToolResult", false}}},
       {"response",
        {{"toolCalls", {{{"name", "log_food"}, {"arguments", kLunch}}}},
         {"usage", usage(1000, 50)}}}},
      {{"match", {{"userMessage", message}, {"hasToolResult", true}}},
       {"response", {{"content", "Logged your lunch, 338.5 kcal."}, {"usage", usage(1100, 12)}}}}};
}

class AgentModel : public ::testing::TestWithParam<Vendor> {
 protected:
  /// What `input` and `output` tokens of the vendor's model cost, by the shipped table.
  static double usd(int input, int output) {
    return GetParam().name == "anthropic" ? (input * 4 + output * 20) / 1e6
                                          : (input * 2.5 + output * 15) / 1e6;
  }

  static void expect_used(const Service& service, int input, int output) {
    const Vendor& vendor = GetParam();
    const Metrics metrics = service.metrics();
    const auto tokens = [&](const char* type) {
      return metrics.sum("agent_tokens_used_total",
                         {{"agent_type", vendor.agent_type}, {"token_type", type}});
    };
    EXPECT_EQ(tokens("input"), input);
    EXPECT_EQ(tokens("output"), output);
    EXPECT_DOUBLE_EQ(metrics.sum("agent_cost_usd_total",
                                 {{"agent_type", vendor.agent_type}, {"model", vendor.model}}),
                     usd(input, output));
    EXPECT_EQ(metrics.sum("agent_unpriced_calls_total"), 0);
  }

  static double calls(const Service& service, const std::string& type, const char* status) {
    return service.metrics().sum("agent_calls_total", {{"agent_type", type}, {"status", status}});
  }
};

INSTANTIATE_TEST_SUITE_P(Both, AgentModel, ::testing::Values(kAnthropic, kOpenAi),
                         ::testing::PrintToStringParamName());

TEST_P(AgentModel, AnswersAndCountsWhatTheVendorReports) {
  Aimock mock{Json::array({says("hello", "Hello! What did you eat?", 321, 9)})};
  const Service service{health_agent(with_model(GetParam(), mock.url()))};
  Http client = service.http();
  const Response response = chat(client, "hello");
  ASSERT_EQ(response.status, 200) << response.body;
  EXPECT_EQ(response.json()["response"], "Hello! What did you eat?");
  EXPECT_TRUE(response.json().value("food_entry", Json{}).is_null());
  expect_used(service, 321, 9);
  EXPECT_EQ(calls(service, GetParam().agent_type, "success"), 1);
  EXPECT_EQ(service.metrics().sum("agent_time_to_first_token_seconds_count"), 0);
}

TEST_P(AgentModel, IsStreamedPieceByPieceWithTheSameCounts) {
  Aimock mock{Json::array({says("hello", "Hello! What did you eat today, my friend?", 321, 9)})};
  const Service service{health_agent(with_model(GetParam(), mock.url()))};
  Http client = service.http();
  const Response response = chat_streamed(client, "hello");
  ASSERT_EQ(response.status, 200) << response.body;
  const std::vector<std::string> events = event_stream_data(response.body);
  ASSERT_GE(events.size(), 3U) << response.body;
  std::string pieces;
  for (const std::string& event : events)
    pieces += Json::parse(event).value("text", "");
  EXPECT_EQ(pieces, "Hello! What did you eat today, my friend?");
  EXPECT_EQ(Json::parse(events.back())["response"], pieces);
  expect_used(service, 321, 9);
  EXPECT_EQ(service.metrics().sum("agent_time_to_first_token_seconds_count",
                                  {{"agent_type", GetParam().agent_type}}),
            1);
}

TEST_P(AgentModel, AToolCallBecomesAnEntryAndTheModelHasTheLastWord) {
  Aimock mock{logs_lunch("eggs and rice")};
  const Service service{health_agent(with_model(GetParam(), mock.url()))};
  Http client = service.http();
  for (const bool streamed : {false, true}) {
    SCOPED_TRACE(streamed ? "streamed" : "whole");
    const Response response =
        streamed ? chat_streamed(client, "eggs and rice") : chat(client, "eggs and rice");
    ASSERT_EQ(response.status, 200) << response.body;
    const Json answer =
        streamed ? Json::parse(event_stream_data(response.body).back()) : response.json();
    EXPECT_EQ(answer["response"], "Logged your lunch, 338.5 kcal.");
    EXPECT_EQ(answer["food_entry"]["foods"], kLunch["foods"]) << answer;
    EXPECT_EQ(answer["food_entry"]["meal_type"], "lunch");
  }
  const Json day = client.get("/api/v1/users/ann/food").json();
  EXPECT_EQ(day["entries"].size(), 2U);
  EXPECT_EQ(day["totals"]["calories"], 677);
  expect_used(service, 2 * 2100, 2 * 62);
  EXPECT_EQ(calls(service, GetParam().agent_type, "success"), 2);
}

}  // namespace
}  // namespace integration

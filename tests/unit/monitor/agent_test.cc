#include "vitals/monitor/agent.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "tests/unit/monitor/monitored.h"
#include "vitals/context/capture.h"
#include "vitals/context/scope.h"
#include "vitals/context/span.h"
#include "vitals/monitor/helpers.h"

namespace vitals::monitor {
namespace {

class AgentCallScopeTest : public Monitored {};

struct OverloadedError : std::runtime_error {
  using runtime_error::runtime_error;
};

double calls(std::string_view agent, std::string_view status) {
  return value("agent_calls_total", {{"agent_type", agent}, {"status", status}});
}

TEST_F(AgentCallScopeTest, CountsCallTokensAndCost) {
  const double before = calls("claude", "success");
  {
    AgentCallScope call{AgentType::kClaude, "claude-x"};
    call.succeed({.input_tokens = 120, .output_tokens = 30, .cost_usd = 0.25});
  }
  EXPECT_EQ(calls("claude", "success"), before + 1);
  EXPECT_EQ(value("agent_tokens_used_total", {{"agent_type", "claude"}, {"token_type", "input"}}),
            120);
  EXPECT_EQ(value("agent_tokens_used_total", {{"agent_type", "claude"}, {"token_type", "output"}}),
            30);
  EXPECT_DOUBLE_EQ(value("agent_cost_usd_total", {{"agent_type", "claude"}, {"model", "claude-x"}}),
                   0.25);
  EXPECT_EQ(value("agent_unpriced_calls_total", {{"agent_type", "claude"}}), 0);
}

TEST_F(AgentCallScopeTest, CallWithoutAPriceIsUnpricedAndNeverFree) {
  {
    AgentCallScope call{AgentType::kGpt4, "gpt-new"};
    call.succeed({.input_tokens = 1, .output_tokens = 1});
  }
  EXPECT_EQ(value("agent_unpriced_calls_total", {{"agent_type", "gpt4"}}), 1);
  EXPECT_FALSE((vitals::testing::Snapshot{scope_registry()}
                    .value("agent_cost_usd_total", {{"agent_type", "gpt4"}, {"model", "gpt-new"}})
                    .has_value()));
}

TEST_F(AgentCallScopeTest, ThrowThroughItIsAnErrorAndTagsTheEventThatFollows) {
  const double before = calls("gpt4", "error");
  const context::Scope scope = context::Scope::fork();
  const context::Activation active = scope.activate();
  try {
    AgentCallScope call{AgentType::kGpt4, "gpt-5.5"};
    throw OverloadedError{"529"};
  } catch (const OverloadedError& error) {
    context::capture_exception(error);
  }
  EXPECT_EQ(calls("gpt4", "error"), before + 1);
  const auto events = sent("event");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]["tags"]["model"], "gpt-5.5");
  EXPECT_EQ(events[0]["tags"]["agent_type"], "gpt4");
}

TEST_F(AgentCallScopeTest, FirstTokenIsTakenOnce) {
  const double before =
      value("agent_time_to_first_token_seconds_count", {{"agent_type", "claude"}});
  {
    AgentCallScope call{AgentType::kClaude, "m"};
    call.first_token();
    call.first_token();
    call.succeed();
  }
  EXPECT_EQ(value("agent_time_to_first_token_seconds_count", {{"agent_type", "claude"}}),
            before + 1);
}

TEST_F(AgentCallScopeTest, SpanFollowsSentrysConventionsForAgents) {
  const context::Span transaction = context::start_transaction({.name = "t", .op = "test"});
  {
    const context::SpanActivation active = transaction.activate();
    AgentCallScope call{AgentType::kClaude, "claude-x"};
    call.succeed({.input_tokens = 5, .output_tokens = 7, .cost_usd = 0.5});
  }
  transaction.finish();
  const auto transactions = sent("transaction");
  ASSERT_EQ(transactions.size(), 1U);
  const auto& span = transactions[0]["spans"][0];
  EXPECT_EQ(span["op"], "gen_ai.chat");
  EXPECT_EQ(span["description"], "chat claude-x");
  EXPECT_EQ(span["data"]["gen_ai.provider.name"], "anthropic");
  EXPECT_EQ(span["data"]["gen_ai.request.model"], "claude-x");
  EXPECT_EQ(span["data"]["gen_ai.usage.total_tokens"], 12);
  EXPECT_EQ(span["data"]["gen_ai.cost.total_tokens"], 0.5);
}

TEST_F(AgentCallScopeTest, WhatHappensDuringTheCallIsAPartOfItsSpan) {
  const context::Span transaction = context::start_transaction({.name = "t", .op = "test"});
  {
    const context::SpanActivation active = transaction.activate();
    {
      AgentCallScope call{AgentType::kClaude, "claude-x"};
      context::current_span().start_child("http.client", "POST /v1/messages").finish();
      call.succeed({.input_tokens = 5, .response_model = "claude-x-20261101"});
    }
    context::current_span().start_child("db", "INSERT").finish();
  }
  transaction.finish();
  const auto spans = sent("transaction").at(0)["spans"];
  ASSERT_EQ(spans.size(), 3U);
  const auto span_of = [&](const char* op) {
    return *std::find_if(spans.begin(), spans.end(),
                         [op](const auto& span) { return span["op"] == op; });
  };
  const auto call = span_of("gen_ai.chat");
  EXPECT_EQ(span_of("http.client")["parent_span_id"], call["span_id"]);
  EXPECT_EQ(span_of("db")["parent_span_id"], call["parent_span_id"]) << "the call is over";
  EXPECT_EQ(call["data"]["gen_ai.request.model"], "claude-x");
  EXPECT_EQ(call["data"]["gen_ai.response.model"], "claude-x-20261101");
}

TEST_F(AgentCallScopeTest, TokensOfAFailedCallCanBeCounted) {
  const auto input = [] {
    return value("agent_tokens_used_total", {{"agent_type", "gpt4"}, {"token_type", "input"}});
  };
  const double tokens = input();
  const double all_calls = calls("gpt4", "success") + calls("gpt4", "error");
  count_agent_usage(AgentType::kGpt4, "gpt-x",
                    {.input_tokens = 5, .output_tokens = 7, .cost_usd = 0.5});
  EXPECT_EQ(input() - tokens, 5);
  EXPECT_DOUBLE_EQ(value("agent_cost_usd_total", {{"agent_type", "gpt4"}, {"model", "gpt-x"}}),
                   0.5);
  EXPECT_EQ(calls("gpt4", "success") + calls("gpt4", "error"), all_calls);
}

TEST_F(AgentCallScopeTest, TrackAgentCallCapturesTheThrowAndLetsItGoOn) {
  EXPECT_EQ(track_agent_call(AgentType::kLocal, [] { return std::string{"hi"}; }), "hi");
  EXPECT_THROW(track_agent_call(AgentType::kClaude, "m1", [] { throw OverloadedError{"no"}; }),
               OverloadedError);
  const auto events = sent("event");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]["tags"]["model"], "m1");
}

TEST_F(AgentCallScopeTest, FallbacksAreCountedFromAndTo) {
  count_agent_fallback("a", "b");
  EXPECT_EQ(value("agent_fallbacks_total", {{"from", "a"}, {"to", "b"}}), 1);
}

}  // namespace
}  // namespace vitals::monitor

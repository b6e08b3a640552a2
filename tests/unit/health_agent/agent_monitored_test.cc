#include "health_agent/agent/monitored_agent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "health_agent/agent/agent.h"
#include "health_agent/errors.h"
#include "health_agent/faults.h"
#include "vitals/metrics/registry.h"
#include "vitals/monitor/state.h"
#include "vitals/testing/snapshot.h"

namespace health_agent::agent {
namespace {

using ::testing::HasSubstr;
using vitals::testing::Snapshot;

/// An agent that says two words, or fails.
class Scripted final : public Agent {
 public:
  AgentReply scripted;
  bool fails = false;
  bool only_alive = false;

  AgentReply reply(const AgentRequest&, const OnText& on_text) override {
    if (fails) throw AgentError("the model is away");
    AgentReply reply = scripted;
    if (on_text && only_alive) {
      on_text("");
      return reply;
    }
    if (on_text) reply.cancelled = !on_text("Well, ") || !on_text("eaten.");
    return reply;
  }
  AgentType type() const noexcept override { return AgentType::kClaude; }
  std::string model() const override { return "scripted-1"; }
};

class MonitoredAgentTest : public ::testing::Test {
 protected:
  void TearDown() override { faults::set({}); }

  [[nodiscard]] double counted(std::string_view sample, Snapshot::Labels labels) const {
    return Snapshot{registry_}.total(sample, labels);
  }

  vitals::metrics::Registry registry_;
  vitals::monitor::MetricsGuard metrics_ = vitals::monitor::enable_metrics(registry_);
  std::unique_ptr<Scripted> scripted_ = std::make_unique<Scripted>();
};

TEST_F(MonitoredAgentTest, CountsASuccessWithItsTokensAndCost) {
  scripted_->scripted.usage = {.input_tokens = 120, .output_tokens = 30};
  scripted_->scripted.cost_usd = 0.25;
  MonitoredAgent agent{std::move(scripted_)};
  EXPECT_EQ(agent.type(), AgentType::kClaude);
  EXPECT_EQ(agent.model(), "scripted-1");
  static_cast<void>(agent.reply({}, {}));

  EXPECT_EQ(counted("agent_calls_total", {{"agent_type", "claude"}, {"status", "success"}}), 1);
  EXPECT_EQ(counted("agent_calls_total", {{"agent_type", "claude"}, {"status", "error"}}), 0);
  EXPECT_EQ(counted("agent_call_duration_seconds_count", {{"agent_type", "claude"}}), 1);
  EXPECT_EQ(counted("agent_tokens_used_total", {{"agent_type", "claude"}, {"token_type", "input"}}),
            120);
  EXPECT_EQ(
      counted("agent_tokens_used_total", {{"agent_type", "claude"}, {"token_type", "output"}}), 30);
  EXPECT_DOUBLE_EQ(counted("agent_cost_usd_total", {{"model", "scripted-1"}}), 0.25);
  EXPECT_EQ(counted("agent_unpriced_calls_total", {{"agent_type", "claude"}}), 0);
}

TEST_F(MonitoredAgentTest, CountsACallWithoutAPriceAsUnpriced) {
  MonitoredAgent agent{std::move(scripted_)};
  static_cast<void>(agent.reply({}, {}));
  EXPECT_EQ(counted("agent_unpriced_calls_total", {{"agent_type", "claude"}}), 1);
}

TEST_F(MonitoredAgentTest, CountsAFailureAndLetsItThrough) {
  scripted_->fails = true;
  MonitoredAgent agent{std::move(scripted_)};
  EXPECT_THROW(static_cast<void>(agent.reply({}, {})), AgentError);
  EXPECT_EQ(counted("agent_calls_total", {{"agent_type", "claude"}, {"status", "error"}}), 1);
  EXPECT_EQ(counted("agent_calls_total", {{"agent_type", "claude"}, {"status", "success"}}), 0);
  EXPECT_EQ(counted("agent_call_duration_seconds_count", {{"agent_type", "claude"}}), 1);
}

TEST_F(MonitoredAgentTest, TimesTheFirstTokenOnceAndOnlyWhenStreaming) {
  MonitoredAgent agent{std::move(scripted_)};
  static_cast<void>(agent.reply({}, {}));
  EXPECT_EQ(counted("agent_time_to_first_token_seconds_count", {{"agent_type", "claude"}}), 0);

  std::string heard;
  static_cast<void>(agent.reply({}, [&](std::string_view piece) {
    heard += piece;
    return true;
  }));
  EXPECT_EQ(heard, "Well, eaten.");
  EXPECT_EQ(counted("agent_time_to_first_token_seconds_count", {{"agent_type", "claude"}}), 1);
}

TEST_F(MonitoredAgentTest, ASignOfLifeIsNoFirstToken) {
  scripted_->only_alive = true;
  MonitoredAgent agent{std::move(scripted_)};
  static_cast<void>(agent.reply({}, [](std::string_view) { return true; }));
  EXPECT_EQ(counted("agent_time_to_first_token_seconds_count", {{"agent_type", "claude"}}), 0);
}

TEST_F(MonitoredAgentTest, IsUnwellAfterThreeFailuresInARowUntilItSucceeds) {
  Scripted& inner = *scripted_;
  MonitoredAgent agent{std::move(scripted_)};
  const auto fail = [&] { EXPECT_THROW(static_cast<void>(agent.reply({}, {})), AgentError); };
  inner.fails = true;
  fail();
  fail();
  EXPECT_TRUE(agent.healthy());
  fail();
  EXPECT_FALSE(agent.healthy());
  inner.fails = false;
  static_cast<void>(agent.reply({}, {}));
  EXPECT_TRUE(agent.healthy());
}

TEST_F(MonitoredAgentTest, AListenerWhoLeavesIsNoFailure) {
  MonitoredAgent agent{std::move(scripted_)};
  EXPECT_TRUE(agent.reply({}, [](std::string_view) { return false; }).cancelled);
  EXPECT_EQ(counted("agent_calls_total", {{"agent_type", "claude"}, {"status", "success"}}), 1);
}

TEST_F(MonitoredAgentTest, AnInjectedFaultIsAnAgentErrorThatCounts) {
  MonitoredAgent agent{std::move(scripted_)};
  faults::set({.agent = 1});
  EXPECT_THROW(static_cast<void>(agent.reply({}, {})), AgentError);
  EXPECT_EQ(counted("agent_calls_total", {{"agent_type", "claude"}, {"status", "error"}}), 1);
}

TEST_F(MonitoredAgentTest, TheServicesLocalAgentIsMonitored) {
  const std::unique_ptr<Agent> agent = make_agent();
  EXPECT_EQ(agent->type(), AgentType::kLocal);
  EXPECT_EQ(agent->model(), "local");
  AgentRequest request;
  request.message = "2 eggs for lunch";
  EXPECT_FALSE(agent->reply(request, {}).food_entries.empty());
  EXPECT_EQ(counted("agent_calls_total", {{"agent_type", "local"}, {"status", "success"}}), 1);
  EXPECT_EQ(counted("agent_tokens_used_total", {{"agent_type", "local"}, {"token_type", "input"}}),
            4);
  EXPECT_EQ(counted("agent_unpriced_calls_total", {{"agent_type", "local"}}), 0);
}

TEST(MakeAgent, RefusesANameThatIsNoneAndAMissingKey) {
  for (const std::string model : {"", "Local", "anthropic:", "openai", "mistral:7b"}) {
    try {
      static_cast<void>(make_agent({.model = model}));
      ADD_FAILURE() << model;
    } catch (const ConfigurationError& error) {
      EXPECT_THAT(error.what(), HasSubstr("'" + model + "'"));
      EXPECT_THAT(error.what(), HasSubstr("local, anthropic:MODEL or openai:MODEL"));
    }
  }
  EXPECT_THROW(static_cast<void>(make_agent({.model = "anthropic:x", .openai_api_key = "k"})),
               ConfigurationError);
  EXPECT_THROW(static_cast<void>(make_agent({.fallback_model = "openai:x"})), ConfigurationError);
}

TEST(MakeAgent, NamesModelAndTypeOfTheOneThatIsAskedFirst) {
  const auto agent =
      make_agent({.model = "openai:gpt-5.4", .fallback_model = "local", .openai_api_key = "k"});
  EXPECT_EQ(agent->type(), AgentType::kGpt4);
  EXPECT_EQ(agent->model(), "gpt-5.4");
  EXPECT_TRUE(agent->healthy());
}

}  // namespace
}  // namespace health_agent::agent

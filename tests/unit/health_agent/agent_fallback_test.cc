#include "health_agent/agent/fallback_agent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "health_agent/agent/monitored_agent.h"
#include "health_agent/errors.h"
#include "tests/unit/health_agent/agent_world.h"
#include "vitals/metrics/registry.h"
#include "vitals/testing/snapshot.h"

namespace health_agent::agent {
namespace {

using ::testing::HasSubstr;

/// Says some words, then fails or does not.
class Scripted final : public Agent {
 public:
  Scripted(AgentType type, std::string model, std::string words, bool fails)
      : type_(type), model_(std::move(model)), words_(std::move(words)), fails_(fails) {}

  AgentReply reply(const AgentRequest&, const OnText& on_text) override {
    if (on_text) on_text("");  // a sign of life is no answer
    if (on_text && !words_.empty()) on_text(words_);
    if (fails_) throw AgentError(model_ + " is away");
    AgentReply reply;
    reply.text = words_;
    return reply;
  }
  AgentType type() const noexcept override { return type_; }
  std::string model() const override { return model_; }

 private:
  AgentType type_;
  std::string model_;
  std::string words_;
  bool fails_;
};

class FallbackAgentTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { enable_metrics_once(); }
  static std::unique_ptr<Agent> one(AgentType type, const char* model, const char* words,
                                    bool fails) {
    return std::make_unique<MonitoredAgent>(std::make_unique<Scripted>(type, model, words, fails));
  }
  static FallbackAgent two(const char* first_words, bool first_fails, bool second_fails = false) {
    return {one(AgentType::kClaude, "first", first_words, first_fails),
            one(AgentType::kGpt4, "second", "second's words", second_fails)};
  }
  [[nodiscard]] double growth(std::string_view sample,
                              vitals::testing::Snapshot::Labels labels) const {
    return vitals::testing::Snapshot{vitals::metrics::default_registry()}.total(sample, labels) -
           before_.total(sample, labels);
  }

  vitals::testing::Snapshot before_{vitals::metrics::default_registry()};
};

TEST_F(FallbackAgentTest, AsksTheSecondWhenTheFirstFails) {
  FallbackAgent agent = two("", true);
  std::string heard;
  const AgentReply reply = agent.reply({}, [&](std::string_view piece) {
    heard += piece;
    return true;
  });
  EXPECT_EQ(reply.text, "second's words");
  EXPECT_EQ(heard, "second's words");
  EXPECT_EQ(growth("agent_fallbacks_total", {{"from", "first"}, {"to", "second"}}), 1);
  EXPECT_EQ(growth("agent_calls_total", {{"agent_type", "claude"}, {"status", "error"}}), 1);
  EXPECT_EQ(growth("agent_calls_total", {{"agent_type", "gpt4"}, {"status", "success"}}), 1);
  EXPECT_EQ(growth("agent_time_to_first_token_seconds_count", {{"agent_type", "claude"}}), 0);
  EXPECT_EQ(growth("agent_time_to_first_token_seconds_count", {{"agent_type", "gpt4"}}), 1);
}

TEST_F(FallbackAgentTest, LeavesTheSecondAloneWhenTheFirstAnswers) {
  FallbackAgent agent = two("first's words", false);
  EXPECT_EQ(agent.reply({}, {}).text, "first's words");
  EXPECT_EQ(growth("agent_fallbacks_total", {}), 0);
  EXPECT_EQ(growth("agent_calls_total", {{"agent_type", "gpt4"}}), 0);
}

TEST_F(FallbackAgentTest, NeverTellsASecondBeginning) {
  FallbackAgent agent = two("Well, ", true);
  std::string heard;
  EXPECT_THROW(static_cast<void>(agent.reply({},
                                             [&](std::string_view piece) {
                                               heard += piece;
                                               return true;
                                             })),
               AgentError);
  EXPECT_EQ(heard, "Well, ");
  EXPECT_EQ(growth("agent_fallbacks_total", {}), 0);
}

TEST_F(FallbackAgentTest, WhenBothFailTheSecondsFailureIsTheAnswer) {
  FallbackAgent agent = two("", true, true);
  try {
    static_cast<void>(agent.reply({}, {}));
    FAIL();
  } catch (const AgentError& error) {
    EXPECT_THAT(error.what(), HasSubstr("second is away"));
  }
  EXPECT_EQ(growth("agent_calls_total", {{"agent_type", "gpt4"}, {"status", "error"}}), 1);
}

/// Refuses, with or without something to log; a streamed refusal is not told.
class Refusing final : public Agent {
 public:
  explicit Refusing(bool logs) : logs_(logs) {}
  AgentReply reply(const AgentRequest&, const OnText&) override {
    AgentReply reply;
    reply.text = "no";
    reply.refused = true;
    if (logs_) reply.food_entries.emplace_back();
    return reply;
  }
  AgentType type() const noexcept override { return AgentType::kClaude; }
  std::string model() const override { return "first"; }

 private:
  bool logs_;
};

TEST_F(FallbackAgentTest, AsksTheSecondWhenTheFirstRefuses) {
  const auto ask = [](bool logs, bool second_fails) {
    FallbackAgent agent{std::make_unique<MonitoredAgent>(std::make_unique<Refusing>(logs)),
                        one(AgentType::kGpt4, "second", "second's words", second_fails)};
    return agent.reply({}, {});
  };
  EXPECT_EQ(ask(false, false).text, "second's words");
  EXPECT_FALSE(ask(false, false).refused);
  EXPECT_EQ(growth("agent_fallbacks_total", {{"from", "first"}, {"to", "second"}}), 2);
  EXPECT_EQ(growth("agent_calls_total", {{"agent_type", "claude"}, {"status", "error"}}), 0);
  EXPECT_EQ(ask(false, true).text, "no") << "the refusal stands";
  EXPECT_TRUE(ask(true, false).refused) << "what it logged is not logged twice";
}

TEST_F(FallbackAgentTest, IsUnwellAfterThreeFailuresOfTheFirstInARow) {
  FallbackAgent agent = two("", true);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(agent.healthy()) << i;
    static_cast<void>(agent.reply({}, {}));
  }
  EXPECT_FALSE(agent.healthy()) << "though the second answers";
}

}  // namespace
}  // namespace health_agent::agent

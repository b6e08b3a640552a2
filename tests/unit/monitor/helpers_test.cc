#include "vitals/monitor/helpers.h"

#include "tests/unit/monitor/monitored.h"
#include "vitals/context/scope.h"

namespace vitals::monitor {
namespace {

class HelpersTest : public Monitored {};

TEST_F(HelpersTest, ContextsReachTheNextEvent) {
  const context::Scope scope = context::Scope::fork();
  const context::Activation active = scope.activate();
  set_user_context("u1");
  set_request_context("r1", "save_food_entry");
  capture_message("seen", vitals::Level::kWarning, {{"kind", "probe"}});
  capture_exception(std::runtime_error{"broke"}, {{"kind", "error"}});

  const auto events = sent("event");
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0]["level"], "warning");
  EXPECT_EQ(events[0]["tags"]["kind"], "probe");
  for (const auto& event : events) {
    EXPECT_EQ(event["user"]["id"], "u1");
    EXPECT_EQ(event["tags"]["request_id"], "r1");
    EXPECT_EQ(event["tags"]["operation"], "save_food_entry");
  }
}

TEST_F(HelpersTest, InitSentryRefusesAMalformedDsnWithoutShowingIt) {
  sentry::Options options;
  options.dsn = "https://topsecret@";
  const auto guard = init_sentry(std::move(options));
  ASSERT_FALSE(guard);
  EXPECT_EQ(guard.error().message.find("topsecret"), std::string::npos);
}

TEST_F(HelpersTest, TokensAreCountedByType) {
  const double before =
      value("agent_tokens_used_total", {{"agent_type", "local"}, {"token_type", "output"}});
  track_agent_tokens(AgentType::kLocal, 3, 4);
  EXPECT_EQ(value("agent_tokens_used_total", {{"agent_type", "local"}, {"token_type", "output"}}),
            before + 4);
}

TEST_F(HelpersTest, ClientsOwnHealthIsInTheRegistry) {
  const double before =
      value("vitals_sentry_events_total", {{"category", "error"}, {"outcome", "sent"}});
  capture_message("one");
  EXPECT_TRUE(sentry::flush(std::chrono::seconds{30}));
  EXPECT_EQ(value("vitals_sentry_events_total", {{"category", "error"}, {"outcome", "sent"}}),
            before + 1);
  EXPECT_EQ(value("vitals_sentry_queue_depth"), 0);
}

}  // namespace
}  // namespace vitals::monitor

#include "vitals/monitor/bot.h"

#include "tests/unit/monitor/monitored.h"

namespace vitals::monitor {
namespace {

class UpdateScopeTest : public Monitored {};

TEST_F(UpdateScopeTest, IsATransactionOfItsOwnWithTheUser) {
  {
    UpdateScope update{"message", "42"};
    EXPECT_EQ(current_log_context().request_id, update.request_id());
    update.succeed();
  }
  EXPECT_EQ(current_log_context().request_id, "");
  EXPECT_EQ(value("bot_updates_total", {{"kind", "message"}, {"status", "success"}}), 1);
  EXPECT_EQ(value("bot_update_duration_seconds_count", {{"kind", "message"}}), 1);
  const auto transactions = sent("transaction");
  ASSERT_EQ(transactions.size(), 1U);
  EXPECT_EQ(transactions[0]["contexts"]["trace"]["op"], "queue.process");
  EXPECT_EQ(transactions[0]["user"]["id"], "42");
}

TEST_F(UpdateScopeTest, FailureIsAnEventWithTheRequestIdThatTheUserSees) {
  std::string id;
  {
    UpdateScope update{"command", "43"};
    id = update.request_id();
    update.fail_unhandled(std::runtime_error{"no"});
  }
  EXPECT_EQ(value("bot_updates_total", {{"kind", "command"}, {"status", "error"}}), 1);
  const auto events = sent("event");
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]["tags"]["request_id"], id);
  EXPECT_EQ(events[0]["user"]["id"], "43");
}

TEST_F(UpdateScopeTest, IsASessionOfItsOwn) {
  {
    UpdateScope well{"message", "user-1"};
    well.succeed();
  }
  { const UpdateScope silent{"message", "user-1"}; }
  {
    UpdateScope failed{"message", "user-1"};
    failed.fail_unhandled(std::runtime_error{"x"});
  }
  EXPECT_EQ(sessions(),
            (std::map<std::string, int>{{"exited", 1}, {"errored", 1}, {"crashed", 1}}));
}

}  // namespace
}  // namespace vitals::monitor

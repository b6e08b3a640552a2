#include "vitals/sentry/check_in.h"

#include <stdexcept>

#include "fixture.h"
#include "vitals/context/span.h"

namespace vitals::sentry {

using namespace context;  // NOLINT
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class CheckIns : public ClientTest {
 protected:
  /// Ends the client, and gives what it sent.
  [[nodiscard]] std::vector<Json> all() {
    EXPECT_TRUE(guard.end(kPlenty));
    std::vector<Json> parsed;
    for (const std::string& payload : transport->payloads("check_in"))
      parsed.push_back(Json::parse(payload));
    return parsed;
  }
  [[nodiscard]] std::string slug_of(std::string_view given) {
    start();
    { CheckIn check_in{given}; }
    const std::vector<Json> sent = all();
    transport->clear();
    return sent.empty() ? std::string{} : sent[0]["monitor_slug"].get<std::string>();
  }
};

TEST_F(CheckIns, ARunIsAStartAndAnEndOfOneId) {
  start();
  {
    CheckIn check_in{"nightly-report"};
    check_in.succeed();
    check_in.fail();
  }
  const std::vector<Json> sent = all();
  ASSERT_THAT(sent, SizeIs(2));
  EXPECT_EQ(sent[0]["status"], "in_progress");
  EXPECT_FALSE(sent[0].contains("duration"));
  EXPECT_EQ(sent[1]["status"], "ok");
  EXPECT_GE(sent[1]["duration"].get<double>(), 0.0);
  EXPECT_EQ(sent[0]["check_in_id"].get<std::string>().size(), 32U);
  EXPECT_EQ(sent[0]["check_in_id"], sent[1]["check_in_id"]);
  for (const Json& one : sent) {
    EXPECT_EQ(one["monitor_slug"], "nightly-report");
    EXPECT_EQ(one["environment"], "test");
    EXPECT_EQ(one["release"], "app@1.2.3");
    EXPECT_FALSE(one.contains("monitor_config"));
    EXPECT_EQ(one["contexts"]["trace"]["trace_id"], sent[0]["contexts"]["trace"]["trace_id"]);
  }
  EXPECT_EQ(counted(Category::kMonitor, Outcome::kSent), 2U);
}

TEST_F(CheckIns, ARunFailsUnlessItIsSaidToHaveSucceeded) {
  start();
  { CheckIn forgotten{"a"}; }
  try {
    CheckIn unwound{"b"};
    throw std::runtime_error{"x"};
  } catch (const std::runtime_error&) {
  }
  {
    CheckIn failed{"c"};
    failed.fail();
    failed.succeed();
  }
  const std::vector<Json> sent = all();
  ASSERT_THAT(sent, SizeIs(6));
  for (const std::size_t end : {1U, 3U, 5U})
    EXPECT_EQ(sent[end]["status"], "error");
}

TEST_F(CheckIns, ASchedulesMonitorIsDescribedAtBothEnds) {
  start();
  {
    CheckIn check_in{"a",
                     {.schedule = crontab("0 3 * * *"),
                      .margin = std::chrono::minutes{5},
                      .max_runtime = std::chrono::hours{2},
                      .timezone = "Europe/Berlin",
                      .owner = "team:backend",
                      .failure_issue_threshold = 2,
                      .recovery_threshold = 3}};
    check_in.succeed();
  }
  const std::vector<Json> sent = all();
  ASSERT_THAT(sent, SizeIs(2));
  EXPECT_EQ(sent[0]["monitor_config"],
            (Json{{"schedule", {{"type", "crontab"}, {"value", "0 3 * * *"}}},
                  {"checkin_margin", 5},
                  {"max_runtime", 120},
                  {"timezone", "Europe/Berlin"},
                  {"owner", "team:backend"},
                  {"failure_issue_threshold", 2},
                  {"recovery_threshold", 3}}));
  EXPECT_EQ(sent[1]["monitor_config"], sent[0]["monitor_config"]);
}

TEST_F(CheckIns, AnIntervalIsInTheLargestUnitThatFits) {
  const auto schedule_of = [this](std::chrono::minutes interval) {
    start();
    { CheckIn check_in{"a", {.schedule = every(interval)}}; }
    const std::vector<Json> sent = all();
    transport->clear();
    return sent.at(0)["monitor_config"]["schedule"];
  };
  const auto interval = [](int value, std::string_view unit) {
    return Json{{"type", "interval"}, {"value", value}, {"unit", unit}};
  };
  EXPECT_EQ(schedule_of(std::chrono::minutes{90}), interval(90, "minute"));
  EXPECT_EQ(schedule_of(std::chrono::hours{6}), interval(6, "hour"));
  EXPECT_EQ(schedule_of(std::chrono::hours{48}), interval(2, "day"));
  EXPECT_EQ(schedule_of(std::chrono::minutes{0}), interval(1, "minute"));
}

TEST_F(CheckIns, ABadSlugIsMendedAndAnEmptyOneSendsNothing) {
  EXPECT_EQ(slug_of("Nightly Report/ä"), "nightly-report---");
  EXPECT_EQ(slug_of("a_b-9"), "a_b-9");
  EXPECT_EQ(slug_of(std::string(60, 'A')), std::string(50, 'a'));
  EXPECT_EQ(slug_of("2024"), "_2024");
  EXPECT_EQ(slug_of(std::string(60, '1')), "_" + std::string(49, '1'));
  EXPECT_EQ(slug_of(""), "");
}

TEST_F(CheckIns, BelongToTheTraceThatWasActiveAtTheStart) {
  start();
  const Span transaction = start_transaction({.name = "job"});
  {
    const auto active = transaction.activate();
    CheckIn check_in{"a"};
    check_in.succeed();
  }
  const std::vector<Json> sent = all();
  ASSERT_THAT(sent, SizeIs(2));
  for (const Json& one : sent)
    EXPECT_EQ(one["contexts"]["trace"]["trace_id"], transaction.trace_id().str());
}

TEST_F(CheckIns, OneThatOutlivesTheClientDoesNothing) {
  start();
  {
    CheckIn check_in{"a"};
    EXPECT_THAT(all(), SizeIs(1));
  }
  { CheckIn unheard{"b", {.schedule = crontab("* * * * *")}}; }
  EXPECT_THAT(transport->payloads("check_in"), SizeIs(1));
}

}  // namespace
}  // namespace vitals::sentry

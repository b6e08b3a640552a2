#include "vitals/context/log.h"

#include <stdexcept>
#include <string>

#include "tests/unit/otlp/fixture.h"
#include "vitals/context/capture.h"
#include "vitals/context/scope.h"
#include "vitals/context/span.h"

namespace vitals::otlp {
namespace {

using context::LogLevel;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Logs : public ClientTest {
 protected:
  Options with_logs() {
    Options made = options();
    made.logs = {.url = "http://collector/v1/logs", .protocol = Protocol::kJson, .transport = logs};
    return made;
  }
};

TEST_F(Logs, BearTextSeverityTimesAndAttributes) {
  start(with_logs());
  const Timestamp written{std::chrono::nanoseconds{1'700'000'000'123'456'789}};
  context::log(LogLevel::kWarn, "few eggs", {{"left", 2}, {"colour", "brown"}}, written);
  const std::vector<Json> sent = records();
  ASSERT_THAT(sent, SizeIs(1));
  const Json& record = sent.front();
  EXPECT_EQ(record.at("body").at("stringValue"), "few eggs");
  EXPECT_EQ(record.at("severityNumber"), 13);
  EXPECT_EQ(record.at("severityText"), "WARN");
  EXPECT_EQ(record.at("timeUnixNano"), "1700000000123456789");
  EXPECT_GT(std::stoull(record.at("observedTimeUnixNano").get<std::string>()),
            1'700'000'000'123'456'789ULL);
  EXPECT_EQ(attribute(record, "left"), "2");
  EXPECT_EQ(attribute(record, "colour"), "brown");
  EXPECT_FALSE(record.contains("spanId"));
  EXPECT_FALSE(record.contains("flags"));
}

TEST_F(Logs, HaveTheSeverityNumbersOfOpenTelemetry) {
  struct Case {
    LogLevel level;
    int number;
    std::string_view text;
  };
  start(with_logs());
  for (const auto& [level, number, text] :
       {Case{LogLevel::kTrace, 1, "TRACE"}, Case{LogLevel::kDebug, 5, "DEBUG"},
        Case{LogLevel::kInfo, 9, "INFO"}, Case{LogLevel::kWarn, 13, "WARN"},
        Case{LogLevel::kError, 17, "ERROR"}, Case{LogLevel::kFatal, 21, "FATAL"}}) {
    context::log(level, "x");
    const Json record = records().back();
    EXPECT_EQ(record.at("severityNumber"), number);
    EXPECT_EQ(record.at("severityText"), text);
  }
}

TEST_F(Logs, BearTheIdsOfTheSpanTheyWereWrittenIn) {
  start(with_logs());
  const context::Span root = context::start_transaction({.name = "job", .op = "job"});
  {
    const context::SpanActivation active = root.activate();
    context::log(LogLevel::kInfo, "inside");
  }
  const Json record = records().front();
  EXPECT_EQ(record.at("traceId"), root.trace_id().str());
  EXPECT_EQ(record.at("spanId"), root.span_id().str());
  EXPECT_EQ(record.at("flags"), 1);
}

TEST_F(Logs, BearTheAttributesOfTheirScopeBehindTheirOwn) {
  start(with_logs());
  const context::Scope scope = context::Scope::fork();
  const context::Activation here = scope.activate();
  scope.set_attribute("team", "breakfast");
  scope.set_attribute("left", 9);
  scope.set_user({.id = "u1", .email = "u1@example"});
  context::log(LogLevel::kInfo, "x", {{"left", 2}});
  const Json record = records().front();
  EXPECT_EQ(attribute(record, "team"), "breakfast");
  EXPECT_EQ(attribute(record, "left"), "2");
  EXPECT_EQ(attribute(record, "user.id"), "u1");
  EXPECT_EQ(attribute(record, "user.email"), nullptr);
}

TEST_F(Logs, MaskWhatIsASecret) {
  start(with_logs());
  context::log(LogLevel::kInfo, "asked http://host/?token=egg", {{"api_key", "egg"}});
  const std::string sent = records().front().dump();
  EXPECT_EQ(sent.find("egg"), std::string::npos) << sent;
}

TEST_F(Logs, AnErrorOutsideOfEverySpanIsALogRecordWithItsStack) {
  start(with_logs());
  try {
    throw std::out_of_range{"no such egg"};
  } catch (const std::exception& error) {
    EXPECT_TRUE(context::capture_exception(error));
  }
  context::capture_message("the hen is away", Level::kWarning);
  const std::vector<Json> sent = records();
  ASSERT_THAT(sent, SizeIs(2));
  EXPECT_EQ(sent[0].at("eventName"), "exception");
  EXPECT_EQ(sent[0].at("severityText"), "ERROR");
  EXPECT_EQ(sent[0].at("body").at("stringValue"), "std::out_of_range: no such egg");
  EXPECT_EQ(attribute(sent[0], "exception.type"), "std::out_of_range");
  EXPECT_EQ(attribute(sent[0], "exception.message"), "no such egg");
  EXPECT_THAT(attribute(sent[0], "exception.stacktrace").get<std::string>(),
              HasSubstr("logs_test.cc:"));
  EXPECT_EQ(sent[1].at("severityText"), "WARN");
  EXPECT_EQ(sent[1].at("body").at("stringValue"), "the hen is away");
  EXPECT_FALSE(sent[1].contains("eventName"));
}

TEST_F(Logs, AnErrorWithinARecordedSpanIsSaidOnce) {
  start(with_logs());
  const context::Span root = context::start_transaction({.name = "job", .op = "job"});
  {
    const context::SpanActivation active = root.activate();
    EXPECT_TRUE(context::capture_exception(std::runtime_error{"no eggs"}));
  }
  root.finish();
  EXPECT_THAT(span("job").at("events"), SizeIs(1));
  EXPECT_THAT(records(), IsEmpty());
}

TEST_F(Logs, WhatDoesNotFitIsCounted) {
  logs->hang();
  Options given = with_logs();
  given.logs.max_queue_size = 100;
  given.logs.max_batch_size = 10;
  start(std::move(given));
  for (int i = 0; i < 1000; ++i)
    context::log(LogLevel::kInfo, "x");
  EXPECT_GE(counted(Signal::kLogs, Outcome::kQueueFull), 800U);
  EXPECT_FALSE(guard.end(50ms));
  std::uint64_t all = 0;
  for (std::size_t outcome = 0; outcome < kOutcomes; ++outcome)
    all += counted(Signal::kLogs, static_cast<Outcome>(outcome));
  EXPECT_EQ(all, 1000U);
}

TEST_F(Logs, AreNotTakenWhereTheyAreTurnedOff) {
  start();
  EXPECT_FALSE(context::takes_logs());
  context::log(LogLevel::kInfo, "x");
  EXPECT_THAT(records(), IsEmpty());
}

}  // namespace
}  // namespace vitals::otlp

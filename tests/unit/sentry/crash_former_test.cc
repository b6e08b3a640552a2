// Handlers that were there before the client's: such as end the process, and such as recover.
#include <signal.h>

#include <string>

#include "tests/unit/sentry/crash_fixture.h"

namespace vitals::sentry {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

// ThreadSanitizer stands between the kernel and handlers.
#ifndef __SANITIZE_THREAD__

class Recovering : public CrashTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(Recovering, AskedFirstItLeavesNothingToReport) {
  const Ended ended = crash("recovered", std::string{"first:"} + GetParam());
  EXPECT_EQ(ended.status, 0);
  EXPECT_EQ(ended.said, "recovered\n");
  EXPECT_THAT(reports(), IsEmpty());
}

TEST_P(Recovering, AskedFirstOnSeveralThreadsItDoesSoOnEach) {
  const Ended ended = crash("recovered_on_threads", std::string{"first:"} + GetParam());
  EXPECT_EQ(ended.status, 0);
  EXPECT_EQ(ended.said, "recovered\nrecovered\n");
  EXPECT_THAT(reports(), IsEmpty());
}

TEST_P(Recovering, AskedFirstTheCrashThatFollowsIsReported) {
  EXPECT_EQ(crash("recovered_then_null", std::string{"first:"} + GetParam()).signal(), SIGSEGV);
  EXPECT_TRUE(report().complete);
  EXPECT_EQ(function_in(event_at_next_start()), "crash_by_null");
}

TEST_P(Recovering, AskedLastTheCrashThatFollowsIsReportedToo) {
  EXPECT_EQ(crash("recovered_then_null", std::string{"then:"} + GetParam()).signal(), SIGSEGV);
  next_start();
  const std::vector<Json> events = sent("event");
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(function_in(events.back()), "crash_by_null");
}

TEST_F(CrashTest, ACrashDeeperThanOneThatAHandlerJumpedOutOfIsReported) {
  for (const char* const order : {"first:jump_once", "then:jump_once", "first:jump", "then:jump"}) {
    const Ended ended = crash("recovered_then_deeper_on_thread", order);
    EXPECT_EQ(ended.signal(), SIGSEGV);
    transport = std::make_shared<vitals::testing::MemoryTransport>();
    next_start();
    const std::vector<Json> events = sent("event");
    ASSERT_FALSE(events.empty());
    EXPECT_EQ(function_in(events.back()), "crash_by_null") << order;
    guard.end();
  }
}

TEST_F(CrashTest, FaultsThatAreEachDeeperAreAllRecoveredFrom) {
  for (const char* const former : {"first:jump_once", "then:jump_once", "first:jump", "then:jump",
                                   "first:longjmp", "then:longjmp"}) {
    const Ended ended = crash("recovered_deeper_on_thread", former);
    EXPECT_EQ(ended.status, 0) << former;
    EXPECT_EQ(ended.said, "recovered\n") << former;
  }
}

TEST_F(CrashTest, AbortsThatAreEachDeeperAreAllRecoveredFrom) {
  for (const char* const former : {"first:jump", "then:jump"}) {
    const Ended ended = crash("aborts_deeper_on_thread", former);
    EXPECT_EQ(ended.status, 0) << former;
    EXPECT_EQ(ended.said, "recovered\n") << former;
  }
}

class CalledOnce : public CrashTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(CalledOnce, IsCalledOnceAndTheCrashIsReported) {
  const Ended ended = crash("null", GetParam());
  EXPECT_EQ(ended.signal(), SIGSEGV);
  EXPECT_EQ(ended.said, "called\n");
  EXPECT_THAT(reports(), SizeIs(1));
}

INSTANTIATE_TEST_SUITE_P(, CalledOnce, ::testing::Values("first:once", "then:once"),
                         [](const auto& order) {
                           const std::string_view name{order.param};
                           return std::string{name.substr(0, name.find(':'))};
                         });

#if defined(__x86_64__)
constexpr std::array kRecovering{"jump", "longjmp", "page", "register"};
#else
constexpr std::array kRecovering{"jump", "longjmp", "page"};
#endif
INSTANTIATE_TEST_SUITE_P(Ways, Recovering, ::testing::ValuesIn(kRecovering),
                         [](const auto& way) { return std::string{way.param}; });

#if defined(__x86_64__)
TEST_F(CrashTest, AReportThatTurnsOutToBeOfNothingFatalIsRemoved) {
  EXPECT_EQ(crash("recovered", "then:register").status, 0);
  EXPECT_THAT(reports(), IsEmpty());
}
#endif

struct End {
  const char* former;
  int signal;
};

class GivingUp : public CrashTest, public ::testing::WithParamInterface<End> {};

TEST_P(GivingUp, AskedFirstTheCrashIsReportedAsItWas) {
  const Ended ended = crash("null", std::string{"first:"} + GetParam().former);
  EXPECT_EQ(ended.signal(), GetParam().signal);
  EXPECT_THAT(reports(), SizeIs(1));
  const Json event = event_at_next_start();
  EXPECT_EQ(function_in(event), "crash_by_null");
  EXPECT_EQ(event["exception"]["values"][0]["type"], "SIGSEGV");
}

constexpr std::array kEnds{End{"reset", SIGSEGV}, End{"raise", SIGSEGV}, End{"nothing", SIGSEGV},
                           End{"slow", SIGSEGV}, End{"abort", SIGABRT}};
INSTANTIATE_TEST_SUITE_P(Ways, GivingUp, ::testing::ValuesIn(kEnds),
                         [](const auto& way) { return std::string{way.param.former}; });

TEST_F(CrashTest, AnAbortUnderAHandlerThatReturnsIsReported) {
  EXPECT_EQ(crash("abort", "first:nothing").signal(), SIGABRT);
  EXPECT_THAT(reports(), SizeIs(1));
}

#endif

TEST_F(CrashTest, ACrashSaysItsSignalAndThread) {
  crash("null_on_thread");
  const Json event = event_at_next_start();
  const Json& exception = event["exception"]["values"][0];
  EXPECT_EQ(exception["mechanism"]["synthetic"], true);
  EXPECT_EQ(exception["mechanism"]["meta"]["signal"], (Json{{"number", SIGSEGV},
                                                            {"code", SEGV_MAPERR},
                                                            {"name", "SIGSEGV"},
                                                            {"code_name", "SEGV_MAPERR"}}));
  const Json thread = event["contexts"]["crash"]["thread_id"];
  EXPECT_EQ(exception["thread_id"], thread);
  EXPECT_EQ(
      event["threads"]["values"],
      Json::array({{{"id", thread}, {"name", "worker-7"}, {"crashed", true}, {"current", true}}}));
}

TEST_F(CrashTest, AnUncaughtExceptionIsNotSynthetic) {
  crash("exception");
  const Json event = event_at_next_start();
  const Json& mechanism = event["exception"]["values"][0]["mechanism"];
  EXPECT_FALSE(mechanism.contains("synthetic"));
  EXPECT_EQ(mechanism["meta"]["signal"]["name"], "SIGABRT");
  EXPECT_EQ(event["threads"]["values"][0]["main"], true);
}

}  // namespace
}  // namespace vitals::sentry

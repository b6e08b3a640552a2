#include <signal.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "crash/report.h"
#include "tests/unit/sentry/crash_fixture.h"

namespace vitals::sentry {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

TEST_F(CrashTest, ASegmentationFaultIsAnEventAtTheNextStart) {
  EXPECT_EQ(crash("null").signal(), SIGSEGV);
  EXPECT_TRUE(report().complete);
  const Json event = event_at_next_start();
  const Json& exception = event["exception"]["values"][0];
  EXPECT_EQ(exception["type"], "SIGSEGV");
  EXPECT_EQ(exception["value"], "Segmentation fault at 0x0 (address not mapped)");
  EXPECT_EQ(exception["mechanism"]["type"], "signalhandler");
  EXPECT_EQ(exception["mechanism"]["handled"], false);
  EXPECT_EQ(event["level"], "fatal");
  EXPECT_EQ(event["release"], "crasher@3.2.1");
  EXPECT_EQ(event["environment"], "crashing");
  EXPECT_EQ(event["server_name"], "crash-box");
  EXPECT_EQ(event["dist"], "dist-7");
  EXPECT_EQ(event["user"]["id"], "user-9");
  EXPECT_EQ(event["tags"]["colour"], "red");
  EXPECT_EQ(event["breadcrumbs"]["values"].size(), 100U);
  EXPECT_EQ(event["breadcrumbs"]["values"].back()["message"], "step 149");
  EXPECT_EQ(event["contexts"]["crash"]["signal"], "SIGSEGV");
  EXPECT_EQ(event["contexts"]["crash"]["fault_address"], "0x0");
  EXPECT_THAT(reports(), IsEmpty());
}

TEST_F(CrashTest, NothingIsReportedWhereNothingCrashed) {
  EXPECT_EQ(crash("none").status, 0);
  EXPECT_THAT(reports(), IsEmpty());
  next_start();
  EXPECT_THAT(sent("event"), IsEmpty());
}

/// A way to crash, and what is to be seen of it.
struct Way {
  const char* name;
  int signal;
  const char* type;
  const char* text;  // in the exception's value
  const char* function;
};

class EveryCrash : public CrashTest, public ::testing::WithParamInterface<Way> {};

TEST_P(EveryCrash, DiesByItsSignalAndLeavesOneReportThatNamesTheFunction) {
  const Way& way = GetParam();
  EXPECT_EQ(crash(way.name).signal(), way.signal);
  EXPECT_TRUE(report().complete);
  next_start();
  // What was captured before is there as well.
  const std::vector<Json> events = sent("event");
  const auto crash_event = std::find_if(events.begin(), events.end(),
                                        [](const Json& one) { return one["level"] == "fatal"; });
  ASSERT_NE(crash_event, events.end());
  const Json& event = *crash_event;
  EXPECT_THAT(function_in(event), StartsWith(way.function)) << event["exception"].dump(1);
  const Json& exception = event["exception"]["values"][0];
  EXPECT_EQ(exception["type"], way.type);
  EXPECT_THAT(exception["value"].get<std::string>(), HasSubstr(way.text));
  EXPECT_EQ(event["user"]["id"], "user-9");
  EXPECT_FALSE(event["breadcrumbs"]["values"].empty());
  EXPECT_THAT(reports(), IsEmpty());
}

constexpr std::array kWays{
    Way{"null", SIGSEGV, "SIGSEGV", "address not mapped", "crash_by_null"},
    Way{"null_on_thread", SIGSEGV, "SIGSEGV", "address not mapped", "crash_by_null"},
    Way{"null_call", SIGSEGV, "SIGSEGV", "address not mapped", "crash_by_call_to_null"},
    Way{"abort", SIGABRT, "SIGABRT", "sent by the process itself", "crash_by_abort"},
    Way{"kill", SIGSEGV, "SIGSEGV", "sent by the process itself", "crash_by_kill"},
    Way{"division", SIGFPE, "SIGFPE", "integer division by zero", "crash_by_division"},
    Way{"instruction", SIGILL, "SIGILL", "illegal op", "crash_by_bad_instruction"},
    Way{"bus", SIGBUS, "SIGBUS", "no memory behind the address", "crash_by_bus_error"},
    Way{"recursion", SIGSEGV, "SIGSEGV", "at 0x", "crash_by_deep_recursion"},
    Way{"recursion_on_thread", SIGSEGV, "SIGSEGV", "at 0x", "crash_by_deep_recursion"},
#ifndef VITALS_SANITIZED
    // The sanitizers' own malloc finds these, and ends the process as it likes.
    Way{"double_free", SIGABRT, "SIGABRT", "sent by", "crash_by_double_free"},
    Way{"malloc", SIGABRT, "SIGABRT", "sent by", "crash_in_malloc"},
#endif
    Way{"two", SIGSEGV, "SIGSEGV", "address not mapped", "crash_by_null"},
    Way{"captured", SIGSEGV, "SIGSEGV", "address not mapped", "crash_by_null"},
    Way{"exception", SIGABRT, "std::out_of_range", "nobody was ready", "crash_by_exception"},
    Way{"exception_on_thread", SIGABRT, "std::out_of_range", "nobody was", "crash_by_exception"},
    Way{"noexcept", SIGABRT, "std::out_of_range", "nobody was ready", "crash_by_exception"},
    Way{"thrown_int", SIGABRT, "int", "", ""},
    Way{"terminate", SIGABRT, "std::terminate", "without an active exception",
        "crash_by_terminate"},
    Way{"unprintable", SIGSEGV, "(anonymous namespace)::Unprintable", "", ""},
};

INSTANTIATE_TEST_SUITE_P(Ways, EveryCrash, ::testing::ValuesIn(kWays),
                         [](const auto& way) { return std::string{way.param.name}; });

TEST_F(CrashTest, TheScopeIsThatOfTheThreadThatCrashed) {
  crash("null_on_thread");
  const Json event = event_at_next_start();
  EXPECT_EQ(event["tags"]["place"], "thread");
  EXPECT_EQ(event["tags"]["colour"], "red");
  EXPECT_EQ(event["contexts"]["crash"]["thread_name"], "worker-7");
  // A fork takes no breadcrumbs from the global scope.
  ASSERT_EQ(event["breadcrumbs"]["values"].size(), 1U);
  EXPECT_EQ(event["breadcrumbs"]["values"][0]["message"], "on the thread");
}

TEST_F(CrashTest, WhatTheScopeBorrowedIsReported) {
  crash("lent");
  EXPECT_TRUE(report().request_active);
  const Json event = event_at_next_start();
  EXPECT_EQ(event["tags"]["request_id"], "r-17");
  EXPECT_EQ(event["request"]["method"], "GET");
  EXPECT_EQ(event["request"]["url"], "https://box/users/17");
  EXPECT_EQ(event["request"]["headers"], (Json{{"Accept", "text/html"},
                                               {"Authorization", "[Filtered]"},
                                               {"Host", "box:8080"},
                                               {"User-Agent", "curl/8"},
                                               {"Cookie", "[Filtered]"}}));
}

TEST_F(CrashTest, WhoSomebodyIsDoesNotStandInAReportOnDisk) {
  crash("lent");
  ASSERT_THAT(reports(), SizeIs(1));
  const std::string bytes = bytes_of(reports().front());
  EXPECT_THAT(bytes, HasSubstr("curl/8"));
  EXPECT_THAT(bytes, Not(HasSubstr("who=me")));
  EXPECT_THAT(bytes, Not(HasSubstr("YWJj")));
}

TEST_F(CrashTest, TheTransactionUnderWayIsNamed) {
  crash("transaction");
  const Json event = event_at_next_start();
  EXPECT_EQ(event["transaction"], "GET /x");
  const std::string trace = event["contexts"]["trace"]["trace_id"];
  EXPECT_EQ(trace.size(), 32U);
  const Json context = trace_of_crash();
  EXPECT_EQ(context["trace_id"], trace);
  EXPECT_EQ(context["sampled"], "true");
  EXPECT_EQ(context["sample_rate"], "1");
  EXPECT_EQ(context["transaction"], "GET /x");
  EXPECT_EQ(context["release"], "crasher@3.2.1");
  EXPECT_EQ(context["environment"], "crashing");
  EXPECT_TRUE(context.contains("public_key"));
}

TEST_F(CrashTest, OutsideOfEverySpanTheTraceIsTheScopes) {
  const Ended ended = crash("outside_spans");
  const Json trace = event_at_next_start()["contexts"]["trace"];
  EXPECT_EQ(trace["trace_id"], ended.said.substr(0, 32));
  EXPECT_EQ(trace["span_id"], ended.said.substr(33, 16));
  EXPECT_EQ(trace_of_crash()["trace_id"], trace["trace_id"]);
}

TEST_F(CrashTest, WhereNobodyHasAskedForATraceTheCrashHasOneToo) {
  for (const char* const way : {"null", "exception", "null_on_thread"}) {
    crash(way);
    transport = std::make_shared<vitals::testing::MemoryTransport>();
    const Json trace = event_at_next_start()["contexts"]["trace"];
    EXPECT_EQ(trace["trace_id"].get<std::string>().size(), 32U) << way;
    EXPECT_EQ(trace["span_id"].get<std::string>().size(), 16U) << way;
    EXPECT_EQ(trace_of_crash()["trace_id"], trace["trace_id"]) << way;
    EXPECT_EQ(trace_of_crash()["release"], "crasher@3.2.1") << way;
    guard.end();
  }
}

TEST_F(CrashTest, AttachmentsOfBothScopesComeAlongAndTheReportIsWhole) {
  crash("attachments");
  const crash::detail::CrashReport found = report();
  EXPECT_TRUE(found.complete);
  ASSERT_THAT(found.attachments, SizeIs(2));
  EXPECT_EQ(found.attachments[0].filename, "of-all");
  EXPECT_EQ(*found.attachments[0].bytes, std::string(1'500'000, 'a'));
  EXPECT_EQ(found.attachments[1].filename, "of-one");
  EXPECT_EQ(*found.attachments[1].bytes, std::string(1'500'000, 'b'));
}

TEST_F(CrashTest, WhatIsInFlightIsCopiedWhereTheServerKnowsItAgain) {
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(crash("in_flight", "silent").signal(), SIGSEGV);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 8s) << "there was nothing to wait for";
  next_start();
  EXPECT_EQ(wait_for("event", 2), 2U) << "with the crash";
  EXPECT_EQ(wait_for("log", 1), 1U);
  wait_until_nothing_waits();
  EXPECT_THAT(sent("sessions"), IsEmpty()) << "the server may have counted it";
}

TEST_F(CrashTest, WhatWaitsIsSentWhereItCannotBeWrittenDown) {
  const Ended ended = crash("many_waiting", "opening");
  EXPECT_EQ(ended.signal(), SIGSEGV);
  EXPECT_EQ(std::count(ended.said.begin(), ended.said.end(), '\n'), 50);
  EXPECT_THAT(reports(), SizeIs(1));
}

// ThreadSanitizer stands between the kernel and a handler, and a fault within one ends otherwise.
#ifndef __SANITIZE_THREAD__
TEST_F(CrashTest, AFaultWithinTheHandlerCostsOneStepAlone) {
  EXPECT_EQ(crash("broken_loan").signal(), SIGSEGV);
  EXPECT_TRUE(report().complete);
  const Json event = event_at_next_start();
  EXPECT_EQ(event["tags"]["place"], "loan");
  EXPECT_EQ(event["contexts"]["crash"]["fault_address"], "0x0");
  EXPECT_EQ(function_in(event), "crash_by_null");
}

TEST_F(CrashTest, UnderTheGlobalScopesLockTheTransactionUnderWayIsKept) {
  EXPECT_EQ(crash("transaction_under_global_lock", "silent").signal(), SIGSEGV);
  next_start();
  EXPECT_EQ(wait_for("transaction", 1), 1U);
  EXPECT_EQ(wait_for("event", 1), 1U);
}

#endif

#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
/// A signal on its way to a traced thread, and where that thread was.
struct Delivery {
  siginfo_t info;
  user_regs_struct registers;
};

std::vector<Delivery> deliveries(Child& child) {
  std::vector<Delivery> seen;
  int status = 0;
  while (waitpid(child.process(), &status, 0) > 0 && WIFSTOPPED(status)) {
    Delivery delivery{};
    ptrace(PTRACE_GETSIGINFO, child.process(), nullptr, &delivery.info);
    ptrace(PTRACE_GETREGS, child.process(), nullptr, &delivery.registers);
    seen.push_back(delivery);
    ptrace(PTRACE_CONT, child.process(), nullptr, WSTOPSIG(status));
  }
  child.reaped();
  return seen;
}

TEST_F(CrashTest, TheSignalThatEndsTheProcessIsTheFaultAsItWas) {
  for (const auto& [way, count] : {std::pair{"null", 2U}, std::pair{"broken_loan", 3U}}) {
    Child child{{way, folder.string(), "traced"}};
    const std::vector<Delivery> seen = deliveries(child);
    ASSERT_THAT(seen, SizeIs(count)) << way;
    EXPECT_EQ(seen.back().info.si_signo, SIGSEGV);
    EXPECT_EQ(seen.back().info.si_code, SEGV_MAPERR);
    EXPECT_EQ(seen.back().info.si_addr, seen.front().info.si_addr);
    EXPECT_EQ(seen.back().registers.rip, seen.front().registers.rip);
    EXPECT_EQ(seen.back().registers.rsp, seen.front().registers.rsp);
    EXPECT_EQ(seen.back().registers.rax, seen.front().registers.rax);
  }
}
#endif

TEST_F(CrashTest, AFormerHandlerIsCalledOnce) {
  const Ended ended = crash("null", "former");
  EXPECT_EQ(ended.signal(), SIGSEGV);
  EXPECT_EQ(ended.said, "former handler, call 1\n");
  EXPECT_THAT(reports(), SizeIs(1));
}

TEST_F(CrashTest, AFormerTerminateHandlerIsCalledAndItsAbortIsNotOneMoreCrash) {
  const Ended ended = crash("exception", "former");
  EXPECT_EQ(ended.signal(), SIGABRT);
  EXPECT_EQ(ended.said, "former terminate handler\n");
  EXPECT_EQ(report().facts.kind, crash::detail::CrashKind::kTerminate);
}

TEST_F(CrashTest, AfterTheClientsEndTheHandlersAreGone) {
  const Ended ended = crash("null", "ended");
  EXPECT_EQ(ended.signal(), SIGSEGV);
  EXPECT_THAT(reports(), IsEmpty());
}

TEST_F(CrashTest, AfterTheClientsEndAFormerHandlerIsBack) {
  next_start();
  struct sigaction during {};
  sigaction(SIGSEGV, nullptr, &during);
  guard.end();
  struct sigaction after {};
  sigaction(SIGSEGV, nullptr, &after);
  EXPECT_NE(during.sa_sigaction, after.sa_sigaction);
}

TEST_F(CrashTest, AHandlerThatCameLaterIsLeftAlone) {
  next_start();
  struct sigaction own {};
  own.sa_handler = [](int) {};
  sigaction(SIGFPE, &own, nullptr);
  guard.end();
  struct sigaction after {};
  sigaction(SIGFPE, nullptr, &after);
  EXPECT_EQ(after.sa_handler, own.sa_handler);
  own.sa_handler = SIG_DFL;
  sigaction(SIGFPE, &own, nullptr);
}

TEST_F(CrashTest, AFullDiskDoesNotChangeTheSignal) {
  EXPECT_EQ(crash("no_room").signal(), SIGSEGV);
  EXPECT_EQ(crash("no_room_exception").signal(), SIGABRT);
  EXPECT_THAT(reports(), IsEmpty());
}

TEST_F(CrashTest, AFolderThatCannotBeMadeDoesNotStopTheServiceNorChangeTheSignal) {
  std::ofstream{folder / "crashes"} << "in the way";
  EXPECT_EQ(crash("none").status, 0);
  EXPECT_EQ(crash("null").signal(), SIGSEGV);
}

TEST_F(CrashTest, AFolderThatIsGoneDoesNotChangeTheSignal) {
  Child child{{"wait", folder.string()}};
  child.wait_for_line();
  fs::remove_all(folder);
  kill(child.process(), SIGBUS);
  EXPECT_EQ(child.wait().signal(), SIGBUS);
}

TEST_F(CrashTest, ASignalFromOutsideSaysWhoSentIt) {
  Child child{{"wait", folder.string()}};
  child.wait_for_line();
  kill(child.process(), SIGSEGV);
  EXPECT_EQ(child.wait().signal(), SIGSEGV);
  const Json event = event_at_next_start();
  EXPECT_EQ(event["exception"]["values"][0]["value"],
            "Segmentation fault (sent by process " + std::to_string(getpid()) + ')');
  EXPECT_EQ(event["contexts"]["crash"]["code_name"], "SI_USER");
}

TEST_F(CrashTest, ASignalThatWasIgnoredStaysIgnored) {
  Child child{{"wait", folder.string(), "ignored"}};
  child.wait_for_line();
  kill(child.process(), SIGABRT);
  kill(child.process(), SIGTERM);
  EXPECT_EQ(child.wait().signal(), SIGTERM);
  EXPECT_THAT(reports(), IsEmpty());
}

TEST_F(CrashTest, AHandlerThatHangsEndsByItsDeadline) {
  EXPECT_EQ(crash("hanging").signal(), SIGABRT);
  // What it had written is there for the start after the next minute.
  ASSERT_THAT(reports(), SizeIs(1));
  EXPECT_EQ(reports().front().extension(), ".tmp");
  const crash::detail::CrashReport torn = report();
  EXPECT_FALSE(torn.complete);
  EXPECT_THAT(torn.exception_type, HasSubstr("Hanging"));
  EXPECT_FALSE(torn.scope.breadcrumbs.empty());
}

}  // namespace
}  // namespace vitals::sentry

// What was captured before a process ended, in whatever way, arrives.
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "fixture.h"
#include "ledger.h"
#include "tests/unit/temp_folder.h"
#include "tests/unit/tiny_server.h"

namespace vitals::sentry {
namespace {

using ::testing::Contains;
using ::testing::IsSupersetOf;
using ::testing::SizeIs;
namespace fs = std::filesystem;

constexpr int kMany = 50;

class LastTest : public ClientTest {
 protected:
  LastTest() {
    pace.replay = 1ms;
    // Where another user's process may write to it, as after setuid(), it is still found.
    fs::permissions(folder.path(), fs::perms::all);
    cache = folder.path() + "/cache";
  }
  ~LastTest() override { guard.end(); }

  [[nodiscard]] std::string dsn() const {
    return "http://k@127.0.0.1:" + std::to_string(server.port()) + "/1";
  }
  /// Runs it to its end and returns its status.
  int run(const std::string& how, int count, const std::string& more = {}) const {
    const pid_t pid = fork();
    if (pid == 0) {
      alarm(120);  // one that hangs is ended
      execl(LAST_PROGRAM, LAST_PROGRAM, how.c_str(), dsn().c_str(), cache.c_str(),
            std::to_string(count).c_str(), more.c_str(), nullptr);
      _exit(127);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return status;
  }
  /// The next start of a service, on a server that answers.
  void next_start() {
    Options next = options();
    next.dsn = dsn();
    next.cache_dir = cache;
    start(std::move(next));
    EXPECT_TRUE(flush(kPlenty));
  }
  /// Waits until all that was on disk has been sent.
  void wait_until_nothing_waits() {
    while (stats().spool_bytes > 0)
      std::this_thread::sleep_for(1ms);
    EXPECT_TRUE(flush(kPlenty));
  }
  [[nodiscard]] std::vector<Json> all(std::string_view type) const {
    std::vector<Json> found;
    for (const std::string& payload : transport->payloads(type))
      found.push_back(Json::parse(payload));
    return found;
  }
  /// What the exceptions said, and messages.
  [[nodiscard]] static std::multiset<std::string> words(const std::vector<Json>& events) {
    std::multiset<std::string> said;
    for (const Json& event : events) {
      if (event.contains("exception")) said.insert(event["exception"]["values"].back()["value"]);
      if (event.contains("logentry")) said.insert(event["logentry"]["formatted"]);
    }
    return said;
  }
  [[nodiscard]] static std::multiset<std::string> all_errors(int count) {
    std::multiset<std::string> said;
    for (int i = 0; i < count; ++i)
      said.insert("error " + std::to_string(i));
    return said;
  }

  TempFolder folder;
  std::string cache;
  // Takes a request and never answers, so that all waits.
  TinyServer server{std::vector<TinyAnswer>{{}}};
};

struct Way {
  const char* how;
  int crashes;  // reports of its own
};

class EveryEnd : public LastTest, public ::testing::WithParamInterface<Way> {};

TEST_P(EveryEnd, KeepsAllThatWaited) {
  const int status = run(GetParam().how, kMany);
  EXPECT_FALSE(WIFEXITED(status) && WEXITSTATUS(status) > 1) << status;
  next_start();
  wait_until_nothing_waits();
  const std::vector<Json> events = all("event");
  EXPECT_THAT(words(events), IsSupersetOf(all_errors(kMany)));
  EXPECT_THAT(events, SizeIs(kMany + GetParam().crashes)) << "and none twice";
  for (const Json& event : events) {
    if (event["level"] != "fatal") {
      EXPECT_EQ(event["tags"]["hook"], "ran");
    }
  }
}

constexpr std::array kWays{
    Way{"return", 0},
    Way{"exit", 0},
    Way{"exit_on_thread", 0},
    Way{"exit_while_busy", 0},
    Way{"exit_in_handler", 0},
    Way{"exit_in_handler_while_ending", 0},
    Way{"null", 1},
    Way{"null_on_thread", 1},
    Way{"null_while_busy", 1},
    Way{"abort", 1},
    Way{"terminate", 1},
    Way{"uncaught", 1},
    Way{"division", 1},
#ifndef VITALS_SANITIZED
    // The sanitizers' own malloc finds it, and ends the process as it likes.
    Way{"heap", 1},
#endif
};

INSTANTIATE_TEST_SUITE_P(Ways, EveryEnd, ::testing::ValuesIn(kWays),
                         [](const auto& way) { return std::string{way.param.how}; });

#ifndef __SANITIZE_THREAD__
TEST_F(LastTest, AnExitWithinAHandlerThatInterruptsAFlushKeepsAllWhateverLockItHolds) {
  for (int lock = 1; lock <= 6; ++lock) {
    const int status = run("exit_in_handler_under_a_lock", kMany, std::to_string(lock));
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 1) << status;
    transport = std::make_shared<vitals::testing::MemoryTransport>();
    next_start();
    wait_until_nothing_waits();
    EXPECT_EQ(words(all("event")), all_errors(kMany)) << "lock " << lock;
    guard.end(kPlenty);
  }
}
#endif

TEST_F(LastTest, AnExitWithinAHookKeepsAllButWhatTheHookHadInHand) {
  const int status = run("exit_in_hook", kMany);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 1) << status;
  next_start();
  wait_until_nothing_waits();
  std::multiset<std::string> wanted = all_errors(kMany);
  wanted.erase("error 0");
  EXPECT_EQ(words(all("event")), wanted);
}

TEST_F(LastTest, AfterTheRightsToTheFolderAreGoneWhatWaitsIsSent) {
  ASSERT_EQ(geteuid(), 0U) << "only root may become another user";
  server.answer_with({{.bytes = TinyServer::answer(200), .delay = 5ms}});
  run("other_user", kMany, "answered");
  EXPECT_THAT(Ledger{server.accepted()}.events, SizeIs(1 + kMany));
}

TEST_F(LastTest, StaticsThatCaptureAtExitAreHeard) {
  run("exit_with_static", 1);
  next_start();
  wait_until_nothing_waits();
  EXPECT_EQ(words(all("event")), (std::multiset<std::string>{"a younger static ends",
                                                             "an older static ends", "error 0"}));
}

TEST_F(LastTest, WithoutAFolderAllIsSentBeforeTheEnd) {
  server.answer_with({{.bytes = TinyServer::answer(200)}});
  cache.clear();
  for (const char* const how : {"exit", "abort", "null", "uncaught"}) {
    const std::size_t earlier = Ledger{server.accepted()}.events.size();
    run(how, kMany, "answered");
    EXPECT_EQ(Ledger{server.accepted()}.events.size() - earlier, std::size_t{1 + kMany}) << how;
  }
}

TEST_F(LastTest, ACrashKeepsWhatIsNoErrorToo) {
  run("null", 0, "everything");
  next_start();
  wait_until_nothing_waits();
  std::uint64_t exited = 0;
  std::uint64_t crashed = 0;
  for (const Json& item : all("sessions")) {
    EXPECT_EQ(item["attrs"]["release"], "last@1");
    for (const Json& minute : item["aggregates"]) {
      exited += minute.value("exited", 0U);
      crashed += minute.value("crashed", 0U);
    }
  }
  EXPECT_EQ(exited, 3U);
  EXPECT_EQ(crashed, 0U) << "no request was being served";
  std::set<std::string> lines;
  for (const Json& item : all("log")) {
    for (const Json& line : item["items"])
      lines.insert(line["body"]);
  }
  EXPECT_THAT(lines, SizeIs(5));

  const std::vector<Json> transactions = all("transaction");
  ASSERT_THAT(transactions, SizeIs(1));
  EXPECT_EQ(transactions[0]["transaction"], "GET /last");
  EXPECT_EQ(transactions[0]["contexts"]["trace"]["status"], "aborted");
  EXPECT_EQ(transactions[0]["spans"][0]["status"], "aborted");
  const std::vector<Json> events = all("event");
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0]["contexts"]["trace"]["trace_id"],
            transactions[0]["contexts"]["trace"]["trace_id"]);
  const std::vector<std::string> files = transport->payloads("attachment");
  ASSERT_THAT(files, SizeIs(2));
  EXPECT_EQ(files[0], std::string(600'000, 'b'));
  EXPECT_EQ(files[1], "written before the crash");
}

TEST_F(LastTest, ACrashIsReportedWithoutAFreeDescriptor) {
  run("no_descriptors", 0);
  next_start();
  EXPECT_THAT(all("event"), SizeIs(1));
}

TEST_F(LastTest, ACrashIsReportedAfterTheRightsToTheFolderAreGone) {
  std::vector<const char*> ways{"closed_folder"};
  if (geteuid() == 0) ways.insert(ways.end(), {"other_user", "other_root"});  // it alone may
  for (const char* const how : ways) {
    EXPECT_TRUE(WIFSIGNALED(run(how, 0))) << how;
    fs::permissions(cache, fs::perms::owner_all);
    transport = std::make_shared<vitals::testing::MemoryTransport>();
    next_start();
    EXPECT_THAT(all("event"), SizeIs(1)) << how;
    guard.end(kPlenty);
  }
}

TEST_F(LastTest, AnUncaughtExceptionIsReportedWithAllItsCauses) {
  run("nested", 0);
  next_start();
  const std::vector<Json> events = all("event");
  ASSERT_THAT(events, SizeIs(1));
  const Json& values = events[0]["exception"]["values"];
  ASSERT_THAT(values, SizeIs(3));
  EXPECT_EQ(values[0]["value"], "the cable is cut");
  EXPECT_EQ(values[1]["value"], "no answer");
  EXPECT_EQ(values[2]["value"], "no page");
  EXPECT_EQ(values[0]["type"], "std::runtime_error");
  EXPECT_EQ(values[0]["mechanism"]["parent_id"], 1);
  EXPECT_EQ(values[2]["mechanism"]["exception_id"], 0);
  for (const Json& value : values)
    EXPECT_FALSE(value["stacktrace"]["frames"].empty());
}

TEST_F(LastTest, WhatStoodReadyForACrashIsGoneAfterAnyEndWithoutOne) {
  for (const char* const how : {"return", "exit"})
    run(how, 0);
  for (const char* const below : {"crashes", "prepared"}) {
    EXPECT_EQ(std::distance(fs::directory_iterator{cache + '/' + below}, {}), 0) << below;
  }
}

}  // namespace
}  // namespace vitals::sentry

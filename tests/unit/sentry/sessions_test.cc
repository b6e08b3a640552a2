#include "sentry/items/sessions.h"
#include "sentry/items.h"

#include <array>
#include <map>
#include <stdexcept>
#include <thread>

#include "fixture.h"
#include "vitals/context/capture.h"
#include "vitals/context/scope.h"
#include "vitals/sentry/session.h"

namespace vitals::sentry {

using namespace context;  // NOLINT
namespace {

class Sessions : public ClientTest {
 protected:
  /// Ends the client, and adds up what it sent.
  [[nodiscard]] std::map<std::string, int> totals() {
    EXPECT_TRUE(guard.end(kPlenty));
    std::map<std::string, int> sums;
    for (const std::string& payload : transport->payloads("sessions")) {
      const Json item = Json::parse(payload);
      for (const Json& row : item["aggregates"]) {
        for (const auto& [name, value] : row.items()) {
          if (value.is_number()) sums[name] += value.get<int>();
        }
      }
    }
    return sums;
  }
  using Totals = std::map<std::string, int>;
};

TEST_F(Sessions, AreSentByMinuteWithReleaseAndEnvironment) {
  start();
  record_session();
  record_session(SessionStatus::kErrored);
  record_session(SessionStatus::kAbnormal);
  record_session(SessionStatus::kCrashed);
  record_session();
  ASSERT_TRUE(guard.end(kPlenty));

  const std::vector<std::string> payloads = transport->payloads("sessions");
  ASSERT_EQ(payloads.size(), 1U);
  const Json item = Json::parse(payloads[0]);
  EXPECT_EQ(item["attrs"], (Json{{"release", "app@1.2.3"}, {"environment", "test"}}));
  for (const Json& row : item["aggregates"]) {
    const std::string started = row["started"];
    EXPECT_EQ(started.substr(16), ":00.000000Z") << started;
  }
  EXPECT_EQ(totals(), (Totals{{"exited", 2}, {"errored", 1}, {"abnormal", 1}, {"crashed", 1}}));
}

TEST_F(Sessions, AreNotCountedWithoutAReleaseOrWhenNotWanted) {
  Options given = options();
  given.release.clear();
  start(given);
  record_session();
  EXPECT_EQ(totals(), Totals{});
  given = options();
  given.track_sessions = false;
  start(given);
  record_session();
  detail::record_session_at(Timestamp{1s}, SessionStatus::kCrashed, "old@1", "x");
  EXPECT_EQ(totals(), Totals{});
}

TEST_F(Sessions, AScopeKnowsTheWorstThatWasCapturedInIt) {
  start();
  const auto work = [](auto capture) {
    const Scope scope = Scope::fork();
    {
      const auto active = scope.activate();
      capture();
    }
    scope.end_work();
  };
  const std::runtime_error error{"x"};
  work([] {});
  work([&] { capture_exception(error); });
  work([&] {
    capture_exception(error, {.handled = false});
    capture_exception(error);
  });
  EXPECT_EQ(totals(), (Totals{{"exited", 1}, {"errored", 1}, {"crashed", 1}}));
}

TEST_F(Sessions, WhatIsIgnoredLeavesAScopeWellAndTheRestDoesNot) {
  Options given = options();
  given.ignore_errors = {"runtime_error", "*no matter*"};
  start(std::move(given));
  const auto work = [](const std::exception& error, bool handled) {
    const Scope scope = Scope::fork();
    {
      const auto active = scope.activate();
      capture_exception(error, {.handled = handled});
      capture_exception(error, {.handled = handled});
    }
    scope.end_work();
  };
  work(std::runtime_error{"x"}, true);
  work(std::runtime_error{"x"}, false);
  work(std::logic_error{"of no matter"}, true);
  work(std::logic_error{"x"}, true);
  EXPECT_EQ(totals(), (Totals{{"exited", 3}, {"errored", 1}}));
}

TEST_F(Sessions, MessagesAndWarningsLeaveAScopeWell) {
  start();
  const Scope scope = Scope::fork();
  {
    const auto active = scope.activate();
    capture_message("m", Level::kFatal);
    capture_exception(std::runtime_error{"x"}, {.level = Level::kWarning});
  }
  scope.end_work();
  EXPECT_EQ(totals(), (Totals{{"exited", 1}}));
}

TEST_F(Sessions, WhatIsCapturedInOneScopeOrInNoneLeavesOthersWell) {
  start();
  const std::runtime_error error{"x"};
  capture_exception(error, {.handled = false});
  const Scope one = Scope::fork();
  const Scope other = Scope::fork();
  {
    const auto active = one.activate();
    capture_exception(error);
  }
  one.end_work();
  other.end_work();
  other.end_work(WorkStatus::kAbandoned);
  EXPECT_EQ(totals(), (Totals{{"exited", 1}, {"errored", 1}, {"abnormal", 1}}));
}

TEST_F(Sessions, NoneIsLostWhileManyThreadsCountAndTheClientSends) {
  start();
  constexpr int kThreads = 4;
  constexpr int kEach = 5000;
  std::array<std::thread, kThreads> threads;
  for (std::thread& thread : threads) {
    thread = std::thread{[] {
      for (int i = 0; i < kEach; ++i)
        record_session();
    }};
  }
  for (int i = 0; i < 5; ++i)
    EXPECT_TRUE(flush(kPlenty));
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_EQ(totals(), (Totals{{"exited", kThreads * kEach}}));
}

TEST_F(Sessions, OfAFormerProcessKeepsItsOwnTimeAndRelease) {
  start();
  detail::record_session_at(Timestamp{std::chrono::seconds{1'700'000'039}}, SessionStatus::kCrashed,
                            "old@0.9", "staging");
  detail::record_session_at(Timestamp{1s}, SessionStatus::kCrashed, "", "staging");
  EXPECT_TRUE(guard.end(kPlenty));
  const std::vector<std::string> payloads = transport->payloads("sessions");
  ASSERT_EQ(payloads.size(), 1U);
  EXPECT_EQ(Json::parse(payloads[0]),
            (Json{{"aggregates", {{{"started", "2023-11-14T22:13:00.000000Z"}, {"crashed", 1}}}},
                  {"attrs", {{"release", "old@0.9"}, {"environment", "staging"}}}}));
}

class SessionSource : public Sessions {};

TEST_F(SessionSource, GivesOneItemAMinuteAndNoneWhenNothingHappened) {
  start();  // so that sessions are counted at all; its own source is not due within this test
  const Options given = options();
  detail::SessionSource source{given};
  const auto begin = std::chrono::steady_clock::now();
  record_session();
  EXPECT_FALSE(source.take(begin, false));
  EXPECT_FALSE(source.take(begin + 59s, false));
  const auto taken = source.take(begin + 60s, false);
  ASSERT_TRUE(taken);
  const auto& item = static_cast<const detail::ReadyItem&>(*taken);
  EXPECT_EQ(item.category, Category::kSession);
  EXPECT_EQ(item.quantity, 1U);
  EXPECT_FALSE(source.take(begin + 60s, false));
  EXPECT_FALSE(source.take(begin + 121s, false));
}

TEST_F(SessionSource, IsDoneAfterOneItemWhileRequestsGoOn) {
  start();
  const Options given = options();
  detail::SessionSource source{given};
  const auto now = std::chrono::steady_clock::now();
  record_session();
  EXPECT_TRUE(source.take(now, true));
  record_session();
  EXPECT_FALSE(source.take(now, true));
  EXPECT_TRUE(source.take(now, true));
}

}  // namespace
}  // namespace vitals::sentry

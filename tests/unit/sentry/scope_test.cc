#include "vitals/context/scope.h"

#include <atomic>
#include <thread>

#include "context/scope_state.h"
#include "fixture.h"
#include "vitals/context/capture.h"
#include "vitals/context/span.h"
#include "vitals/sentry/check_in.h"
#include "vitals/sentry/log.h"

namespace vitals::sentry {

using namespace context;  // NOLINT
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ScopeTest : public ClientTest {
 protected:
  ScopeTest() { start(); }

  static std::vector<std::string> messages(const Json& event) {
    std::vector<std::string> found;
    if (!event.contains("breadcrumbs")) return found;
    for (const Json& crumb : event["breadcrumbs"]["values"])
      found.push_back(crumb["message"]);
    return found;
  }
};

// A signal handler that interrupts a call on a scope finds its lock held by its own thread.
TEST_F(ScopeTest, ACallWithinAnotherOnTheSameScopeReturnsAndLeavesItWhole) {
  set_tag("before", "yes");
  context::detail::ScopeState* const state = context::detail::ScopeState::global();
  ASSERT_TRUE(state->try_lock());
  set_tag("within", "no");
  set_user_id("nobody");
  add_breadcrumb({.message = "within"});
  Scope::global().set_flag("within", true);
  Scope::global().add_attachment({.filename = "within", .bytes = "x"});
  log(LogLevel::kInfo, "within");
  check_in("within", CheckInStatus::kOk);
  EXPECT_EQ(outgoing_trace("https://peer/", "a=b").baggage, "a=b");
  EXPECT_FALSE(capture_message("within"));
  start_transaction({.name = "within"}).finish();
  { const auto active = Scope::fork().activate(); }
  state->unlock();
  set_tag("after", "yes");
  capture_message("after");
  const Json e = event();
  EXPECT_EQ(e["tags"], (Json{{"before", "yes"}, {"after", "yes"}}));
  EXPECT_THAT(messages(e), IsEmpty());
}

TEST_F(ScopeTest, AllThatWasSetArrives) {
  const Scope scope = Scope::fork();
  const auto active = scope.activate();
  scope.set_user({.id = "u1", .username = "ann", .email = "ann@example.org"});
  scope.set_tag("request_id", "r1");
  scope.set_context("meal", {{"kcal", 250}, {"name", "egg"}, {"vegan", false}, {"share", 0.5}});
  scope.set_extra("attempt", 2u);
  scope.set_fingerprint({"{{ default }}", "x"});
  scope.set_transaction_name("GET /a");
  scope.add_breadcrumb({.type = "query",
                        .category = "db",
                        .message = "SELECT users",
                        .level = Level::kWarning,
                        .data = {{"rows", 3}}});
  capture_message("hello");
  const Json e = event();
  EXPECT_EQ(e["user"], (Json{{"id", "u1"}, {"username", "ann"}, {"email", "ann@example.org"}}));
  EXPECT_EQ(e["tags"], (Json{{"request_id", "r1"}}));
  EXPECT_EQ(e["contexts"]["meal"],
            (Json{{"kcal", 250}, {"name", "egg"}, {"vegan", false}, {"share", 0.5}}));
  EXPECT_EQ(e["extra"], (Json{{"attempt", 2}}));
  EXPECT_EQ(e["fingerprint"], (Json{"{{ default }}", "x"}));
  EXPECT_EQ(e["transaction"], "GET /a");
  const Json crumb = e["breadcrumbs"]["values"][0];
  EXPECT_EQ(crumb["type"], "query");
  EXPECT_EQ(crumb["category"], "db");
  EXPECT_EQ(crumb["message"], "SELECT users");
  EXPECT_EQ(crumb["level"], "warning");
  EXPECT_EQ(crumb["data"], (Json{{"rows", 3}}));
  EXPECT_NEAR(crumb["timestamp"].get<double>(), e["timestamp"].get<double>(), 5);
}

TEST_F(ScopeTest, TheLastValueOfANameStands) {
  const Scope scope = Scope::fork();
  const auto active = scope.activate();
  scope.set_tag("a", "1");
  scope.set_tag("b", "2");
  scope.set_tag("a", "3");
  scope.remove_tag("b");
  scope.set_user_id("first");
  scope.set_user_id("second");
  scope.set_context("c", {{"x", 1}, {"y", 2}});
  scope.set_context("c", {{"z", 3}});
  scope.set_context("d", {{"x", 1}});
  scope.set_context("d", {});
  capture_message("hello");
  const Json e = event();
  EXPECT_EQ(e["tags"], (Json{{"a", "3"}}));
  EXPECT_EQ(e["user"]["id"], "second");
  EXPECT_EQ(e["contexts"]["c"], (Json{{"z", 3}}));
  EXPECT_FALSE(e["contexts"].contains("d"));
}

TEST_F(ScopeTest, ACaptureSeesTheScopeAsItWasThen) {
  const Scope scope = Scope::fork();
  const auto active = scope.activate();
  scope.set_tag("step", "one");
  capture_message("first");
  scope.set_tag("step", "two");
  scope.add_breadcrumb({.message = "later"});
  capture_message("second");
  const auto events = sent("event");
  ASSERT_THAT(events, SizeIs(2));
  EXPECT_EQ(events[0]["tags"]["step"], "one");
  EXPECT_THAT(messages(events[0]), IsEmpty());
  EXPECT_EQ(events[1]["tags"]["step"], "two");
  EXPECT_THAT(messages(events[1]), ElementsAre("later"));
}

TEST_F(ScopeTest, ForksNeverSeeEachOther) {
  set_tag("service", "api");
  const Scope one = Scope::fork();
  const Scope two = Scope::fork();
  one.set_tag("who", "one");
  one.set_user_id("u1");
  one.add_breadcrumb({.message = "by one"});
  two.set_tag("other", "two");
  two.add_breadcrumb({.message = "by two"});
  {
    const auto active = two.activate();
    capture_message("in two");
  }
  const Json e = event();
  EXPECT_EQ(e["tags"], (Json{{"service", "api"}, {"other", "two"}}));
  EXPECT_FALSE(e.contains("user"));
  EXPECT_THAT(messages(e), ElementsAre("by two"));
}

TEST_F(ScopeTest, AForkOfARequestsScopeStartsWithItsBreadcrumbs) {
  add_breadcrumb({.message = "global"});
  const Scope outer = Scope::fork();
  const auto outer_active = outer.activate();
  add_breadcrumb({.message = "outer"});
  {
    const Scope inner = Scope::fork();
    const auto inner_active = inner.activate();
    add_breadcrumb({.message = "inner"});
    capture_message("x");
  }
  capture_message("y");
  const auto events = sent("event");
  ASSERT_THAT(events, SizeIs(2));
  EXPECT_THAT(messages(events[0]), ElementsAre("outer", "inner"));
  EXPECT_THAT(messages(events[1]), ElementsAre("outer"));
}

TEST_F(ScopeTest, WhatIsBorrowedArrivesAsIfItWereSet) {
  const Borrowed facts{.tags = {{{"request_id", "r1"}, {"operation", "get"}}},
                       .request = {.method = "GET", .url = "/users/7"}};
  const Scope scope = Scope::fork();
  scope.borrow(facts);
  const auto active = scope.activate();
  scope.set_user_id("u7");
  capture_message("hello");
  const Json e = event();
  EXPECT_EQ(e["tags"], (Json{{"request_id", "r1"}, {"operation", "get"}}));
  EXPECT_EQ(e["request"]["method"], "GET");
  EXPECT_EQ(e["request"]["url"], "/users/7");
  EXPECT_EQ(e["user"]["id"], "u7");
  scope.end_loan();
}

TEST_F(ScopeTest, WhatIsSetLaterStandsBeforeWhatIsBorrowed) {
  const Borrowed facts{.tags = {{{"request_id", "r1"}, {"operation", "get"}}}};
  const Scope scope = Scope::fork();
  scope.borrow(facts);
  scope.set_tag("operation", "put");
  const auto active = scope.activate();
  capture_message("hello");
  EXPECT_EQ(event()["tags"], (Json{{"request_id", "r1"}, {"operation", "put"}}));
  scope.end_loan();
}

TEST_F(ScopeTest, AScopeThatOutlivesTheLoanKeepsWhatItBorrowed) {
  std::string id = "r1";
  Scope kept;
  Scope forked;
  {
    const Borrowed facts{.tags = {{{"request_id", id}}}};
    const Scope scope = Scope::fork();
    scope.borrow(facts);
    kept = scope;
    {
      const auto active = scope.activate();
      forked = Scope::fork();
    }
    scope.end_loan();
  }
  id = "r2";
  for (const Scope& scope : {kept, forked}) {
    const auto active = scope.activate();
    capture_message("late");
  }
  const auto events = sent("event");
  ASSERT_THAT(events, SizeIs(2));
  EXPECT_EQ(events[0]["tags"]["request_id"], "r1");
  EXPECT_EQ(events[1]["tags"]["request_id"], "r1");
}

TEST_F(ScopeTest, CapturesOnOtherThreadsMayRaceWithTheEndOfALoan) {
  for (int round = 0; round < 200; ++round) {
    const std::string id = "r" + std::to_string(round);
    const Borrowed facts{.tags = {{{"request_id", id}}}, .request = {.url = id}};
    const Scope scope = Scope::fork();
    scope.borrow(facts);
    std::thread other{[scope] {
      const auto active = scope.activate();
      capture_message("raced");
    }};
    scope.end_loan();
    other.join();
  }
  const auto events = sent("event");
  ASSERT_THAT(events, SizeIs(200));
  for (int round = 0; round < 200; ++round) {
    EXPECT_EQ(events[static_cast<std::size_t>(round)]["tags"]["request_id"],
              "r" + std::to_string(round));
  }
}

TEST_F(ScopeTest, SeveralTagsAreSetAtOnce) {
  const Scope scope = Scope::fork();
  scope.set_tag("a", "0");
  scope.set_tags({{"a", "1"}, {"b", "2"}});
  const auto active = scope.activate();
  capture_message("hello");
  EXPECT_EQ(event()["tags"], (Json{{"a", "1"}, {"b", "2"}}));
}

TEST_F(ScopeTest, ActivationsNestAndRestore) {
  const Scope outer = Scope::fork();
  outer.set_tag("scope", "outer");
  {
    const auto active = outer.activate();
    {
      const Scope inner = Scope::fork();
      inner.set_tag("scope", "inner");
      const auto inner_active = inner.activate();
      capture_message("1");
    }
    capture_message("2");
  }
  capture_message("3");
  const auto events = sent("event");
  ASSERT_THAT(events, SizeIs(3));
  EXPECT_EQ(events[0]["tags"]["scope"], "inner");
  EXPECT_EQ(events[1]["tags"]["scope"], "outer");
  EXPECT_FALSE(events[2].contains("tags"));
}

TEST_F(ScopeTest, TravelsToAnotherThread) {
  const Scope scope = Scope::fork();
  std::thread{[scope] {
    const auto active = scope.activate();
    set_tag("thread", "other");
    add_breadcrumb({.message = "from there"});
  }}.join();
  const auto active = scope.activate();
  capture_message("here");
  const Json e = event();
  EXPECT_EQ(e["tags"]["thread"], "other");
  EXPECT_THAT(messages(e), ElementsAre("from there"));
}

TEST_F(ScopeTest, BreadcrumbsAreInTheOrderOfTheirTimes) {
  const Scope scope = Scope::fork();
  const auto active = scope.activate();
  const auto now =
      std::chrono::time_point_cast<Timestamp::duration>(std::chrono::system_clock::now());
  scope.add_breadcrumb({.message = "third", .timestamp = now});
  scope.add_breadcrumb({.message = "first", .timestamp = now - std::chrono::seconds(2)});
  scope.add_breadcrumb({.message = "second", .timestamp = now - std::chrono::seconds(1)});
  scope.add_breadcrumb({.message = "fourth", .timestamp = now});
  capture_message("x");
  EXPECT_THAT(messages(event()), ElementsAre("first", "second", "third", "fourth"));
}

TEST_F(ScopeTest, KeepsTheLastBreadcrumbsInOrder) {
  const Scope scope = Scope::fork();
  const auto active = scope.activate();
  for (int i = 0; i < 1234; ++i)
    scope.add_breadcrumb({.message = std::to_string(i)});
  capture_message("x");
  const auto kept = messages(event());
  ASSERT_THAT(kept, SizeIs(100));
  EXPECT_EQ(kept.front(), "1134");
  EXPECT_EQ(kept.back(), "1233");
}

TEST_F(ScopeTest, StaysSmallWhateverIsPutIn) {
  const Scope scope = Scope::fork();
  const auto active = scope.activate();
  const std::string huge(1'000'000, 'x');
  for (int i = 0; i < 300; ++i) {
    scope.add_breadcrumb({.category = huge, .message = huge, .data = {{"a", huge}, {"b", huge}}});
    scope.set_tag("tag" + std::to_string(i), huge);
    scope.set_extra("extra" + std::to_string(i), huge);
  }
  capture_message("x");
  const Json e = event();
  EXPECT_LT(e.dump().size(), 200'000U);
  EXPECT_EQ(e["tags"]["tag0"].get<std::string>().size(), 200U);
  EXPECT_THAT(messages(e), Contains(std::string(8192, 'x')));
}

TEST_F(ScopeTest, TheGlobalScopeServesThreadsWithoutOne) {
  set_user_id("nobody");
  set_extra("a", 1);
  std::thread{[] { capture_message("x"); }}.join();
  const Json e = event();
  EXPECT_EQ(e["user"]["id"], "nobody");
  EXPECT_EQ(e["extra"]["a"], 1);
}

TEST_F(ScopeTest, TheGlobalScopeIsEmptyAgainForTheNextClient) {
  set_tag("old", "yes");
  guard.end();
  transport = std::make_shared<vitals::testing::MemoryTransport>();
  start();
  capture_message("x");
  EXPECT_FALSE(event().contains("tags"));
}

TEST_F(ScopeTest, ManyThreadsWithScopesOfTheirOwnNeverMix) {
  constexpr int kThreads = 8;
  constexpr int kRounds = 20;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([t] {
      for (int i = 0; i < kRounds; ++i) {
        const std::string me = std::to_string(t) + '.' + std::to_string(i);
        const Scope scope = Scope::fork();
        const auto active = scope.activate();
        set_user_id(me);
        set_tag("me", me);
        add_breadcrumb({.message = me});
        capture_message(me);
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  const auto events = sent("event");
  EXPECT_EQ(events.size() + counted(Category::kError, Outcome::kQueueFull),
            std::size_t{kThreads * kRounds});
  for (const Json& e : events) {
    const std::string me = e["logentry"]["formatted"];
    EXPECT_EQ(e["user"]["id"], me);
    EXPECT_EQ(e["tags"]["me"], me);
    EXPECT_THAT(messages(e), ElementsAre(me));
  }
}

TEST_F(ScopeTest, OneScopeMayBeUsedByManyThreadsAtOnce) {
  const Scope scope = Scope::fork();
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      const auto active = scope.activate();
      const std::string name = std::to_string(t);
      while (!stop) {
        set_tag("tag" + name, name);
        remove_tag("tag" + name);
        add_breadcrumb({.message = name, .data = {{"t", t}}});
        const Scope child = Scope::fork();
        child.set_tag("own", name);
      }
    });
  }
  for (int i = 0; i < 100; ++i) {
    const auto active = scope.activate();
    capture_message("x");
    std::this_thread::yield();
  }
  stop = true;
  for (std::thread& thread : threads)
    thread.join();
  for (const Json& e : sent("event")) {
    EXPECT_FALSE(e.contains("tags") && e["tags"].contains("own"));
  }
}

}  // namespace
}  // namespace vitals::sentry

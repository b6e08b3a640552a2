#include <sched.h>

#include <array>
#include <atomic>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>

#include "context/scope_state.h"
#include "fixture.h"
#include "vitals/context/capture.h"
#include "vitals/context/scope.h"

namespace {
struct Odd {};
class StoreError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
}  // namespace

namespace vitals::sentry {

using namespace context;  // NOLINT
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class CaptureTest : public ClientTest {};

/// Binds the calling thread, and those that it starts, to one processor.
class OneProcessor {
 public:
  OneProcessor() {
    sched_getaffinity(0, sizeof before_, &before_);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<unsigned>(sched_getcpu()), &one);
    EXPECT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  }
  OneProcessor(const OneProcessor&) = delete;
  OneProcessor& operator=(const OneProcessor&) = delete;
  ~OneProcessor() { sched_setaffinity(0, sizeof before_, &before_); }

 private:
  cpu_set_t before_{};
};

TEST_F(CaptureTest, ThreadsThatCaptureOneExceptionAtOnceMakeOneEvent) {
  start();
  constexpr std::size_t kRounds = 100;
  for (std::size_t round = 0; round < kRounds; ++round) {
    const auto error = [] {
      try {
        throw StoreError{"of both"};
      } catch (...) {
        return std::current_exception();
      }
    }();
    std::atomic<int> ready{0};
    std::array<EventId, 2> ids;
    const auto work = [&](EventId& id) {
      for (++ready; ready < 2;)
        std::this_thread::yield();
      id = capture_exception(error);
    };
    std::thread other{work, std::ref(ids[0])};
    work(ids[1]);
    other.join();
    EXPECT_EQ(ids[0], ids[1]);
  }
  EXPECT_THAT(sent("event"), SizeIs(kRounds));
}

TEST_F(CaptureTest, AThreadThatWaitsForTheProcessorInsideALockCostsNoEvent) {
  start();
  const OneProcessor shared;
  context::detail::ScopeState& scope = *context::detail::ScopeState::global();
  for (int i = 0; i < 20; ++i) {
    std::atomic<bool> locked{false};
    std::atomic<bool> capturing{false};
    std::thread holder{[&] {
      while (!scope.try_lock()) {
      }
      locked = true;
      while (!capturing)
        sched_yield();
      scope.unlock();
    }};
    while (!locked)
      sched_yield();
    capturing = true;
    EXPECT_TRUE(capture_message("under load")) << i;
    holder.join();
  }
}

TEST_F(CaptureTest, AnExceptionArrivesWithTypeAndText) {
  start();
  const EventId id = capture_exception(StoreError{"disk full"});
  const Json e = event();
  EXPECT_TRUE(id);
  EXPECT_EQ(e["event_id"], id.str());
  EXPECT_EQ(e["level"], "error");
  EXPECT_EQ(e["platform"], "native");
  EXPECT_EQ(e["release"], "app@1.2.3");
  EXPECT_EQ(e["environment"], "test");
  EXPECT_EQ(e["server_name"], "box");
  EXPECT_EQ(e["sdk"]["name"], "vitals.cpp");
  ASSERT_THAT(e["exception"]["values"], SizeIs(1));
  const Json value = e["exception"]["values"][0];
  EXPECT_EQ(value["type"], "(anonymous namespace)::StoreError");
  EXPECT_EQ(value["value"], "disk full");
  EXPECT_EQ(value["mechanism"], (Json{{"type", "generic"}, {"handled", true}}));
}

TEST_F(CaptureTest, TheMachineIsDescribed) {
  start();
  capture_message("x");
  const Json contexts = event()["contexts"];
  EXPECT_EQ(contexts["runtime"]["name"], "c++");
  EXPECT_EQ(contexts["os"]["name"], "Linux");
  EXPECT_GT(contexts["device"]["processor_count"].get<int>(), 0);
}

TEST_F(CaptureTest, NestedExceptionsAreAChainWithTheCauseFirst) {
  start();
  try {
    try {
      try {
        throw StoreError{"disk full"};
      } catch (...) {
        std::throw_with_nested(std::logic_error{"could not save"});
      }
    } catch (...) {
      std::throw_with_nested(std::runtime_error{"request failed"});
    }
  } catch (const std::exception& caught) {
    capture_exception(caught, {.handled = false, .mechanism = "http"});
  }
  const Json values = event()["exception"]["values"];
  ASSERT_THAT(values, SizeIs(3));
  EXPECT_EQ(values[0]["type"], "(anonymous namespace)::StoreError");
  EXPECT_EQ(values[1]["type"], "std::logic_error");
  EXPECT_EQ(values[2]["type"], "std::runtime_error");
  EXPECT_EQ(values[0]["value"], "disk full");
  EXPECT_EQ(values[2]["value"], "request failed");
  EXPECT_EQ(values[2]["mechanism"],
            (Json{{"type", "http"}, {"handled", false}, {"exception_id", 0}}));
  EXPECT_EQ(values[0]["mechanism"]["type"], "chained");
  EXPECT_EQ(values[0]["mechanism"]["exception_id"], 2);
  EXPECT_EQ(values[0]["mechanism"]["parent_id"], 1);
}

TEST_F(CaptureTest, AnEndlessChainIsCut) {
  start();
  std::exception_ptr last = std::make_exception_ptr(std::runtime_error{"0"});
  for (int i = 0; i < 100; ++i) {
    try {
      try {
        std::rethrow_exception(last);
      } catch (...) {
        std::throw_with_nested(std::runtime_error{"again"});
      }
    } catch (...) {
      last = std::current_exception();
    }
  }
  capture_exception(last);
  EXPECT_THAT(event()["exception"]["values"], SizeIs(32));
}

TEST_F(CaptureTest, WhatIsNoStdExceptionIsNamedToo) {
  start();
  capture_exception(std::make_exception_ptr(std::string{"a text"}));
  capture_exception(std::make_exception_ptr("a literal"));
  capture_exception(std::make_exception_ptr(42));
  capture_exception(std::make_exception_ptr(Odd{}));
  const auto events = sent("event");
  ASSERT_THAT(events, SizeIs(4));
  const auto value = [&](std::size_t i) { return events[i]["exception"]["values"][0]; };
  EXPECT_EQ(value(0)["value"], "a text");
  EXPECT_THAT(value(0)["type"].get<std::string>(), HasSubstr("basic_string"));
  EXPECT_EQ(value(1)["value"], "a literal");
  EXPECT_EQ(value(2)["type"], "int");
  EXPECT_EQ(value(3)["type"], "(anonymous namespace)::Odd");
}

TEST_F(CaptureTest, NoExceptionIsNoEvent) {
  start();
  EXPECT_FALSE(capture_exception(std::exception_ptr{}));
  EXPECT_THAT(sent("event"), SizeIs(0));
}

TEST_F(CaptureTest, OptionsAddToTheScope) {
  start();
  set_tag("model", "old");
  set_tag("kept", "yes");
  const std::string model = "claude";
  capture_exception(std::runtime_error{"x"}, {.tags = {{"model", model}},
                                              .extra = {{"n", 1}},
                                              .fingerprint = {"own"},
                                              .level = Level::kFatal,
                                              .logger = "agent"});
  const Json e = event();
  EXPECT_EQ(e["tags"], (Json{{"model", "claude"}, {"kept", "yes"}}));
  EXPECT_EQ(e["extra"]["n"], 1);
  EXPECT_EQ(e["fingerprint"], Json{"own"});
  EXPECT_EQ(e["level"], "fatal");
  EXPECT_EQ(e["logger"], "agent");
}

TEST_F(CaptureTest, AFingerprintOfTheCaptureStandsInPlaceOfTheScopes) {
  start();
  const Scope scope = Scope::fork();
  const auto active = scope.activate();
  scope.set_fingerprint({"scope", "two"});
  capture_message("a", Level::kInfo, {.fingerprint = {"own"}});
  capture_message("b", Level::kInfo, {.tags = {{"a", "b"}}});
  const auto events = sent("event");
  ASSERT_THAT(events, SizeIs(2));
  EXPECT_EQ(events[0]["fingerprint"], Json{"own"});
  EXPECT_EQ(events[1]["fingerprint"], (Json{"scope", "two"}));
}

TEST_F(CaptureTest, AMessageArrivesWithItsLevel) {
  start();
  capture_message("half a \xff text", Level::kWarning);
  const Json e = event();
  EXPECT_EQ(e["logentry"]["formatted"], "half a \xef\xbf\xbd text");
  EXPECT_EQ(e["level"], "warning");
  EXPECT_FALSE(e.contains("exception"));
}

TEST_F(CaptureTest, AHugeMessageIsCut) {
  start();
  capture_message(std::string(1'000'000, 'x'));
  EXPECT_EQ(event()["logentry"]["formatted"].get<std::string>().size(), 8192U);
}

TEST_F(CaptureTest, TheHookMayChangeAndRefuse) {
  Options given = options();
  given.before_send = [](Event& e) {
    e.message += " (seen)";
    e.tags.emplace_back("hooked", "yes");
    return e.level != Level::kDebug;
  };
  start(std::move(given));
  capture_message("kept");
  capture_message("refused", Level::kDebug);
  const Json e = event();
  EXPECT_EQ(e["logentry"]["formatted"], "kept (seen)");
  EXPECT_EQ(e["tags"]["hooked"], "yes");
  EXPECT_EQ(counted(Category::kError, Outcome::kBeforeSend), 1U);
  EXPECT_EQ(counted(Category::kError, Outcome::kSent), 1U);
}

TEST_F(CaptureTest, AHookThatThrowsDropsTheEvent) {
  Options given = options();
  given.before_send = [](Event&) -> bool { throw std::runtime_error{"no"}; };
  start(std::move(given));
  capture_message("x");
  EXPECT_THAT(sent("event"), SizeIs(0));
  EXPECT_EQ(counted(Category::kError, Outcome::kBeforeSend), 1U);
}

TEST_F(CaptureTest, AHookThatCapturesDoesNotFeedItself) {
  Options given = options();
  bool inside = false;
  given.before_send = [&inside](Event&) {
    inside = is_sentry_thread();
    EXPECT_FALSE(capture_message("from the hook"));
    EXPECT_FALSE(flush(1s));
    return true;
  };
  start(std::move(given));
  capture_message("x");
  EXPECT_THAT(sent("event"), SizeIs(1));
  EXPECT_TRUE(inside);
  EXPECT_FALSE(is_sentry_thread());
}

TEST_F(CaptureTest, TheBreadcrumbHookMayChangeAndRefuse) {
  Options given = options();
  given.before_breadcrumb = [](BreadcrumbRecord& crumb) {
    if (crumb.message == "throw") throw std::runtime_error{"no"};
    crumb.data.emplace_back("more", std::int64_t{1});
    crumb.message += '!';
    return crumb.category != "noise";
  };
  start(std::move(given));
  add_breadcrumb({.category = "noise", .message = "a"});
  add_breadcrumb({.message = "throw"});
  add_breadcrumb({.message = "b", .data = {{"x", "y"}}});
  capture_message("x");
  const Json crumbs = event()["breadcrumbs"]["values"];
  ASSERT_THAT(crumbs, SizeIs(1));
  EXPECT_EQ(crumbs[0]["message"], "b!");
  EXPECT_EQ(crumbs[0]["data"], (Json{{"x", "y"}, {"more", 1}}));
}

TEST_F(CaptureTest, ASampleRateOfZeroKeepsNone) {
  Options given = options();
  given.sample_rate = 0;
  start(std::move(given));
  for (int i = 0; i < 50; ++i)
    capture_message("x");
  EXPECT_THAT(sent("event"), SizeIs(0));
  EXPECT_EQ(counted(Category::kError, Outcome::kSampled), 50U);
  set_sample_rates(1.0, 0.0);
  capture_message("x");
  EXPECT_THAT(sent("event"), SizeIs(1));
}

TEST_F(CaptureTest, ManyThreadsLoseNothingUncounted) {
  start();
  constexpr std::uint64_t kThreads = 8;
  constexpr std::uint64_t kEach = 200;
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([] {
      for (std::uint64_t i = 0; i < kEach; ++i)
        capture_exception(std::runtime_error{"x"});
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  const std::uint64_t arrived = sent("event").size();
  EXPECT_EQ(arrived, counted(Category::kError, Outcome::kSent));
  EXPECT_EQ(arrived + counted(Category::kError, Outcome::kQueueFull), kThreads * kEach);
}

}  // namespace
}  // namespace vitals::sentry

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <future>
#include <stdexcept>
#include <thread>

#include "fixture.h"
#include "sentry/say_line.h"
#include "vitals/context/capture.h"
#include "vitals/context/scope.h"
#include "vitals/context/span.h"
#include "vitals/sentry/check_in.h"

namespace vitals::sentry {

using namespace context;  // NOLINT
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::StartsWith;
using Clock = std::chrono::steady_clock;

class DeliveryTest : public ClientTest {
 protected:
  static Options traced() {
    Options given = options();
    given.traces_sample_rate = 1.0;
    return given;
  }
  /// What Stats say became of the errors since start(), all outcomes together.
  [[nodiscard]] std::uint64_t all_errors() const {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < kOutcomes; ++i) {
      sum += counted(Category::kError, static_cast<Outcome>(i));
    }
    return sum;
  }
};

TEST_F(DeliveryTest, ARequestBearsTheProtocolsHeaders) {
  start();
  capture_message("x");
  EXPECT_TRUE(flush(kPlenty));
  ASSERT_THAT(transport->requests(), SizeIs(1));
  const delivery::SendRequest request = transport->requests().front();
  EXPECT_EQ(request.url, "https://sentry.example/api/42/envelope/");
  EXPECT_THAT(request.headers, Contains(Pair("Content-Type", "application/x-sentry-envelope")));
  EXPECT_THAT(request.headers, Contains(Pair("User-Agent", StartsWith("vitals.cpp/"))));
  EXPECT_THAT(request.headers,
              Contains(Pair("X-Sentry-Auth", StartsWith("Sentry sentry_version=7, "))));
}

TEST_F(DeliveryTest, OnlyLargeBodiesArePacked) {
  start();
  { const CheckIn small{"nightly"}; }
  EXPECT_THAT(sent("check_in"), SizeIs(2));
  capture_message(std::string(4000, 'x'));
  EXPECT_THAT(sent("event"), SizeIs(1));
  const auto requests = transport->requests();
  EXPECT_EQ(requests.front().headers.size(), 3U);
  EXPECT_THAT(requests.back().headers, Contains(Pair("Content-Encoding", "gzip")));
  EXPECT_LT(requests.back().body.size(), 2000U);
}

TEST_F(DeliveryTest, ErrorsGoBeforeTransactions) {
  start(traced());
  transport->hang();
  capture_message("first");  // holds the thread
  while (transport->requests().empty())
    std::this_thread::yield();
  for (int i = 0; i < 3; ++i)
    start_transaction({.name = "a"}).finish();
  capture_message("second");
  transport->answer_with(200);
  EXPECT_TRUE(flush(kPlenty));
  std::vector<std::string> order;
  for (const auto& envelope : transport->envelopes())
    order.push_back(envelope.items[0].type);
  EXPECT_THAT(order, ElementsAre("event", "event", "transaction", "transaction", "transaction"));
}

TEST_F(DeliveryTest, ATransactionIsPickedUpWithoutBeingAskedFor) {
  start(traced());
  start_transaction({.name = "a"}).finish();
  EXPECT_TRUE(transport->wait_for(1, kPlenty));
}

TEST_F(DeliveryTest, TheThreadRunsAtTheLowestPriorityAndTakesNoSignals) {
  Options given = options();
  std::promise<std::pair<int, bool>> seen;
  given.before_send = [&seen](Event&) {
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
    seen.set_value({getpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid))),
                    sigismember(&blocked, SIGTERM) == 1});
    return true;
  };
  start(std::move(given));
  capture_message("x");
  const auto [priority, blocks] = seen.get_future().get();
  EXPECT_EQ(priority, 19);
  EXPECT_TRUE(blocks);
}

TEST_F(DeliveryTest, WhatDoesNotFitTheQueueIsCounted) {
  Options given = options();
  given.error_queue = 4;
  start(std::move(given));
  transport->hang();
  capture_message("holds the thread");
  while (transport->requests().empty())
    std::this_thread::yield();
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(static_cast<bool>(capture_message("x")), i < 4);
  }
  EXPECT_EQ(counted(Category::kError, Outcome::kQueueFull), 6U);
  EXPECT_EQ(stats().queue_depth, 4U);
  transport->answer_with(200);
  EXPECT_TRUE(flush(kPlenty));
  EXPECT_EQ(counted(Category::kError, Outcome::kSent), 5U);
  EXPECT_EQ(stats().queue_depth, 0U);
}

TEST_F(DeliveryTest, TheQueuesAreBoundedByBytesAndErrorsGetTheLastQuarter) {
  Options given = traced();
  given.queue_bytes = 400'000;
  given.error_queue = 100'000;
  given.transaction_queue = 100'000;
  start(std::move(given));
  transport->hang();
  capture_message("holds the thread");
  while (transport->requests().empty())
    std::this_thread::yield();
  for (int i = 0; i < 1000; ++i)
    start_transaction({.name = "a"}).finish();
  EXPECT_GT(counted(Category::kTransaction, Outcome::kQueueFull), 500U);
  EXPECT_TRUE(capture_message("an error outlives a transaction"));
  for (int i = 0; i < 1000; ++i)
    capture_message(std::string(2000, 'x'));
  EXPECT_GT(counted(Category::kError, Outcome::kQueueFull), 500U);
  transport->answer_with(200);
  EXPECT_TRUE(flush(kPlenty));
  EXPECT_TRUE(capture_message("there is room again"));
}

TEST_F(DeliveryTest, AnswersAreCountedForWhatTheyMean) {
  start();
  transport->answer_with(413);
  capture_message("x");
  EXPECT_TRUE(flush(kPlenty));
  EXPECT_EQ(counted(Category::kError, Outcome::kTooLarge), 1U);
  for (const int refused : {400, 500}) {
    transport->answer_with(refused);
    capture_message("x");
    EXPECT_TRUE(flush(kPlenty));
  }
  EXPECT_EQ(counted(Category::kError, Outcome::kNetwork), 2U);
  transport->answer_with(200);
  capture_message("x");
  EXPECT_THAT(sent("event"), SizeIs(1)) << "a refusal is no reason to wait";
}

TEST_F(DeliveryTest, ALimitHoldsForItsCategoryAlone) {
  start(traced());
  transport->answer_with(
      {.status = 200, .headers = {{"X-Sentry-Rate-Limits", "60:transaction:key"}}});
  capture_message("x");
  EXPECT_TRUE(flush(kPlenty));
  start_transaction({.name = "a"}).finish();
  capture_message("y");
  EXPECT_TRUE(flush(kPlenty));
  EXPECT_EQ(counted(Category::kTransaction, Outcome::kRateLimited), 1U);
  EXPECT_EQ(counted(Category::kError, Outcome::kSent), 2U);
}

TEST_F(DeliveryTest, A429HoldsEverythingBack) {
  start();
  transport->answer_with({.status = 429, .headers = {{"Retry-After", "60"}}});
  capture_message("x");
  capture_message("y");
  EXPECT_TRUE(flush(kPlenty));
  EXPECT_EQ(counted(Category::kError, Outcome::kRateLimited), 2U);
  EXPECT_THAT(transport->requests(), SizeIs(1)) << "the second was not even asked for";
}

TEST_F(DeliveryTest, WhatIsOverAMegabyteIsCutAndSent) {
  Options given = options();
  given.before_send = [](Event& e) {
    e.message = std::string(2'000'000, 'x');
    return true;
  };
  start(std::move(given));
  capture_message("x");
  EXPECT_TRUE(flush(kPlenty));
  EXPECT_EQ(counted(Category::kError, Outcome::kTooLarge), 0U);
  EXPECT_THAT(transport->payloads("event"), SizeIs(1));
}

TEST_F(DeliveryTest, WhileTheServerIsAwayTheQueueWaitsAndThenGoesOn) {
  start();
  transport->answer_with(0);
  const EventId failed = capture_message("tried again");
  while (transport->requests().empty())
    std::this_thread::yield();
  capture_message("waits");
  EXPECT_FALSE(flush(100ms)) << "at least half a second";
  EXPECT_EQ(stats().queue_depth, 1U);
  EXPECT_EQ(counted(Category::kError, Outcome::kNetwork), 0U);
  transport->answer_with(200);
  EXPECT_TRUE(flush(kPlenty));
  EXPECT_EQ(counted(Category::kError, Outcome::kSent), 2U);
  ASSERT_THAT(transport->envelopes(), SizeIs(2));
  EXPECT_EQ(Json::parse(transport->envelopes()[0].header)["event_id"], failed.str())
      << "a retry bears the same id";
}

TEST_F(DeliveryTest, ARequestThatGoesOnFailingIsGivenUpAndCounted) {
  pace.first_pause = 1ms;
  start();
  transport->answer_with(0);
  capture_message("x");
  EXPECT_TRUE(flush(kPlenty));
  EXPECT_EQ(counted(Category::kError, Outcome::kNetwork), 1U);
  EXPECT_THAT(transport->requests(), SizeIs(5));
}

TEST_F(DeliveryTest, ATransportThatThrowsIsAServerThatIsAway) {
  pace.first_pause = 1ms;
  class Throwing : public delivery::Transport {
   public:
    delivery::SendResult send(const delivery::SendRequest&) override {
      throw std::runtime_error{"no"};
    }
  };
  Options given = options();
  given.transport = std::make_shared<Throwing>();
  start(std::move(given));
  capture_message("x");
  EXPECT_TRUE(flush(kPlenty));
  EXPECT_EQ(counted(Category::kError, Outcome::kNetwork), 1U);
}

TEST_F(DeliveryTest, WhatATransportSaysIsOneLineOfStderr) {
  pace.first_pause = 1ms;
  class Forging : public delivery::Transport {
   public:
    delivery::SendResult send(const delivery::SendRequest&) override {
      return {.status = 0, .error = "away\nvitals sentry: forged\x1b[2J"};
    }
  };
  Options given = options();
  given.debug = true;
  given.transport = std::make_shared<Forging>();
  start(std::move(given));
  ::testing::internal::CaptureStderr();
  capture_message("x");
  EXPECT_TRUE(flush(kPlenty));
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(said, HasSubstr("away\\nvitals sentry: forged\\u001b[2J\n"));
  EXPECT_THAT(said, Not(HasSubstr("\nvitals sentry: forged")));
}

TEST(SayLine, EscapesWhatActsOnATerminalAndLeavesTheRest) {
  const auto said = [](std::string_view what, std::string_view detail = {}) {
    ::testing::internal::CaptureStderr();
    detail::say_line(what, detail);
    return ::testing::internal::GetCapturedStderr();
  };
  EXPECT_EQ(said("a", "b"), "vitals sentry: a b\n");
  EXPECT_EQ(said("Käse 🙂", "\t\r\n\x7f"), "vitals sentry: Käse 🙂 \\t\\r\\n\\u007f\n");
  EXPECT_EQ(said("\xc2\x9b"
                 "1m\xe2\x80\xaex\xff\xc3"),
            "vitals sentry: \\u009b1m\\u202ex\\xff\\xc3\n");
  EXPECT_EQ(said("\xf3\xa0\x80\x81"), "vitals sentry: \\udb40\\udc01\n");
  EXPECT_EQ(said(std::string(5000, '\0')).size(), 16U + 5000 * 6);
}

TEST_F(DeliveryTest, EndSendsWhatWaits) {
  start(traced());
  for (int i = 0; i < 20; ++i)
    start_transaction({.name = "a"}).finish();
  for (int i = 0; i < 20; ++i)
    capture_message("x");
  EXPECT_TRUE(guard.end(kPlenty));
  EXPECT_THAT(transport->envelopes(), SizeIs(40));
  EXPECT_TRUE(guard.end()) << "a second end has nothing to do";
}

TEST_F(DeliveryTest, EndReturnsByItsDeadlineWhenTheServerHangs) {
  start();
  transport->hang();
  for (int i = 0; i < 10; ++i)
    capture_message("x");
  const auto begin = Clock::now();
  EXPECT_FALSE(guard.end(300ms));
  EXPECT_LT(Clock::now() - begin, kSoon);
  EXPECT_EQ(all_errors(), 10U);
  EXPECT_EQ(counted(Category::kError, Outcome::kNetwork), 10U);
}

TEST_F(DeliveryTest, EndGivesUpAtOnceOnAServerThatIsAway) {
  start();
  transport->answer_with(0);
  for (int i = 0; i < 100; ++i)
    capture_message("x");
  const auto begin = Clock::now();
  EXPECT_FALSE(guard.end(kPlenty));
  EXPECT_LT(Clock::now() - begin, kSoon);
  EXPECT_EQ(counted(Category::kError, Outcome::kNetwork), 100U);
}

TEST_F(DeliveryTest, EndLeavesATransportBehindThatIgnoresCancel) {
  class Deaf : public delivery::Transport {
   public:
    delivery::SendResult send(const delivery::SendRequest&) override {
      entered.set_value();
      release.get_future().wait();
      return {.status = 200};
    }
    std::promise<void> entered;
    std::promise<void> release;
  };
  auto deaf = std::make_shared<Deaf>();
  Options given = options();
  given.transport = deaf;
  start(std::move(given));
  capture_message("held");
  deaf->entered.get_future().wait();
  capture_message("left");
  const auto begin = Clock::now();
  EXPECT_FALSE(guard.end(100ms));
  EXPECT_LT(Clock::now() - begin, kSoon);
  EXPECT_EQ(counted(Category::kError, Outcome::kNetwork), 1U);
  deaf->release.set_value();
  while (all_errors() < 2)
    std::this_thread::yield();
}

TEST_F(DeliveryTest, FlushReturnsByItsDeadlineWhenTheServerHangs) {
  start();
  transport->hang();
  capture_message("x");
  const auto begin = Clock::now();
  EXPECT_FALSE(flush(100ms));
  EXPECT_LT(Clock::now() - begin, kSoon);
  EXPECT_FALSE(guard.end(50ms));
}

TEST_F(DeliveryTest, EndDoesNotWaitForAFlush) {
  start();
  transport->hang();
  capture_message("x");
  std::thread flusher{[] { static_cast<void>(flush(kPlenty)); }};
  while (transport->requests().empty())
    std::this_thread::yield();
  const auto begin = Clock::now();
  guard.end(100ms);
  flusher.join();
  EXPECT_LT(Clock::now() - begin, kSoon);
}

TEST_F(DeliveryTest, CapturesGoOnSafelyWhileClientsComeAndGo) {
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> captured{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      while (!stop) {
        const Scope scope = Scope::fork();
        const auto active = scope.activate();
        set_tag("a", "b");
        const Span span = start_transaction({.name = "a"});
        const auto span_active = span.activate();
        start_span("db").finish();
        add_breadcrumb({.message = "x"});
        if (capture_message("x")) captured.fetch_add(1);
        span.finish();
        static_cast<void>(stats());
        std::this_thread::sleep_for(20us);  // a machine that is merely busy
      }
    });
  }
  const Stats first = stats();
  for (int i = 0; i < 20; ++i) {
    Options given = traced();
    given.before_breadcrumb = [](BreadcrumbRecord&) { return true; };
    given.traces_sampler = [](const SamplingContext&) { return 0.5; };
    start(std::move(given));
    std::this_thread::sleep_for(5ms);
    EXPECT_TRUE(guard.end(kPlenty));
  }
  stop = true;
  for (std::thread& thread : threads)
    thread.join();
  const auto since = [&](Outcome outcome) {
    return stats().count(Category::kError, outcome) - first.count(Category::kError, outcome);
  };
  EXPECT_GT(captured.load(), 0U);
  EXPECT_EQ(since(Outcome::kSent), captured.load()) << "what was taken was sent";
}

TEST_F(DeliveryTest, CountsNeverFallOverALaterClient) {
  start();
  capture_message("x");
  EXPECT_TRUE(guard.end(kPlenty));
  const std::uint64_t sent_before = stats().count(Category::kError, Outcome::kSent);
  start();
  EXPECT_GE(stats().count(Category::kError, Outcome::kSent), sent_before);
}

TEST_F(DeliveryTest, NamesOfCountsAreTheContractsOwn) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < kOutcomes; ++i) {
    names.emplace_back(to_string(static_cast<Outcome>(i)));
  }
  EXPECT_THAT(names, ElementsAre("sent", "sampled", "rate_limited", "queue_full", "network",
                                 "too_large", "before_send"));
  EXPECT_EQ(to_string(Category::kError), "error");
  EXPECT_EQ(to_string(Category::kTransaction), "transaction");
}

}  // namespace
}  // namespace vitals::sentry

#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <condition_variable>
#include <exception>
#include <filesystem>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include "delivery/worker.h"
#include "fixture.h"
#include "ledger.h"
#include "sentry/items.h"
#include "sentry/runtime.h"
#include "tests/unit/temp_folder.h"
#include "vitals/context/capture.h"
#include "vitals/context/scope.h"
#include "vitals/context/span.h"

namespace vitals::sentry {

using namespace context;  // NOLINT
namespace {

using ::testing::SizeIs;
using Clock = std::chrono::steady_clock;

class DeliveryEndTest : public ClientTest {
 protected:
  DeliveryEndTest() {
    pace.first_pause = 1ms;
    pace.longest_pause = 20ms;
    pace.replay = 1ms;
    detail::usual_report_pace.ride = 0ms;
  }
  [[nodiscard]] Options on_disk() const {
    Options given = options();
    given.cache_dir = folder.path();
    given.traces_sample_rate = 1.0;
    return given;
  }
  [[nodiscard]] Ledger ledger() const { return Ledger{transport->envelopes()}; }
  void hold_the_thread() {
    transport->hang();
    ASSERT_TRUE(capture_message("holds the thread"));
    while (transport->requests().empty())
      std::this_thread::yield();
  }

  TempFolder folder;
};

TEST_F(DeliveryEndTest, WhatAHangingServerDidNotTakeIsOnDiskByTheDeadline) {
  Options given = on_disk();
  given.requests_in_flight = 3;
  start(given);
  transport->hang();
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(capture_message("x"));
  start_transaction({.name = "a"}).finish();
  const auto begin = Clock::now();
  EXPECT_FALSE(guard.end(2s));
  EXPECT_LT(Clock::now() - begin, 10s);
  EXPECT_EQ(spooled_in(folder.path()), 21U);
  EXPECT_EQ(counted(Category::kError, Outcome::kNetwork), 0U);

  transport = std::make_shared<vitals::testing::MemoryTransport>();
  start(on_disk());
  EXPECT_TRUE(transport->wait_for(21, kPlenty));
  EXPECT_TRUE(guard.end(kPlenty));
  EXPECT_THAT(ledger().events, SizeIs(21));
  EXPECT_EQ(spooled_in(folder.path()), 0U);
}

TEST_F(DeliveryEndTest, AServerThatIsAwayAtTheEndCostsNoTime) {
  start(on_disk());
  transport->answer_with(0);
  for (int i = 0; i < 50; ++i)
    ASSERT_TRUE(capture_message("x"));
  EXPECT_FALSE(guard.end(kPlenty));
  EXPECT_EQ(spooled_in(folder.path()), 50U);
}

TEST_F(DeliveryEndTest, WhatDoesNotFitTheDiskIsCountedAndTheServiceGoesOn) {
  Options given = on_disk();
  given.spool_bytes = 10;
  start(given);
  transport->answer_with(0);
  for (int i = 0; i < 5; ++i)
    ASSERT_TRUE(capture_message("x"));
  EXPECT_TRUE(flush(kPlenty));
  EXPECT_EQ(counted(Category::kError, Outcome::kNetwork), 5U);
  transport->answer_with(200);
  ASSERT_TRUE(capture_message("x"));
  EXPECT_TRUE(flush(kPlenty));
  EXPECT_GT(
      counted(Category::kError, Outcome::kSent) + counted(Category::kError, Outcome::kNetwork), 5U);
}

TEST_F(DeliveryEndTest, WhereTheDiskCannotBeWrittenErrorsWaitInMemory) {
  pace.first_pause = 400ms;
  pace.longest_pause = 10s;
  start(on_disk());
  std::filesystem::remove_all(folder.path() + "/envelopes");
  transport->answer_with(0);
  for (int i = 0; i < 20; ++i)
    ASSERT_TRUE(capture_message("x"));
  while (transport->requests().size() < 2)
    std::this_thread::sleep_for(1ms);
  transport->answer_with(200);
  EXPECT_TRUE(flush(kPlenty));
  EXPECT_EQ(counted(Category::kError, Outcome::kNetwork), 0U);
  EXPECT_THAT(ledger().events, SizeIs(20));
}

TEST_F(DeliveryEndTest, ReplayIsNoFasterThanItsPace) {
  start(on_disk());
  transport->answer_with(0);
  for (int i = 0; i < 5; ++i)
    ASSERT_TRUE(capture_message("x"));
  EXPECT_FALSE(guard.end(kPlenty));
  pace.replay = 50ms;
  transport = std::make_shared<vitals::testing::MemoryTransport>();
  const auto begin = Clock::now();
  start(on_disk());
  EXPECT_TRUE(transport->wait_for(5, kPlenty));
  EXPECT_GE(Clock::now() - begin, 200ms);
}

TEST_F(DeliveryEndTest, NothingIsReplayedWhileLimited) {
  start(on_disk());
  transport->answer_with(0);
  for (int i = 0; i < 5; ++i)
    ASSERT_TRUE(capture_message("x"));
  EXPECT_TRUE(flush(kPlenty));
  transport->answer_with(
      {.status = 200, .headers = {{"X-Sentry-Rate-Limits", "60:transaction:key"}}});
  EXPECT_TRUE(transport->wait_for(1, kPlenty));
  ASSERT_TRUE(capture_message("live"));
  EXPECT_TRUE(flush(kPlenty));
  guard.end(kPlenty);
  EXPECT_EQ(spooled_in(folder.path()) + ledger().events.size(), 6U);
  EXPECT_GE(spooled_in(folder.path()), 4U);
}

TEST_F(DeliveryEndTest, LimitsHoldOverALaterClientOfTheSameServer) {
  start();
  transport->answer_with({.status = 429, .headers = {{"Retry-After", "60"}}});
  capture_message("x");
  guard.end(kPlenty);
  transport = std::make_shared<vitals::testing::MemoryTransport>();
  start();
  capture_message("y");
  EXPECT_TRUE(flush(kPlenty));
  EXPECT_EQ(counted(Category::kError, Outcome::kRateLimited), 1U);
  EXPECT_THAT(transport->requests(), SizeIs(0));
}

TEST_F(DeliveryEndTest, SeveralRequestsAreInFlightAtOnce) {
  class Meeting : public delivery::Transport {
   public:
    delivery::SendResult send(const delivery::SendRequest&) override {
      std::unique_lock hold{mutex};
      ++here;
      changed.notify_all();
      return {.status = changed.wait_for(hold, kPlenty, [this] { return here >= 4; }) ? 200 : 500};
    }
    std::mutex mutex;
    std::condition_variable changed;
    int here = 0;
  };
  Options given = options();
  given.requests_in_flight = 4;
  given.transport = std::make_shared<Meeting>();
  start(std::move(given));
  for (int i = 0; i < 4; ++i)
    ASSERT_TRUE(capture_message("x"));
  EXPECT_TRUE(flush(kPlenty));
  EXPECT_EQ(counted(Category::kError, Outcome::kSent), 4U);
}

TEST_F(DeliveryEndTest, HooksNeverMeetWhileTheClientRuns) {
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  Options given = options();
  given.requests_in_flight = 8;
  given.before_send = [&](Event&) {
    const int now = inside.fetch_add(1) + 1;
    if (now > most) most = now;
    std::this_thread::yield();
    inside.fetch_sub(1);
    return true;
  };
  start(std::move(given));
  for (int i = 0; i < 200; ++i)
    ASSERT_TRUE(capture_message("x"));
  EXPECT_TRUE(flush(kPlenty));
  EXPECT_EQ(most, 1);
}

TEST_F(DeliveryEndTest, AnErrorOutlivesTransactions) {
  Options given = options();
  given.traces_sample_rate = 1.0;
  given.queue_bytes = 400'000;
  given.error_queue = 100'000;
  given.transaction_queue = 100'000;
  start(std::move(given));
  hold_the_thread();
  for (int i = 0; i < 1000; ++i) {
    const Span span = start_transaction({.name = "a"});
    span.start_child("db").finish();
    span.finish();
  }
  const std::uint64_t refused = counted(Category::kTransaction, Outcome::kQueueFull);
  EXPECT_EQ(counted(Category::kSpan, Outcome::kQueueFull), 2 * refused);
  const std::size_t waiting = stats().queue_depth;
  std::uint64_t taken = 0;
  for (int i = 0; i < 100; ++i)
    taken += capture_message(std::string(2000, 'x')) ? 1 : 0;
  EXPECT_EQ(taken, 100U) << "more than the quarter that is theirs";
  const std::uint64_t evicted = counted(Category::kTransaction, Outcome::kQueueFull) - refused;
  EXPECT_GT(evicted, 0U);
  EXPECT_EQ(stats().queue_depth, waiting - evicted + taken);
  transport->answer_with(200);
  EXPECT_TRUE(flush(kPlenty));
  guard.end(kPlenty);
  EXPECT_EQ(ledger().told("queue_overflow", "transaction"), refused + evicted);
  EXPECT_EQ(ledger().told("queue_overflow", "span"), 2 * (refused + evicted));
}

// A busy service's would be a thousand files a second.
TEST_F(DeliveryEndTest, OfTransactionsOnlySomeGoToDiskWhileTheServerIsAway) {
  constexpr std::size_t kTransactions = 3000;
  constexpr std::size_t kAtOnce = 20;
  constexpr double kRound = 0.1;
  transport->answer_with(0);
  pace.longest_pause = 1h;
  Options given = on_disk();
  given.transaction_queue = 100'000;
  const auto began = Clock::now();
  start(std::move(given));
  for (std::size_t i = 0; i < kTransactions; ++i)
    start_transaction({.name = "a"}).finish();
  ASSERT_TRUE(capture_message("x"));
  const auto on_disk_now = [&] { return spooled_in(folder.path()); };
  while (on_disk_now() < 3 * kAtOnce)
    std::this_thread::sleep_for(1ms);
  const std::size_t spooled = on_disk_now();
  const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
  // One round more for the one that is under way; one file for the error.
  const auto rounds = static_cast<std::size_t>(seconds / kRound) + 2;
  EXPECT_LE(spooled, kAtOnce * rounds + 1);

  transport->answer_with(200);
  guard.end(kPlenty);
  const std::uint64_t dropped = counted(Category::kTransaction, Outcome::kQueueFull);
  std::size_t accepted = transport->payloads("transaction").size();
  for (const auto& entry : std::filesystem::directory_iterator{folder.path() + "/envelopes"}) {
    if (entry.path().extension() == ".unsent") ++accepted;
  }
  accepted -= transport->payloads("event").empty() ? 1 : 0;  // then the error is the one on disk
  EXPECT_EQ(accepted + dropped, kTransactions);
}

TEST_F(DeliveryEndTest, AReportRidesAlongAndIsPutBackWhenItDoesNotArrive) {
  Options given = options();
  given.before_send = [](Event& e) { return e.message != "no"; };
  start(std::move(given));
  capture_message("no");
  EXPECT_TRUE(flush(kPlenty));
  transport->answer_with(500);
  capture_message("refused");
  EXPECT_TRUE(flush(kPlenty));
  transport->clear();
  transport->answer_with(200);
  capture_message("yes");
  EXPECT_TRUE(flush(kPlenty));
  ASSERT_THAT(transport->requests(), SizeIs(1));
  EXPECT_EQ(ledger().told("before_send", "error"), 1U);
  EXPECT_EQ(ledger().told("send_error", "error"), 1U);
  capture_message("yes");
  EXPECT_TRUE(flush(kPlenty));
  EXPECT_EQ(ledger().told("error"), 2U) << "once";
}

TEST_F(DeliveryEndTest, AReportGoesAloneWhenNothingElseDoes) {
  detail::usual_report_pace.alone = 10ms;
  Options given = options();
  given.sample_rate = 0;
  given.traces_sample_rate = 0;
  start(std::move(given));
  capture_message("x");
  start_transaction({.name = "a"}).finish();
  while (ledger().told("transaction") == 0)
    std::this_thread::sleep_for(1ms);
  guard.end(kPlenty);
  EXPECT_EQ(ledger().told("sample_rate", "error"), 1U);
  EXPECT_EQ(ledger().told("sample_rate", "transaction"), 1U);
  EXPECT_EQ(ledger().told("sample_rate", "span"), 1U);
}

TEST_F(DeliveryEndTest, TheEndTellsWhatIsLeftToTell) {
  Options given = options();
  given.sample_rate = 0;
  start(std::move(given));
  for (int i = 0; i < 3; ++i)
    capture_message("x");
  EXPECT_TRUE(guard.end(kPlenty));
  EXPECT_EQ(ledger().told("sample_rate", "error"), 3U);
}

TEST_F(DeliveryEndTest, UnderPressureTheTracesRateIsHalvedAndThenWholeAgain) {
  pace.pressure = 1ms;
  Options given = options();
  given.requests_in_flight = 2;
  given.traces_sample_rate = 1.0;
  given.error_queue = 4;
  start(std::move(given));
  transport->hang();
  for (int i = 0; i < 10; ++i) {
    capture_message("x");
    while (i == 0 && transport->requests().empty())
      std::this_thread::yield();
  }
  // Both threads hang in a request: the last look was before. A limit is seen without a queue.
  transport->answer_with({.status = 200, .headers = {{"X-Sentry-Rate-Limits", "60:session:key"}}});
  EXPECT_TRUE(flush(kPlenty));
  while (context::detail::runtime.halvings.load() < 10)
    std::this_thread::sleep_for(1ms);
  const std::uint64_t pressed =
      detail::counted(Category::kTransaction, detail::Cause::kBackpressure);
  set_sample_rates(1.0, 1.0);
  for (int i = 0; i < 1000; ++i)
    start_transaction({.name = "a"}).finish();
  EXPECT_GT(detail::counted(Category::kTransaction, detail::Cause::kBackpressure) - pressed, 900U)
      << "a new rate does not end the pressure";
  EXPECT_TRUE(start_transaction({.name = "a"}, {.sentry_trace = "0123456789abcdef0123456789abcdef-"
                                                                "0123456789abcdef-1"})
                  .sampled())
      << "the caller's decision stands";
  guard.end(kPlenty);
  detail::forget_servers();
  transport = std::make_shared<vitals::testing::MemoryTransport>();
  start();
  EXPECT_EQ(context::detail::runtime.halvings.load(), 0);
}

TEST_F(DeliveryEndTest, FlushWaitsForWhatTheSourcesGive) {
  class Source : public delivery::detail::Source {
   public:
    std::unique_ptr<delivery::detail::Cargo> take(Clock::time_point,
                                                  bool everything) noexcept override {
      if (!everything || left == 0) return nullptr;
      --left;
      auto item = std::make_unique<detail::ReadyItem>();
      item->category = Category::kLog;
      item->type = "log";
      item->payload = "{}";
      item->quantity = 7;
      return item;
    }
    int left = 1000;
  };
  Source source;
  Options given = options();
  given.transport = transport;
  detail::SentryPolicy policy{given, {"http://host/", "http://k@host/1", "k", ""}};
  delivery::detail::Worker worker{policy,
                                  {.name = "test",
                                   .lanes = {{1, 1}, {1, 1}, {64, 1'000'000}},
                                   .sources = {&source},
                                   .source_lane = detail::kItems,
                                   .requests_in_flight = 1,
                                   .transport = transport}};
  const auto nobody = std::make_shared<int>();
  worker.start(nobody);
  const auto logs = [] { return detail::counted(Category::kLog, Outcome::kSent); };
  const std::uint64_t sent_before = logs();
  EXPECT_TRUE(worker.flush(Clock::now() + kPlenty));
  EXPECT_EQ(logs() - sent_before, 7000U);
  source.left = 3;
  EXPECT_TRUE(worker.end(nobody, Clock::now() + kPlenty));
  EXPECT_EQ(logs() - sent_before, 7021U);
}

class Attached : public DeliveryEndTest {
 protected:
  void start_with(std::vector<AttachmentRecord> files) {
    Options given = options();
    given.before_send = [files](Event& e) {
      e.attachments = files;
      return true;
    };
    start(std::move(given));
  }
};

TEST_F(Attached, FilesAreItemsOfTheirOwn) {
  start_with({{"a.txt", "text/plain", std::string{"a\n\0b", 4}}, {"", "", "x"}});
  capture_message("x");
  EXPECT_TRUE(flush(kPlenty));
  ASSERT_THAT(transport->envelopes(), SizeIs(1));
  const auto items = transport->envelopes()[0].items;
  ASSERT_THAT(items, SizeIs(3));
  EXPECT_EQ(items[0].type, "event");
  EXPECT_EQ(items[1].payload, std::string("a\n\0b", 4));
  const Json header = Json::parse(items[1].header);
  EXPECT_EQ(header["type"], "attachment");
  EXPECT_EQ(header["filename"], "a.txt");
  EXPECT_EQ(header["content_type"], "text/plain");
  EXPECT_EQ(header["attachment_type"], "event.attachment");
  EXPECT_EQ(header["length"], 4);
  EXPECT_EQ(counted(Category::kAttachment, Outcome::kSent), 2U);
}

TEST_F(Attached, TheEventGoesWithoutWhatIsTooLargeOrLimited) {
  start_with({{"big", "", std::string(21 * 1024 * 1024, 'x')}, {"small", "", "x"}});
  transport->answer_with(
      {.status = 200, .headers = {{"X-Sentry-Rate-Limits", "60:attachment:key"}}});
  capture_message("x");
  capture_message("y");
  EXPECT_TRUE(flush(kPlenty));
  ASSERT_THAT(transport->envelopes(), SizeIs(2));
  EXPECT_EQ(transport->envelopes()[0].items[1].payload, "x");
  EXPECT_EQ(transport->envelopes()[1].items[0].type, "event");
  EXPECT_EQ(counted(Category::kAttachment, Outcome::kTooLarge), 1U);
  EXPECT_EQ(counted(Category::kAttachment, Outcome::kRateLimited), 2U);
  EXPECT_EQ(counted(Category::kError, Outcome::kSent), 2U);
}

TEST_F(DeliveryEndTest, AnyDurationIsTaken) {
  using std::chrono::milliseconds;
  for (const milliseconds huge :
       {milliseconds::max(), milliseconds{1LL << 53}, milliseconds{1LL << 62},
        milliseconds{std::chrono::hours{24 * 365 * 292}}}) {
    transport = std::make_shared<vitals::testing::MemoryTransport>();
    Options given = options();
    given.http_timeout = huge;
    given.connect_timeout = huge;
    given.spool_age = std::chrono::hours::max();
    given.cache_dir = folder.path();
    start(given);
    ASSERT_TRUE(capture_message("x"));
    EXPECT_TRUE(flush(huge)) << huge.count();
    ASSERT_TRUE(capture_message("y"));
    EXPECT_TRUE(guard.end(huge)) << huge.count();
    EXPECT_TRUE(transport->wait_for(2, huge));
    EXPECT_THAT(ledger().events, SizeIs(2));
  }
  for (const milliseconds none : {milliseconds::min(), milliseconds{-1}, milliseconds{0}}) {
    transport = std::make_shared<vitals::testing::MemoryTransport>();
    start();
    hold_the_thread();
    EXPECT_FALSE(flush(none)) << none.count();
    EXPECT_FALSE(guard.end(none)) << none.count();
  }
}

TEST_F(DeliveryEndTest, LogsAndAttachmentsAreToldByTheirBytes) {
  Options given = options();
  given.enable_logs = true;
  given.before_send_log = [](LogRecord&) { return false; };
  given.before_send = [](Event&) { return false; };
  start(given);
  log(LogLevel::kInfo, std::string(300, 'x'));
  const Attachment file{.filename = "a", .bytes = "12345678"};
  capture_message("x", Level::kError, {.attachments = {file, file}});
  EXPECT_TRUE(guard.end(kPlenty));
  EXPECT_EQ(ledger().told("before_send", "log_item"), 1U);
  EXPECT_GE(ledger().told("before_send", "log_byte"), 300U);
  EXPECT_EQ(ledger().told("before_send", "attachment"), 16U);
}

TEST_F(DeliveryEndTest, SpansPastTheLimitOrTakenOutByAHookAreTold) {
  Options given = options();
  given.traces_sample_rate = 1.0;
  given.max_spans = 4;
  given.before_send_transaction = [](Event& event) {
    event.spans.pop_back();
    return true;
  };
  start(given);
  const Span transaction = start_transaction({.name = "a"});
  {
    const auto active = transaction.activate();
    for (int i = 0; i < 7; ++i)
      start_span("db").finish();
  }
  transaction.finish();
  EXPECT_TRUE(guard.end(kPlenty));
  EXPECT_EQ(ledger().told("buffer_overflow", "span"), 3U);
  EXPECT_EQ(ledger().told("before_send", "span"), 1U);
  EXPECT_EQ(ledger().told("transaction"), 0U);
}

TEST_F(DeliveryEndTest, WhatLimitsHeldBackIsToldWhileTheyHold) {
  detail::usual_report_pace.alone = 1ms;
  start();
  transport->answer_with({.status = 200, .headers = {{"X-Sentry-Rate-Limits", "60:error:key"}}});
  capture_message("taken");
  EXPECT_TRUE(flush(kPlenty));
  capture_message("held back");
  EXPECT_TRUE(transport->wait_for(2, kPlenty));
  EXPECT_EQ(ledger().told("ratelimit_backoff", "error"), 1U);
}

TEST_F(DeliveryEndTest, WhatWentToDiskBeforeTheEndIsNotDelivered) {
  start(on_disk());
  transport->answer_with(0);
  capture_message("x");
  while (stats().spool_bytes == 0)
    std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(flush(kPlenty)) << "it is in safety";
  EXPECT_FALSE(guard.end(kPlenty));
}

TEST_F(DeliveryEndTest, ADamagedFileIsToldOf) {
  start(on_disk());
  transport->answer_with(0);
  start_transaction({.name = "a"}).finish();
  EXPECT_FALSE(guard.end(kPlenty));
  for (const auto& entry : std::filesystem::directory_iterator{folder.path() + "/envelopes"}) {
    if (entry.path().extension() != ".unsent") continue;
    std::filesystem::resize_file(entry.path(), std::filesystem::file_size(entry.path()) - 1);
  }
  detail::forget_servers();
  transport = std::make_shared<vitals::testing::MemoryTransport>();
  start(on_disk());
  while (stats().spool_bytes > 0)
    std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(guard.end(kPlenty));
  EXPECT_EQ(ledger().told("internal_sdk_error", "transaction"), 1U);
  EXPECT_EQ(ledger().told("internal_sdk_error", "span"), 1U);
}

TEST_F(DeliveryEndTest, AnExceptionThatIsCapturedOnItsWayUpIsOneEvent) {
  start();
  EventId first;
  std::exception_ptr kept;
  try {
    try {
      try {
        throw std::runtime_error{"once"};
      } catch (const std::exception& error) {
        first = capture_exception(error);
        EXPECT_TRUE(first);
        throw;
      }
    } catch (const std::runtime_error& error) {
      EXPECT_EQ(capture_exception(error), first);
      throw;
    }
  } catch (...) {
    kept = std::current_exception();
    EXPECT_EQ(capture_exception(kept), first);
  }
  std::thread{[&] { EXPECT_EQ(capture_exception(kept), first); }}.join();
  EXPECT_TRUE(flush(kPlenty));
  EXPECT_THAT(ledger().events, SizeIs(1));
}

TEST_F(DeliveryEndTest, AnotherExceptionAtTheSameAddressIsAnotherEvent) {
  start();
  std::set<const void*> addresses;
  for (int i = 0; i < 100; ++i) {
    try {
      throw std::runtime_error{"again"};
    } catch (const std::exception& error) {
      addresses.insert(&error);
      EXPECT_TRUE(capture_exception(error));
    }
  }
  EXPECT_TRUE(flush(kPlenty));
#ifndef __SANITIZE_ADDRESS__  // which gives no address a second time so soon
  EXPECT_LT(addresses.size(), 100U) << "else nothing is shown here";
#endif
  EXPECT_THAT(ledger().events, SizeIs(100));
}

volatile sig_atomic_t signalled = 0;

TEST_F(DeliveryEndTest, ASignalHandlerThatInterruptsTheClientDoesNotHang) {
  start();
  struct sigaction action {};
  struct sigaction former {};
  action.sa_handler = [](int) {
    // Of the calls that may stand between the client and its locks, those that take no memory.
    static_cast<void>(flush(1ms));
    signalled = signalled + 1;
  };
  sigaction(SIGUSR1, &action, &former);
  const pthread_t here = pthread_self();
  std::atomic<bool> stop{false};
  std::thread sender{[&] {
    while (!stop) {
      pthread_kill(here, SIGUSR1);
      std::this_thread::yield();
    }
  }};
  while (signalled < 200) {
    add_breadcrumb({.message = "x"});
    static_cast<void>(flush(1ms));
  }
  stop = true;
  sender.join();
  sigaction(SIGUSR1, &former, nullptr);
  EXPECT_TRUE(guard.end(kPlenty));
}

}  // namespace
}  // namespace vitals::sentry

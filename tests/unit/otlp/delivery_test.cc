#include <atomic>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/otlp/fixture.h"
#include "tests/unit/temp_folder.h"
#include "vitals/context/log.h"
#include "vitals/context/span.h"

namespace vitals::otlp {
namespace {

using ::testing::Each;
using ::testing::Gt;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// A receiver that answers as it is told and counts the spans that it has taken.
class Receiver final : public delivery::Transport {
 public:
  using Answer = std::function<delivery::SendResult(int number)>;
  explicit Receiver(Answer answer) : answer_(std::move(answer)) {}

  delivery::SendResult send(const delivery::SendRequest& request) override {
    const int number = requests_.fetch_add(1);
    const delivery::SendResult result = answer_(number);
    if (result.status >= 200 && result.status < 300) {
      const Json body = Json::parse(request.body);
      accepted_ += body.at("resourceSpans").at(0).at("scopeSpans").at(0).at("spans").size();
    }
    return result;
  }

  [[nodiscard]] int requests() const { return requests_; }
  [[nodiscard]] std::size_t accepted() const { return accepted_; }

 private:
  const Answer answer_;
  std::atomic<int> requests_{0};
  std::atomic<std::size_t> accepted_{0};
};

delivery::SendResult status(int number, std::string body = {}) {
  return {.status = number, .body = std::move(body)};
}

class Delivery : public ClientTest {
 protected:
  Delivery() {
    delivery::detail::usual_pace.first_pause = 10ms;
    delivery::detail::usual_pace.longest_pause = 20ms;
  }

  std::shared_ptr<Receiver> receive(Receiver::Answer answer) {
    return std::make_shared<Receiver>(std::move(answer));
  }
  Options with(const std::shared_ptr<Receiver>& receiver) {
    Options made = options();
    made.traces.transport = receiver;
    return made;
  }
  static void produce(int transactions, int children = 0) {
    for (int i = 0; i < transactions; ++i) {
      const context::Span root = context::start_transaction({.name = "job", .op = "job"});
      for (int child = 0; child < children; ++child)
        root.start_child("part").finish();
      root.finish();
    }
  }
  [[nodiscard]] std::uint64_t lost() const {
    std::uint64_t sum = 0;
    for (const Outcome outcome :
         {Outcome::kRejected, Outcome::kRefused, Outcome::kQueueFull, Outcome::kNetworkError,
          Outcome::kCacheOverflow, Outcome::kInternalError})
      sum += counted(Signal::kTraces, outcome);
    return sum;
  }
};

TEST_F(Delivery, PutsManyTransactionsIntoOneRequest) {
  const auto receiver = receive([](int) { return status(200); });
  start(with(receiver));
  produce(100, 3);
  ASSERT_TRUE(guard.flush(kPlenty));
  EXPECT_EQ(receiver->accepted(), 400U);
  EXPECT_EQ(receiver->requests(), 1);
  EXPECT_EQ(counted(Signal::kTraces, Outcome::kSent), 400U);
}

TEST_F(Delivery, NoRequestHasMoreSpansThanItMay) {
  Options given = options();
  given.traces.max_batch_size = 10;
  given.traces.max_queue_size = 1000;
  start(std::move(given));
  produce(3, 24);
  ASSERT_TRUE(guard.flush(kPlenty));
  std::size_t all = 0;
  for (const delivery::SendRequest& request : traces->requests()) {
    const Json body = Json::parse(request.body);
    const std::size_t spans =
        body.at("resourceSpans").at(0).at("scopeSpans").at(0).at("spans").size();
    EXPECT_LE(spans, 10U);
    all += spans;
  }
  EXPECT_EQ(all, 75U);
}

TEST_F(Delivery, ABatchIsSentByItsSizeWithoutAFlush) {
  Options given = options();
  given.traces.max_batch_size = 8;
  given.traces.delay = 1h;
  start(std::move(given));
  produce(8);
  EXPECT_TRUE(traces->wait_for(1, kPlenty));
}

TEST_F(Delivery, ABatchIsSentByItsAgeWithoutAFlush) {
  Options given = options();
  given.traces.delay = 20ms;
  start(std::move(given));
  produce(1);
  EXPECT_TRUE(traces->wait_for(1, kPlenty));
}

/// How often the client's thread for traces has gone to sleep so far.
std::uint64_t sleeps() {
  for (const auto& task : std::filesystem::directory_iterator{"/proc/self/task"}) {
    std::ifstream status{task.path() / "status"};
    std::string word;
    bool ours = false;
    while (status >> word) {
      if (word == "vitals-traces") ours = true;
      std::uint64_t count = 0;
      if (ours && word == "voluntary_ctxt_switches:" && status >> count) return count;
    }
  }
  return 0;
}

TEST_F(Delivery, AnIdleClientIsNotWokenUntilSomethingMayBeDue) {
  start();  // with a delay of 5 s
  produce(1);
  EXPECT_EQ(spans().size(), 1U);
  const std::uint64_t at_first = sleeps();
  ASSERT_THAT(at_first, Gt(0U));
  std::this_thread::sleep_for(1s);
  produce(1);  // which wakes nobody either
  std::this_thread::sleep_for(500ms);
  EXPECT_LE(sleeps() - at_first, 2U);
}

class Retried : public Delivery, public ::testing::WithParamInterface<int> {};

TEST_P(Retried, IsTriedAgainAndArrivesOnce) {
  const auto receiver = receive([](int number) { return status(number < 3 ? GetParam() : 200); });
  start(with(receiver));
  produce(5);
  ASSERT_TRUE(guard.flush(kPlenty));
  while (receiver->accepted() < 5)
    std::this_thread::sleep_for(1ms);
  EXPECT_EQ(receiver->requests(), 4);
  EXPECT_TRUE(guard.end());
  EXPECT_EQ(receiver->accepted(), 5U);
  EXPECT_EQ(lost(), 0U);
}

// No answer is as one that says "later". Source: OpenTelemetry Protocol, "Retryable Response Codes".
INSTANTIATE_TEST_SUITE_P(All, Retried, ::testing::Values(0, 429, 502, 503, 504));

class Refused : public Delivery, public ::testing::WithParamInterface<int> {};

TEST_P(Refused, IsCountedAndNotTriedAgain) {
  const auto receiver = receive([](int) { return status(GetParam()); });
  start(with(receiver));
  produce(5);
  ASSERT_TRUE(guard.flush(kPlenty));
  EXPECT_EQ(receiver->requests(), 1);
  EXPECT_EQ(counted(Signal::kTraces, Outcome::kRefused), 5U);
}

INSTANTIATE_TEST_SUITE_P(All, Refused,
                         ::testing::Values(301, 400, 401, 403, 404, 413, 415, 500, 501, 505));

TEST_F(Delivery, WaitsAsLongAsTheServerAsks) {
  using Clock = std::chrono::steady_clock;
  std::atomic<Clock::time_point> refused{};
  std::atomic<Clock::time_point> again{};
  const auto receiver = receive([&](int number) {
    (number == 0 ? refused : again) = Clock::now();
    if (number > 0) return status(200);
    return delivery::SendResult{.status = 429, .headers = {{"Retry-After", "1"}}};
  });
  start(with(receiver));
  produce(1);
  EXPECT_TRUE(guard.flush(kPlenty));
  while (receiver->accepted() < 1)
    std::this_thread::sleep_for(1ms);
  EXPECT_GE(again.load() - refused.load(), 1s);
}

TEST_F(Delivery, WhatAPartialSuccessRejectsIsCountedAndNotTriedAgain) {
  const auto receiver = receive([](int) {
    return status(200, R"({"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}})");
  });
  start(with(receiver));
  ::testing::internal::CaptureStderr();
  produce(10);
  ASSERT_TRUE(guard.flush(kPlenty));
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(receiver->requests(), 1);
  EXPECT_EQ(counted(Signal::kTraces, Outcome::kSent), 7U);
  EXPECT_EQ(counted(Signal::kTraces, Outcome::kRejected), 3U);
  EXPECT_THAT(said, ::testing::HasSubstr("has not taken 3 of 10 traces: too old"));
}

TEST_F(Delivery, AHugeRejectionIsNoMoreThanWhatWasSent) {
  const auto receiver = receive(
      [](int) { return status(200, R"({"partialSuccess":{"rejectedSpans":"999999999999"}})"); });
  start(with(receiver));
  produce(4);
  ASSERT_TRUE(guard.flush(kPlenty));
  EXPECT_EQ(counted(Signal::kTraces, Outcome::kRejected), 4U);
  EXPECT_EQ(counted(Signal::kTraces, Outcome::kSent), 0U);
}

TEST_F(Delivery, EachSpanIsTakenLostOrOnDiskWhateverTheServerDoes) {
  // Of each ten requests some are late, refused, away, or answered with nonsense.
  const auto receiver = receive([](int number) {
    switch (number % 10) {
      case 1:
        return status(503);
      case 3:
        return status(0);
      case 5:
        return status(400, "{");
      case 7:
        return status(200, R"({"partialSuccess":{"rejectedSpans":1}})");
      case 9:
        return status(200, "\xff\x00nonsense");
      default:
        return status(200);
    }
  });
  Options given = with(receiver);
  given.traces.max_batch_size = 50;
  given.traces.max_queue_size = 500;
  start(std::move(given));
  constexpr int kThreads = 4;
  constexpr int kEach = 2000;
  std::vector<std::jthread> threads;
  for (int i = 0; i < kThreads; ++i)
    threads.emplace_back([] { produce(kEach, 1); });
  threads.clear();
  EXPECT_TRUE(guard.flush(kPlenty));
  static_cast<void>(guard.end(kPlenty));
  const std::uint64_t sent = counted(Signal::kTraces, Outcome::kSent);
  EXPECT_EQ(sent + lost(), std::uint64_t{kThreads} * kEach * 2);
  EXPECT_EQ(receiver->accepted(), sent + counted(Signal::kTraces, Outcome::kRejected));
  EXPECT_THAT(sent, Gt(0U));
}

TEST_F(Delivery, AServerThatHangsCostsNothingButWhatDoesNotFit) {
  traces->hang();
  Options given = options();
  given.traces.max_queue_size = 200;
  given.traces.max_batch_size = 100;
  start(std::move(given));
  produce(100'000 / 4, 3);
  EXPECT_GE(counted(Signal::kTraces, Outcome::kQueueFull), 100'000U - 400U);
  EXPECT_FALSE(guard.end(50ms));
  EXPECT_EQ(counted(Signal::kTraces, Outcome::kSent) + lost(), 100'000U);
}

TEST_F(Delivery, AReceiverThatHangsLeavesTheOtherSignalsTheirTimeAtTheEnd) {
  traces->hang();
  Options given = options();
  given.logs = {.url = "http://collector/v1/logs", .protocol = Protocol::kJson, .transport = logs};
  start(std::move(given));
  produce(1);
  context::log(context::LogLevel::kInfo, "x");
  EXPECT_FALSE(guard.end(300ms));
  EXPECT_EQ(logs->requests().size(), 1U);
  EXPECT_EQ(counted(Signal::kLogs, Outcome::kSent), 1U);
  EXPECT_EQ(lost(), 1U);
}

TEST_F(Delivery, WhatCannotBeSentWaitsOnDiskForTheNextStart) {
  const TempFolder folder;
  const auto away = receive([](int) { return status(0); });
  Options given = with(away);
  given.cache_dir = folder.path();
  start(given);
  produce(20);
  EXPECT_FALSE(guard.end()) << "it was not delivered";
  EXPECT_EQ(counted(Signal::kTraces, Outcome::kSent) + lost(), 0U);

  const auto back = receive([](int) { return status(200); });
  given = with(back);
  given.cache_dir = folder.path();
  start(given);
  while (back->accepted() < 20)
    std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(guard.end());
  EXPECT_EQ(counted(Signal::kTraces, Outcome::kSent), 20U);
}

TEST_F(Delivery, IsCompressedWhereThatIsWanted) {
  Options given = options();
  given.traces.compression = Compression::kGzip;
  given.traces.headers = {{"x-key", "k"}};
  start(std::move(given));
  produce(50);
  ASSERT_TRUE(guard.flush(kPlenty));
  ASSERT_THAT(traces->requests(), SizeIs(1));
  const delivery::SendRequest request = traces->requests().front();
  EXPECT_THAT(request.body, ::testing::StartsWith("\x1f\x8b"));
  EXPECT_THAT(request.headers,
              ::testing::IsSupersetOf({::testing::Pair("Content-Encoding", "gzip"),
                                       ::testing::Pair("Content-Type", "application/json"),
                                       ::testing::Pair("x-key", "k")}));
}

struct BadOptions {
  std::string word;
  std::function<void(Options&)> change;
};

TEST_F(Delivery, OptionsThatMakeNoSenseAreRefusedWithTheirName) {
  const std::vector<BadOptions> all{
      {"traces.url", [](Options& o) { o.traces.url = "localhost:4318"; }},
      {"traces.url", [](Options& o) { o.traces.url = "ftp://me:s3cret@host"; }},
      {"traces.timeout", [](Options& o) { o.traces.timeout = 0ms; }},
      {"traces.max_queue_size", [](Options& o) { o.traces.max_queue_size = 0; }},
      {"traces.max_batch_size", [](Options& o) { o.traces.max_batch_size = 0; }},
      {"traces.max_batch_size", [](Options& o) { o.traces.max_batch_size = 4096; }},
      {"metrics_interval", [](Options& o) { o.metrics_interval = 0ms; }}};
  for (const auto& [word, change] : all) {
    Options given = options();
    change(given);
    const auto started = init(std::move(given));
    ASSERT_FALSE(started) << word;
    EXPECT_THAT(started.error().message, ::testing::HasSubstr(word));
    EXPECT_THAT(started.error().message, ::testing::Not(::testing::HasSubstr("s3cret")));
  }
}

TEST_F(Delivery, NothingRunsWhereNoSignalIsSent) {
  Options given = options();
  given.traces.url.clear();
  const auto started = init(std::move(given));
  ASSERT_TRUE(started);
  EXPECT_FALSE(*started);
  EXPECT_FALSE(context::enabled());
}

}  // namespace
}  // namespace vitals::otlp

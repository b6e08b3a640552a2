#include <gtest/gtest.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>

#include "integration/support/otlp_receiver.h"
#include "integration/support/ports.h"
#include "integration/support/wait.h"
#include "vitals/context/span.h"
#include "vitals/otlp/client.h"

// A receiver that is away, with the client's real pace: nothing here is sped up.
namespace integration {
namespace {

namespace context = vitals::context;
namespace otlp = vitals::otlp;
using otlp::Outcome;
using otlp::Signal;

otlp::Options to(std::uint16_t port) {
  otlp::Options options;
  options.traces.url = "http://127.0.0.1:" + std::to_string(port) + "/v1/traces";
  options.traces.protocol = otlp::Protocol::kJson;
  options.metrics.enabled = options.logs.enabled = false;
  return options;
}

std::uint64_t counted(Outcome outcome) {
  return otlp::stats().of(Signal::kTraces, outcome);
}

std::uint64_t lost() {
  std::uint64_t sum = 0;
  for (const Outcome outcome :
       {Outcome::kRejected, Outcome::kRefused, Outcome::kQueueFull, Outcome::kNetworkError,
        Outcome::kCacheOverflow, Outcome::kInternalError})
    sum += counted(outcome);
  return sum;
}

/// A transaction of four spans.
void produce(const std::string& text) {
  const context::Span root = context::start_transaction({.name = "GET /orders", .op = "job"});
  for (int i = 0; i < 3; ++i) {
    const context::Span part = root.start_child("db", "SELECT orders");
    part.set_data("note", text);
    part.finish();
  }
  root.finish();
}

std::set<std::string> ids_of(const OtlpReceiver& receiver) {
  std::set<std::string> ids;
  for (const Json& span : receiver.spans())
    ids.insert(span.at("spanId").get<std::string>());
  return ids;
}

/// How many requests wait on disk.
std::ptrdiff_t files_in(const std::string& folder) {
  const std::filesystem::recursive_directory_iterator all{folder};
  return std::count_if(begin(all), end(all), [](const auto& entry) {
    return entry.is_regular_file() && entry.path().filename() != "lock";
  });
}

TEST(OtlpOutage, AReceiverThatIsAwayForHalfAMinuteMissesNothing) {
  constexpr auto kAway = 30s;
  constexpr auto kBetween = 10ms;
  const std::string folder =
      (std::filesystem::temp_directory_path() / ("vitals-outage-" + std::to_string(::getpid())))
          .string();
  const std::uint16_t port = free_port();
  auto receiver = std::make_unique<OtlpReceiver>(nullptr, port);
  otlp::Options options = to(port);
  options.cache_dir = folder;
  options.traces.delay = 200ms;
  const std::uint64_t sent_before = counted(Outcome::kSent);
  const std::uint64_t lost_before = lost();
  auto guard = otlp::init(std::move(options));
  ASSERT_TRUE(guard) << guard.error().message;
  std::uint64_t produced = 0;
  for (; produced < 40; produced += 4)
    produce("before");
  ASSERT_TRUE(eventually([&] { return receiver->spans().size() == 40; }, 60s));
  std::set<std::string> ids = ids_of(*receiver);
  receiver.reset();

  const auto back = std::chrono::steady_clock::now() + kAway;
  for (; std::chrono::steady_clock::now() < back; produced += 4) {
    produce("away");
    std::this_thread::sleep_for(kBetween);
  }
  EXPECT_GT(files_in(folder), 0) << "what waits is on disk";

  receiver = std::make_unique<OtlpReceiver>(nullptr, port);
  const auto arrived = [&] { return ids.size() + receiver->spans().size(); };
  EXPECT_TRUE(eventually([&] { return arrived() >= produced; }, 100s))
      << arrived() << " of " << produced;
  EXPECT_TRUE(guard->end(60s));
  EXPECT_EQ(receiver->faults(), std::vector<std::string>{});
  EXPECT_EQ(counted(Outcome::kSent) - sent_before, produced);
  EXPECT_EQ(lost() - lost_before, 0U);
  ids.merge(ids_of(*receiver));
  EXPECT_EQ(ids.size(), produced) << "each once";
  EXPECT_EQ(files_in(folder), 0);
  std::filesystem::remove_all(folder);
}

/// Bytes that this process has from malloc() and has not given back; 0 where a sanitizer stands in
/// for it.
std::size_t in_use() {
  return mallinfo2().uordblks;
}

TEST(OtlpOutage, AHundredThousandSpansTakeNoMoreMemoryThanTheQueueMay) {
  constexpr std::size_t kBytes = 8'000'000;
  constexpr std::uint64_t kSpans = 100'000;
  const std::uint16_t nobody = free_port();
  otlp::Options options = to(nobody);
  options.traces.max_queue_size = 2 * kSpans;  // so that the bytes are the bound
  options.traces.max_queue_bytes = kBytes;
  const std::uint64_t lost_before = lost();
  const std::size_t before = in_use();
  auto guard = otlp::init(std::move(options));
  ASSERT_TRUE(guard) << guard.error().message;
  std::size_t most = 0;
  for (std::uint64_t produced = 0; produced < kSpans; produced += 4) {
    produce(std::string(500, 'x'));
    if (produced % 1000 == 0) most = std::max(most, in_use() - before);
  }
  RecordProperty("bytes", std::to_string(most));
  EXPECT_TRUE(before == 0 || most > kBytes / 4) << "the queue was not filled";
  // Beside what waits: the ring of pointers, a request that is being written, the client itself.
  EXPECT_LT(most, kBytes * 3 / 2 + 2 * kSpans * 24);
  EXPECT_GT(lost() - lost_before, kSpans / 2) << "what does not fit is counted";
  static_cast<void>(guard->end(10ms));
  EXPECT_EQ(lost() - lost_before, kSpans);
}

}  // namespace
}  // namespace integration

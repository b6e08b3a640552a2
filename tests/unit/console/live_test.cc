#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <fstream>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "console/event_store.h"
#include "vitals/console/console.h"
#include "vitals/metrics/registry.h"

namespace vitals::console {
namespace {

using Json = nlohmann::json;
using namespace std::chrono_literals;

/// What a viewer was sent, for as long as somebody wants to look.
struct Screen {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> pieces;
  bool ended = false;
  bool reads = true;
  bool fails = false;

  [[nodiscard]] bool wait_for(std::size_t count) {
    std::unique_lock lock{mutex};
    return changed.wait_for(lock, 30s, [&] { return pieces.size() >= count; });
  }
  [[nodiscard]] bool wait_for_end() {
    std::unique_lock lock{mutex};
    return changed.wait_for(lock, 30s, [this] { return ended; });
  }
};

class ScreenViewer final : public Viewer {
 public:
  explicit ScreenViewer(std::shared_ptr<Screen> screen) : screen_(std::move(screen)) {}
  ~ScreenViewer() override {
    const std::lock_guard lock{screen_->mutex};
    screen_->ended = true;
    screen_->changed.notify_all();
  }
  bool write(std::string_view piece) override {
    const std::lock_guard lock{screen_->mutex};
    if (screen_->fails) throw std::runtime_error("the connection is gone");
    screen_->pieces.emplace_back(piece);
    screen_->changed.notify_all();
    return screen_->reads;
  }

 private:
  std::shared_ptr<Screen> screen_;
};

std::shared_ptr<Screen> follow(Console& console, std::string_view query = {}) {
  auto screen = std::make_shared<Screen>();
  ConsoleResponse response = console.handle({.path = "/api/live", .query = query});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.content_type, "text/event-stream; charset=utf-8");
  if (response.attach) response.attach(std::make_unique<ScreenViewer>(screen));
  return screen;
}

Json tick_of(const std::string& piece) {
  EXPECT_TRUE(piece.starts_with("event: tick\ndata: ")) << piece;
  EXPECT_TRUE(piece.ends_with("\n\n"));
  return Json::parse(piece.substr(18));
}

TEST(Live, TellsEverySecondWhatTheRegistryHolds) {
  metrics::Registry registry;
  auto counter = registry.counter<"status">("http_requests_total", "Requests.");
  Console console{&registry, nullptr};
  const auto screen = follow(console);
  ASSERT_TRUE(screen->wait_for(2));
  counter.with("500").inc(9);
  ASSERT_TRUE(screen->wait_for(5));
  double most = 0;
  std::int64_t before = 0;
  const std::lock_guard lock{screen->mutex};
  EXPECT_EQ(screen->pieces[0], ": live\n\n") << "so that the head leaves at once";
  for (std::size_t i = 1; i < screen->pieces.size(); ++i) {
    const Json tick = tick_of(screen->pieces[i]);
    EXPECT_EQ(tick["t"].get<std::int64_t>() > before, true);
    before = tick["t"].get<std::int64_t>();
    if (tick["tracks"].contains("http.status.5xx"))
      most = std::max(most, tick["tracks"]["http.status.5xx"][0].get<double>());
  }
  EXPECT_GT(most, 0);
}

TEST(Live, TellsOfAnErrorOnceItIsThere) {
  auto recent = std::make_shared<RecentEvents>();
  Console console{nullptr, recent};
  const auto screen = follow(console);
  ASSERT_TRUE(screen->wait_for(2));
  sentry::Event event;
  event.message = "it broke";
  event.timestamp = vitals::Timestamp{std::chrono::system_clock::now().time_since_epoch()};
  const std::size_t seen = screen->pieces.size();
  recent->store().add(event, "{}");
  ASSERT_TRUE(screen->wait_for(seen + 3));
  const std::lock_guard lock{screen->mutex};
  int told = 0;
  for (std::size_t i = seen; i < screen->pieces.size(); ++i) {
    const Json tick = tick_of(screen->pieces[i]);
    if (tick.contains("errors")) {
      ++told;
      EXPECT_EQ(tick["errors"][0]["title"], "it broke");
    }
  }
  EXPECT_EQ(told, 1) << "once, not with every second";
}

TEST(Live, AServerThatCannotStreamTellsOneSecondAtATime) {
  metrics::Registry registry;
  auto counter = registry.counter<"status">("http_requests_total", "Requests.");
  auto recent = std::make_shared<RecentEvents>();
  Console console{&registry, recent, {.max_viewers = 1}};
  sentry::Event event;
  event.message = "it broke";
  event.timestamp = vitals::Timestamp{std::chrono::system_clock::now().time_since_epoch()};
  recent->store().add(event, "{}");
  double most = 0;
  std::int64_t last = 0;
  // More often than there are places for streams, of which none is taken.
  const auto end = std::chrono::steady_clock::now() + 30s;
  while (most == 0 && std::chrono::steady_clock::now() < end) {
    counter.with("500").inc(9);
    const ConsoleResponse response = console.handle({.path = "/api/live", .can_stream = false});
    ASSERT_EQ(response.status, 200);
    EXPECT_EQ(response.content_type, "text/event-stream; charset=utf-8");
    EXPECT_FALSE(response.attach);
    const std::string& body = response.body;
    ASSERT_TRUE(body.starts_with("retry: 1000\n")) << body;
    const Json tick = tick_of(body.substr(12));
    EXPECT_GE(tick["t"].get<std::int64_t>(), last);
    last = tick["t"].get<std::int64_t>();
    EXPECT_EQ(tick["errors"][0]["title"], "it broke") << "each time: who asks may be new";
    if (tick["tracks"].contains("http.status.5xx"))
      most = std::max(most, tick["tracks"]["http.status.5xx"][0].get<double>());
    std::this_thread::sleep_for(100ms);
  }
  EXPECT_GT(most, 0);
}

TEST(Live, TheViewerPastTheLimitIsAnswered503UntilAPlaceIsFree) {
  metrics::Registry registry;
  Console console{&registry, nullptr, {.max_viewers = 2}};
  const auto first = follow(console);
  const auto second = follow(console);
  const ConsoleResponse third = console.handle({.path = "/api/live"});
  EXPECT_EQ(third.status, 503);
  EXPECT_NE(third.body.find("All 2 places"), std::string::npos) << third.body;
  {
    const std::lock_guard lock{first->mutex};
    first->reads = false;
  }
  ASSERT_TRUE(first->wait_for_end()) << "who does not read is let go of";
  EXPECT_EQ(console.handle({.path = "/api/live"}).status, 200);
}

TEST(Live, ANewcomerGetsAPlaceOfTheCallerWithMostAndFairSharesStay) {
  metrics::Registry registry;
  Console console{&registry, nullptr, {.max_viewers = 4}};
  const auto follow_as = [&](std::string_view caller) {
    auto screen = std::make_shared<Screen>();
    ConsoleResponse response = console.handle({.path = "/api/live", .caller = caller});
    if (response.attach) response.attach(std::make_unique<ScreenViewer>(screen));
    return response.attach ? screen : nullptr;
  };
  std::vector<std::shared_ptr<Screen>> greedy;
  for (int i = 0; i < 4; ++i)
    greedy.push_back(follow_as("greedy"));
  EXPECT_EQ(follow_as("greedy"), nullptr) << "nobody has more than the caller itself";
  const auto one = follow_as("other");
  ASSERT_NE(one, nullptr);
  EXPECT_TRUE(greedy[0]->wait_for_end()) << "the oldest";
  const auto two = follow_as("other");
  ASSERT_NE(two, nullptr);
  EXPECT_TRUE(greedy[1]->wait_for_end());
  EXPECT_EQ(follow_as("other"), nullptr) << "two and two are fair";
  EXPECT_EQ(follow_as("greedy"), nullptr);
  EXPECT_NE(follow_as("third"), nullptr) << "who has none gets one of two";
  EXPECT_TRUE(two->wait_for(1));
}

TEST(Live, WhatHasNoKeyIsThePageAndNothingElse) {
  metrics::Registry registry;
  Console console{&registry, nullptr};
  for (const char* path : {"/api/live", "/api/overview", "api/live", "//api/live", "/api/health"}) {
    const ConsoleResponse response = console.handle({.path = path, .part = ConsolePart::kPage});
    EXPECT_EQ(response.status, 404) << path;
    EXPECT_FALSE(response.attach);
  }
  EXPECT_EQ(console.handle({.path = "/", .part = ConsolePart::kPage}).status, 200);
}

TEST(Live, APlaceThatNobodyTakesIsFreeAgain) {
  metrics::Registry registry;
  Console console{&registry, nullptr, {.max_viewers = 1}};
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(console.handle({.path = "/api/live"}).status, 200);
}

TEST(Live, AViewerThatThrowsIsLetGoAndTheOthersGoOn) {
  metrics::Registry registry;
  Console console{&registry, nullptr};
  const auto first = follow(console);
  const auto second = follow(console);
  const auto third = follow(console);
  {
    const std::lock_guard lock{first->mutex};
    first->reads = false;
  }
  {
    const std::lock_guard lock{second->mutex};
    second->fails = true;
  }
  EXPECT_TRUE(first->wait_for_end());
  EXPECT_TRUE(second->wait_for_end());
  EXPECT_TRUE(third->wait_for(4));
}

TEST(Live, EndStreamsEndsThemAtOnceAndTakesNoNewOnes) {
  metrics::Registry registry;
  Console console{&registry, nullptr};
  const auto screen = follow(console);
  ConsoleResponse late = console.handle({.path = "/api/live"});
  console.end_streams();
  EXPECT_TRUE(screen->ended);
  EXPECT_EQ(console.handle({.path = "/api/live"}).status, 503);
  const auto too_late = std::make_shared<Screen>();
  late.attach(std::make_unique<ScreenViewer>(too_late));
  EXPECT_TRUE(too_late->ended);
}

std::size_t threads_now() {
  std::ifstream status{"/proc/self/status"};
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with("Threads:")) return std::stoul(line.substr(8));
  }
  return 0;
}

/// What has been joined may be listed for a moment: so many, when they were so many for 100 ms.
std::size_t threads() {
  std::size_t seen = threads_now();
  for (int same = 0; same < 10;) {
    std::this_thread::sleep_for(10ms);
    const std::size_t again = threads_now();
    same = again == seen ? same + 1 : 0;
    seen = again;
  }
  return seen;
}

TEST(Live, HasOneThreadWithSomethingToShowAndNoneWithout) {
  std::thread{[] {}}.join();  // a sanitizer's own thread begins with the first
  const std::size_t before = threads();
  {
    const Console off{nullptr, nullptr};
    EXPECT_EQ(threads(), before);
    metrics::Registry registry;
    const Console on{&registry, nullptr};
    EXPECT_EQ(threads(), before + 1);
  }
  EXPECT_EQ(threads(), before);
}

}  // namespace
}  // namespace vitals::console

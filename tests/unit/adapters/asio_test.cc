#include "vitals/adapters/asio.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "vitals/context/capture.h"
#include "vitals/monitor/http.h"
#include "vitals/testing/sentry_recorder.h"

namespace vitals::adapters {
namespace {

namespace asio = boost::asio;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string tag_of(const sentry::Event& event, std::string_view name) {
  for (const auto& [key, value] : event.tags)
    if (key == name) return value;
  return {};
}

asio::awaitable<void> serve(int number, std::atomic<int>& wrong) {
  const std::string id = "request-" + std::to_string(number);
  monitor::RequestScope request{
      {.method = monitor::Method::kGet, .route = "/eggs", .request_id = id}};
  const monitor::RequestActivation active{request};
  asio::steady_timer timer{co_await asio::this_coro::executor};
  for (int i = 0; i < 10; ++i) {
    timer.expires_after(std::chrono::microseconds{50 * (number % 3)});
    co_await timer.async_wait(asio::use_awaitable);
    if (monitor::current_log_context().request_id != id) wrong.fetch_add(1);
    co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    if (monitor::current_log_context().request_id != id) wrong.fetch_add(1);
  }
  context::capture_message(id, Level::kError);
  request.finish(200);
}

TEST(Asio, ARequestStaysActiveInItsCoroutineOnEveryThread) {
  const testing::SentryRecorder sentry;
  constexpr int kRequests = 64;
  std::atomic<int> wrong{0};
  asio::thread_pool pool{4};
  for (int i = 0; i < kRequests; ++i)
    asio::co_spawn(carry_context(pool.get_executor()), serve(i, wrong), asio::detached);
  pool.join();
  EXPECT_EQ(wrong, 0);
  const std::vector<sentry::Event> events = sentry.errors();
  ASSERT_THAT(events, SizeIs(kRequests));
  for (const sentry::Event& event : events)
    EXPECT_EQ(tag_of(event, "request_id"), event.message);
}

TEST(Asio, TheThreadHasNothingOfARequestBehindIt) {
  const testing::SentryRecorder sentry;
  asio::io_context io;
  std::atomic<int> wrong{0};
  std::vector<std::string> between;
  asio::co_spawn(carry_context(io.get_executor()), serve(1, wrong), asio::detached);
  asio::co_spawn(
      io,
      [&]() -> asio::awaitable<void> {
        for (int i = 0; i < 10; ++i) {
          co_await asio::post(io, asio::use_awaitable);
          if (const auto id = monitor::current_log_context().request_id; !id.empty())
            between.emplace_back(id);
        }
      },
      asio::detached);
  io.run();
  EXPECT_EQ(wrong, 0);
  EXPECT_THAT(between, IsEmpty());
  EXPECT_THAT(monitor::current_log_context().request_id, IsEmpty());
}

TEST(Asio, AStrandCarriesItToo) {
  const testing::SentryRecorder sentry;
  asio::thread_pool pool{4};
  std::atomic<int> wrong{0};
  asio::co_spawn(carry_context(asio::make_strand(pool.get_executor())), serve(1, wrong),
                 asio::detached);
  pool.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Asio, HandlersOfAChainFindWhatWasCurrentWhereItBegan) {
  const testing::SentryRecorder sentry;
  asio::thread_pool pool{4};
  std::atomic<int> right{0};
  {
    monitor::RequestScope request{{.route = "/eggs", .request_id = "request-1"}};
    const monitor::RequestActivation active{request};
    const auto executor = carry_context(pool.get_executor());
    for (int i = 0; i < 100; ++i) {
      asio::post(asio::bind_executor(executor, [&] {
        if (monitor::current_log_context().request_id == "request-1") right.fetch_add(1);
      }));
    }
  }
  pool.join();
  EXPECT_EQ(right, 100);
}

TEST(Asio, AnExceptionLeavesTheThreadAsItWas) {
  const testing::SentryRecorder sentry;
  asio::io_context io;
  std::exception_ptr thrown;
  asio::co_spawn(
      carry_context(io.get_executor()),
      []() -> asio::awaitable<void> {
        monitor::RequestScope request{{.route = "/eggs", .request_id = "request-1"}};
        const monitor::RequestActivation active{request};
        co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
        throw std::runtime_error("no water");
      },
      [&](std::exception_ptr error) { thrown = error; });
  io.run();
  EXPECT_TRUE(thrown);
  EXPECT_THAT(monitor::current_log_context().request_id, IsEmpty());
}

}  // namespace
}  // namespace vitals::adapters

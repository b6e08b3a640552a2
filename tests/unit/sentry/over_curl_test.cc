// The client over the transport that it has by itself.
#include <atomic>
#include <stdexcept>
#include <thread>

#include "fixture.h"
#include "tests/unit/tiny_server.h"
#include "vitals/context/capture.h"
#include "vitals/context/span.h"

namespace vitals::sentry {

using namespace context;  // NOLINT
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using Clock = std::chrono::steady_clock;

std::string url_of(int port) {
  return "http://127.0.0.1:" + std::to_string(port) + "/x";
}
std::string dsn_of(int port) {
  return "http://k@127.0.0.1:" + std::to_string(port) + "/1";
}

class OverCurl : public ClientTest {
 protected:
  void start_at(int port) {
    Options given = options();
    given.dsn = dsn_of(port);
    given.traces_sample_rate = 1.0;
    auto started = init(std::move(given));
    ASSERT_TRUE(started) << started.error().message;
    guard = std::move(*started);
    before = stats();
  }
};

TEST_F(OverCurl, AnEventArrivesAsAnEnvelope) {
  const TinyServer server{TinyServer::answer(200)};
  start_at(server.port());
  const EventId id = capture_exception(std::runtime_error{"over the wire"});
  EXPECT_TRUE(guard.end(kPlenty));
  ASSERT_THAT(server.requests(), SizeIs(1));
  const std::string request = server.requests().front();
  EXPECT_THAT(request, HasSubstr("POST /api/1/envelope/ HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("sentry_key=k\r\n"));
  // The stack makes it large enough to be compressed.
  EXPECT_THAT(request, HasSubstr("Content-Encoding: gzip\r\n"));
  const auto envelope =
      vitals::testing::parse_envelope({.headers = {{"Content-Encoding", "gzip"}},
                                       .body = request.substr(request.find("\r\n\r\n") + 4)});
  EXPECT_EQ(Json::parse(envelope.header)["event_id"], id.str());
  ASSERT_THAT(envelope.items, SizeIs(1));
  EXPECT_EQ(Json::parse(envelope.items[0].payload)["exception"]["values"][0]["value"],
            "over the wire");
}

TEST_F(OverCurl, EndReturnsByItsDeadlineWhenTheServerHangs) {
  const TinyServer server{""};
  start_at(server.port());
  for (int i = 0; i < 50; ++i)
    capture_message("x");
  start_transaction({.name = "a"}).finish();
  const auto begin = Clock::now();
  EXPECT_FALSE(guard.end(500ms));
  EXPECT_LT(Clock::now() - begin, kSoon);
  EXPECT_EQ(counted(Category::kError, Outcome::kNetwork), 50U);
  EXPECT_EQ(counted(Category::kTransaction, Outcome::kNetwork), 1U);
}

TEST_F(OverCurl, EndReturnsByItsDeadlineWhenThePortIsClosed) {
  start_at(closed_port());
  for (int i = 0; i < 50; ++i)
    capture_message("x");
  const auto begin = Clock::now();
  EXPECT_FALSE(guard.end(2s));
  EXPECT_LT(Clock::now() - begin, kSoon);
  EXPECT_EQ(counted(Category::kError, Outcome::kNetwork), 50U);
}

TEST_F(OverCurl, FlushHonoursItsDeadlineWhenTheServerHangs) {
  const TinyServer server{""};
  start_at(server.port());
  capture_message("x");
  const auto begin = Clock::now();
  EXPECT_FALSE(flush(200ms));
  EXPECT_LT(Clock::now() - begin, kSoon);
  EXPECT_FALSE(guard.end(100ms));
}

TEST_F(OverCurl, ACaptureTakesNoLongerWhenTheServerHangs) {
  const TinyServer server{""};
  start_at(server.port());
  capture_message("holds the thread");
  server.wait_for(1);
  const auto begin = Clock::now();
  for (int i = 0; i < 10'000; ++i)
    capture_message("x");
  EXPECT_LT(Clock::now() - begin, kSoon) << "it waited for the server";
  EXPECT_EQ(counted(Category::kError, Outcome::kQueueFull) + stats().queue_depth, 10'000U);
  EXPECT_FALSE(guard.end(100ms));
}

TEST(Spotlight, GetsACopyAndNeedsNoDsn) {
  const TinyServer server{TinyServer::answer(200)};
  Options given;
  given.spotlight_url = url_of(server.port());
  auto guard = init(std::move(given));
  ASSERT_TRUE(guard);
  EXPECT_TRUE(enabled());
  const Stats before = stats();
  capture_message("x");
  EXPECT_TRUE(guard->end(kPlenty));
  EXPECT_THAT(server.requests(), SizeIs(1));
  EXPECT_EQ(stats().count(Category::kError, Outcome::kSent) -
                before.count(Category::kError, Outcome::kSent),
            1U);
}

TEST(Spotlight, ThatIsNotThereHoldsNothingUp) {
  const TinyServer server{TinyServer::answer(200)};
  Options given;
  given.dsn = dsn_of(server.port());
  given.spotlight_url = url_of(closed_port());
  auto guard = init(std::move(given));
  ASSERT_TRUE(guard);
  for (int i = 0; i < 5; ++i)
    capture_message("x");
  EXPECT_TRUE(guard->end(kPlenty));
  EXPECT_THAT(server.requests(), SizeIs(5));
}

}  // namespace
}  // namespace vitals::sentry

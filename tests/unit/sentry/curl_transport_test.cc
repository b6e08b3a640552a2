#include <atomic>
#include <stdexcept>
#include <thread>

#include "fixture.h"
#include "tiny_server.h"
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

SendRequest request_to(int port, std::string body = "hello") {
  return {url_of(port), {{"Content-Type", "application/x-sentry-envelope"}}, std::move(body)};
}

TEST(CurlTransport, PostsHeadersAndBody) {
  const TinyServer server{TinyServer::answer(200)};
  const auto transport = make_curl_transport();
  const std::string body{"line\n\0zero", 10};
  const SendResult result = transport->send(request_to(server.port(), body));
  EXPECT_EQ(result.status, 200) << result.error;
  ASSERT_THAT(server.requests(), SizeIs(1));
  const std::string request = server.requests().front();
  EXPECT_TRUE(request.starts_with("POST /x HTTP/1.1\r\n")) << request;
  EXPECT_THAT(request, HasSubstr("Content-Type: application/x-sentry-envelope\r\n"));
  EXPECT_THAT(request, Not(HasSubstr("Expect:")));
  EXPECT_TRUE(request.ends_with("\r\n\r\n" + body));
}

TEST(CurlTransport, KeepsItsConnection) {
  const TinyServer server{TinyServer::answer(200)};
  const auto transport = make_curl_transport();
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(transport->send(request_to(server.port())).status, 200);
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST(CurlTransport, SendsALargeBodyWithoutAskingFirst) {
  const TinyServer server{TinyServer::answer(200)};
  const auto transport = make_curl_transport();
  EXPECT_EQ(transport->send(request_to(server.port(), std::string(2'000'000, 'x'))).status, 200);
  ASSERT_THAT(server.requests(), SizeIs(1));
  EXPECT_THAT(server.requests().front(), Not(HasSubstr("Expect:")));
}

TEST(CurlTransport, ReadsTheLimitsOfAnyAnswer) {
  const TinyServer server{TinyServer::answer(
      429, "x-sentry-rate-limits: 60:error:key\r\nRETRY-AFTER:  30\r\nX-Other: 1\r\n")};
  const SendResult result = make_curl_transport()->send(request_to(server.port()));
  EXPECT_EQ(result.status, 429);
  EXPECT_EQ(result.rate_limits, " 60:error:key");
  EXPECT_EQ(result.retry_after, "  30");
}

TEST(CurlTransport, LimitsOnLinesWithoutEndAreCutAndAHeadWithoutEndIsGivenUp) {
  std::string lines;
  for (int i = 0; i < 2'000; ++i)
    lines += "X-Sentry-Rate-Limits: 60:error:key\r\n";
  const TinyServer many{TinyServer::answer(429, lines)};
  const SendResult result = make_curl_transport()->send(request_to(many.port()));
  EXPECT_EQ(result.status, 429);
  EXPECT_LE(result.rate_limits.size(), 4096U);
  EXPECT_THAT(result.rate_limits, HasSubstr("60:error:key"));

  std::string empty;
  for (int i = 0; i < 10'000; ++i)
    empty += "X-Sentry-Rate-Limits:\r\n";
  const TinyServer commas{TinyServer::answer(429, empty)};
  EXPECT_LE(make_curl_transport()->send(request_to(commas.port())).rate_limits.size(), 4096U);

  std::string endless = "HTTP/1.1 429 Too Many Requests\r\nX-Sentry-Rate-Limits: 60::org\r\n";
  while (endless.size() < 1'000'000)
    endless += "X: " + std::string(1'000, 'x') + "\r\n";
  const TinyServer without_end{endless};
  const SendResult given_up =
      make_curl_transport({.timeout = 60s})->send(request_to(without_end.port()));
  EXPECT_EQ(given_up.status, 429);
  EXPECT_THAT(given_up.rate_limits, HasSubstr("60::org"));
}

TEST(CurlTransport, LinesOfOneNameAreOneList) {
  const TinyServer server{TinyServer::answer(
      200, "X-Sentry-Rate-Limits: 60:transaction:key\r\nX-Sentry-Rate-Limits: 5:error:key\r\n")};
  const SendResult result = make_curl_transport()->send(request_to(server.port()));
  EXPECT_THAT(result.rate_limits, HasSubstr("60:transaction:key,"));
  EXPECT_THAT(result.rate_limits, HasSubstr("5:error:key"));
}

TEST(CurlTransport, SaysWhyNoAnswerCame) {
  const SendResult refused = make_curl_transport()->send(request_to(closed_port()));
  EXPECT_EQ(refused.status, 0);
  EXPECT_THAT(refused.error, HasSubstr("connect"));
}

TEST(CurlTransport, DoesNotFollowARedirect) {
  const TinyServer server{TinyServer::answer(302, "Location: http://127.0.0.1:1/\r\n")};
  EXPECT_EQ(make_curl_transport()->send(request_to(server.port())).status, 302);
}

TEST(CurlTransport, TakesAnAnswerThatIsCutShortForNone) {
  const TinyServer server{
      "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 100\r\n\r\nhalf"};
  EXPECT_EQ(make_curl_transport()->send(request_to(server.port())).status, 0);
}

TEST(CurlTransport, GivesUpOnAHangingServerByItsTimeout) {
  const TinyServer server{""};
  const auto transport = make_curl_transport({.timeout = 200ms});
  const auto begin = Clock::now();
  EXPECT_EQ(transport->send(request_to(server.port())).status, 0);
  EXPECT_LT(Clock::now() - begin, kSoon);
}

TEST(CurlTransport, CancelEndsARequestUnderWayAndAllLaterOnes) {
  const TinyServer server{""};
  const auto transport = make_curl_transport({.timeout = 60s});
  std::thread canceller{[&] {
    server.wait_for(1);
    transport->cancel();
  }};
  const auto begin = Clock::now();
  const SendResult result = transport->send(request_to(server.port()));
  canceller.join();
  EXPECT_EQ(result.status, 0);
  EXPECT_LT(Clock::now() - begin, kSoon);
  EXPECT_EQ(transport->send(request_to(server.port())).error, "cancelled");
  EXPECT_THAT(server.requests(), SizeIs(1));
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

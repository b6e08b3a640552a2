#include "vitals/delivery/transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "tests/unit/patience.h"
#include "tests/unit/tiny_server.h"

namespace vitals::delivery {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using Clock = std::chrono::steady_clock;

constexpr std::string_view kLimits = "x-sentry-rate-limits";

SendRequest request_to(int port, std::string body = "hello") {
  return {.url = "http://127.0.0.1:" + std::to_string(port) + "/x",
          .headers = {{"Content-Type", "application/x-sentry-envelope"}},
          .body = std::move(body),
          .wanted = {kLimits, "retry-after"}};
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
  EXPECT_EQ(result.header_list(kLimits), " 60:error:key");
  EXPECT_EQ(result.header("Retry-After"), "  30");
}

TEST(CurlTransport, LimitsOnLinesWithoutEndAreCutAndAHeadWithoutEndIsGivenUp) {
  std::string lines;
  for (int i = 0; i < 2'000; ++i)
    lines += "X-Sentry-Rate-Limits: 60:error:key\r\n";
  const TinyServer many{TinyServer::answer(429, lines)};
  const SendResult result = make_curl_transport()->send(request_to(many.port()));
  EXPECT_EQ(result.status, 429);
  EXPECT_LE(result.header_list(kLimits).size(), 4096U);
  EXPECT_THAT(result.header_list(kLimits), HasSubstr("60:error:key"));

  std::string empty;
  for (int i = 0; i < 10'000; ++i)
    empty += "X-Sentry-Rate-Limits:\r\n";
  const TinyServer commas{TinyServer::answer(429, empty)};
  EXPECT_LE(make_curl_transport()->send(request_to(commas.port())).header_list(kLimits).size(),
            4096U);

  std::string endless = "HTTP/1.1 429 Too Many Requests\r\nX-Sentry-Rate-Limits: 60::org\r\n";
  while (endless.size() < 1'000'000)
    endless += "X: " + std::string(1'000, 'x') + "\r\n";
  const TinyServer without_end{endless};
  const SendResult given_up =
      make_curl_transport({.timeout = 60s})->send(request_to(without_end.port()));
  EXPECT_EQ(given_up.status, 429);
  EXPECT_THAT(given_up.header_list(kLimits), HasSubstr("60::org"));
}

TEST(CurlTransport, LinesOfOneNameAreOneList) {
  const TinyServer server{TinyServer::answer(
      200, "X-Sentry-Rate-Limits: 60:transaction:key\r\nX-Sentry-Rate-Limits: 5:error:key\r\n")};
  const SendResult result = make_curl_transport()->send(request_to(server.port()));
  EXPECT_THAT(result.header_list(kLimits), HasSubstr("60:transaction:key,"));
  EXPECT_THAT(result.header_list(kLimits), HasSubstr("5:error:key"));
}

TEST(CurlTransport, SendsByTheMethodThatIsAskedForAndThenByAnother) {
  const TinyServer server{TinyServer::answer(200)};
  const auto transport = make_curl_transport();
  for (const char* const method : {"POST", "PUT", "DELETE", "POST"}) {
    SendRequest request = request_to(server.port());
    request.method = method;
    EXPECT_EQ(transport->send(request).status, 200);
    const std::string sent = server.requests().back();
    EXPECT_TRUE(sent.starts_with(std::string{method} + " /x ")) << sent;
    EXPECT_TRUE(sent.ends_with("hello")) << sent;
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST(CurlTransport, KeepsAsMuchOfTheBodyAsIsWanted) {
  const TinyServer server{"HTTP/1.1 400 Bad Request\r\nContent-Length: 10\r\n\r\n0123456789"};
  const auto transport = make_curl_transport();
  SendRequest request = request_to(server.port());
  EXPECT_EQ(transport->send(request).body, "");
  request.wanted_body = 4;
  EXPECT_EQ(transport->send(request).body, "0123");
  request.wanted_body = 100;
  EXPECT_EQ(transport->send(request).body, "0123456789");
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

}  // namespace
}  // namespace vitals::delivery

// Requests as a receiver sees them on the wire: libcurl's own, over TCP and TLS.
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/certificates.h"
#include "tests/unit/otlp/fixture.h"
#include "tests/unit/tiny_server.h"
#include "tests/unit/tls_server.h"
#include "vitals/context/span.h"

namespace vitals::otlp {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

/// Traces in protobuf, by libcurl.
Options to(std::string url) {
  Options made;
  made.traces = {.url = std::move(url), .timeout = 1s};
  made.metrics.enabled = false;
  made.logs.enabled = false;
  return made;
}

void produce(int transactions) {
  for (int i = 0; i < transactions; ++i)
    context::start_transaction({.name = "job", .op = "job"}).finish();
}

std::uint64_t lost_since(const Stats& before) {
  std::uint64_t sum = 0;
  for (std::size_t outcome = 1; outcome < kOutcomes; ++outcome)
    sum += stats().counts[0][outcome] - before.counts[0][outcome];
  return sum;
}

std::uint64_t sent_since(const Stats& before) {
  return stats().of(Signal::kTraces, Outcome::kSent) - before.of(Signal::kTraces, Outcome::kSent);
}

class OverTcp : public ::testing::Test {
 protected:
  OverTcp() {
    delivery::detail::usual_pace.first_pause = 10ms;
    delivery::detail::usual_pace.longest_pause = 50ms;
  }
  ~OverTcp() override { delivery::detail::usual_pace = {}; }

  static std::string url(const TinyServer& server) {
    return "http://127.0.0.1:" + std::to_string(server.port()) + "/v1/traces";
  }
  /// Sends 20 spans, and waits until each is somewhere.
  void send(Options options) {
    before = stats();
    auto guard = init(std::move(options));
    ASSERT_TRUE(guard) << guard.error().message;
    produce(20);
    static_cast<void>(guard->flush(kPlenty));
    const auto deadline = std::chrono::steady_clock::now() + kPlenty;
    while (sent_since(before) + lost_since(before) < 20 &&
           std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(1ms);
    static_cast<void>(guard->end(kSoon));
    EXPECT_EQ(sent_since(before) + lost_since(before), 20U);
  }
  Stats before;
};

TEST_F(OverTcp, ARequestIsAPostWithItsTypeAndTheHeadersThatWereGiven) {
  const TinyServer server{TinyServer::answer(200)};
  Options given = to(url(server));
  given.traces.headers = {{"x-api-key", "k"}};
  send(std::move(given));
  ASSERT_THAT(server.requests(), SizeIs(1));
  const std::string request = server.requests().front();
  EXPECT_THAT(request, StartsWith("POST /v1/traces HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nContent-Type: application/x-protobuf\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nUser-Agent: vitals-otlp-cpp/"));
  EXPECT_THAT(request, HasSubstr("\r\nx-api-key: k\r\n"));
  EXPECT_EQ(sent_since(before), 20U);
}

TEST_F(OverTcp, ALaterAnswerAResetAndAHangEachEndWithTheSpansTaken) {
  TinyServer server{std::vector<TinyAnswer>{
      {.bytes = TinyServer::answer(429, "Retry-After: 0\r\n")},
      {.bytes = TinyServer::answer(503)},
      {.reset_after = 40},                                               // in the head
      {.reset_after = 700},                                              // in the body
      {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nshort"},  // and closes
      {.bytes = TinyServer::answer(200)}}};
  send(to(url(server)));
  EXPECT_EQ(sent_since(before), 20U);
  EXPECT_EQ(lost_since(before), 0U);
}

TEST_F(OverTcp, AServerThatHangsIsGivenUpByItsTimeoutAndAskedAgain) {
  const TinyServer server{std::vector<TinyAnswer>{{}, {.bytes = TinyServer::answer(200)}}};
  Options given = to(url(server));
  given.traces.timeout = 100ms;
  send(std::move(given));
  EXPECT_EQ(sent_since(before), 20U);
}

TEST_F(OverTcp, WhatNobodyTakesIsCountedInTheEnd) {
  Options given = to("http://127.0.0.1:" + std::to_string(closed_port()) + "/v1/traces");
  send(std::move(given));
  EXPECT_EQ(sent_since(before), 0U);
  EXPECT_EQ(lost_since(before), 20U);
}

TEST_F(OverTcp, AHugeAnswerIsReadAsFarAsIsWanted) {
  const TinyServer server{std::vector<TinyAnswer>{
      {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n" + std::string(3'000'000, 'x')},
      {.bytes = TinyServer::answer(200)}}};
  send(to(url(server)));
  EXPECT_EQ(sent_since(before) + lost_since(before), 20U);
}

class OverTls : public CertificatesTest {
 protected:
  OverTls() { make("server", "/CN=receiver", "-addext subjectAltName=IP:127.0.0.1"); }
  /// How many spans of five arrived.
  std::uint64_t arrived(const TlsServer& server, const std::string& ca, const std::string& own) {
    Options given = to(server.url() + "/v1/traces");
    given.traces.ca_file = ca;
    if (!own.empty()) {
      given.traces.client_certificate = file(own + ".pem");
      given.traces.client_key = file(own + ".key");
    }
    const Stats before = stats();
    auto guard = init(std::move(given));
    EXPECT_TRUE(guard);
    produce(5);
    static_cast<void>(guard->flush(500ms));
    static_cast<void>(guard->end(kSoon));
    EXPECT_EQ(sent_since(before) + lost_since(before), 5U);
    return sent_since(before);
  }
};

TEST_F(OverTls, GoesToAReceiverOfTheNamedAuthorityAlone) {
  make("other", "/CN=receiver", "-addext subjectAltName=IP:127.0.0.1");
  const TlsServer server{{.certificate = file("server.pem"), .key = file("server.key")}};
  EXPECT_EQ(arrived(server, file("server.pem"), ""), 5U);
  const std::size_t taken = server.taken().size();
  EXPECT_EQ(arrived(server, file("other.pem"), ""), 0U);
  EXPECT_EQ(arrived(server, "", ""), 0U) << "the system trusts nobody of this kind";
  EXPECT_EQ(server.taken().size(), taken);
}

TEST_F(OverTls, ShowsItsCertificateToAReceiverThatAsksForOne) {
  make("client", "/CN=kitchen");
  make("stranger", "/CN=kitchen");
  const TlsServer server{{.certificate = file("server.pem"),
                          .key = file("server.key"),
                          .client_ca = file("client.pem")}};
  const std::string ca = file("server.pem");
  EXPECT_EQ(arrived(server, ca, ""), 0U);
  EXPECT_EQ(arrived(server, ca, "stranger"), 0U);
  EXPECT_THAT(server.taken(), IsEmpty());
  EXPECT_EQ(arrived(server, ca, "client"), 5U);
  ASSERT_FALSE(server.taken().empty());
  EXPECT_EQ(server.taken().front().client, "kitchen");
}

}  // namespace
}  // namespace vitals::otlp

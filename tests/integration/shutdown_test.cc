#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <vector>

#include "integration/fixture.h"
#include "integration/support/raw_socket.h"

namespace integration {
namespace {

std::string chat_request(const std::string& user) {
  const std::string body =
      Json{{"user_id", user}, {"message", "2 eggs and 150 g of rice for lunch"}}.dump();
  return "POST /api/v1/chat HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
         "application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST(Shutdown, RequestsInFlightGetTheirWholeAnswer) {
  Service service{health_agent()};
  std::vector<RawSocket> clients;
  constexpr int kConnections = 32;
  for (int i = 0; i < kConnections; ++i) {
    clients.emplace_back(service.api_port());
    ASSERT_TRUE(clients.back().send("GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    ASSERT_TRUE(clients.back().read_response());
  }
  for (int i = 0; i < kConnections; ++i)
    ASSERT_TRUE(
        clients[static_cast<std::size_t>(i)].send(chat_request("user" + std::to_string(i))));
  const auto first = clients[0].read_response();
  ASSERT_TRUE(first);
  service.process().send_signal(SIGTERM);
  int whole = first->status == 200 ? 1 : 0;
  for (std::size_t i = 1; i < clients.size(); ++i) {
    const auto response = clients[i].read_response();
    if (response && response->status == 200 && response->json().contains("food_entry")) ++whole;
  }
  EXPECT_EQ(whole, kConnections);
  const auto status = service.process().wait(60s);
  ASSERT_TRUE(status);
  EXPECT_EQ(status->code, 0) << service.errors();
}

TEST(Shutdown, EventsThatWaitAreSentBeforeTheEnd) {
  EnvelopeReceiver receiver;
  Service service{health_agent(with_sentry(receiver, {{"FAULTS", "handler:1.0"}}))};
  Http client = service.http();
  // The first event of a process waits for the debug information to be read.
  client.get("/api/v1/users/ann");
  ASSERT_TRUE(receiver.wait_for_events(1));
  constexpr std::size_t kFailures = 40 / kSlowness;
  for (std::size_t i = 0; i < kFailures; ++i)
    client.get("/api/v1/users/ann", {{"X-Request-ID", "last." + std::to_string(i)}});
  const Stopped end = service.stop();
  ASSERT_TRUE(end.status);
  EXPECT_EQ(end.status->code, 0);
  std::size_t arrived = 0;
  for (std::size_t i = 0; i < kFailures; ++i)
    arrived += events_of(receiver, "last." + std::to_string(i)).size();
  EXPECT_EQ(arrived, kFailures);
  expect_valid(receiver);
}

TEST(Shutdown, SigintEndsItTheSameWay) {
  Service service{health_agent()};
  service.process().send_signal(SIGINT);
  const auto status = service.process().wait(60s);
  ASSERT_TRUE(status);
  EXPECT_EQ(status->code, 0) << service.errors();
}

TEST(Shutdown, IsQuickWhenNobodyIsThere) {
  Service service{health_agent()};
  Http idle = service.http();
  idle.get("/api/health");
  const Stopped end = service.stop();
  ASSERT_TRUE(end.status);
  EXPECT_EQ(end.status->code, 0);
  EXPECT_LT(end.seconds, kOnTime) << "an idle kept-alive connection holds it up";
}

TEST(Shutdown, AClientThatNeverFinishesItsRequestDoesNotHoldItUp) {
  Service service{health_agent()};
  RawSocket half{service.api_port()};
  ASSERT_TRUE(
      half.send("POST /api/v1/chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"));
  RawSocket silent{service.api_port()};
  EXPECT_TRUE(service.healthy());
  const Stopped end = service.stop();
  ASSERT_TRUE(end.status);
  EXPECT_EQ(end.status->code, 0) << service.errors();
  EXPECT_LT(end.seconds, kOnTime);
}

TEST(Shutdown, NobodyIsServedAfterIt) {
  Service service{health_agent()};
  EXPECT_EQ(service.stop().status->code, 0);
  EXPECT_EQ(service.http().get("/api/health").status, 0);
  EXPECT_EQ(Http{service.metrics_port()}.get("/metrics").status, 0);
}

}  // namespace
}  // namespace integration

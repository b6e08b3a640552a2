#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "integration/crowd.h"
#include "integration/fixture.h"
#include "integration/support/proc.h"
#include "integration/support/raw_socket.h"

namespace integration {
namespace {

std::string chat_request(std::size_t claimed_more = 0) {
  const std::string body =
      Json{{"user_id", "ann"}, {"message", "2 eggs and 150 g of rice for lunch"}}.dump();
  return "POST /api/v1/chat HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
         "application/json\r\nContent-Length: " +
         std::to_string(body.size() + claimed_more) + "\r\n\r\n" + body;
}

class BadConnections : public testing::Test {
 protected:
  void SetUp() override {
    Http client = service_.http();
    create_user(client, "ann");
    // Threads that are made with the first work are there from here on.
    static_cast<void>(crowd(service_.api_port(), 8, 10, "/api/v1/users/ann"));
    EXPECT_TRUE(eventually([this] { return sockets_of(service_.pid()).tcp.size() <= 3; }));
    threads_ = threads_of(service_.pid());
  }

  void TearDown() override {
    EXPECT_TRUE(service_.healthy());
    EXPECT_LE(threads_of(service_.pid()), threads_) << "threads stay behind";
    EXPECT_TRUE(eventually([this] { return sockets_of(service_.pid()).tcp.size() <= 3; }))
        << sockets_of(service_.pid()).tcp.size() << " sockets stay behind";
    EXPECT_TRUE(eventually([this] {
      return service_.metrics().sum("http_requests_in_progress", {{"method", "POST"}}) == 0;
    })) << "requests are in progress for ever";
  }

  Service service_{health_agent({{"LOG_LEVEL", "error"}})};
  std::size_t threads_ = 0;
};

TEST(KeepAlive, LastsAsLongAsItIsSet) {
  const Service service{health_agent({{"KEEP_ALIVE_SECONDS", "1"}})};
  RawSocket socket{service.api_port()};
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(socket.send("GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    ASSERT_TRUE(socket.read_response());
  }
  EXPECT_TRUE(socket.closed_within(60s)) << "by default it is 75 s";
}

TEST_F(BadConnections, SlowClientsHoldNobodyUp) {
  std::vector<RawSocket> slow;
  for (int i = 0; i < 40; ++i)
    slow.emplace_back(service_.api_port());
  const std::string request = chat_request();
  std::size_t sent = 0;
  const auto send_one_byte_each = [&] {
    for (RawSocket& socket : slow)
      socket.send(std::string_view{request}.substr(sent, 1));
    ++sent;
  };
  for (int second = 0; second < 3; ++second) {
    send_one_byte_each();
    const auto start = std::chrono::steady_clock::now();
    const CrowdResult others = crowd(service_.api_port(), 4, 25, "/api/v1/users/ann");
    EXPECT_EQ(others.failed, 0);
    EXPECT_LT(others.seconds, kOnTime);
    std::this_thread::sleep_until(start + 1s);
  }
  // Who finishes after all is served.
  for (RawSocket& socket : slow)
    socket.send(std::string_view{request}.substr(sent));
  int served = 0;
  for (RawSocket& socket : slow) {
    const auto response = socket.read_response();
    served += response && response->status == 200 ? 1 : 0;
  }
  EXPECT_EQ(served, 40);
}

TEST_F(BadConnections, HalfSentHeadersAreForgottenWhenTheClientLeaves) {
  for (int i = 0; i < 50; ++i) {
    RawSocket socket{service_.api_port()};
    socket.send("GET /api/health HTTP/1.1\r\nHost: localhost\r\nX-Half");
    if (i % 2 == 0) socket.reset();
  }
}

TEST_F(BadConnections, HalfSentBodiesAreForgottenWhenTheClientLeaves) {
  for (int i = 0; i < 50; ++i) {
    RawSocket socket{service_.api_port()};
    socket.send(chat_request(1000));
    if (i % 2 == 0) socket.reset();
  }
}

TEST_F(BadConnections, AClientThatLeavesBeforeItsAnswerHarmsNobody) {
  for (int i = 0; i < 50; ++i) {
    RawSocket socket{service_.api_port()};
    socket.send(chat_request());
    if (i % 2 == 0) socket.reset();
  }
}

TEST_F(BadConnections, AClientThatLeavesAStreamHarmsNobody) {
  for (int i = 0; i < 50; ++i) {
    RawSocket socket{service_.api_port()};
    std::string request = chat_request();
    request.insert(request.find("Content-Type"), "Accept: text/event-stream\r\n");
    socket.send(request);
    if (i % 3 == 0) socket.reset();
    if (i % 3 == 1) {
      EXPECT_FALSE(socket.closed_within(5ms));
    }
  }
}

TEST_F(BadConnections, WhatIsNotHttpIsRefusedOrClosed) {
  for (const std::string& bytes :
       {std::string{"nonsense\r\n\r\n"}, std::string{"GET\r\n\r\n"},
        std::string{"\0\0\0\0\r\n\r\n", 8},
        std::string{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11},
        std::string{"GET / HTTP/9.9\r\n\r\n"},
        std::string{"GET / HTTP/1.1\r\nBad Header : x\r\n\r\n"},
        std::string{"GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n"},
        std::string{"GET / HTTP/1.1\r\nContent-Length: five\r\n\r\n"},
        "GET /" + std::string(100'000, 'a') + " HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET / HTTP/1.1\r\nX-Big: " + std::string(200'000, 'a') + "\r\n\r\n"}) {
    SCOPED_TRACE(bytes.substr(0, 40));
    RawSocket socket{service_.api_port()};
    socket.send(bytes);
    const auto response = socket.read_response(3s);
    if (response) {
      EXPECT_GE(response->status, 400);
      EXPECT_LT(response->status, 600);
      EXPECT_NE(response->status, 500);
    } else {
      socket.send("\r\n\r\n");
      EXPECT_TRUE(socket.closed_within(3s)) << "neither answered nor closed";
    }
    EXPECT_TRUE(service_.healthy());
  }
}

TEST_F(BadConnections, PipelinedRequestsAreAnsweredInOrder) {
  RawSocket socket{service_.api_port()};
  std::string requests;
  for (int i = 0; i < 20; ++i) {
    requests += "GET /api/v1/users/ann HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: piped." +
                std::to_string(i) + "\r\n\r\n";
  }
  ASSERT_TRUE(socket.send(requests));
  for (int i = 0; i < 20; ++i) {
    const auto response = socket.read_response();
    ASSERT_TRUE(response) << i;
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->header("x-request-id"), "piped." + std::to_string(i));
  }
}

TEST_F(BadConnections, TheMetricsPortStandsTheSame) {
  std::vector<RawSocket> silent;
  for (int i = 0; i < 100; ++i) {
    silent.emplace_back(service_.metrics_port());
    if (i % 2 == 0) silent.back().send("GET /metr");
  }
  EXPECT_TRUE(eventually(
      [this] {
        return Http{service_.metrics_port()}.send({.path = "/metrics", .timeout = 2s}).status ==
               200;
      },
      15s))
      << "silent clients hold the metrics-only listener";
  silent.clear();
  RawSocket nonsense{service_.metrics_port()};
  nonsense.send("nonsense\r\n\r\n");
  const auto response = nonsense.read_response(3s);
  EXPECT_TRUE(response ? response->status >= 400 : nonsense.closed_within(3s));
}

}  // namespace
}  // namespace integration

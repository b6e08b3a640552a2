#include "integration/support/framing_table.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "integration/fixture.h"
#include "integration/support/proc.h"
#include "integration/support/raw_socket.h"

namespace integration {
namespace {

constexpr const char* kHealth = "GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n";

void expect_cases(std::uint16_t port, const std::vector<FramingCase>& cases) {
  for (const FramingCase& one : cases) {
    SCOPED_TRACE(one.name);
    RawSocket socket{port};
    socket.send(one.bytes);
    const auto response = socket.read_response(3s);
    ASSERT_TRUE(response) << "no answer";
    EXPECT_EQ(response->status, one.status) << response->body;
    if (one.then == Then::kCloses) {
      EXPECT_EQ(response->header("connection"), "close");
      socket.send(kHealth);
      EXPECT_TRUE(socket.closed_within(4s));
    } else {
      socket.send(kHealth);
      const auto next = socket.read_response(3s);
      ASSERT_TRUE(next) << "the request behind it has no answer";
      EXPECT_EQ(next->status, 200);
    }
  }
}

class Framing : public testing::Test {
 protected:
  void TearDown() override { EXPECT_TRUE(service_.healthy()); }

  Service service_{health_agent({{"LOG_LEVEL", "error"}})};
};

TEST_F(Framing, TheApiAnswersAsTheStandardSays) {
  expect_cases(service_.api_port(), framing_cases("/api/health"));
}

TEST_F(Framing, AFaultIsAnsweredBeforeTheRestComes) {
  for (const char* bytes : {"GET /api/health\r\n", "GET / HTTP/2.0\r\n", "\x16\x03\x01",
                            "GET / HTTP/1.1\r\nHost : x\r\n", "GET / HTTP/1.1\n"}) {
    SCOPED_TRACE(bytes);
    RawSocket socket{service_.api_port()};
    socket.send(bytes);
    const auto response = socket.read_response(3s);
    ASSERT_TRUE(response);
    EXPECT_GE(response->status, 400);
    EXPECT_TRUE(socket.closed_within(4s));
  }
}

TEST_F(Framing, ChunksAreReadAsTheStandardSays) {
  expect_cases(service_.api_port(), chunk_cases("/api/health"));
}

TEST_F(Framing, TheLastChunkMayComeInPieces) {
  for (const char* before : {"", "2\r\n{}\r\n"}) {
    RawSocket socket{service_.api_port()};
    socket.send(std::string{"GET /api/health HTTP/1.1\r\nHost: x\r\n"
                            "Transfer-Encoding: chunked\r\n\r\n"} +
                before);
    for (const char* piece : {"0", "\r", "\n", "\r", "\n"}) {
      std::this_thread::sleep_for(50ms);
      ASSERT_TRUE(socket.send(piece));
    }
    const auto response = socket.read_response();
    ASSERT_TRUE(response) << before;
    EXPECT_EQ(response->status, 200) << before;
  }
}

TEST_F(Framing, ChunksMayComeByteByByte) {
  for (const FramingCase& one : chunk_cases("/api/health")) {
    if (one.bytes.size() > 300) continue;
    SCOPED_TRACE(one.name);
    RawSocket socket{service_.api_port()};
    const std::size_t body = one.bytes.find("\r\n\r\n") + 4;
    socket.send(one.bytes.substr(0, body));
    // One that is refused in the middle is closed before the rest has come.
    for (std::size_t at = body; at < one.bytes.size() && socket.send(one.bytes.substr(at, 1));)
      ++at;
    const auto response = socket.read_response(3s);
    if (one.status != 200 && !response) continue;  // the rest has made a reset of it
    ASSERT_TRUE(response) << "no answer";
    EXPECT_EQ(response->status, one.status) << response->body;
  }
}

TEST_F(Framing, TheMetricsListenerAnswersAsTheStandardSaysAndCloses) {
  std::vector<FramingCase> cases = framing_cases("/metrics");
  for (FramingCase& one : chunk_cases("/metrics"))
    cases.push_back(std::move(one));
  for (const FramingCase& one : cases) {
    SCOPED_TRACE(one.name);
    RawSocket socket{service_.metrics_port()};
    socket.send(one.bytes);
    const auto response = socket.read_response(3s);
    ASSERT_TRUE(response) << "no answer";
    EXPECT_EQ(response->status, one.status) << response->body;
    EXPECT_EQ(response->header("connection"), "close");
    EXPECT_TRUE(socket.closed_within(4s));
  }
}

TEST_F(Framing, NoAnswerToHeadHasABody) {
  for (const auto& [port, path] :
       {std::pair{service_.api_port(), "/api/health"}, {service_.metrics_port(), "/metrics"}}) {
    const std::string line = "HEAD " + std::string{path};
    for (const auto& [rest, status] :
         {std::pair{" HTTP/1.1\r\n\r\n", 400},
          {" HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400},
          {" HTTP/1.1\r\nHost: localhost\r\nX : y\r\n\r\n", 400},
          {" HTTP/1.1\r\nHost : localhost\r\n", 400},
          {" HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
          {" HTTP/2.0\r\nHost: localhost\r\n\r\n", 505},
          {" HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 421}}) {
      SCOPED_TRACE(line + rest);
      RawSocket socket{port};
      socket.send(line + rest);
      EXPECT_FALSE(socket.read_response(3s)) << "with as many bytes as it says";
      const auto head = socket.read_head(3s);
      ASSERT_TRUE(head) << "no answer";
      EXPECT_EQ(head->status, status);
      EXPECT_NE(head->header("content-length"), "0");
    }
  }
}

TEST_F(Framing, ABodyIsAskedForOnlyWhenItIsWanted) {
  const std::string chat =
      "POST /api/v1/chat HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
  RawSocket good{service_.api_port()};
  good.send(chat + "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  const auto asked = good.read_response(3s);
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->status, 100);
  good.send("{}");
  const auto answered = good.read_response(3s);
  ASSERT_TRUE(answered);
  EXPECT_EQ(answered->status, 400) << "an empty chat is no chat";

  const struct {
    std::string head;
    int status;
  } kRefused[] = {
      {chat + "Content-Length: 2000000\r\nExpect: 100-continue\r\n\r\n", 413},
      {chat + "Content-Length: 99999999999999999999999\r\nExpect: 100-continue\r\n\r\n", 413},
      {"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: "
       "100-continue\r\n\r\n",
       404},
      {"POST /api/health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: "
       "100-continue\r\n\r\n",
       405}};
  for (const auto& one : kRefused) {
    SCOPED_TRACE(one.head);
    RawSocket socket{service_.api_port()};
    socket.send(one.head);
    const auto response = socket.read_response(3s);
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, one.status);
    EXPECT_TRUE(socket.closed_within(4s)) << "nobody knows what comes: a body, or a request";
  }
}

TEST_F(Framing, EveryAnswerHasADate) {
  RawSocket socket{service_.api_port()};
  for (const char* request : {"HEAD /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n",
                              "HEAD /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n",
                              "HEAD /api/health HTTP/1.0\r\nConnection: close\r\n\r\n"}) {
    socket.send(request);
    const auto head = socket.read_head(3s);
    ASSERT_TRUE(head);
    EXPECT_TRUE(head->header("date").ends_with(" GMT")) << head->header("date");
  }
}

TEST_F(Framing, OptionsOfTheServerItselfAreAnswered) {
  RawSocket socket{service_.api_port()};
  for (const char* target : {"*", "http://localhost"}) {
    socket.send("OPTIONS " + std::string{target} + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const auto response = socket.read_response(3s);
    ASSERT_TRUE(response) << target;
    EXPECT_EQ(response->status, 204) << target;
    EXPECT_NE(response->header("allow"), "") << target;
  }
}

TEST(FramingWithKeys, BodiesWithoutAKeyAreRefusedBeforeTheyCome) {
  Service service{
      health_agent({{"API_KEYS", "a-key-of-32-characters-for-tests"}, {"LOG_LEVEL", "error"}})};
  const std::size_t before = memory_of(service.pid());
  std::vector<RawSocket> clients;
  for (int i = 0; i < 200; ++i) {
    clients.emplace_back(service.api_port());
    clients.back().send(
        "POST /api/v1/chat HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Content-Length: 1000000\r\n\r\n" +
        std::string(100'000, 'x'));
  }
  for (RawSocket& client : clients) {
    const auto response = client.read_response(60s);
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 401);
  }
  EXPECT_LT(memory_of(service.pid()), before + (std::size_t{kSlowness * 16} << 20U));
  EXPECT_TRUE(service.healthy());
}

TEST(FramingWithoutKeys, BodiesThatNobodyFinishesHaveABudget) {
  Service service{health_agent({{"LOG_LEVEL", "error"}})};
  const std::size_t before = memory_of(service.pid());
  std::vector<RawSocket> clients;
  const std::string body(1'000'000, 'x');
  for (int i = 0; i < 150; ++i) {
    clients.emplace_back(service.api_port());
    clients.back().send(
        "POST /api/v1/chat HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Content-Length: 1000001\r\n\r\n" +
        body);
  }
  EXPECT_TRUE(eventually([&] {
    return service.metrics().sum("http_bodies_refused_total", {}) > 0;
  })) << "no body is refused";
  EXPECT_LT(memory_of(service.pid()), before + (std::size_t{kSlowness * 160} << 20U));
  EXPECT_TRUE(service.healthy());
  clients.clear();
  Http client = service.http();
  EXPECT_TRUE(eventually([&] {
    return client
               .send({.method = "POST",
                      .path = "/api/v1/users",
                      .headers = {{"Content-Type", "application/json"}},
                      .body = "{\"user_id\":\"ann\"}"})
               .status < 300;
  }));
}

TEST(FramingWithKeys, HeadsThatNobodyFinishesHaveABudget) {
  Service service{
      health_agent({{"API_KEYS", "a-key-of-32-characters-for-tests"}, {"LOG_LEVEL", "error"}})};
  std::string head = "GET /api/health HTTP/1.1\r\nHost: localhost\r\n";
  for (int i = 0; i < 7; ++i)
    head += "X-" + std::to_string(i) + ": " + std::string(8'000, 'x') + "\r\n";
  const std::size_t before = memory_of(service.pid());
  std::vector<RawSocket> clients;
  for (int i = 0; i < 700; ++i) {
    clients.emplace_back(service.api_port());
    clients.back().send(head);
  }
  EXPECT_TRUE(eventually([&] {
    return service.metrics().sum("http_heads_refused_total", {}) > 300;
  })) << "no head is refused";
  EXPECT_LT(memory_of(service.pid()), before + (std::size_t{kSlowness * 32} << 20U));
  const auto refused = clients.back().read_response(60s);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 503);
  EXPECT_EQ(refused->header("retry-after"), "1");
  EXPECT_TRUE(clients.back().closed_within(60s));
  // Nobody who asks for little has to do with it, nor has a body.
  Http client = service.http();
  EXPECT_EQ(client.get("/api/health").status, 200);
  EXPECT_EQ(client
                .send({.method = "POST",
                       .path = "/api/v1/users",
                       .headers = {{"Content-Type", "application/json"},
                                   {"Authorization", "Bearer a-key-of-32-characters-for-tests"}},
                       .body = R"({"user_id":"ann","profile":{"about":")" + std::string(900, 'x') +
                               "\"}}"})
                .status,
            201);
  clients.clear();
  EXPECT_TRUE(eventually([&] {
    RawSocket whole{service.api_port()};
    whole.send(head + "\r\n");
    const auto answered = whole.read_response(3s);
    return answered && answered->status == 200;
  })) << "the budget is not given back";
}

TEST(FramingWithKeys, RequestsBehindOneThatIsNotTakenHaveABudget) {
  Service service{
      health_agent({{"API_KEYS", "a-key-of-32-characters-for-tests"}, {"LOG_LEVEL", "error"}})};
  std::string requests;
  while (requests.size() < 60'000)
    requests += "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
  std::vector<RawSocket> deaf;
  for (int i = 0; i < 700; ++i) {
    deaf.emplace_back(service.api_port(), RawSocket::kSmallReceiveBuffer);
    deaf.back().send(requests);
  }
  EXPECT_TRUE(eventually([&] { return service.metrics().sum("http_heads_refused_total", {}) > 0; }))
      << "nothing is dropped";
  deaf.clear();
  EXPECT_TRUE(eventually([&] { return service.healthy(); }));
}

}  // namespace
}  // namespace integration

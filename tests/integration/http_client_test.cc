#include "health_agent/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <stdexcept>
#include <string>
#include <thread>

#include "integration/support/http_server.h"
#include "integration/support/ports.h"
#include "integration/support/wait.h"
#include "vitals/context/span.h"
#include "vitals/sentry/client.h"
#include "vitals/testing/memory_transport.h"

namespace {

using health_agent::HttpAnswer;
using health_agent::HttpClient;
using health_agent::HttpError;
using health_agent::HttpRequest;
using integration::HttpServer;
using integration::ServerAnswer;
using integration::ServerRequest;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

std::string url_of(std::uint16_t port, const std::string& path = "/") {
  return "http://127.0.0.1:" + std::to_string(port) + path;
}

HttpError::Kind kind_of_failure(HttpClient& client, const HttpRequest& request,
                                const health_agent::OnBody& on_body = {},
                                std::stop_token stop = {}) {
  try {
    client.send(request, on_body, std::move(stop));
  } catch (const HttpError& error) {
    return error.kind();
  }
  ADD_FAILURE() << "the request did not fail";
  return HttpError::Kind::kStopped;
}

/// Answers its only connection with `bytes`, whatever is asked, and then ends it.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::string bytes)
      : port_(integration::free_port()),
        listener_(integration::listen_on(port_)),
        thread_([this, bytes = std::move(bytes)] {
          const int connection = ::accept(listener_, nullptr, nullptr);
          char request[4096];
          if (::recv(connection, request, sizeof request, 0) > 0) {
            EXPECT_EQ(::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL),
                      static_cast<ssize_t>(bytes.size()));
          }
          ::close(connection);
        }) {}
  ~ScriptedServer() {
    thread_.join();
    ::close(listener_);
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  [[nodiscard]] std::string url() const { return url_of(port_); }

 private:
  std::uint16_t port_;
  int listener_;
  std::thread thread_;
};

TEST(HttpClient, GivesTheWholeAnswerWhateverItsStatus) {
  HttpServer server{integration::free_port(), [](const ServerRequest& request) {
                      return ServerAnswer{429,
                                          "Retry-After: 7\r\nX-Seen: " + request.method + "\r\n",
                                          "slow down, " + request.body};
                    }};
  HttpClient client;
  const HttpAnswer answer =
      client.send({.url = url_of(server.port()), .headers = {"X-Key: k"}, .body = "please"});
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.header("retry-after"), "7");
  EXPECT_EQ(answer.header("x-seen"), "POST");
  EXPECT_EQ(answer.header("x-other"), "");
  EXPECT_EQ(answer.body, "slow down, please");
}

TEST(HttpClient, UsesItsConnectionAgain) {
  HttpServer server{integration::free_port(), [](const ServerRequest&) { return ServerAnswer{}; }};
  HttpClient client;
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(client.send({.url = url_of(server.port())}).body, "{}");
  EXPECT_EQ(server.connections(), 1U);
}

TEST(HttpClient, HandsABodyOutAsItArrivesAndOnlyWhenItIsASuccess) {
  std::atomic<int> status{200};
  HttpServer server{integration::free_port(), [&](const ServerRequest&) {
                      return ServerAnswer{status, "", "piece by piece"};
                    }};
  HttpClient client;
  std::string seen;
  const auto on_body = [&](std::string_view piece) {
    seen += piece;
    return true;
  };
  HttpAnswer answer = client.send({.url = url_of(server.port())}, on_body);
  EXPECT_EQ(seen, "piece by piece");
  EXPECT_EQ(answer.body, "");

  status = 500;
  seen.clear();
  answer = client.send({.url = url_of(server.port())}, on_body);
  EXPECT_EQ(seen, "");
  EXPECT_EQ(answer.body, "piece by piece");
}

TEST(HttpClient, LeavesTheRestWhenNobodyListens) {
  HttpServer server{integration::free_port(), [](const ServerRequest&) {
                      return ServerAnswer{200, "", std::string(2'000'000, 'x')};
                    }};
  HttpClient client;
  int pieces = 0;
  const HttpAnswer answer = client.send({.url = url_of(server.port())}, [&](std::string_view) {
    ++pieces;
    return false;
  });
  EXPECT_TRUE(answer.abandoned);
  EXPECT_EQ(pieces, 1);
  EXPECT_EQ(client.send({.url = url_of(server.port())}).body.size(), 2'000'000U);
}

TEST(HttpClient, PassesOnWhatTheListenerThrows) {
  HttpServer server{integration::free_port(), [](const ServerRequest&) { return ServerAnswer{}; }};
  HttpClient client;
  EXPECT_THROW(client.send({.url = url_of(server.port())},
                           [](std::string_view) -> bool { throw std::domain_error("no"); }),
               std::domain_error);
}

TEST(HttpClient, TellsFailuresApart) {
  HttpClient client;
  EXPECT_EQ(kind_of_failure(client, {.url = url_of(integration::free_port())}),
            HttpError::Kind::kConnect);
  EXPECT_EQ(kind_of_failure(client, {.url = "no url at all"}), HttpError::Kind::kConnect);
  EXPECT_EQ(kind_of_failure(client, {.url = "file:///etc/passwd"}), HttpError::Kind::kConnect);

  HttpServer silent{integration::free_port(), [](const ServerRequest&) { return ServerAnswer{0}; }};
  EXPECT_EQ(kind_of_failure(client, {.url = url_of(silent.port()), .timeout = 50ms}),
            HttpError::Kind::kTimeout);

  const ScriptedServer cut{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"};
  EXPECT_EQ(kind_of_failure(client, {.url = cut.url()}), HttpError::Kind::kCut);
  const ScriptedServer nonsense{"I am not HTTP\r\n\r\n"};
  EXPECT_EQ(kind_of_failure(client, {.url = nonsense.url()}), HttpError::Kind::kCut);

  HttpServer huge{integration::free_port(), [](const ServerRequest&) {
                    return ServerAnswer{200, "", std::string(10'001, 'x')};
                  }};
  EXPECT_EQ(kind_of_failure(client, {.url = url_of(huge.port()), .max_answer = 10'000}),
            HttpError::Kind::kTooLarge);
}

TEST(HttpClient, KeepsOfAnErrorNoMoreThanAMessageNeeds) {
  HttpServer server{integration::free_port(), [](const ServerRequest&) {
                      return ServerAnswer{500, "", std::string(1'000'000, 'x')};
                    }};
  HttpClient client;
  EXPECT_EQ(client.send({.url = url_of(server.port())}).body.size(), 64U * 1024);
}

TEST(HttpClient, StopsAtOnceWhenAnotherThreadSaysSo) {
  std::atomic<bool> asked{false};
  HttpServer silent{integration::free_port(), [&](const ServerRequest&) {
                      asked = true;
                      return ServerAnswer{0};
                    }};
  HttpClient client;
  std::stop_source stop;
  std::thread stopper{[&] {
    EXPECT_TRUE(integration::eventually([&] { return asked.load(); }));
    stop.request_stop();
  }};
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(
      kind_of_failure(client, {.url = url_of(silent.port()), .timeout = 60s}, {}, stop.get_token()),
      HttpError::Kind::kStopped);
  EXPECT_LT(integration::seconds_since(start), 30);
  stopper.join();
}

TEST(HttpClient, NeverShowsASecretUrl) {
  HttpClient client;
  try {
    client.send({.url = url_of(integration::free_port(), "/botSECRET/getMe?key=SECRET"),
                 .shown_url = "http://bots/bot***/getMe"});
    FAIL() << "nobody listens there";
  } catch (const HttpError& error) {
    EXPECT_THAT(error.what(), HasSubstr("POST http://bots/bot***/getMe"));
    EXPECT_THAT(error.what(), Not(HasSubstr("SECRET")));
  }
}

TEST(HttpClient, SendsTheTraceOnAndIsASpanOfIt) {
  std::string sentry_trace;
  std::string traceparent;
  HttpServer server{integration::free_port(), [&](const ServerRequest& request) {
                      sentry_trace = request.headers.at("sentry-trace");
                      traceparent = request.headers.at("traceparent");
                      return ServerAnswer{503, "", "{}"};
                    }};
  auto transport = std::make_shared<vitals::testing::MemoryTransport>();
  vitals::sentry::Options options;
  options.dsn = "http://key@localhost/1";
  options.traces_sample_rate = 1.0;
  options.transport = transport;
  auto guard = vitals::sentry::init(options);
  ASSERT_TRUE(guard);

  HttpClient client;
  const auto transaction = vitals::context::start_transaction({"POST /chat", "http.server"});
  {
    const auto active = transaction.activate();
    client.send({.url = url_of(server.port(), "/v1/messages?secret=1")});
  }
  transaction.finish();
  ASSERT_TRUE(vitals::sentry::flush(60s));
  const auto transactions = transport->payloads("transaction");
  ASSERT_EQ(transactions.size(), 1U);
  const std::string& sent = transactions.front();
  EXPECT_THAT(sent, HasSubstr("\"op\":\"http.client\""));
  EXPECT_THAT(
      sent, HasSubstr("POST http://127.0.0.1:" + std::to_string(server.port()) + "/v1/messages\""));
  EXPECT_THAT(sent, HasSubstr("\"status\":\"unavailable\""));
  // TRACE-SPAN-1: the span is the request's own, not the transaction.
  ASSERT_EQ(sentry_trace.size(), 51U);
  const std::string trace = sentry_trace.substr(0, 32);
  const std::string span = sentry_trace.substr(33, 16);
  EXPECT_THAT(traceparent, HasSubstr(trace + "-" + span));
  EXPECT_THAT(sent, HasSubstr("\"span_id\":\"" + span + "\""));
  EXPECT_THAT(sent, Not(HasSubstr("secret=1")));
}

/// Answers its only connection with `head` and then with `piece` again and again, until it is cut.
class EndlessServer {
 public:
  EndlessServer(std::string head, std::string piece, std::chrono::milliseconds pause)
      : port_(integration::free_port()), listener_(integration::listen_on(port_)) {
    thread_ = std::thread{[this, head = std::move(head), piece = std::move(piece), pause] {
      const int connection = ::accept(listener_, nullptr, nullptr);
      char request[4096];
      bool open = ::recv(connection, request, sizeof request, 0) > 0 &&
                  ::send(connection, head.data(), head.size(), MSG_NOSIGNAL) > 0;
      while (open && !stop_) {
        const ssize_t sent = ::send(connection, piece.data(), piece.size(), MSG_NOSIGNAL);
        open = sent >= 0;
        if (open) sent_ += static_cast<std::size_t>(sent);
        if (pause.count() > 0) std::this_thread::sleep_for(pause);
      }
      ::close(connection);
    }};
  }
  ~EndlessServer() {
    stop_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }
  EndlessServer(const EndlessServer&) = delete;
  EndlessServer& operator=(const EndlessServer&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::size_t sent() const noexcept { return sent_; }

 private:
  std::uint16_t port_;
  int listener_;
  std::atomic<bool> stop_{false};
  std::atomic<std::size_t> sent_{0};
  std::thread thread_;
};

TEST(HttpClient, ABodyWithoutEndIsCutAndAnErrorsStatusIsTaken) {
  const std::string much(16'384, 'x');
  for (const char* head :
       {"HTTP/1.1 500 Oops\r\n\r\n", "HTTP/1.1 503 Oops\r\nContent-Length: 99999999999\r\n\r\n",
        "HTTP/1.1 404 Oops\r\nTransfer-Encoding: chunked\r\n\r\n4000\r\n",
        "HTTP/1.1 302 Oops\r\nLocation: /\r\n\r\n"}) {
    SCOPED_TRACE(head);
    HttpClient client;
    const EndlessServer server{head, much + "\r\n4000\r\n", 0ms};
    const auto begun = std::chrono::steady_clock::now();
    const HttpAnswer answer = client.send({.method = "GET", .url = url_of(server.port())});
    EXPECT_EQ(std::to_string(answer.status), std::string{head}.substr(9, 3));
    EXPECT_EQ(answer.body.size(), 65'536U);
    EXPECT_LT(server.sent(), std::size_t{16} << 20U);
    EXPECT_LT(integration::seconds_since(begun), 10.0 * integration::kSlowness);
  }
}

TEST(HttpClient, TheBodyOfAnErrorThatDripsInIsNotWaitedFor) {
  HttpClient client;
  const EndlessServer server{"HTTP/1.1 502 Oops\r\n\r\n", "x", 20ms};
  const auto begun = std::chrono::steady_clock::now();
  const HttpAnswer answer =
      client.send({.method = "GET", .url = url_of(server.port()), .timeout = 60s});
  EXPECT_EQ(answer.status, 502);
  EXPECT_LT(integration::seconds_since(begun), 15.0 * integration::kSlowness);
}

TEST(HttpClient, AnAnswerWithoutEndIsTooLarge) {
  HttpClient client;
  const EndlessServer server{"HTTP/1.1 200 OK\r\n\r\n", std::string(16'384, 'x'), 0ms};
  EXPECT_EQ(kind_of_failure(
                client, {.method = "GET", .url = url_of(server.port()), .max_answer = 1U << 20U}),
            HttpError::Kind::kTooLarge);
  const EndlessServer headers{"HTTP/1.1 200 OK\r\n", "X-More: " + std::string(1000, 'x') + "\r\n",
                              0ms};
  EXPECT_EQ(kind_of_failure(client, {.method = "GET", .url = url_of(headers.port())}),
            HttpError::Kind::kTooLarge);
}

}  // namespace

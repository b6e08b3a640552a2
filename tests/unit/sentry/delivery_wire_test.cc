#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "fixture.h"
#include "ledger.h"
#include "sentry/runtime.h"
#include "tests/unit/temp_folder.h"
#include "tests/unit/tiny_server.h"
#include "vitals/context/capture.h"
#include "vitals/context/span.h"

namespace vitals::sentry {

using namespace context;  // NOLINT
namespace {

using ::testing::SizeIs;

constexpr int kEvents = 40;

TinyAnswer ok() {
  return {.bytes = TinyServer::answer(200)};
}
TinyAnswer status(int code, const std::string& headers = {}) {
  return {.bytes = TinyServer::answer(code, headers)};
}

/// One way in which a server may behave, and what is then to be seen.
struct Scenario {
  std::string name;
  std::vector<TinyAnswer> script;  // the last one goes on
  std::string reason{};            // of what is discarded; empty: nothing is
  bool may_double = false;         // the server takes one and does not say so
};

void PrintTo(const Scenario& scenario, std::ostream* out) {
  *out << scenario.name;
}

class DeliveryWireTest : public ClientTest {
 protected:
  DeliveryWireTest() {
    pace.first_pause = 1ms;
    pace.longest_pause = 20ms;
    pace.replay = 1ms;
    detail::usual_report_pace.ride = 0ms;
  }
  static Options options_for(int port) {
    Options given = options();
    given.dsn = "http://k@127.0.0.1:" + std::to_string(port) + "/1";
    given.requests_in_flight = 4;
    return given;
  }
  void start_at(Options given) {
    auto started = init(std::move(given));
    ASSERT_TRUE(started) << started.error().message;
    guard = std::move(*started);
    before = stats();
  }
  /// Since the test began.
  [[nodiscard]] std::uint64_t answered_429() const {
    return detail::counted(Category::kError, detail::Cause::kAnswered429) - answered_429_before;
  }
  const std::uint64_t answered_429_before =
      detail::counted(Category::kError, detail::Cause::kAnswered429);
  const std::uint64_t send_errors_before =
      detail::counted(Category::kError, detail::Cause::kSendError);
};

class EveryEvent : public DeliveryWireTest, public ::testing::WithParamInterface<Scenario> {};

TEST_P(EveryEvent, IsAcceptedOrReported) {
  TinyServer server{GetParam().script};
  Options given = options_for(server.port());
  given.requests_in_flight = 1;  // so that an answer is known before the next request
  start_at(given);
  for (int i = 0; i < kEvents; ++i)
    ASSERT_TRUE(capture_message("x"));
  EXPECT_TRUE(flush(kPlenty));
  EXPECT_EQ(stats().queue_depth, 0U);
  server.answer_with({ok()});
  guard.end(kPlenty);
  const Ledger ledger{server.accepted()};
  EXPECT_EQ(ledger.events.size() + ledger.told("error") + answered_429(), kEvents);
  EXPECT_EQ(ledger.told(GetParam().reason, "error"), ledger.told("error"));
  EXPECT_EQ(ledger.told("error") > 0, !GetParam().reason.empty());
  EXPECT_TRUE(GetParam().may_double || ledger.events.size() == ledger.envelopes_with_events);
}

TEST_P(EveryEvent, IsAcceptedOrReportedOrOnDisk) {
  const TempFolder folder;
  TinyServer server{GetParam().script};
  Options given = options_for(server.port());
  given.cache_dir = folder.path();
  start_at(given);
  for (int i = 0; i < kEvents; ++i)
    ASSERT_TRUE(capture_message("x"));
  EXPECT_TRUE(flush(kPlenty));
  server.answer_with({ok()});
  guard.end(kPlenty);
  const Ledger ledger{server.accepted()};
  const std::size_t known =
      ledger.events.size() + ledger.told("error") + answered_429() + spooled_in(folder.path());
  // What was taken, but not answered whole, may lie on disk as well.
  EXPECT_TRUE(GetParam().may_double ? known >= kEvents : known == kEvents) << known;
  EXPECT_EQ(ledger.told("network_error", "error"), 0U) << "it is on disk";
}

INSTANTIATE_TEST_SUITE_P(
    DeliveryWire, EveryEvent,
    ::testing::Values(
        Scenario{"AllWell", {ok()}},
        Scenario{"A429ThatSaysNothing", {status(429), ok()}, "ratelimit_backoff"},
        Scenario{"A429WithRetryAfter",
                 {ok(), status(429, "Retry-After: 60\r\n"), ok()},
                 "ratelimit_backoff"},
        Scenario{"A429WithCategories",
                 {status(429, "X-Sentry-Rate-Limits: 60:error;session:key\r\n"), ok()},
                 "ratelimit_backoff"},
        Scenario{"A429WithCategoriesOnTwoLines",
                 {status(429,
                         "X-Sentry-Rate-Limits: 60:transaction:key\r\n"
                         "X-Sentry-Rate-Limits: 60:error:key, 60:session:key\r\n"),
                  ok()},
                 "ratelimit_backoff"},
        Scenario{"ALimitOfAnotherCategory",
                 {status(200, "X-Sentry-Rate-Limits: 60:transaction:key\r\n"), ok()}},
        Scenario{"A413", {status(413), ok(), status(413), ok()}, "send_error"},
        Scenario{"A500", {status(500), status(500), ok()}, "send_error"},
        Scenario{"ResetsInTheBody", {{.reset_after = 700}, {.reset_after = 500}, ok()}},
        Scenario{"ResetsAtOnce", {{.reset_after = 1}, {.reset_after = 1}, ok()}},
        Scenario{"ReadsSlowly", {{.bytes = TinyServer::answer(200), .slow_read = true}, ok()}},
        Scenario{"AnswersLate", {{.bytes = TinyServer::answer(200), .delay = 20ms}, ok()}},
        Scenario{
            "CutsItsAnswerShort",
            {{.bytes = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 9\r\n\r\nhalf"},
             ok()},
            {},
            true}),
    [](const auto& tested) { return tested.param.name; });

TEST_F(DeliveryWireTest, AServerThatStaysAwayCostsNoCount) {
  TinyServer server{std::vector<TinyAnswer>{{.reset_after = 1}}};
  pace.longest_pause = 2ms;
  start_at(options_for(server.port()));
  for (int i = 0; i < kEvents; ++i)
    ASSERT_TRUE(capture_message("x"));
  EXPECT_TRUE(flush(kPlenty));
  EXPECT_EQ(counted(Category::kError, Outcome::kNetwork), kEvents);
  server.answer_with({ok()});
  ASSERT_TRUE(capture_message("back again"));
  EXPECT_TRUE(flush(kPlenty));
  guard.end(kPlenty);
  const Ledger ledger{server.accepted()};
  EXPECT_EQ(ledger.told("network_error", "error"), kEvents);
  EXPECT_THAT(ledger.events, SizeIs(1));
}

TEST_F(DeliveryWireTest, WhatWaitsOnDiskArrivesOnceWhenTheServerIsBack) {
  const TempFolder folder;
  TinyServer server{std::vector<TinyAnswer>{{.reset_after = 1}}};
  Options given = options_for(server.port());
  given.cache_dir = folder.path();
  start_at(given);
  for (int i = 0; i < kEvents; ++i)
    ASSERT_TRUE(capture_message("x"));
  EXPECT_TRUE(flush(kPlenty));
  EXPECT_GT(stats().spool_bytes, 0U);
  server.answer_with({ok()});
  while (stats().spool_bytes > 0)
    std::this_thread::sleep_for(1ms);
  guard.end(kPlenty);
  const Ledger ledger{server.accepted()};
  EXPECT_THAT(ledger.events, SizeIs(kEvents));
  EXPECT_EQ(ledger.envelopes_with_events, kEvents);
  EXPECT_EQ(ledger.told("error"), 0U);
}

/// A small process of this client, see spool_helper.cc.
class Helper {
 public:
  Helper(const std::string& mode, int port, const std::string& cache_dir) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error{"no pipe"};
    pid_ = fork();
    if (pid_ == 0) {
      dup2(ends[1], STDOUT_FILENO);
      const std::string dsn = "http://k@127.0.0.1:" + std::to_string(port) + "/1";
      execl(SPOOL_HELPER, SPOOL_HELPER, mode.c_str(), dsn.c_str(), cache_dir.c_str(), nullptr);
      _exit(127);
    }
    close(ends[1]);
    from_ = ends[0];
  }
  Helper(const Helper&) = delete;
  Helper& operator=(const Helper&) = delete;
  ~Helper() {
    if (pid_ > 0) end(SIGKILL);
    close(from_);
  }
  /// Waits until it has said something or has ended.
  void wait_for_word() const {
    char c = 0;
    while (read(from_, &c, 1) < 0 && errno == EINTR) {
    }
  }
  void end(int signal) {
    if (signal != 0) kill(pid_, signal);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_ = -1;
  int from_ = -1;
};

TEST_F(DeliveryWireTest, ProcessesThatShareAFolderLoseAndDoubleNothing) {
  const TempFolder folder;
  TinyServer server{std::vector<TinyAnswer>{{.reset_after = 1}}};
  {
    Helper capturing{"capture", server.port(), folder.path()};
    capturing.wait_for_word();
    capturing.end(SIGTERM);
  }
  EXPECT_EQ(spooled_in(folder.path()), 50U);
  server.answer_with({ok()});
  {
    Helper first{"drain", server.port(), folder.path()};
    Helper second{"drain", server.port(), folder.path()};
    first.wait_for_word();
    second.wait_for_word();
    first.end(SIGTERM);
    second.end(SIGTERM);
  }
  const Ledger ledger{server.accepted()};
  EXPECT_THAT(ledger.events, SizeIs(50));
  EXPECT_EQ(ledger.envelopes_with_events, 50U);
}

// The statics of a program end in an order that nobody chose, and its threads go on meanwhile.
TEST_F(DeliveryWireTest, StaticsMayCaptureWhileTheProcessEnds) {
  TinyServer server{{ok()}};
  const std::string dsn = "http://k@127.0.0.1:" + std::to_string(server.port()) + "/1";
  const pid_t pid = fork();
  if (pid == 0) {
    execl(EXIT_PROGRAM, EXIT_PROGRAM, dsn.c_str(), nullptr);
    _exit(127);
  }
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  std::set<std::string> said;
  for (const auto& envelope : server.accepted()) {
    for (const auto& item : envelope.items) {
      if (item.type != "event") continue;
      said.insert(Json::parse(item.payload)["exception"]["values"][0]["value"]);
    }
  }
  said.erase("a thread that nobody waits for");
  EXPECT_EQ(said, (std::set<std::string>{"ends with the thread of main", "at exit",
                                         "ends before the client"}));
}

TEST_F(DeliveryWireTest, WhatWasOnDiskOutlivesAKill) {
  const TempFolder folder;
  TinyServer server{std::vector<TinyAnswer>{{.reset_after = 1}}};
  {
    Helper capturing{"capture", server.port(), folder.path()};
    capturing.wait_for_word();
    capturing.end(SIGKILL);
  }
  server.answer_with({ok()});
  Helper next{"drain", server.port(), folder.path()};
  next.wait_for_word();
  next.end(SIGTERM);
  EXPECT_THAT(Ledger{server.accepted()}.events, SizeIs(50));
}

/// A TLS server with a certificate that nobody knows, by the openssl program.
class TlsServer {
 public:
  explicit TlsServer(const std::string& folder) : certificate_(folder + "/cert.pem") {
    const std::string make =
        "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost "
        "-addext subjectAltName=IP:127.0.0.1 -keyout " +
        folder + "/key.pem -out " + certificate_ + " 2>/dev/null";
    if (std::system(make.c_str()) != 0) return;
    port_ = free_port();
    pid_ = fork();
    if (pid_ == 0) {
      const int null = open("/dev/null", O_RDWR);
      dup2(null, 1);
      dup2(null, 2);
      execlp("openssl", "openssl", "s_server", "-quiet", "-accept", std::to_string(port_).c_str(),
             "-cert", certificate_.c_str(), "-key", (folder + "/key.pem").c_str(), nullptr);
      _exit(127);
    }
  }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;
  ~TlsServer() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  [[nodiscard]] bool there() const { return pid_ > 0; }
  [[nodiscard]] std::string url() const { return "https://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] const std::string& certificate() const { return certificate_; }
  /// What comes of one request; tried again until the server listens.
  [[nodiscard]] std::string error_with(delivery::CurlTransportOptions options) const {
    for (;;) {
      const delivery::SendResult result =
          delivery::make_curl_transport(options)->send({.url = url() + "/x", .body = "hello"});
      if (result.error.find("onnect") == std::string::npos) return result.error;
      std::this_thread::sleep_for(10ms);
    }
  }

 private:
  std::string certificate_;
  int port_ = 0;
  pid_t pid_ = -1;
};

TEST_F(DeliveryWireTest, ACertificateNobodyKnowsIsANetworkErrorAndKeptOnDisk) {
  const TempFolder folder;
  const TlsServer server{folder.path()};
  ASSERT_TRUE(server.there()) << "no openssl program";
  EXPECT_THAT(server.error_with({.timeout = 300ms}), ::testing::HasSubstr("certificate"));
  EXPECT_THAT(server.error_with({.timeout = 300ms, .ca_file = server.certificate()}),
              ::testing::Not(::testing::HasSubstr("certificate")))
      << "it is known now, and merely does not answer";
  Options given = options();
  given.dsn = "https://k@" + server.url().substr(8) + "/1";
  given.cache_dir = folder.path();
  start_at(given);
  ASSERT_TRUE(capture_message("x"));
  EXPECT_TRUE(flush(kPlenty));
  EXPECT_FALSE(guard.end(kPlenty) && spooled_in(folder.path()) == 0);
  EXPECT_EQ(spooled_in(folder.path()), 1U);
  EXPECT_EQ(counted(Category::kError, Outcome::kSent), 0U);
}

// OpenSSL would take itself down before a client that is a static has sent all.
TEST_F(DeliveryWireTest, AStaticClientEndsInGoodOrderOverTls) {
  for (const char* const used_before : {static_cast<const char*>(nullptr), "openssl"}) {
    const TempFolder folder;
    const TlsServer server{folder.path()};
    ASSERT_TRUE(server.there()) << "no openssl program";
    static_cast<void>(server.error_with({.timeout = 300ms, .ca_file = server.certificate()}));
    const std::string dsn = "https://k@" + server.url().substr(8) + "/1";
    const pid_t pid = fork();
    if (pid == 0) {
      execl(EXIT_PROGRAM, EXIT_PROGRAM, dsn.c_str(), server.certificate().c_str(), used_before,
            nullptr);
      _exit(127);
    }
    int status = 0;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
  }
}

TEST_F(DeliveryWireTest, GoesThroughAProxy) {
  const TinyServer proxy{TinyServer::answer(200)};
  Options given = options();
  given.dsn = "http://k@sentry.example/1";
  given.proxy = "http://127.0.0.1:" + std::to_string(proxy.port());
  start_at(given);
  ASSERT_TRUE(capture_message("x"));
  EXPECT_TRUE(flush(kPlenty));
  ASSERT_THAT(proxy.requests(), SizeIs(1));
  EXPECT_TRUE(proxy.requests()[0].starts_with("POST http://sentry.example/api/1/envelope/ "));
}

TEST_F(DeliveryWireTest, AnAnswerWithoutEndIsReadNoFurther) {
  const TinyServer server{"HTTP/1.1 500 X\r\nContent-Length: 9000000\r\n\r\n" +
                          std::string(9'000'000, 'x')};
  start_at(options_for(server.port()));
  ASSERT_TRUE(capture_message("x"));
  EXPECT_TRUE(flush(kPlenty));
  EXPECT_EQ(detail::counted(Category::kError, detail::Cause::kSendError) - send_errors_before, 1U);
}

TEST_F(DeliveryWireTest, ASpotlightThatHangsHoldsNothingUp) {
  const TinyServer server{TinyServer::answer(200)};
  const TinyServer spotlight{""};
  Options given = options_for(server.port());
  given.spotlight_url = "http://127.0.0.1:" + std::to_string(spotlight.port()) + "/stream";
  start_at(given);
  for (int i = 0; i < 500; ++i) {
    while (stats().queue_depth > 100)
      std::this_thread::sleep_for(1ms);
    capture_message("x");
  }
  EXPECT_TRUE(flush(kPlenty));
  EXPECT_EQ(counted(Category::kError, Outcome::kSent), 500U);
  EXPECT_LE(spotlight.begun(), 2U);
  EXPECT_TRUE(guard.end(kPlenty));
}

}  // namespace
}  // namespace vitals::sentry

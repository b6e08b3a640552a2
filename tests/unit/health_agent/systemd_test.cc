#include "health_agent/systemd.h"
#include "health_agent/log.h"
#include "health_agent/logging.h"
#include "health_agent/starting.h"
#include "health_agent/watchdog.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>

namespace health_agent {
namespace {

using namespace std::chrono_literals;

/// Stands in systemd's place: a datagram socket with an abstract name, and the environment that
/// leads to it.
class Manager {
 public:
  explicit Manager(const char* watchdog_usec = nullptr)
      : socket_(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
    const std::string name = "@vitals-systemd-test-" + std::to_string(::getpid());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), size), 0);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
    if (watchdog_usec != nullptr) ::setenv("WATCHDOG_USEC", watchdog_usec, 1);
  }
  ~Manager() {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"})
      ::unsetenv(name);
    ::close(socket_);
  }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  /// The next message, or nothing.
  [[nodiscard]] std::string heard() const {
    std::array<char, 256> text{};
    const ssize_t size = ::recv(socket_, text.data(), text.size(), MSG_DONTWAIT);
    return size < 0 ? "" : std::string(text.data(), static_cast<std::size_t>(size));
  }

 private:
  int socket_;
};

TEST(Systemd, HearsThatTheServiceIsReadyLivesAndEnds) {
  const Manager manager;
  Systemd systemd;
  systemd.ready();
  EXPECT_EQ(manager.heard(), "READY=1");
  systemd.alive();
  EXPECT_EQ(manager.heard(), "WATCHDOG=1");
  systemd.stopping();
  EXPECT_EQ(manager.heard(), "STOPPING=1");
}

TEST(Systemd, IsToldTwiceInTheTimeThatItWaits) {
  const Manager manager{"30000000"};
  EXPECT_EQ(Systemd{}.watchdog(), 15s);
}

TEST(Systemd, WatchesOnlyTheProcessItNamed) {
  const Manager manager{"30000000"};
  ::setenv("WATCHDOG_PID", "1", 1);
  EXPECT_EQ(Systemd{}.watchdog(), std::nullopt);
  ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
  EXPECT_EQ(Systemd{}.watchdog(), 15s);
}

TEST(Systemd, NonsenseInTheEnvironmentIsNoWatchdog) {
  for (const char* nonsense : {"", "0", "-5", "soon", "30s", "99999999999999999999999"}) {
    const Manager manager{nonsense};
    EXPECT_EQ(Systemd{}.watchdog(), std::nullopt) << nonsense;
  }
}

TEST(Systemd, WhereNobodyAskedNothingIsSaid) {
  Systemd outside;
  outside.ready();
  EXPECT_EQ(outside.watchdog(), std::nullopt);
  for (const std::string& address :
       {std::string{"relative"}, std::string{"/nowhere/at/all"}, "@" + std::string(500, 'x')}) {
    ::setenv("NOTIFY_SOCKET", address.c_str(), 1);
    Systemd systemd;
    systemd.ready();
    systemd.alive();
    ::unsetenv("NOTIFY_SOCKET");
  }
}

TEST(Systemd, AFullSocketNeverBlocks) {
  const Manager manager;
  Systemd systemd;
  for (int i = 0; i < 10'000; ++i)
    systemd.alive();
  EXPECT_EQ(manager.heard(), "WATCHDOG=1");
}

/// A socket of 127.0.0.1 that listens, and a thread that says `answer` to every caller; none while
/// it is empty.
class Listener {
 public:
  explicit Listener(std::string answer)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(socket_, 8), 0);
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    if (answer.empty()) return;
    thread_ = std::thread{[this, answer = std::move(answer)] {
      for (int client = 0; (client = ::accept(socket_, nullptr, nullptr)) >= 0;) {
        char request[1024];
        const ssize_t got = ::recv(client, request, sizeof request - 1, 0);
        if (got > 0) request_.assign(request, static_cast<std::size_t>(got));
        ::send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
        ::close(client);
      }
    }};
  }
  ~Listener() {
    ::shutdown(socket_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    ::close(socket_);
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] const std::string& request() const noexcept { return request_; }

 private:
  int socket_;
  std::uint16_t port_ = 0;
  std::string request_;
  std::thread thread_;
};

TEST(AskListener, TellsWhoAnswersFromWhoIsDeaf) {
  for (const char* answer :
       {"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 503 Away\r\nContent-Length: 0\r\n\r\n"}) {
    const Listener listener{answer};
    EXPECT_EQ(ask_listener("127.0.0.1", listener.port(), "/api/health", 10s), Probe::kAnswered);
    EXPECT_NE(
        listener.request().find("Host: 127.0.0.1:" + std::to_string(listener.port()) + "\r\n"),
        std::string::npos);
    EXPECT_EQ(ask_listener("0.0.0.0", listener.port(), "/api/health", 10s), Probe::kAnswered);
  }
  const Listener other{"SSH-2.0-OpenSSH_9.2\r\n"};
  EXPECT_EQ(ask_listener("127.0.0.1", other.port(), "/", 10s), Probe::kSilent);
  const Listener deaf{""};  // connects, for the kernel does that, and is never accepted
  EXPECT_EQ(ask_listener("127.0.0.1", deaf.port(), "/", 50ms), Probe::kSilent);
  std::uint16_t gone = 0;
  {
    const Listener ended{""};
    gone = ended.port();
  }
  EXPECT_EQ(ask_listener("127.0.0.1", gone, "/", 10s), Probe::kSilent);
}

TEST(AskListener, WithoutADescriptorItSaysNothingOfTheListener) {
  const Listener listener{"HTTP/1.1 200 OK\r\n\r\n"};
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const Probe probe = ask_listener("127.0.0.1", listener.port(), "/", 10s);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(probe, Probe::kCannotAsk);
}

bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + 30s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

TEST(Watchdog, IsToldOnlyWhileTheListenerAnswers) {
  const Manager manager{"40000"};
  Systemd systemd;
  std::atomic<Probe> probe{Probe::kAnswered};
  std::atomic<int> asked{0};
  Watchdog watchdog{systemd, [&](auto, const auto&) {
                      ++asked;
                      return probe.load();
                    }};
  const auto heard = [&] {
    watchdog.beat();
    return manager.heard() == "WATCHDOG=1";
  };
  EXPECT_TRUE(eventually(heard));
  probe = Probe::kSilent;
  const int silent_since = ++asked;
  EXPECT_TRUE(eventually([&] { return asked > silent_since + 2; }));
  while (!manager.heard().empty()) {  // what was on its way
  }
  const int before = asked;
  EXPECT_TRUE(eventually([&] {
    watchdog.beat();
    return asked > before + 5;
  }));
  EXPECT_EQ(manager.heard(), "") << "told although the listener is deaf";
  probe = Probe::kCannotAsk;
  EXPECT_TRUE(eventually(heard)) << "want of descriptors is no deaf listener";
}

TEST(Watchdog, IsNotToldWhenTheThreadThatTakesSignalsStandsStill) {
  const Manager manager{"8000"};
  Systemd systemd;
  std::atomic<int> asked{0};
  Watchdog watchdog{systemd, [&](auto, const auto&) {
                      ++asked;
                      return Probe::kAnswered;
                    }};
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_TRUE(eventually([&] { return std::chrono::steady_clock::now() - begun > 20ms; }));
  const int before = asked;
  EXPECT_TRUE(eventually([&] { return asked > before + 2; }));
  while (!manager.heard().empty()) {
  }
  EXPECT_TRUE(eventually([&] { return asked > before + 6; }));
  EXPECT_EQ(manager.heard(), "");
}

[[noreturn]] void serve_nobody() {
  ::unsetenv("NOTIFY_SOCKET");
  ::setenv("WATCHDOG_USEC", "20000", 1);
  Systemd systemd;
  const Watchdog watchdog{systemd, [](auto, const auto&) { return Probe::kSilent; }};
  std::this_thread::sleep_for(60s);
  std::_Exit(0);
}

TEST(WatchdogDeathTest, EndsTheProcessItselfWhereThereIsNoSystemd) {
  EXPECT_EXIT(serve_nobody(), ::testing::KilledBySignal(SIGABRT), "");
}

/// Runs in the process of a death test: blocks the signals as main() does.
void block_the_services_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP})
    sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

[[noreturn]] void wait_for_a_pool() {
  block_the_services_signals();
  SignalsWhileStarting starting{{.patience = 10ms, .whole = 200ms}};
  starting.doing("opens the pool of 9");
  std::this_thread::sleep_for(60s);
  std::_Exit(2);
}

[[noreturn]] void start_and_get(int signal) {
  block_the_services_signals();
  const SignalsWhileStarting starting;
  ::kill(::getpid(), signal);
  std::this_thread::sleep_for(60s);
  std::_Exit(2);
}

[[noreturn]] void end_and_be_interrupted() {
  block_the_services_signals();
  const EndsOnInterrupt ending;
  ::kill(::getpid(), SIGTERM);  // is nothing new
  ::kill(::getpid(), SIGINT);
  std::this_thread::sleep_for(60s);
  std::_Exit(2);
}

TEST(StartingDeathTest, SaysWhatItWaitsForAndEndsWithThat) {
  EXPECT_EXIT(wait_for_a_pool(), ::testing::ExitedWithCode(1),
              "not started yet: it opens the pool of 9\n(.|\n)*still opens the pool of 9");
}

TEST(StartingDeathTest, ASignalEndsAStartThatWaits) {
  for (const int signal : {SIGTERM, SIGINT})
    EXPECT_EXIT(start_and_get(signal), ::testing::ExitedWithCode(0),
                "told to end while it started");
}

TEST(EndingDeathTest, AnotherInterruptEndsAtOnce) {
  EXPECT_EXIT(end_and_be_interrupted(), ::testing::ExitedWithCode(130), "interrupted again");
}

TEST(JsonLog, HasTheFieldsOfALineApart) {
  ::testing::internal::CaptureStderr();
  start_logging("info", "json");
  const std::array<LogField, 3> fields{
      {{"route", std::string_view{"/x\n"}}, {"status", std::int64_t{404}}, {"ms", 1.5}}};
  access_log.info(fields, "GET {} {}", "/x\n", 404);
  access_log.info("nothing\nmore");
  std::istringstream lines{::testing::internal::GetCapturedStderr()};
  std::string line;
  std::getline(lines, line);
  const nlohmann::json with = nlohmann::json::parse(line);
  EXPECT_EQ(with["route"], "/x\n");
  EXPECT_EQ(with["status"], 404);
  EXPECT_EQ(with["ms"], 1.5);
  EXPECT_EQ(with["message"], "GET /x\n 404");
  std::getline(lines, line);
  const nlohmann::json without = nlohmann::json::parse(line);
  EXPECT_EQ(without["message"], "nothing\nmore");
  EXPECT_FALSE(without.contains("route"));
}

}  // namespace
}  // namespace health_agent

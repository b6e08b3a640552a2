#include "health_agent/watchdog.h"
#include "health_agent/log.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>

namespace health_agent {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

class Socket {
 public:
  explicit Socket(int number) noexcept : number_(number) {}
  ~Socket() {
    if (number_ >= 0) ::close(number_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  [[nodiscard]] int number() const noexcept { return number_; }

 private:
  int number_;
};

/// False at the deadline, or when told to stop.
bool wait(int socket, short events, Clock::time_point deadline, const std::stop_token& stop) {
  constexpr milliseconds kSlice{100};
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    if (left.count() <= 0 || stop.stop_requested()) return false;
    pollfd ready{socket, events, 0};
    if (::poll(&ready, 1, static_cast<int>(std::min(left, kSlice).count())) > 0) return true;
  }
}

bool is_want(int number) noexcept {
  return number == EMFILE || number == ENFILE || number == ENOMEM || number == ENOBUFS ||
         number == EADDRNOTAVAIL;
}

Probe ask_address(const addrinfo& address, const std::string& request, Clock::time_point deadline,
                  const std::stop_token& stop) {
  const Socket socket{::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (socket.number() < 0) return is_want(errno) ? Probe::kCannotAsk : Probe::kSilent;
  if (::connect(socket.number(), address.ai_addr, address.ai_addrlen) != 0 && errno != EINPROGRESS)
    return is_want(errno) ? Probe::kCannotAsk : Probe::kSilent;
  if (!wait(socket.number(), POLLOUT, deadline, stop)) return Probe::kSilent;
  if (::send(socket.number(), request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size()))
    return Probe::kSilent;
  constexpr std::string_view kBegin = "HTTP/1.";
  std::array<char, 512> answer{};
  std::size_t size = 0;
  while (size < kBegin.size()) {
    if (!wait(socket.number(), POLLIN, deadline, stop)) return Probe::kSilent;
    const ssize_t more =
        ::recv(socket.number(), answer.data() + size, answer.size() - size, MSG_DONTWAIT);
    if (more == 0 || (more < 0 && errno != EAGAIN && errno != EINTR)) return Probe::kSilent;
    if (more > 0) size += static_cast<std::size_t>(more);
  }
  const bool http = std::string_view{answer.data(), size}.starts_with(kBegin);
  // To the end, which is soon: a connection that is cut while it is answered would count as lost.
  while (http && wait(socket.number(), POLLIN, deadline, stop) &&
         ::recv(socket.number(), answer.data(), answer.size(), MSG_DONTWAIT) > 0) {
  }
  return http ? Probe::kAnswered : Probe::kSilent;
}

}  // namespace

Probe ask_listener(const std::string& host, std::uint16_t port, const std::string& path,
                   milliseconds timeout, const std::stop_token& stop) {
  const Clock::time_point deadline = Clock::now() + timeout;
  const std::string name = host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* raw = nullptr;
  if (const int error = ::getaddrinfo(name.c_str(), std::to_string(port).c_str(), &hints, &raw);
      error != 0)
    return error == EAI_MEMORY || error == EAI_SYSTEM || error == EAI_AGAIN ? Probe::kCannotAsk
                                                                            : Probe::kSilent;
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses{raw, &::freeaddrinfo};
  const std::string authority =
      (name.find(':') == std::string::npos ? name : "[" + name + "]") + ":" + std::to_string(port);
  const std::string request = "GET " + path + " HTTP/1.1\r\nHost: " + authority +
                              "\r\nUser-Agent: health-agent watchdog\r\nConnection: close\r\n\r\n";
  Probe last = Probe::kSilent;
  for (const addrinfo* address = raw; address != nullptr; address = address->ai_next) {
    last = ask_address(*address, request, deadline, stop);
    if (last != Probe::kSilent) break;
  }
  return last;
}

Watchdog::Watchdog(Systemd& systemd, Ask ask) : systemd_(&systemd), ask_(std::move(ask)) {
  if (!systemd.watchdog()) return;
  // A question may take as long as the pause before it, and all of that twice within the time that
  // is waited for a sign of life.
  pause_ = *systemd.watchdog() / 2;
  thread_ = std::thread{[this] { watch(); }};
}

Watchdog::~Watchdog() {
  stop();
}

void Watchdog::stop() {
  stop_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Watchdog::beat() noexcept {
  beat_.store(Clock::now().time_since_epoch().count(), std::memory_order_relaxed);
}

Probe Watchdog::ask(milliseconds timeout, const std::stop_token& stop) const noexcept {
  try {
    return ask_(timeout, stop);
  } catch (...) {
    return Probe::kCannotAsk;  // no memory for the question
  }
}

void Watchdog::watch() {
  const std::stop_token stop = stop_.get_token();
  const auto limit = 4 * *pause_;
  const auto timeout = std::max(std::chrono::duration_cast<milliseconds>(*pause_), milliseconds{1});
  Clock::time_point alive = Clock::now();
  bool told = false;
  std::unique_lock lock{mutex_};
  while (!stop.stop_requested()) {
    const Clock::time_point beat{Clock::duration{beat_.load(std::memory_order_relaxed)}};
    const bool beats = Clock::now() - beat < limit;
    const bool silent = ask_ && ask(timeout, stop) == Probe::kSilent;
    if (stop.stop_requested()) return;
    if (beats && !silent) {
      alive = Clock::now();
      systemd_->alive();
      if (std::exchange(told, false)) service_log.info("the service answers on its own port again");
    } else if (!std::exchange(told, true)) {
      service_log.error("the watchdog is told nothing: {}",
                        silent ? "the service does not answer on its own port"
                               : "the thread that takes signals does not come back");
    }
    if (!systemd_->has_manager() && Clock::now() - alive > limit) {
      service_log.critical("the service has not answered on its own port for {} ms: it ends",
                           std::chrono::duration_cast<milliseconds>(limit).count());
      std::abort();
    }
    wake_.wait_for(lock, stop, *pause_, [] { return false; });
  }
}

}  // namespace health_agent

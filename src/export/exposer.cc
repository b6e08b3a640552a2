#include "vitals/export/exposer.h"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/background_thread.h"
#include "export/http_head.h"
#include "vitals/export/scrape.h"

namespace vitals::exporting {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxHead = std::size_t{16} * 1024;
/// For a client to notice that the answer is complete, before its connection is cut.
constexpr auto kLinger = std::chrono::seconds(1);
/// After running out of file descriptors.
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

class Fd {
 public:
  explicit Fd(int fd = -1) noexcept : fd_(fd) {}
  Fd(Fd&& from) noexcept : fd_(std::exchange(from.fd_, -1)) {}
  Fd& operator=(Fd&& from) noexcept {
    std::swap(fd_, from.fd_);
    return *this;
  }
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_;
};

/// A connection goes through its states once: the request comes, the answer goes, and what the
/// client still sends is thrown away until it closes, since to close first would make the kernel
/// reset the connection and lose the answer.
struct Connection {
  enum class State { kReading, kWriting, kDraining };

  Fd socket;
  State state = State::kReading;
  Clock::time_point deadline;
  std::string received;
  std::string answer;
  std::size_t sent = 0;
  bool done = false;
};

std::string_view reason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    default:
      return "Internal Server Error";
  }
}

enum class Body { kSend, kLeaveOut };

std::string render(const ScrapeResponse& response, Body body) {
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + ' ';
  out.append(reason(response.status))
      .append("\r\nConnection: close\r\nVary: Accept, Accept-Encoding\r\n");
  const auto header = [&out](std::string_view name, std::string_view value) {
    if (!value.empty()) out.append(name).append(": ").append(value).append("\r\n");
  };
  header("Content-Type", response.content_type);
  header("Content-Encoding", response.content_encoding);
  header("WWW-Authenticate", response.www_authenticate);
  header("Allow", response.allow);
  // A HEAD is answered without making the page, so its length is not known.
  if (body == Body::kSend) header("Content-Length", std::to_string(response.body.size()));
  out += "\r\n";
  if (body == Body::kSend) out += response.body;
  return out;
}

std::string plain(int status, std::string_view text, Body body = Body::kSend) {
  ScrapeResponse response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = text;
  return render(response, body);
}

std::string answer_to(std::string_view head_text, ScrapeHandler& handler) {
  const std::optional<HttpHead> head = parse_head(head_text);
  if (!head) return plain(400, "This is not an HTTP/1.1 request.\n");
  const Body body = head->method == "HEAD" ? Body::kLeaveOut : Body::kSend;
  if (head->path != "/metrics") return plain(404, "There is only /metrics here.\n", body);
  return render(handler.handle({.method = head->method,
                                .accept = head->accept,
                                .accept_encoding = head->accept_encoding,
                                .authorization = head->authorization,
                                .query = head->query}),
                body);
}

Error failure(const ExposerOptions& options, std::string_view what, std::string_view why) {
  return {"metrics listener on " + options.host + ":" + std::to_string(options.port) + ": cannot " +
          std::string(what) + ": " + std::string(why)};
}

Result<Fd> listen_on(const ExposerOptions& options) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int code = getaddrinfo(options.host.empty() ? nullptr : options.host.c_str(),
                               std::to_string(options.port).c_str(), &hints, &found);
  if (code != 0) return failure(options, "find the address", gai_strerror(code));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> list(found, &freeaddrinfo);

  Error error = failure(options, "listen", "no address");
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    Fd fd(::socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int on = 1;
    if (fd && setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        ::bind(fd.get(), address->ai_addr, address->ai_addrlen) == 0 &&
        ::listen(fd.get(), 64) == 0) {
      return fd;
    }
    error = failure(options, "listen", std::strerror(errno));
  }
  return error;
}

std::uint16_t port_of(int fd) noexcept {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  return ntohs(address.ss_family == AF_INET6
                   ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                   : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

}  // namespace

class Exposer::Loop {
 public:
  Loop(ExposerOptions options, ScrapeHandler& handler, Fd listener, Fd wake)
      : options_(std::move(options)),
        handler_(handler),
        listener_(std::move(listener)),
        wake_(std::move(wake)),
        port_(port_of(listener_.get())) {}
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  ~Loop() {
    if (!thread_.joinable()) return;
    if (process_ != ::getpid()) {
      // A child of fork(): the thread is its parent's, and so is whoever the eventfd would wake.
      thread_.detach();
      return;
    }
    const std::uint64_t one = 1;
    // An eventfd takes eight bytes or is full; either way the loop wakes.
    (void)!::write(wake_.get(), &one, sizeof one);
    thread_.join();
  }

  /// Throws std::system_error when there is no thread to be had.
  void start() {
    thread_ = base::start_background_thread([this] { run(); });
    process_ = ::getpid();
  }

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

 private:
  void run() noexcept {
    pthread_setname_np(pthread_self(), "vitals-exposer");
    for (;;) {
      try {
        if (!turn()) return;
      } catch (...) {
        // No memory: what is open is given up, and the listener goes on.
        connections_.clear();
      }
    }
  }

  /// Waits for something to happen and deals with it. False when it is time to stop.
  bool turn() {
    polled_.clear();
    polled_.push_back({wake_.get(), POLLIN, 0});
    const bool accepting = has_room() && Clock::now() >= accept_after_;
    polled_.push_back({accepting ? listener_.get() : -1, POLLIN, 0});
    for (const Connection& connection : connections_) {
      const bool writing = connection.state == Connection::State::kWriting;
      polled_.push_back(
          {connection.socket.get(), static_cast<short>(writing ? POLLOUT : POLLIN), 0});
    }
    if (::poll(polled_.data(), polled_.size(), wait_ms(accepting)) < 0 && errno != EINTR) {
      std::this_thread::sleep_for(kAcceptPause);
      return true;
    }
    if (polled_[0].revents != 0) return false;
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      if (polled_[i + 2].revents != 0) serve(connections_[i]);
    }
    const Clock::time_point now = Clock::now();
    std::erase_if(connections_, [now](const Connection& c) { return c.done || now >= c.deadline; });
    if (polled_[1].revents != 0) accept_one();
    return true;
  }

  /// Room for one more: a free place, or that of a client which has not asked for anything yet.
  [[nodiscard]] bool has_room() const noexcept {
    return connections_.size() < options_.max_connections || oldest_idle() != connections_.end();
  }

  [[nodiscard]] std::vector<Connection>::const_iterator oldest_idle() const noexcept {
    // In the order of their arrival, so the first is the oldest. One that is still being answered
    // keeps its place; a silent one has had its time when others wait.
    return std::ranges::find_if(connections_, [](const Connection& connection) {
      return connection.state != Connection::State::kWriting;
    });
  }

  [[nodiscard]] int wait_ms(bool accepting) const noexcept {
    Clock::time_point until = Clock::time_point::max();
    if (!accepting && has_room()) until = accept_after_;
    for (const Connection& connection : connections_)
      until = std::min(until, connection.deadline);
    if (until == Clock::time_point::max()) return -1;
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(wait, 0, 60'000));
  }

  void accept_one() {
    // Since the listener was asked, one that was silent may have got its answer begun.
    if (!has_room()) return;
    Fd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!socket) {
      // Of the rest (it has gone, or a signal came) the next poll tells.
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        accept_after_ = Clock::now() + kAcceptPause;
      }
      return;
    }
    if (connections_.size() >= options_.max_connections) connections_.erase(oldest_idle());
    Connection& connection = connections_.emplace_back();
    connection.socket = std::move(socket);
    connection.deadline = Clock::now() + options_.timeout;
  }

  void serve(Connection& connection) {
    if (connection.state == Connection::State::kReading) read(connection);
    if (connection.state == Connection::State::kWriting) write(connection);
    if (connection.state == Connection::State::kDraining) drain(connection);
  }

  void read(Connection& connection) {
    char buffer[4096];
    for (;;) {
      const ssize_t n = ::recv(connection.socket.get(), buffer, sizeof buffer, 0);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
      if (n <= 0) {
        connection.done = true;
        return;
      }
      connection.received.append(buffer, static_cast<std::size_t>(n));
      const std::optional<std::size_t> length = head_length(connection.received);
      if (length && *length <= kMaxHead) {
        answer(connection, answer_to({connection.received.data(), *length}, handler_));
        return;
      }
      if (connection.received.size() > kMaxHead) {
        answer(connection, plain(431, "The head of the request is too long.\n"));
        return;
      }
    }
  }

  void answer(Connection& connection, std::string text) {
    connection.received = {};
    connection.answer = std::move(text);
    connection.state = Connection::State::kWriting;
    connection.deadline = Clock::now() + options_.timeout;
  }

  void write(Connection& connection) {
    while (connection.sent < connection.answer.size()) {
      const ssize_t n = ::send(connection.socket.get(), connection.answer.data() + connection.sent,
                               connection.answer.size() - connection.sent, MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
      if (n < 0) {
        connection.done = true;
        return;
      }
      connection.sent += static_cast<std::size_t>(n);
    }
    ::shutdown(connection.socket.get(), SHUT_WR);
    connection.answer = {};
    connection.state = Connection::State::kDraining;
    connection.deadline = Clock::now() + kLinger;
  }

  void drain(Connection& connection) {
    char buffer[4096];
    // A bounded share of each turn, so that one who floods does not keep the others waiting.
    for (int i = 0; i < 16; ++i) {
      const ssize_t n = ::recv(connection.socket.get(), buffer, sizeof buffer, 0);
      if (n > 0 || (n < 0 && errno == EINTR)) continue;
      if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) connection.done = true;
      return;
    }
  }

  const ExposerOptions options_;
  ScrapeHandler& handler_;
  Fd listener_;
  Fd wake_;
  std::uint16_t port_;
  std::vector<Connection> connections_;
  std::vector<pollfd> polled_;
  Clock::time_point accept_after_{};
  std::thread thread_;
  pid_t process_ = 0;  // that the thread is in
};

Exposer::Exposer(std::unique_ptr<Loop> loop) noexcept : loop_(std::move(loop)) {}

Exposer::~Exposer() = default;

std::uint16_t Exposer::port() const noexcept {
  return loop_->port();
}

Result<std::unique_ptr<Exposer>> Exposer::start(ExposerOptions options, ScrapeHandler& handler) {
  Result<Fd> listener = listen_on(options);
  if (!listener) return listener.error();
  Fd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return failure(options, "start", std::strerror(errno));
  options.max_connections = std::max<std::size_t>(options.max_connections, 1);
  auto loop = std::make_unique<Loop>(options, handler, std::move(*listener), std::move(wake));
  try {
    loop->start();
  } catch (const std::system_error& error) {
    return failure(options, "start a thread", error.what());
  }
  return std::unique_ptr<Exposer>(new Exposer(std::move(loop)));
}

}  // namespace vitals::exporting

#include "health_agent/api/http_listener.h"
#include "health_agent/log.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <utility>

namespace health_agent::api {
namespace {

constexpr auto kQuiet = std::chrono::seconds{5};
/// The kernel takes twice that, and would go up to some megabytes by itself: too much for each of
/// some thousand clients that do not read.
constexpr int kSendBuffer = 128 * 1024;
constexpr int kBacklog = 4096;  // the kernel takes net.core.somaxconn if that is less

int listen_on(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (code != 0) throw std::runtime_error(::gai_strerror(code));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> list(found, &::freeaddrinfo);
  int cause = EADDRNOTAVAIL;
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    const int fd = ::socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;
    if (fd >= 0 && ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        ::bind(fd, address->ai_addr, address->ai_addrlen) == 0 && ::listen(fd, kBacklog) == 0) {
      return fd;
    }
    cause = errno;
    if (fd >= 0) ::close(fd);
  }
  throw std::runtime_error(std::strerror(cause));
}

std::string text_of(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = &reinterpret_cast<const sockaddr_in&>(address).sin_addr;
  if (address.ss_family == AF_INET6)
    bytes = &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
  if (::inet_ntop(address.ss_family, bytes, text.data(), text.size()) == nullptr) return {};
  return text.data();
}

}  // namespace

HttpListener::HttpListener(const std::string& host, std::uint16_t port, ListenerMetrics metrics,
                           ListenerState* state)
    : fd_(listen_on(host, port)), metrics_(metrics), state_(state) {}

HttpListener::~HttpListener() {
  if (fd_ >= 0) ::close(fd_);
}

HttpListener::Taken::~Taken() {
  if (fd >= 0) ::close(fd);
}

HttpListener::Outcome HttpListener::take(Taken& taken) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  const int fd =
      ::accept4(fd_, reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) {
    const int on = 1;
    // A failure only costs a delay; the client may have gone already.
    (void)::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof kSendBuffer);
    taken.fd = fd;
    taken.address = text_of(address);
    return Outcome::kTaken;
  }
  switch (errno) {
    case EAGAIN:
#if EAGAIN != EWOULDBLOCK
    case EWOULDBLOCK:
#endif
      return Outcome::kNobody;
    case EINTR:
      return Outcome::kAgain;
    // What the network did to the connection while it waited is this connection's fault alone.
    case ECONNABORTED:
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
    case ETIMEDOUT:
      metrics_.accept_errors.with("aborted").inc();
      return Outcome::kAgain;
    case EMFILE:
      trouble("emfile", "the process has no file descriptor left");
      return Outcome::kFull;
    case ENFILE:
      trouble("enfile", "the system has no file descriptor left");
      return Outcome::kFull;
    case ENOBUFS:
    case ENOMEM:
      trouble("nomem", "the kernel has no memory left for a connection");
      return Outcome::kFull;
    default:
      trouble("other", std::strerror(errno));
      return Outcome::kFull;
  }
}

void HttpListener::at_limit(std::size_t limit) {
  std::array<char, 64> what{};
  std::snprintf(what.data(), what.size(), "all %zu connections are taken", limit);
  trouble("limit", what.data());
}

void HttpListener::trouble(const char* error, std::string_view what) {
  metrics_.accept_errors.with(error).inc();
  ++failures_;
  last_trouble_ = Clock::now();
  if (std::exchange(troubled_, true)) return;
  if (state_ != nullptr) state_->troubled = true;
  service_log.error(
      "the API cannot take every connection: {}; it goes on trying, and idle connections are "
      "closed",
      what);
}

void HttpListener::tick() {
  if (!troubled_ || Clock::now() - last_trouble_ < kQuiet) return;
  troubled_ = false;
  if (state_ != nullptr) state_->troubled = false;
  service_log.info("the API takes connections again, after {} failures",
                   std::exchange(failures_, 0));
}

}  // namespace health_agent::api

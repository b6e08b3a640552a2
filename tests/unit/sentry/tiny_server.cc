#include "tiny_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace vitals::sentry {
namespace {

int listen_on_any_port(int& port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const plain = static_cast<sockaddr*>(static_cast<void*>(&address));
  if (fd < 0 || bind(fd, plain, size) != 0 || listen(fd, 16) != 0 ||
      getsockname(fd, plain, &size) != 0) {
    throw std::runtime_error{"no port to listen on"};
  }
  port = ntohs(address.sin_port);
  return fd;
}

/// How long a request is that starts `text`; 0 while more has to come.
std::size_t request_length(const std::string& text) {
  const std::size_t head = text.find("\r\n\r\n");
  if (head == std::string::npos) return 0;
  const std::size_t at = text.find("Content-Length: ");
  const std::size_t body =
      at < head ? static_cast<std::size_t>(std::strtoul(text.c_str() + at + 16, nullptr, 10)) : 0;
  return text.size() >= head + 4 + body ? head + 4 + body : 0;
}

bool readable(int fd) {
  pollfd waited{fd, POLLIN, 0};
  return poll(&waited, 1, 20) > 0;
}

}  // namespace

TinyServer::TinyServer(std::string answer)
    : answer_(std::move(answer)),
      listener_(listen_on_any_port(port_)),
      thread_([this] { serve(); }) {}

TinyServer::~TinyServer() {
  stop_ = true;
  thread_.join();
  close(listener_);
}

void TinyServer::serve() {
  std::vector<std::thread> connections;
  while (!stop_) {
    if (!readable(listener_)) continue;
    const int connection = accept(listener_, nullptr, nullptr);
    if (connection < 0) continue;
    ++connections_;
    connections.emplace_back([this, connection] {
      serve_connection(connection);
      close(connection);
    });
  }
  for (std::thread& thread : connections)
    thread.join();
}

void TinyServer::serve_connection(int connection) {
  std::string received;
  std::array<char, 65536> part;
  while (!stop_) {
    if (!readable(connection)) continue;
    const ssize_t count = recv(connection, part.data(), part.size(), 0);
    if (count <= 0) return;
    received.append(part.data(), static_cast<std::size_t>(count));
    const std::size_t length = request_length(received);
    if (length == 0) continue;
    {
      const std::lock_guard hold{mutex_};
      requests_.push_back(received.substr(0, length));
      changed_.notify_all();
    }
    received.erase(0, length);
    if (answer_.empty()) continue;
    if (send(connection, answer_.data(), answer_.size(), MSG_NOSIGNAL) < 0) return;
    if (answer_.find("Connection: close") != std::string::npos) return;
  }
}

std::vector<std::string> TinyServer::requests() const {
  const std::lock_guard hold{mutex_};
  return requests_;
}

void TinyServer::wait_for(std::size_t count) const {
  std::unique_lock hold{mutex_};
  changed_.wait(hold, [&] { return requests_.size() >= count; });
}

std::string TinyServer::answer(int status, const std::string& more_headers) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\n" + more_headers +
         "Content-Length: 2\r\n\r\n{}";
}

int closed_port() {
  int port = 0;
  close(listen_on_any_port(port));
  return port;
}

}  // namespace vitals::sentry

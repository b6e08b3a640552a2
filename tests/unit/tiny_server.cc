#include "tests/unit/tiny_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace vitals {
namespace {

int bind_any_port(int& port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const plain = static_cast<sockaddr*>(static_cast<void*>(&address));
  if (fd < 0 || bind(fd, plain, size) != 0 || getsockname(fd, plain, &size) != 0)
    throw std::runtime_error{"no port to be had"};
  port = ntohs(address.sin_port);
  return fd;
}

int listen_on_any_port(int& port) {
  const int fd = bind_any_port(port);
  if (listen(fd, 16) != 0) throw std::runtime_error{"no port to listen on"};
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
    : TinyServer(std::vector<TinyAnswer>{{.bytes = std::move(answer)}}) {}

TinyServer::TinyServer(std::vector<TinyAnswer> script)
    : script_(std::move(script)),
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

TinyAnswer TinyServer::next_answer() {
  const std::lock_guard hold{mutex_};
  ++begun_;
  const std::size_t mine = std::min(next_, script_.size() - 1);
  ++next_;
  return script_[mine];
}

void TinyServer::serve_connection(int connection) {
  std::string received;
  std::array<char, 65536> part;
  TinyAnswer answer;
  while (!stop_) {
    if (!readable(connection)) continue;
    const ssize_t count = recv(connection, part.data(), answer.slow_read ? 100 : part.size(), 0);
    if (count <= 0) return;
    if (received.empty()) answer = next_answer();
    received.append(part.data(), static_cast<std::size_t>(count));
    if (answer.reset_after != 0 && received.size() >= answer.reset_after) {
      const linger at_once{1, 0};
      setsockopt(connection, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
      return;
    }
    const std::size_t length = request_length(received);
    if (length == 0) continue;
    std::this_thread::sleep_for(answer.delay);
    {
      const std::lock_guard hold{mutex_};
      requests_.push_back(received.substr(0, length));
      if (answer.bytes.starts_with("HTTP/1.1 2")) accepted_.push_back(requests_.back());
      changed_.notify_all();
    }
    received.erase(0, length);
    if (answer.bytes.empty()) continue;
    if (send(connection, answer.bytes.data(), answer.bytes.size(), MSG_NOSIGNAL) < 0) return;
    if (answer.bytes.find("Connection: close") != std::string::npos) return;
  }
}

std::size_t TinyServer::begun() const {
  const std::lock_guard hold{mutex_};
  return begun_;
}

void TinyServer::answer_with(std::vector<TinyAnswer> script) {
  const std::lock_guard hold{mutex_};
  script_ = std::move(script);
  next_ = 0;
}

std::vector<vitals::testing::ParsedEnvelope> TinyServer::accepted() const {
  const std::lock_guard hold{mutex_};
  std::vector<vitals::testing::ParsedEnvelope> made;
  for (const std::string& request : accepted_) {
    const std::size_t head = request.find("\r\n\r\n");
    delivery::SendRequest one;
    one.body = request.substr(head + 4);
    if (request.substr(0, head).find("Content-Encoding: gzip") != std::string::npos) {
      one.headers.emplace_back("Content-Encoding", "gzip");
    }
    made.push_back(vitals::testing::parse_envelope(one));
  }
  return made;
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
  bind_any_port(port);  // for as long as the process lives, so that nobody else can have it
  return port;
}

int free_port() {
  int port = 0;
  close(bind_any_port(port));
  return port;
}

}  // namespace vitals

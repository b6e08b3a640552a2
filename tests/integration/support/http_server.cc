#include "integration/support/http_server.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <sstream>
#include <stdexcept>

#include "integration/support/ports.h"

namespace integration {
namespace {

constexpr int kPollMs = 50;

std::optional<ServerRequest> parse_head(const std::string& head) {
  ServerRequest request;
  std::istringstream lines{head};
  std::string line;
  std::getline(lines, line);
  std::istringstream words{line};
  words >> request.method >> request.path;
  while (std::getline(lines, line)) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) return std::nullopt;
    std::string name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const std::size_t first = line.find_first_not_of(' ', colon + 1);
    request.headers[name] = first == std::string::npos ? "" : line.substr(first);
  }
  return request;
}

bool send_all(int fd, const std::string& bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t n = ::send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return false;
    sent += static_cast<std::size_t>(n);
  }
  return true;
}

// Reads more bytes; false when the other side is gone or the server stops.
bool read_more(int fd, std::string& bytes, const std::atomic<bool>& stop) {
  while (!stop) {
    pollfd polled{fd, POLLIN, 0};
    if (::poll(&polled, 1, kPollMs) <= 0) continue;
    std::array<char, 65536> buffer{};
    const ssize_t n = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (n <= 0) return false;
    bytes.append(buffer.data(), static_cast<std::size_t>(n));
    return true;
  }
  return false;
}

std::size_t number_of(const std::string& digits, int base) {
  return digits.empty() ? 0 : std::stoul(digits, nullptr, base);
}

/// The next `size` bytes, with `read` for more of them; nothing where there are no more.
template <class Read>
std::optional<std::string> take(std::string& bytes, std::size_t size, const Read& read) {
  while (bytes.size() < size) {
    if (!read()) return std::nullopt;
  }
  std::string taken = bytes.substr(0, size);
  bytes.erase(0, size);
  return taken;
}

/// A chunked body, without trailers.
template <class Read>
std::optional<std::string> take_chunks(std::string& bytes, const Read& read) {
  std::string body;
  while (true) {
    std::size_t line_end = 0;
    while ((line_end = bytes.find("\r\n")) == std::string::npos) {
      if (!read()) return std::nullopt;
    }
    const std::size_t size = number_of(bytes.substr(0, line_end), 16);
    bytes.erase(0, line_end + 2);
    const std::optional<std::string> chunk = take(bytes, size + 2, read);
    if (!chunk) return std::nullopt;
    if (size == 0) return body;
    body.append(*chunk, 0, size);
  }
}

}  // namespace

HttpServer::HttpServer(std::uint16_t port, Handler handler)
    : port_(port), handler_(std::move(handler)), listener_(listen_on(port)) {
  if (listener_ < 0) throw std::runtime_error("port " + std::to_string(port) + " is taken");
  acceptor_ = std::thread([this] { accept_all(); });
}

HttpServer::~HttpServer() {
  stop_ = true;
  acceptor_.join();
  ::close(listener_);
  for (std::thread& thread : threads_)
    thread.join();
}

void HttpServer::accept_all() {
  while (!stop_) {
    pollfd polled{listener_, POLLIN, 0};
    if (::poll(&polled, 1, kPollMs) <= 0) continue;
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    ++accepted_;
    const std::lock_guard lock{mutex_};
    threads_.emplace_back([this, fd] {
      serve(fd);
      ::close(fd);
    });
  }
}

void HttpServer::serve(int fd) {
  std::string bytes;
  while (true) {
    std::size_t head_end = 0;
    while ((head_end = bytes.find("\r\n\r\n")) == std::string::npos) {
      if (!read_more(fd, bytes, stop_)) return;
    }
    std::optional<ServerRequest> request = parse_head(bytes.substr(0, head_end));
    if (!request) {
      send_all(fd, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    if (request->headers["expect"] == "100-continue") send_all(fd, "HTTP/1.1 100 Continue\r\n\r\n");
    bytes.erase(0, head_end + 4);
    const auto read = [this, fd, &bytes] { return read_more(fd, bytes, stop_); };
    std::optional<std::string> body =
        request->headers["transfer-encoding"] == "chunked"
            ? take_chunks(bytes, read)
            : take(bytes, number_of(request->headers["content-length"], 10), read);
    if (!body) return;
    request->body = std::move(*body);
    const ServerAnswer answer = handler_(*request);
    if (answer.status == 0) {
      while (read_more(fd, bytes, stop_))
        bytes.clear();
      return;
    }
    if (!send_all(fd, "HTTP/1.1 " + std::to_string(answer.status) + " Answer\r\n" + answer.headers +
                          "Content-Length: " + std::to_string(answer.body.size()) + "\r\n\r\n" +
                          answer.body)) {
      return;
    }
  }
}

}  // namespace integration

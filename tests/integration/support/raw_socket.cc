#include "integration/support/raw_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace integration {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool has_no_body(int status) {
  return status < 200 || status == 204 || status == 304;
}

Response parse_head(const std::string& head) {
  Response response;
  std::istringstream lines{head};
  std::string line;
  std::getline(lines, line);
  if (line.size() < 12 || !line.starts_with("HTTP/1."))
    throw std::runtime_error("not HTTP: " + line);
  response.status = std::stoi(line.substr(9, 3));
  while (std::getline(lines, line)) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::size_t first = line.find_first_not_of(' ', colon + 1);
    response.headers[lower(line.substr(0, colon))] =
        first == std::string::npos ? "" : line.substr(first);
  }
  return response;
}

// The whole body behind `from`, and where it ends; empty while it is not there yet.
std::optional<std::pair<std::string, std::size_t>> chunked_body(const std::string& bytes,
                                                                std::size_t from) {
  std::string body;
  for (std::size_t at = from;;) {
    const std::size_t line_end = bytes.find("\r\n", at);
    if (line_end == std::string::npos) return std::nullopt;
    const std::size_t size = std::stoul(bytes.substr(at, line_end - at), nullptr, 16);
    const std::size_t next = line_end + 2 + size + 2;
    if (bytes.size() < next) return std::nullopt;
    body.append(bytes, line_end + 2, size);
    if (size == 0) return std::pair{body, next};
    at = next;
  }
}

}  // namespace

RawSocket::RawSocket(std::uint16_t port, int receive_buffer) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_buffer > 0)
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    ::close(fd_);
    throw std::runtime_error("cannot connect to port " + std::to_string(port));
  }
}

RawSocket::~RawSocket() {
  close();
}

RawSocket::RawSocket(RawSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), received_(std::move(other.received_)) {}

bool RawSocket::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

RawSocket::Read RawSocket::read_some(std::chrono::steady_clock::time_point end) {
  const auto left =
      std::chrono::duration_cast<Milliseconds>(end - std::chrono::steady_clock::now()).count();
  pollfd polled{fd_, POLLIN, 0};
  if (left <= 0 || ::poll(&polled, 1, static_cast<int>(left)) <= 0) return Read::kTimeout;
  std::array<char, 65536> buffer{};
  const ssize_t n = ::recv(fd_, buffer.data(), buffer.size(), 0);
  if (n <= 0) return Read::kClosed;
  received_.append(buffer.data(), static_cast<std::size_t>(n));
  return Read::kData;
}

std::optional<Response> RawSocket::read_response(Milliseconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline * kSlowness;
  for (Read last = Read::kData;;) {
    const std::size_t head_end = received_.find("\r\n\r\n");
    if (head_end != std::string::npos) {
      Response response = parse_head(received_.substr(0, head_end));
      const std::size_t from = head_end + 4;
      if (response.headers.contains("content-length")) {
        const std::size_t size = std::stoul(response.headers["content-length"]);
        if (received_.size() >= from + size) {
          response.body = received_.substr(from, size);
          received_.erase(0, from + size);
          return response;
        }
      } else if (lower(response.header("transfer-encoding")) == "chunked") {
        if (auto body = chunked_body(received_, from)) {
          response.body = body->first;
          received_.erase(0, body->second);
          return response;
        }
      } else if (last == Read::kClosed || has_no_body(response.status)) {
        const bool no_body = has_no_body(response.status);
        if (!no_body) response.body = received_.substr(from);
        received_.erase(0, no_body ? from : received_.size());
        return response;
      }
    }
    if (last != Read::kData) return std::nullopt;
    last = read_some(end);
  }
}

std::optional<Response> RawSocket::read_head(Milliseconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline * kSlowness;
  for (Read last = Read::kData; last == Read::kData; last = read_some(end)) {
    const std::size_t head_end = received_.find("\r\n\r\n");
    if (head_end == std::string::npos) continue;
    Response response = parse_head(received_.substr(0, head_end));
    received_.erase(0, head_end + 4);
    return response;
  }
  return std::nullopt;
}

bool RawSocket::closed_within(Milliseconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline * kSlowness;
  Read last = Read::kData;
  while (last == Read::kData)
    last = read_some(end);
  return last == Read::kClosed;
}

void RawSocket::close() noexcept {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void RawSocket::reset() noexcept {
  const linger at_once{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

}  // namespace integration

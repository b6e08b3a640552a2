// A server that takes Sentry envelopes as cheaply as it can, so that it takes as little as it can
// from what is measured: one thread, epoll, no look at the content. `envelope_sink answer` answers
// 200; `envelope_sink hang` accepts and never answers. It prints its port, and at SIGTERM what it
// got: `requests N bytes N connections N`.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>

namespace {

volatile std::sig_atomic_t g_stop = 0;

struct Connection {
  std::string head;           // What has come of the current request's head.
  std::size_t body_left = 0;  // Bytes of its body that are still to come.
  bool in_body = false;
};

struct Counts {
  std::uint64_t requests = 0;
  std::uint64_t bytes = 0;
  std::uint64_t connections = 0;
};

std::size_t content_length(std::string_view head) {
  constexpr std::string_view kName = "content-length:";
  for (std::size_t at = 0; at + kName.size() < head.size(); ++at) {
    if (head[at] != '\n') continue;
    bool same = true;
    for (std::size_t i = 0; i < kName.size() && same; ++i)
      same = std::tolower(static_cast<unsigned char>(head[at + 1 + i])) == kName[i];
    if (same) return std::strtoul(head.data() + at + 1 + kName.size(), nullptr, 10);
  }
  return 0;
}

void answer(int fd, Counts& counts) {
  constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
  ++counts.requests;
  if (::send(fd, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL) < 0) ::shutdown(fd, SHUT_RDWR);
}

void take(int fd, Connection& connection, std::string_view bytes, Counts& counts) {
  counts.bytes += bytes.size();
  while (!bytes.empty()) {
    if (connection.in_body) {
      const std::size_t here =
          bytes.size() < connection.body_left ? bytes.size() : connection.body_left;
      connection.body_left -= here;
      bytes.remove_prefix(here);
      if (connection.body_left > 0) return;
      connection.in_body = false;
      answer(fd, counts);
      continue;
    }
    connection.head.append(bytes);
    bytes = {};
    const std::size_t end = connection.head.find("\r\n\r\n");
    if (end == std::string::npos) return;
    const std::string rest = connection.head.substr(end + 4);
    connection.body_left = content_length(connection.head.substr(0, end + 2));
    connection.in_body = connection.body_left > 0;
    connection.head.clear();
    if (!connection.in_body) answer(fd, counts);
    if (!rest.empty()) {
      counts.bytes -= rest.size();
      take(fd, connection, rest, counts);
    }
  }
}

int open_listener() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0 || ::listen(fd, 64) != 0)
    return -1;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  std::printf("%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  return fd;
}

}  // namespace

int main(int argc, char** argv) {
  const bool hang = argc > 1 && std::strcmp(argv[1], "hang") == 0;
  struct sigaction action {};
  action.sa_handler = [](int) { g_stop = 1; };
  ::sigaction(SIGTERM, &action, nullptr);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int listener = open_listener();
  const int poller = ::epoll_create1(0);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = listener;
  if (listener < 0 || ::epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event) != 0) {
    std::fputs("envelope_sink: cannot listen on 127.0.0.1\n", stderr);
    return 1;
  }
  Counts counts;
  std::unordered_map<int, Connection> connections;
  std::array<epoll_event, 64> events{};
  while (g_stop == 0) {
    const int ready = ::epoll_wait(poller, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < ready; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == listener) {
        const int client = ::accept(listener, nullptr, nullptr);
        if (client < 0) continue;
        ++counts.connections;
        event.events = hang ? EPOLLRDHUP : EPOLLIN;
        event.data.fd = client;
        ::epoll_ctl(poller, EPOLL_CTL_ADD, client, &event);
        connections[client] = {};
        continue;
      }
      std::array<char, 65536> buffer;  // NOLINT: filled by recv
      const ssize_t n = hang ? 0 : ::recv(fd, buffer.data(), buffer.size(), 0);
      if (n <= 0) {
        connections.erase(fd);
        ::close(fd);
        continue;
      }
      take(fd, connections[fd], {buffer.data(), static_cast<std::size_t>(n)}, counts);
    }
  }
  std::printf("requests %llu bytes %llu connections %llu\n",
              static_cast<unsigned long long>(counts.requests),
              static_cast<unsigned long long>(counts.bytes),
              static_cast<unsigned long long>(counts.connections));
  return 0;
}

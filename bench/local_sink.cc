#include "bench/local_sink.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <new>
#include <stdexcept>
#include <string_view>
#include <unordered_map>

namespace vitals::bench {
namespace {

struct Connection {
  std::string head;
  std::size_t body_left = 0;
};

std::size_t content_length(std::string_view head) {
  constexpr std::string_view kName = "Content-Length: ";
  const std::size_t at = head.find(kName);
  return at == std::string_view::npos ? 0
                                      : std::strtoul(head.data() + at + kName.size(), nullptr, 10);
}

/// Takes what came; one whole request at a time, since the client does not send the next before the
/// answer.
bool take(Connection& connection, std::string_view bytes) {
  if (connection.body_left == 0) {
    connection.head.append(bytes);
    const std::size_t end = connection.head.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    connection.body_left = end + 4 + content_length(connection.head) - connection.head.size();
    connection.head.clear();
  } else {
    connection.body_left -= std::min(bytes.size(), connection.body_left);
  }
  return connection.body_left == 0;
}

[[noreturn]] void serve(int listener, LocalSink::Manner manner, LocalSink::Got& got) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int poller = epoll_create1(0);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = listener;
  epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
  std::unordered_map<int, Connection> connections;
  std::array<epoll_event, 64> events{};
  static std::array<char, 65536> buffer;
  constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
  for (;;) {
    const int ready = epoll_wait(poller, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < ready; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == listener) {
        event.data.fd = accept(listener, nullptr, nullptr);
        const int at_once = 1;
        setsockopt(event.data.fd, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
        event.events = manner == LocalSink::Manner::kHangs ? EPOLLRDHUP : EPOLLIN;
        epoll_ctl(poller, EPOLL_CTL_ADD, event.data.fd, &event);
        got.connections.fetch_add(1);
        continue;
      }
      const ssize_t count =
          manner == LocalSink::Manner::kHangs ? 0 : recv(fd, buffer.data(), buffer.size(), 0);
      if (count <= 0) {
        connections.erase(fd);
        close(fd);
        continue;
      }
      got.bytes.fetch_add(static_cast<std::uint64_t>(count), std::memory_order_relaxed);
      if (!take(connections[fd], {buffer.data(), static_cast<std::size_t>(count)})) continue;
      got.requests.fetch_add(1, std::memory_order_relaxed);
      static_cast<void>(send(fd, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL));
    }
  }
}

}  // namespace

LocalSink::LocalSink(Manner manner) {
  void* const shared =
      mmap(nullptr, sizeof(Got), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) throw std::runtime_error{"no shared memory"};
  got_ = new (shared) Got;
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const plain = static_cast<sockaddr*>(static_cast<void*>(&address));
  if (bind(listener, plain, size) != 0 || listen(listener, 64) != 0 ||
      getsockname(listener, plain, &size) != 0) {
    throw std::runtime_error{"no port to listen on"};
  }
  port_ = ntohs(address.sin_port);
  child_ = fork();
  if (child_ == 0) serve(listener, manner, *got_);
  close(listener);
}

LocalSink::~LocalSink() {
  kill(child_, SIGKILL);
  waitpid(child_, nullptr, 0);
  munmap(got_, sizeof(Got));
}

}  // namespace vitals::bench

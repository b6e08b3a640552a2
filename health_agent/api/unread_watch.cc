#include "health_agent/api/unread_watch.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>

namespace health_agent::api {

std::optional<Received> received_of(int socket) noexcept {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 ||
      size < offsetof(tcp_info, tcpi_snd_wnd) + sizeof info.tcpi_snd_wnd)
    return std::nullopt;
  return Received{info.tcpi_snd_wnd, info.tcpi_bytes_acked};
}

bool UnreadWatch::is_unread(const Received& received, Clock::time_point now) noexcept {
  constexpr int kFalls = 3;
  constexpr auto kUnread = std::chrono::seconds{10};
  constexpr auto kStill = std::chrono::seconds{5};
  if (received.window < last_.window) {
    ++falls_;
    fell_at_ = now;
  } else if (received.window > last_.window) {
    falls_ = 0;
    opened_ = received;
    opened_at_ = now;
  }
  last_ = received;
  const std::uint64_t fallen = opened_.window - received.window;
  return falls_ >= kFalls && now - opened_at_ > kUnread && now - fell_at_ < kStill &&
         fallen * 3 >= received.bytes - opened_.bytes;
}

}  // namespace health_agent::api

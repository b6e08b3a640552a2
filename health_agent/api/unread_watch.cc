#include "health_agent/api/unread_watch.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>

namespace health_agent::api {

std::optional<std::uint32_t> receive_window(int socket) noexcept {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 ||
      size < offsetof(tcp_info, tcpi_snd_wnd) + sizeof info.tcpi_snd_wnd)
    return std::nullopt;
  return info.tcpi_snd_wnd;
}

bool UnreadWatch::is_unread(std::uint32_t window, Clock::time_point now) noexcept {
  constexpr int kFalls = 3;
  constexpr auto kUnread = std::chrono::seconds{10};
  if (window < window_) {
    ++falls_;
  } else if (window > window_) {
    falls_ = 0;
    opened_ = now;
  }
  window_ = window;
  return falls_ >= kFalls && now - opened_ > kUnread;
}

}  // namespace health_agent::api

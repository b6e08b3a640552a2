#include "exporting/stream.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

namespace vitals::exporting {

Stream::Stream(base::Descriptor socket, std::optional<TlsSession> tls) noexcept
    : socket_(std::move(socket)), tls_(std::move(tls)) {}

ssize_t Stream::receive(char* into, std::size_t size) noexcept {
  return tls_ ? tls_->receive(into, size) : ::recv(socket(), into, size, 0);
}

ssize_t Stream::send(std::string_view data, bool more) noexcept {
  if (tls_) return tls_->send(data.data(), data.size());
  const ssize_t n =
      ::send(socket(), data.data(), data.size(), MSG_NOSIGNAL | (more ? MSG_MORE : 0));
  if (n > 0) sent_ += static_cast<std::size_t>(n);
  return n;
}

void Stream::end() noexcept {
  if (tls_) tls_->end();
  ::shutdown(socket(), SHUT_WR);
}

short Stream::events(short wanted) const noexcept {
  return tls_ && tls_->waits_for() != 0 ? tls_->waits_for() : wanted;
}

bool Stream::is_taken_for_plain() noexcept {
  constexpr char kHandshake = 22;  // RFC 8446, 5.1: the type of the first record
  if (!tls_ || begun_) return false;
  char first = 0;
  if (::recv(socket(), &first, 1, MSG_PEEK) != 1) return false;
  begun_ = true;
  if (first == kHandshake) return false;
  tls_.reset();
  return true;
}

std::size_t Stream::taken() const noexcept {
  const std::size_t sent = tls_ ? tls_->sent() : sent_;
  int waiting = 0;
  if (::ioctl(socket(), SIOCOUTQ, &waiting) != 0) return 0;
  return sent - std::min(sent, static_cast<std::size_t>(std::max(waiting, 0)));
}

}  // namespace vitals::exporting

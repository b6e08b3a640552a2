#include "health_agent/systemd.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace health_agent {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets any
  return value == nullptr ? std::string_view{} : std::string_view{value};
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Systemd::Systemd() : address_(variable("NOTIFY_SOCKET")) {
  // AF_VSOCK addresses are for virtual machines that speak to their host.
  const bool given = !address_.empty();
  if (given && (address_[0] == '/' || address_[0] == '@') &&
      address_.size() < sizeof(sockaddr_un::sun_path)) {
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  }
  if (given && socket_ < 0) return;

  const auto timeout = number(variable("WATCHDOG_USEC"));
  const std::string_view watched = variable("WATCHDOG_PID");
  if (!timeout || *timeout <= 0 || (!watched.empty() && number(watched) != ::getpid())) return;
  watchdog_ = std::chrono::microseconds{*timeout} / 2;
}

Systemd::~Systemd() {
  if (socket_ >= 0) ::close(socket_);
}

void Systemd::send(const char* words) noexcept {
  if (socket_ < 0) return;
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, address_.data(), address_.size());
  if (to.sun_path[0] == '@') to.sun_path[0] = '\0';  // abstract: no file
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  static_cast<void>(::sendto(socket_, words, std::strlen(words), MSG_DONTWAIT | MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&to), size));
}

}  // namespace health_agent

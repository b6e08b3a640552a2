#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace health_agent {

/// What a service of `Type=notify` says to systemd: that it is ready, that it lives, that it ends.
/// Says nothing where nobody asked, as outside of systemd, and never blocks or throws: a message
/// that cannot be sent is lost.
///
/// Threads: any. Source: sd_notify(3), sd_watchdog_enabled(3).
class Systemd {
 public:
  /// Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID from the environment.
  Systemd();
  ~Systemd();
  Systemd(const Systemd&) = delete;
  Systemd& operator=(const Systemd&) = delete;

  void ready() noexcept { send("READY=1"); }
  void stopping() noexcept { send("STOPPING=1"); }
  void alive() noexcept { send("WATCHDOG=1"); }

  /// How often alive() has to be called, half of what systemd waits for; empty when it does not
  /// watch this process. Also set where there is no systemd but WATCHDOG_USEC.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> watchdog() const noexcept {
    return watchdog_;
  }

  /// Whether there is somebody who hears what is said.
  [[nodiscard]] bool has_manager() const noexcept { return socket_ >= 0; }

 private:
  void send(const char* words) noexcept;

  std::string address_;  // a path, or an abstract name behind '@'
  int socket_ = -1;
  std::optional<std::chrono::nanoseconds> watchdog_;
};

}  // namespace health_agent

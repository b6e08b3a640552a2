#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace vitals::sentry {

/// A server on a free port of the loopback interface that speaks just enough HTTP, for one client
/// at a time: it answers every request with the same bytes, or not at all.
class TinyServer {
 public:
  /// What it sends back; empty: it accepts, reads and never answers.
  explicit TinyServer(std::string answer);
  ~TinyServer();

  [[nodiscard]] int port() const noexcept { return port_; }
  /// Whole requests as they came, head and body.
  [[nodiscard]] std::vector<std::string> requests() const;
  [[nodiscard]] int connections() const noexcept { return connections_; }
  /// Waits for a number of requests.
  void wait_for(std::size_t count) const;

  static std::string answer(int status, const std::string& more_headers = {});

 private:
  void serve();
  void serve_connection(int connection);

  const std::string answer_;
  int port_ = 0;  // before the listener, which sets it
  int listener_ = -1;
  std::atomic<bool> stop_{false};
  std::atomic<int> connections_{0};
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

/// A port of the loopback interface on which nobody listens.
[[nodiscard]] int closed_port();

}  // namespace vitals::sentry

#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "vitals/testing/memory_transport.h"

namespace vitals {

/// What a TinyServer does with one request.
struct TinyAnswer {
  std::string bytes{};                ///< what it sends back; empty: it reads and never answers
  std::size_t reset_after = 0;        ///< once so much of the request has come, it resets; 0: never
  std::chrono::milliseconds delay{};  ///< before the answer
  bool slow_read = false;             ///< takes the request in small pieces
};

/// A server on a free port of the loopback interface that speaks just enough HTTP: it goes through
/// its script, one answer a request, and then gives the last answer for good.
class TinyServer {
 public:
  explicit TinyServer(std::string answer);
  explicit TinyServer(std::vector<TinyAnswer> script);
  ~TinyServer();

  [[nodiscard]] int port() const noexcept { return port_; }
  /// Whole requests as they came, head and body.
  [[nodiscard]] std::vector<std::string> requests() const;
  /// Those among them that were answered with a 2xx, taken apart.
  [[nodiscard]] std::vector<vitals::testing::ParsedEnvelope> accepted() const;
  [[nodiscard]] int connections() const noexcept { return connections_; }
  /// Requests that began, also such as were reset.
  [[nodiscard]] std::size_t begun() const;
  /// Waits for a number of requests.
  void wait_for(std::size_t count) const;
  /// From now on, the rest of the script is this.
  void answer_with(std::vector<TinyAnswer> script);

  static std::string answer(int status, const std::string& more_headers = {});

 private:
  void serve();
  void serve_connection(int connection);
  [[nodiscard]] TinyAnswer next_answer();

  std::vector<TinyAnswer> script_;
  std::size_t next_ = 0;
  std::size_t begun_ = 0;
  int port_ = 0;  // before the listener, which sets it
  int listener_ = -1;
  std::atomic<bool> stop_{false};
  std::atomic<int> connections_{0};
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<std::string> requests_;
  std::vector<std::string> accepted_;
  std::thread thread_;
};

/// A port of the loopback interface on which nobody listens, ever.
[[nodiscard]] int closed_port();

/// One on which nobody listens yet.
[[nodiscard]] int free_port();

}  // namespace vitals

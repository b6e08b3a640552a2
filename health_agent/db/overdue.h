#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

namespace health_agent::db {

/// Ends what a server should have ended and has not: a socket whose statement is not done in time
/// is shut down, and its thread is told that the connection is lost. For libraries that wait for
/// their server without a limit of their own.
///
/// Threads: any; one of its own, which looks four times within the limit.
class Overdue {
 public:
  explicit Overdue(std::chrono::milliseconds limit);
  ~Overdue();
  Overdue(const Overdue&) = delete;
  Overdue& operator=(const Overdue&) = delete;

  /// From here to end(), which takes what this gives, the socket is watched. It may be closed
  /// before.
  [[nodiscard]] int begin(int socket);
  void end(int watched) noexcept;

 private:
  using Clock = std::chrono::steady_clock;

  void watch();

  const std::chrono::milliseconds limit_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::map<int, Clock::time_point> deadlines_;
  bool stopping_ = false;
  std::thread watcher_;
};

}  // namespace health_agent::db

#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "vitals/delivery/transport.h"

namespace vitals::sentry::detail {

/// Copies for a developer's Spotlight, on a thread of its own: a tool that is slow or not there
/// must not hold up what is meant for the server. What it does not take in time is dropped.
/// Threads: the client's own.
class Spotlight {
 public:
  explicit Spotlight(std::string url);
  Spotlight(const Spotlight&) = delete;
  Spotlight& operator=(const Spotlight&) = delete;
  ~Spotlight();

  /// Never waits. The first call starts the thread, which inherits the caller's low priority.
  void offer(const std::string& envelope);
  /// Waits until it has taken what was offered, or `deadline` has come, and ends.
  void close(std::chrono::steady_clock::time_point deadline) noexcept;

 private:
  void run() noexcept;

  const std::string url_;
  const std::shared_ptr<delivery::Transport> transport_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> waiting_;
  std::size_t bytes_ = 0;
  bool closing_ = false;
  bool aborted_ = false;
  bool ended_ = false;
  std::chrono::steady_clock::time_point paused_until_{};
  std::thread thread_;
};

}  // namespace vitals::sentry::detail

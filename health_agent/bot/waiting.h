#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace health_agent::bot {

/// Sleeps for `pause`, or until told to stop. True when the pause was whole. Threads: any.
inline bool sleep_unless(const std::stop_token& stop, std::chrono::milliseconds pause) {
  std::mutex mutex;
  std::condition_variable_any woken;
  std::unique_lock lock{mutex};
  return !woken.wait_for(lock, stop, pause, [] { return false; }) && !stop.stop_requested();
}

}  // namespace health_agent::bot

#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace health_agent::bot {

/// Sleeps for `pause`, or until told to stop. True when the pause was whole. Threads: any. Cost: no
/// memory, so that it can be waited for some; a condition_variable_any would take it.
inline bool sleep_unless(const std::stop_token& stop, std::chrono::milliseconds pause) {
  std::mutex mutex;
  std::condition_variable woken;
  const std::stop_callback wake{stop, [&] {
                                  { const std::lock_guard lock{mutex}; }
                                  woken.notify_all();
                                }};
  std::unique_lock lock{mutex};
  return !woken.wait_for(lock, pause, [&] { return stop.stop_requested(); });
}

}  // namespace health_agent::bot

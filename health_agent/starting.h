#pragma once

#include <signal.h>

#include <atomic>
#include <cstddef>
#include <thread>

#include "health_agent/settings.h"

namespace health_agent {

/// Ends the process, with exit code 0 and a word on stderr, when one of SIGTERM and SIGINT comes
/// while it lives: for a start that waits for something, such as a database. With exit code 1 when
/// it lives for two minutes: no start may wait for ever. SIGHUP is dropped, for there is nothing to
/// reload yet. All three have to be blocked in every thread.
class SignalsWhileStarting {
 public:
  /// Throws std::system_error when there is no thread to be had.
  SignalsWhileStarting();
  ~SignalsWhileStarting();
  SignalsWhileStarting(const SignalsWhileStarting&) = delete;
  SignalsWhileStarting& operator=(const SignalsWhileStarting&) = delete;

 private:
  void watch() const;

  std::atomic<bool> started_{false};
  std::thread thread_;
};

/// How many chats and exports are served at once. While a chat waits for a model of somebody else's
/// it holds no connection of the database, and no worker of other requests.
[[nodiscard]] std::size_t slow_workers(const Settings& settings);

/// About how many threads the service with these settings has.
[[nodiscard]] std::size_t threads_needed(const Settings& settings);

/// Tries whether this process may have so many more threads and some memory beside them, by taking
/// both at once and giving them back. Throws std::runtime_error that says what it got, and what
/// sets the limit: a start that finds this out half way has parts that wait for each other.
/// Cost: some 20 us a thread.
void require_room_for(std::size_t count);

}  // namespace health_agent

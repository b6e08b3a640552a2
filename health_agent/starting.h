#pragma once

#include <signal.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>

#include "health_agent/settings.h"

namespace health_agent {

/// Ends the process, with exit code 0 and a word on stderr, when one of SIGTERM and SIGINT comes
/// while it lives: for a start that waits for something, such as a database. With exit code 1, and
/// what it was doing, when it lives for too long: no start may wait for ever. SIGHUP is dropped, for
/// there is nothing to reload yet. All three have to be blocked in every thread.
class SignalsWhileStarting {
 public:
  struct Limits {
    std::chrono::milliseconds patience{5'000};  ///< For one thing; then it says what it waits for.
    std::chrono::milliseconds whole{120'000};   ///< For the start.
  };

  /// Throws std::system_error when there is no thread to be had.
  SignalsWhileStarting() : SignalsWhileStarting(Limits{}) {}
  explicit SignalsWhileStarting(Limits limits);
  ~SignalsWhileStarting();
  SignalsWhileStarting(const SignalsWhileStarting&) = delete;
  SignalsWhileStarting& operator=(const SignalsWhileStarting&) = delete;

  /// What is being done from now on and may take long: a few words that follow "it". Threads: any.
  void doing(std::string what);

 private:
  void watch();

  const Limits limits_;
  std::atomic<bool> started_{false};
  std::mutex mutex_;
  std::string doing_ = "starts";
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
  bool told_ = false;
  std::thread thread_;
};

/// Ends the process at once, with exit code 130 and a word on stderr, when SIGINT comes while it
/// lives: for who presses Ctrl-C again while an orderly end takes its time. SIGINT has to be blocked
/// in every thread. Where there is no thread to be had it does nothing.
class EndsOnInterrupt {
 public:
  EndsOnInterrupt() noexcept;
  ~EndsOnInterrupt();
  EndsOnInterrupt(const EndsOnInterrupt&) = delete;
  EndsOnInterrupt& operator=(const EndsOnInterrupt&) = delete;

 private:
  std::atomic<bool> over_{false};
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

#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace health_agent::bot {

/// A small pool of threads that does the jobs of one lane in order, and those of different lanes at
/// the same time. For a bot: a lane is a chat.
///
/// How many jobs it holds is for the caller to bound, by room(). Threads: any.
class Lanes {
 public:
  /// One that throws counts as done, and nobody is told.
  using Job = std::function<void()>;

  Lanes(std::size_t threads, std::size_t most);
  /// Ends as close() does, without a limit of time.
  ~Lanes();
  Lanes(const Lanes&) = delete;
  Lanes& operator=(const Lanes&) = delete;

  /// Adds a job behind the others of its lane. False after close(): the job is not done. Throws
  /// std::bad_alloc, and nothing is added then.
  bool post(std::int64_t lane, Job job);

  /// How many more jobs it should be given: what `most` leaves beside those that wait or run.
  [[nodiscard]] std::size_t room() const;

  /// Waits until there is room; false when told to stop.
  bool wait_for_room(const std::stop_token& stop);

  /// Begins no further job, forgets those that wait, and waits for those that run; false when some
  /// still do at the deadline.
  bool close(std::chrono::milliseconds timeout);

 private:
  struct Lane {
    std::deque<Job> waiting;  // not empty while none of its jobs runs
    bool running = false;
    std::uint64_t ready_since = 0;  // a number of turns_
  };

  /// The lane that has waited longest for a thread, or the end.
  [[nodiscard]] std::map<std::int64_t, Lane>::iterator next();
  void work() noexcept;
  void end() noexcept;

  std::size_t most_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::map<std::int64_t, Lane> lanes_;  // only those with something to do
  std::uint64_t turns_ = 0;
  std::size_t jobs_ = 0;  // waiting and running
  std::size_t running_ = 0;
  bool closed_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace health_agent::bot

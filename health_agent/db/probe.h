#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

namespace health_agent::db {

class Store;

/// Asks the database whether it answers, for probes that give up soon: on a thread of its own, so
/// that a database which hangs holds up nobody for longer than a moment, and takes one connection
/// however many ask.
///
/// Threads: any. Cost: a query; while the database does not answer, one question of 400 ms and then
/// a mutex.
class Probe {
 public:
  enum class Answer {
    kWell,
    kBusy,  ///< it is there, and all connections are on loan or wait for a lock
    kAway,  ///< it failed, or said nothing in time
  };

  /// `store` must outlive it. Throws std::system_error when there is no thread to be had.
  explicit Probe(Store& store);
  /// With `ping` in place of a store: it gives an answer, and may block.
  explicit Probe(std::function<Answer()> ping);
  /// Waits for the question that is under way.
  ~Probe();
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  /// What the database says to a question that is put after the call began. What is not well is
  /// repeated for a third of a second without a new question. Blocks for 400 ms at most.
  [[nodiscard]] Answer ask();

 private:
  using Clock = std::chrono::steady_clock;

  void run();

  std::function<Answer()> ping_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable answered_;
  std::uint64_t wanted_ = 0;  // questions, by their number
  std::uint64_t begun_ = 0;
  std::uint64_t done_ = 0;
  Clock::time_point began_;
  Clock::time_point ended_;
  Answer answer_ = Answer::kWell;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace health_agent::db

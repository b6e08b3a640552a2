#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "crash/context_names.h"

namespace vitals::crash::detail {

/// What a process that dies over a crash has yet to do: bring to safety what waits to be sent. A
/// handler may not do it, since it takes locks and memory; so a thread waits for it from the start,
/// and the handler waits for that thread, for a bounded time. Threads: one client at a time.
class RescueThread {
 public:
  using Time = std::chrono::steady_clock::time_point;
  /// What it does, by its deadline; the transaction is the one under way on the thread that
  /// crashed, or null. Must not throw.
  using Work = std::function<void(Trace* transaction, Time deadline)>;

  RescueThread() = default;
  RescueThread(const RescueThread&) = delete;
  RescueThread& operator=(const RescueThread&) = delete;
  ~RescueThread() { stop(); }

  /// Starts it. False when there is no thread to be had: then nothing is rescued. `work` keeps
  /// alive what it uses: after stop() it may still run, should it hang.
  [[nodiscard]] bool start(Work work, std::chrono::milliseconds patience) noexcept;
  void stop() noexcept;

 private:
  std::thread thread_;
};

/// Called by who reports a crash once the report is written: lets the thread do its work and waits
/// until it is done, no longer than its patience. Returns at once where there is none, as in a
/// child of fork(). Async-signal-safe.
void rescue_what_waits(Trace* transaction) noexcept;

/// In a child of fork(): there is no such thread.
void forget_rescue_thread() noexcept;

}  // namespace vitals::crash::detail

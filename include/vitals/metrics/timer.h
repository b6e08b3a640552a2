#pragma once

#include <chrono>
#include <exception>

#include "vitals/metrics/counter.h"
#include "vitals/metrics/gauge.h"
#include "vitals/metrics/histogram.h"

namespace vitals::metrics {

/// Observes, when it goes out of scope, the seconds since it was made, also when the scope is left
/// by an exception. For a whole request or query use the scopes of vitals::monitor.
///
///     Timer timer{latency};
class [[nodiscard]] Timer {
 public:
  explicit Timer(Histogram histogram) noexcept
      : histogram_(histogram), start_(std::chrono::steady_clock::now()) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() {
    if (!done_) histogram_.observe(elapsed());
  }

  /// Seconds since it was made.
  [[nodiscard]] double elapsed() const noexcept {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  /// Observes now instead of at the end, and gives the seconds.
  double stop() noexcept {
    const double seconds = elapsed();
    if (!done_) histogram_.observe(seconds);
    done_ = true;
    return seconds;
  }
  /// Observes nothing.
  void cancel() noexcept { done_ = true; }

 private:
  Histogram histogram_;
  std::chrono::steady_clock::time_point start_;
  bool done_ = false;
};

/// Holds a gauge one higher while it lives: requests in progress, connections in use.
///
///     InProgress guard{in_flight};
class [[nodiscard]] InProgress {
 public:
  explicit InProgress(Gauge gauge) noexcept : gauge_(gauge) { gauge_.inc(); }
  InProgress(const InProgress&) = delete;
  InProgress& operator=(const InProgress&) = delete;
  ~InProgress() { gauge_.dec(); }

 private:
  Gauge gauge_;
};

/// Counts when it goes out of scope by an exception that was thrown while it lived.
///
///     CountExceptions guard{import_failures};
class [[nodiscard]] CountExceptions {
 public:
  explicit CountExceptions(Counter counter) noexcept
      : counter_(counter), in_flight_(std::uncaught_exceptions()) {}
  CountExceptions(const CountExceptions&) = delete;
  CountExceptions& operator=(const CountExceptions&) = delete;
  ~CountExceptions() {
    if (std::uncaught_exceptions() > in_flight_) counter_.inc();
  }

 private:
  Counter counter_;
  int in_flight_;
};

}  // namespace vitals::metrics

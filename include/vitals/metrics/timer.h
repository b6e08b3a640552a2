#pragma once

#include <chrono>
#include <exception>

#include "vitals/metrics/counter.h"
#include "vitals/metrics/gauge.h"
#include "vitals/metrics/histogram.h"
#include "vitals/metrics/summary.h"

#pragma GCC visibility push(default)

namespace vitals::metrics {

namespace detail {

inline void take_seconds(const Histogram& into, double seconds) noexcept {
  into.observe(seconds);
}
inline void take_seconds(const Summary& into, double seconds) noexcept {
  into.observe(seconds);
}
inline void take_seconds(const Gauge& into, double seconds) noexcept {
  into.set(seconds);
}

}  // namespace detail

/// Tells a histogram or a summary, when it goes out of scope, the seconds since it was made, and a
/// gauge how long it took the last time; also when the scope is left by an exception. For a whole
/// request or query use the scopes of vitals::monitor.
///
///     Timer timer{latency};
///
/// As a type it is written with its metric: `Timer<Gauge>`.
template <class Metric = Histogram>
class [[nodiscard]] Timer {
 public:
  /// Begins now.
  explicit Timer(Metric metric) noexcept
      : metric_(metric), start_(std::chrono::steady_clock::now()) {}
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() {
    if (!done_) detail::take_seconds(metric_, elapsed());
  }

  /// Seconds since it was made.
  [[nodiscard]] double elapsed() const noexcept {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  /// Tells it now instead of at the end, and gives the seconds.
  double stop() noexcept {
    const double seconds = elapsed();
    if (!done_) detail::take_seconds(metric_, seconds);
    done_ = true;
    return seconds;
  }
  /// Tells nothing.
  void cancel() noexcept { done_ = true; }

 private:
  Metric metric_;
  std::chrono::steady_clock::time_point start_;
  bool done_ = false;
};

/// Holds a gauge one higher while it lives: requests in progress, connections in use.
///
///     InProgress guard{in_flight};
class [[nodiscard]] InProgress {
 public:
  /// Counts one more now, and one less at the end.
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
  /// Counts an exception that leaves the block.
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

#pragma GCC visibility pop

#pragma once

#include <atomic>

#pragma GCC visibility push(default)

namespace vitals::metrics {

namespace detail {
struct HandleMaker;
}

/// A value that can rise and fall: a queue's length, a temperature. For events, use Counter; for a
/// value that is at hand elsewhere, `Registry::gauge_callback` is never stale.
///
/// A small value to copy and keep: it never dangles. A default-constructed one does nothing.
class Gauge {
 public:
  constexpr Gauge() noexcept = default;

  /// Threads: any; the last one wins. Cost: one store.
  void set(double value) const noexcept {
    if (cell_ != nullptr) cell_->store(value, std::memory_order_relaxed);
  }

  /// Threads: any. Cost: one locked instruction, repeated when threads collide.
  void inc(double amount = 1.0) const noexcept {
    if (cell_ != nullptr) cell_->fetch_add(amount, std::memory_order_relaxed);
  }
  /// Takes the amount off. Threads: any. Cost: as inc().
  void dec(double amount = 1.0) const noexcept {
    if (cell_ != nullptr) cell_->fetch_sub(amount, std::memory_order_relaxed);
  }

  /// Sets the seconds since 1970-01-01 UTC, with their fraction. Threads: any.
  void set_to_current_time() const noexcept;

  /// Threads: any. Cost: one load.
  [[nodiscard]] double value() const noexcept {
    return cell_ != nullptr ? cell_->load(std::memory_order_relaxed) : 0.0;
  }

 private:
  friend struct detail::HandleMaker;
  constexpr explicit Gauge(std::atomic<double>* cell) noexcept : cell_(cell) {}

  std::atomic<double>* cell_ = nullptr;
};

}  // namespace vitals::metrics

#pragma GCC visibility pop

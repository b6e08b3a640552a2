#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <string>

#include "health_agent/errors.h"

namespace health_agent::db {

/// The short memory of a server that could not be reached: the next caller is told so at once
/// instead of waiting for it too, and after `pause` one caller at a time may try again.
///
/// Threads: any.
class Outage {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Outage(std::chrono::milliseconds pause, std::function<Clock::time_point()> now = {})
      : pause_(pause), now_(std::move(now)) {}

  /// Calls `attempt` and gives back what it gives. While an outage is remembered and it is not this
  /// caller's turn to try, throws the last failure again. Errors: what `attempt` throws.
  template <class F>
  auto attempt(F&& attempt) {
    enter();
    try {
      auto result = attempt();
      succeeded();
      return result;
    } catch (const DatabaseError& error) {
      failed(error.what());
      throw;
    } catch (...) {
      failed("the database could not be reached");
      throw;
    }
  }

  [[nodiscard]] bool lasts() const {
    const std::lock_guard lock{mutex_};
    return lasts_;
  }

 private:
  [[nodiscard]] Clock::time_point now() const { return now_ ? now_() : Clock::now(); }

  void enter() {
    const std::lock_guard lock{mutex_};
    if (!lasts_) return;
    if (trying_ || now() < next_try_) {
      throw DatabaseError(DatabaseError::Kind::kUnavailable, words_);
    }
    trying_ = true;
  }

  void succeeded() {
    const std::lock_guard lock{mutex_};
    lasts_ = trying_ = false;
  }

  void failed(const char* words) {
    const std::lock_guard lock{mutex_};
    lasts_ = true;
    trying_ = false;
    words_ = words;
    next_try_ = now() + pause_;
  }

  const std::chrono::milliseconds pause_;
  const std::function<Clock::time_point()> now_;
  mutable std::mutex mutex_;
  bool lasts_ = false;
  bool trying_ = false;
  Clock::time_point next_try_{};
  std::string words_;
};

}  // namespace health_agent::db

#pragma once

#include <chrono>

#include "delivery/pace.h"

namespace vitals::delivery::detail {

/// When a server that was away may be asked again. Threads: under its owner's mutex.
class BackOff {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// A server that was away is asked by one request until it answers.
  [[nodiscard]] bool may_post(Time now) const noexcept {
    return now >= paused_until_ && (failures_ == 0 || posting_ == 0);
  }
  void begin_post() noexcept { ++posting_; }
  /// True when others wait for what came of it.
  [[nodiscard]] bool end_post(bool answered) noexcept {
    --posting_;
    const bool was_away = failures_ > 0;
    if (answered) failures_ = 0;
    return was_away;
  }
  /// No answer came. False when another request has said so already.
  /// `at_least` is the server's own wish.
  [[nodiscard]] bool no_answer(Time now, const Pace& pace,
                               std::chrono::milliseconds at_least) noexcept;
  [[nodiscard]] Time paused_until() const noexcept { return paused_until_; }

 private:
  int failures_ = 0;  // in a row
  int posting_ = 0;
  Time paused_until_{};
};

}  // namespace vitals::delivery::detail

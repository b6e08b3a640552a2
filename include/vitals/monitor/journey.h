#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "vitals/monitor/state.h"

#pragma GCC visibility push(default)

namespace vitals::monitor {

/// A user's way through the service in named steps (`onboarding`: created, first_message, …). For
/// steps that a user reaches once; whether this is the first time is the caller's to know, since
/// only its database does.
///
/// Threads: any. `journey` and the steps are bounded words; a user's name is never one of them.
/// `journey` is copied; what is past 64 bytes is cut.
class JourneyScope {
 public:
  /// Begins now. `journey` is a bounded word: `register`, `first_meal`.
  constexpr explicit JourneyScope(std::string_view journey) noexcept
      : size_(journey.copy(journey_.data(), journey_.size())) {}

  /// The user reached `step`, `seconds` after the journey began: `user_journey_steps_total`,
  /// `user_journey_duration_seconds` and a breadcrumb. Never throws.
  void reached(std::string_view step, double seconds) const noexcept;

 private:
  std::array<char, 64> journey_{};
  std::size_t size_;
};

}  // namespace vitals::monitor

#pragma GCC visibility pop

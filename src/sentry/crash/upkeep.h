#pragma once

#include <chrono>
#include <memory>

#include "delivery/cargo.h"

namespace vitals::sentry::detail {

/// Keeps what a crash report needs ready, every second on a sending thread. It has nothing to send.
class CrashUpkeep final : public delivery::detail::Source {
 public:
  [[nodiscard]] std::unique_ptr<delivery::detail::Cargo> take(
      std::chrono::steady_clock::time_point now, bool everything) noexcept override;

 private:
  std::chrono::steady_clock::time_point next_{};
};

}  // namespace vitals::sentry::detail

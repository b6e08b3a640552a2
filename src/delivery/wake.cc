#include "delivery/wake.h"

#include <time.h>

#include <cstdint>

namespace vitals::delivery::detail {

void Wake::sleep_until(Time end) noexcept {
  timespec until{};
  clock_gettime(CLOCK_MONOTONIC, &until);
  const std::int64_t total =
      until.tv_nsec + std::chrono::nanoseconds{end - std::chrono::steady_clock::now()}.count();
  if (total <= 0) return;
  until.tv_sec += total / 1'000'000'000;
  until.tv_nsec = total % 1'000'000'000;
  sem_clockwait(&semaphore_, CLOCK_MONOTONIC, &until);
}

}  // namespace vitals::delivery::detail

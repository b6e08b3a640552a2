#include "sentry/crash/upkeep.h"

#include "crash/alt_stack.h"
#include "crash/module_list.h"
#include "crash/writer.h"

namespace vitals::sentry::detail {

std::unique_ptr<delivery::detail::Cargo> CrashUpkeep::take(
    std::chrono::steady_clock::time_point now, bool) noexcept {
  constexpr std::chrono::seconds kBetweenLooks{1};
  if (now >= next_ && crash::detail::alt_stacks_wanted.load(std::memory_order_relaxed)) {
    next_ = now + kBetweenLooks;
    crash::detail::refresh_module_list();
    crash::detail::renew_prepared_report();
  }
  return nullptr;
}

}  // namespace vitals::sentry::detail

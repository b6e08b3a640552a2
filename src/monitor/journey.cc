#include "vitals/monitor/journey.h"

#include "monitor/families.h"
#include "vitals/sentry/scope.h"

namespace vitals::monitor {

void JourneyScope::reached(std::string_view step, double seconds) const noexcept {
  if (detail::Families* families = detail::families()) {
    families->journey_steps.with(journey_, step).inc();
    families->journey_duration.with(journey_, step).observe(seconds);
  }
  sentry::add_breadcrumb({.category = "journey", .message = step, .data = {{"journey", journey_}}});
}

}  // namespace vitals::monitor

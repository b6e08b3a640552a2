#include "vitals/monitor/journey.h"

#include "monitor/families.h"
#include "vitals/context/scope.h"

namespace vitals::monitor {

void JourneyScope::reached(std::string_view step, double seconds) const noexcept {
  const std::string_view journey{journey_.data(), size_};
  if (detail::Families* families = detail::families()) {
    families->journey.steps.with(journey, step).inc();
    families->journey.duration.with(journey, step).observe(seconds);
  }
  context::add_breadcrumb({.category = "journey", .message = step, .data = {{"journey", journey}}});
}

}  // namespace vitals::monitor

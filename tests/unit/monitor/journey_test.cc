#include "vitals/monitor/journey.h"

#include "tests/unit/monitor/monitored.h"

namespace vitals::monitor {
namespace {

TEST(JourneyScope, CountsStepsAndTheTimeToThem) {
  scope_registry();
  const JourneyScope journey{"onboarding"};
  journey.reached("created", 0);
  journey.reached("first_message", 90);
  EXPECT_EQ(value("user_journey_steps_total", {{"journey", "onboarding"}, {"step", "created"}}), 1);
  EXPECT_EQ(value("user_journey_duration_seconds_sum",
                  {{"journey", "onboarding"}, {"step", "first_message"}}),
            90);
}

}  // namespace
}  // namespace vitals::monitor

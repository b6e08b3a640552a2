#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <vector>

#include "integration/bot_fixture.h"

namespace integration {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

double updates(const Service& service, const std::string& kind, const std::string& status) {
  return service.metrics().sum("bot_updates_total", {{"kind", kind}, {"status", status}});
}

TEST(Bot, LogsAMealAndAnswers) {
  TelegramServer telegram;
  Service service{bot_of(telegram)};
  telegram.say(kAnn, "two eggs for breakfast");
  EXPECT_THAT(telegram.wait_for_answers(kAnn, 1), ElementsAre(HasSubstr("egg")));
  telegram.say(kAnn, "/today");
  const auto answers = telegram.wait_for_answers(kAnn, 2);
  ASSERT_THAT(answers, SizeIs(2)) << service.errors();
  EXPECT_THAT(answers[1], HasSubstr("breakfast: egg"));
  ASSERT_TRUE(eventually([&] { return updates(service, "command", "success") == 1; }));
  EXPECT_EQ(updates(service, "message", "success"), 1);
  const Metrics metrics = service.metrics();
  EXPECT_EQ(metrics.sum("bot_update_duration_seconds_count"), 2);
  EXPECT_EQ(metrics.sum("user_journey_steps_total", {{"step", "first_food_entry"}}), 1);
}

}  // namespace
}  // namespace integration

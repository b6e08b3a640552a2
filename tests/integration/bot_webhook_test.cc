#include <gmock/gmock.h>

#include <string>

#include "integration/bot_fixture.h"

namespace integration {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kPath = "/api/v1/telegram/webhook";
constexpr const char* kSecret = "Web-hook_secret1";

Settings webhook(Settings more = {}) {
  more["RUN_MODE"] = "both";
  more["TELEGRAM_WEBHOOK_SECRET"] = kSecret;
  more["API_KEYS"] = "key-of-somebody-else";
  return more;
}

Response deliver(const Service& service, const std::string& body,
                 const std::string& secret = kSecret) {
  return service.http().post_text(kPath, body, {{"X-Telegram-Bot-Api-Secret-Token", secret}});
}

TEST(BotWebhook, TakesAnUpdateOnceAndPollsNever) {
  TelegramServer telegram;
  Service service{bot_of(telegram, webhook())};
  const std::string update = update_json(1, kAnn, "2 eggs").dump();
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(deliver(service, update).status, 200);
  EXPECT_THAT(telegram.wait_for_answers(kAnn, 1), ElementsAre(HasSubstr("egg")));
  EXPECT_EQ(deliver(service, update_json(2, kAnn, "/help").dump()).status, 200);
  EXPECT_THAT(telegram.wait_for_answers(kAnn, 2), SizeIs(2));
  EXPECT_THAT(telegram.calls("getUpdates"), IsEmpty());
}

TEST(BotWebhook, LogsWhatWasWrittenWhileItWasAwayOnItsDayOverTheChangeToSummerTime) {
  TelegramServer telegram;
  Service service{bot_of(telegram, webhook())};
  const std::vector<Json> updates = three_days_of_updates();
  for (const Json& update : updates)
    EXPECT_EQ(deliver(service, update.dump()).status, 200);
  EXPECT_THAT(telegram.wait_for_answers(kAnn, updates.size()), SizeIs(updates.size()));
  Http client = service.http();
  client.set_bearer("key-of-somebody-else");
  expect_three_days(std::move(client));
}

TEST(BotWebhook, BelievesNobodyWithoutTheSecret) {
  TelegramServer telegram;
  Service service{bot_of(telegram, webhook())};
  const std::string update = update_json(1, kAnn, "2 eggs").dump();
  for (const char* wrong : {"", "Web-hook_secret", "Web-hook_secret2", "key-of-somebody-else"})
    expect_error(deliver(service, update, wrong), 403, "AuthorizationError");
  expect_error(service.http().post_text(kPath, update), 403, "AuthorizationError");
  EXPECT_EQ(service.metrics().sum("bot_updates_total"), 0);
}

TEST(BotWebhook, CountsWhatItCannotReadAndDoesNotAskForItAgain) {
  TelegramServer telegram;
  Service service{bot_of(telegram, webhook())};
  for (const char* body :
       {"", "nonsense", "[]", "{}", R"({"update_id": "1"})", R"({"update_id": 3, "message": []})"})
    EXPECT_EQ(deliver(service, body).status, 200) << body;
  EXPECT_EQ(service.metrics().sum("bot_updates_total", {{"kind", "malformed"}}), 6);
}

TEST(BotWebhook, IsNotThereUnlessItIsSetUp) {
  TelegramServer telegram;
  Service service{bot_of(telegram, {{"RUN_MODE", "both"}})};
  expect_error(deliver(service, update_json(1, kAnn, "2 eggs").dump()), 404, "RecordNotFoundError");
}

TEST(BotWebhook, ReplicasAnswerADuplicateOnceAndFinishEachOthersWork) {
  TelegramServer telegram;
  const TempDir shared;
  const Settings database = webhook({{"DATABASE_URL", "sqlite:" + shared.file("bot.db")}});
  Service first{bot_of(telegram, database)};
  Service second{bot_of(telegram, database)};
  const std::string update = update_json(7, kAnn, "2 eggs").dump();
  EXPECT_EQ(deliver(first, update).status, 200);
  EXPECT_EQ(deliver(second, update).status, 200);
  ASSERT_THAT(telegram.wait_for_answers(kAnn, 1), SizeIs(1));

  // Both have their leases by the first tick; a replica without one is nobody to be taken over.
  telegram.answer_next("sendMessage", 1, 0);
  EXPECT_EQ(deliver(first, update_json(8, kAnn, "3 eggs").dump()).status, 200);
  ASSERT_TRUE(telegram.wait_for_calls("sendMessage", 2));
  first.kill_at_once();
  const auto answers = telegram.wait_for_answers(kAnn, 2, 60s);
  ASSERT_THAT(answers, SizeIs(2)) << second.errors();
  EXPECT_THAT(answers[1], HasSubstr("3 egg"));
}

}  // namespace
}  // namespace integration

#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "integration/bot_fixture.h"

namespace integration {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

bool has_counted(const Service& service, const std::string& kind, double count) {
  return eventually([&] {
    return service.metrics().sum("bot_updates_total", {{"kind", kind}, {"status", "success"}}) ==
           count;
  });
}

TEST(Bot, LogsAMealAndAnswers) {
  TelegramServer telegram;
  Service service{bot_of(telegram)};
  telegram.say(kAnn, "two eggs for breakfast");
  EXPECT_THAT(telegram.wait_for_answers(kAnn, 1), ElementsAre(HasSubstr("egg")));
  telegram.say(kAnn, "/today@Food_Bot");
  const auto answers = telegram.wait_for_answers(kAnn, 2);
  ASSERT_THAT(answers, SizeIs(2)) << service.errors();
  EXPECT_THAT(answers[1], HasSubstr("breakfast: egg"));
  EXPECT_TRUE(has_counted(service, "message", 1));
  EXPECT_TRUE(has_counted(service, "command", 1));
  const Metrics metrics = service.metrics();
  EXPECT_EQ(metrics.sum("bot_update_duration_seconds_count"), 2);
  EXPECT_EQ(metrics.sum("user_journey_steps_total", {{"step", "first_food_entry"}}), 1);
  EXPECT_TRUE(eventually([&] { return telegram.pending().empty(); })) << "nothing was confirmed";
}

TEST(Bot, KnowsItsCommands) {
  TelegramServer telegram;
  Service service{bot_of(telegram)};
  for (const char* text : {"/start", "/help", "/today", "2 eggs", "/forget", "/nonsense", "/ what"})
    telegram.say(kAnn, text);
  const auto answers = telegram.wait_for_answers(kAnn, 7);
  ASSERT_THAT(answers, SizeIs(7)) << service.errors();
  EXPECT_THAT(answers[0], AllOf(HasSubstr("Hello"), HasSubstr("/forget")));
  EXPECT_THAT(answers[1], HasSubstr("/today"));
  EXPECT_THAT(answers[2], HasSubstr("nothing today"));
  EXPECT_THAT(answers[3], HasSubstr("egg"));
  EXPECT_THAT(answers[4], HasSubstr("forgotten"));
  EXPECT_THAT(answers[5], HasSubstr("do not know that command"));
  EXPECT_THAT(answers[6], Not(HasSubstr("command"))) << "that is a text";
  EXPECT_EQ(service.metrics().sum("user_journey_steps_total", {{"step", "created"}}), 1);
}

TEST(Bot, AnswersOneChatInOrderAndOthersAtOnce) {
  TelegramServer telegram;
  Service service{bot_of(telegram)};
  std::vector<std::string> sent;
  for (int i = 1; i <= 20; ++i) {
    telegram.say(kAnn, "/today");
    telegram.say(kBob, std::to_string(i) + " eggs");
  }
  ASSERT_THAT(telegram.wait_for_answers(kAnn, 20), SizeIs(20));
  const auto answers = telegram.wait_for_answers(kBob, 20);
  ASSERT_THAT(answers, SizeIs(20));
  for (std::size_t i = 0; i < 20; ++i)
    EXPECT_THAT(answers[i], HasSubstr(std::to_string(i + 1) + " egg")) << "number " << i;
}

TEST(Bot, SplitsALongAnswer) {
  TelegramServer telegram;
  Service service{bot_of(telegram, {{"RUN_MODE", "both"}})};
  Http client = service.http();
  const std::string user = "telegram:" + std::to_string(kAnn);
  create_user(client, user);
  const std::string smile = "\xF0\x9F\x98\x80";  // two UTF-16 units
  for (int i = 0; i < 100; ++i) {
    const Json food = {{"name", "<" + std::to_string(i) + ">" + smile + std::string(60, 'y')},
                       {"quantity", 1},
                       {"calories", 1}};
    ASSERT_EQ(client
                  .post("/api/v1/users/" + user + "/food",
                        {{"foods", Json::array({food})}, {"meal_type", "snack"}})
                  .status,
              201);
  }
  telegram.say(kAnn, "/today");
  ASSERT_TRUE(has_counted(service, "command", 1)) << service.errors();
  const auto answers = telegram.answers(kAnn);
  ASSERT_THAT(answers, SizeIs(Ge(2U)));
  std::string all;
  for (const std::string& part : answers)
    all += part + "\n";
  std::size_t at = 0;
  for (int i = 0; i < 100; ++i) {
    at = all.find("<" + std::to_string(i) + ">" + smile + std::string(60, 'y') + " (1 kcal)\n", at);
    ASSERT_NE(at, std::string::npos) << "entry " << i << " is not whole, or not in its place";
  }
  for (const Json& call : telegram.calls("sendMessage"))
    EXPECT_EQ(call["code"], 200) << "Telegram counts UTF-16 units: " << call;
}

TEST(Bot, TakesTheLongestTextThereIs) {
  TelegramServer telegram;
  Service service{bot_of(telegram)};
  telegram.say(kAnn, "2 eggs" + std::string(4097 - 6, '!'));
  telegram.say(kAnn, std::string(20'000, 'x'));
  const auto answers = telegram.wait_for_answers(kAnn, 2);
  ASSERT_THAT(answers, SizeIs(2)) << service.errors();
  EXPECT_THAT(answers[0], HasSubstr("egg"));
  EXPECT_THAT(answers[1], HasSubstr("4,096 characters"));
}

TEST(Bot, ShowsMarkupAsItWasMeant) {
  TelegramServer telegram;
  Service service{bot_of(telegram)};
  telegram.say(kAnn, "2 eggs");
  telegram.wait_for_answers(kAnn, 1);
  telegram.say(kAnn, "/today");
  ASSERT_THAT(telegram.wait_for_answers(kAnn, 2), SizeIs(2));
  const Json sent = telegram.calls("sendMessage").back()["body"];
  EXPECT_EQ(sent["parse_mode"], "HTML");
  EXPECT_THAT(sent["text"].get<std::string>(), HasSubstr("<b>Today</b>"));
}

TEST(Bot, SendsPlainTextWhereTelegramCannotReadTheMarkup) {
  TelegramServer telegram;
  Service service{bot_of(telegram)};
  telegram.answer_next("sendMessage", 1, 400,
                       {{"ok", false},
                        {"error_code", 400},
                        {"description", "Bad Request: can't parse entities: what is this?"}});
  telegram.say(kAnn, "/help");
  ASSERT_THAT(telegram.wait_for_answers(kAnn, 1), SizeIs(1));
  EXPECT_FALSE(telegram.calls("sendMessage").back()["body"].contains("parse_mode"));
}

TEST(Bot, AnswersWhatIsNoTextAndLeavesTheRestAlone) {
  TelegramServer telegram;
  Service service{bot_of(telegram)};
  const auto with = [](std::int64_t id, const Json& changes) {
    Json update = update_json(id, kAnn, "");
    update["message"].erase("text");
    update["message"].update(changes, true);
    return update.dump();
  };
  telegram.push(11, with(11, {{"photo", Json::array({{{"file_id", "x"}}})}}));
  telegram.push(12, with(12, {{"text", "not for you"}, {"chat", {{"id", -5}, {"type", "group"}}}}));
  telegram.push(13, with(13, {{"text", "beep"}, {"from", {{"is_bot", true}}}}));
  const Json command = update_json(14, kAnn, "/today");
  telegram.push(14, Json{{"update_id", 14}, {"edited_message", command["message"]}}.dump());
  telegram.push(15, R"({"update_id": 15, "channel_post": {"text": "2 eggs"}})");
  telegram.push(
      16, with(16, {{"text", "/today@food_bot"}, {"chat", {{"id", -6}, {"type", "supergroup"}}}}));
  telegram.push(
      17, with(17, {{"text", "/today@other_bot"}, {"chat", {{"id", -7}, {"type", "group"}}}}));
  EXPECT_THAT(telegram.wait_for_answers(kAnn, 1), ElementsAre(HasSubstr("text")));
  EXPECT_THAT(telegram.wait_for_answers(-6, 1), ElementsAre(HasSubstr("private chat")));
  EXPECT_TRUE(has_counted(service, "other", 1));
  EXPECT_TRUE(has_counted(service, "group", 3)) << service.errors();
  EXPECT_TRUE(has_counted(service, "ignored", 3));
  EXPECT_THAT(telegram.calls("sendMessage"), SizeIs(2));
}

TEST(Bot, RefusesAStrangerOnceAndNeverAsksTheCoach) {
  TelegramServer telegram;
  Service service{bot_of(telegram)};
  const double writes = service.metrics().sum("db_queries_total", {{"table", "telegram_updates"}});
  telegram.say(kStranger, "2 eggs");
  EXPECT_THAT(telegram.wait_for_answers(kStranger, 1),
              ElementsAre(AllOf(HasSubstr("private"), HasSubstr(std::to_string(kStranger)))));
  for (int i = 0; i < 5; ++i)
    telegram.say(kStranger, "/start");
  EXPECT_TRUE(has_counted(service, "stranger", 6));
  EXPECT_THAT(telegram.calls("sendMessage"), SizeIs(1));
  const std::string line = "audit: refused, not in ALLOWED_TELEGRAM_IDS: Telegram user " +
                           std::to_string(kStranger) + "\n";
  const std::size_t told = service.errors().find(line);
  EXPECT_NE(told, std::string::npos) << service.errors();
  EXPECT_EQ(service.errors().find(line, told + 1), std::string::npos) << "told again";
  const Metrics metrics = service.metrics();
  EXPECT_EQ(metrics.sum("agent_calls_total"), 0);
  EXPECT_EQ(metrics.sum("user_journey_steps_total"), 0);
  EXPECT_EQ(
      metrics.sum("db_queries_total", {{"table", "telegram_updates"}, {"query_type", "INSERT"}}),
      0);
  EXPECT_GE(metrics.sum("db_queries_total", {{"table", "telegram_updates"}}), writes);
}

TEST(Bot, LetsNobodyInWhenTheListIsEmpty) {
  TelegramServer telegram;
  Service service{bot_of(telegram, {{"ALLOWED_TELEGRAM_IDS", ""}})};
  telegram.say(kAnn, "2 eggs");
  EXPECT_THAT(telegram.wait_for_answers(kAnn, 1), ElementsAre(HasSubstr("private")));
  EXPECT_THAT(service.errors(), HasSubstr("ALLOWED_TELEGRAM_IDS is empty"));
}

TEST(Bot, RunsBesideTheApiOnTheSameUsers) {
  TelegramServer telegram;
  Service service{bot_of(telegram, {{"RUN_MODE", "both"}})};
  telegram.say(kAnn, "2 eggs");
  ASSERT_THAT(telegram.wait_for_answers(kAnn, 1), SizeIs(1));
  const Response food = service.http().get("/api/v1/users/telegram:1001/food");
  ASSERT_EQ(food.status, 200) << food.body;
  EXPECT_THAT(food.json()["entries"], SizeIs(1));
}

TEST(Bot, LogsWhatWasWrittenWhileItWasAwayOnItsDayOverTheChangeToSummerTime) {
  TelegramServer telegram;
  const std::vector<Json> updates = three_days_of_updates();
  for (const Json& update : updates)
    telegram.push(update["update_id"], update.dump());
  Service service{bot_of(telegram, {{"RUN_MODE", "both"}})};
  const auto answers = telegram.wait_for_answers(kAnn, updates.size());
  ASSERT_THAT(answers, SizeIs(updates.size())) << service.errors();
  EXPECT_THAT(answers[0], HasSubstr("Europe/Berlin now"));
  for (const std::string& answer : answers)
    EXPECT_THAT(answer, Not(HasSubstr("which time zone"))) << "it was told";
  expect_three_days(service.http());
}

TEST(Bot, MakesEachUpdateATransactionOfItsUserWithoutTheToken) {
  TelegramServer telegram;
  EnvelopeReceiver receiver;
  Service service{bot_of(telegram, with_sentry(receiver, {{"LOG_LEVEL", "trace"}}))};
  telegram.say(kAnn, "2 eggs");
  ASSERT_THAT(telegram.wait_for_answers(kAnn, 1), SizeIs(1));
  EXPECT_EQ(service.stop().status->code, 0);
  const auto transactions = receiver.transactions();
  ASSERT_THAT(transactions, SizeIs(1));
  const Json& transaction = transactions[0];
  EXPECT_EQ(transaction["contexts"]["trace"]["op"], "queue.process");
  EXPECT_EQ(transaction["user"]["id"], "telegram:1001");
  const std::string spans = transaction["spans"].dump();
  EXPECT_THAT(spans, HasSubstr("/bot****/sendMessage"));
  EXPECT_THAT(spans, HasSubstr("gen_ai.chat"));
  EXPECT_THAT(receiver.everything() + service.errors(), Not(HasSubstr("AAbot-secret_token")));
  expect_valid(receiver);
}

}  // namespace
}  // namespace integration

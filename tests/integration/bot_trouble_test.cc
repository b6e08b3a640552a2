#include <gmock/gmock.h>
#include <sys/resource.h>

#include <sstream>
#include <string>
#include <vector>

#include "integration/bot_fixture.h"
#include "integration/support/proc.h"

namespace integration {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

Json refusal(int code, const std::string& description) {
  return {{"ok", false}, {"error_code", code}, {"description", description}};
}

TEST(BotTrouble, WaitsAsLongAsTelegramAsks) {
  TelegramServer telegram;
  Service service{bot_of(telegram)};
  Json body = refusal(429, "Too Many Requests: retry after 3");
  body["parameters"] = {{"retry_after", 3}};
  telegram.answer_next("sendMessage", 1, 429, body);
  telegram.say(kAnn, "/help");
  ASSERT_THAT(telegram.wait_for_answers(kAnn, 1), SizeIs(1)) << service.errors();
  const auto calls = telegram.calls("sendMessage");
  ASSERT_THAT(calls, SizeIs(2));
  EXPECT_GE(calls[1]["at"].get<long>() - calls[0]["at"].get<long>(), 3000);
}

TEST(BotTrouble, SendsTheAnswerWhenTelegramIsBack) {
  TelegramServer telegram;
  Service service{bot_of(telegram)};
  telegram.answer_next("sendMessage", 2, 502, refusal(502, "Bad Gateway"));
  telegram.answer_next("getUpdates", 2, 500, refusal(500, "Internal Server Error"));
  telegram.say(kAnn, "/help");
  ASSERT_THAT(telegram.wait_for_answers(kAnn, 1), SizeIs(1)) << service.errors();
  EXPECT_THAT(telegram.calls("sendMessage"), SizeIs(3));
}

TEST(BotTrouble, GivesUpWhereNoAnswerIsWantedAndGoesOn) {
  TelegramServer telegram;
  Service service{bot_of(telegram)};
  telegram.answer_next("sendMessage", 1, 403,
                       refusal(403, "Forbidden: bot was blocked by the user"));
  telegram.say(kAnn, "/help");
  ASSERT_TRUE(telegram.wait_for_calls("sendMessage", 1));
  telegram.say(kBob, "/help");
  EXPECT_THAT(telegram.wait_for_answers(kBob, 1), SizeIs(1));
  EXPECT_TRUE(eventually([&] {
    return service.metrics().sum("bot_updates_total", {{"status", "error"}}) == 1 ||
           telegram.answers(kAnn).size() == 1;
  }));
  telegram.say(kAnn, "/help");
  EXPECT_TRUE(eventually([&] { return !telegram.answers(kAnn).empty(); }));
  EXPECT_THAT(telegram.calls("sendMessage"), SizeIs(3)) << "it was tried again";
}

TEST(BotTrouble, SaysWhoPollsToo) {
  TelegramServer telegram;
  telegram.answer_next("getUpdates", 3, 409,
                       refusal(409, "Conflict: terminated by other getUpdates request"));
  Service service{bot_of(telegram)};
  telegram.say(kAnn, "/help");
  ASSERT_THAT(telegram.wait_for_answers(kAnn, 1, 60s), SizeIs(1)) << service.errors();
  EXPECT_TRUE(tells_once(service, "another program polls with this token"));
  const auto calls = telegram.calls("getUpdates");
  EXPECT_GE(calls[3]["at"].get<long>() - calls[0]["at"].get<long>(), 3000) << "no growing pauses";
}

TEST(BotTrouble, SaysThatTheTokenIsWrongAndShowsItNowhere) {
  TelegramServer telegram;
  EnvelopeReceiver receiver;
  Service service{
      bot_of(telegram, with_sentry(receiver, {{"TELEGRAM_BOT_TOKEN", "4711:wrong-but-secret"},
                                              {"LOG_LEVEL", "trace"}}))};
  ASSERT_TRUE(telegram.wait_for_calls("getMe", 3)) << service.errors();
  EXPECT_TRUE(tells_once(service, "TELEGRAM_BOT_TOKEN is not known"));
  EXPECT_EQ(service.stop().status->code, 0);
  EXPECT_THAT(receiver.events(), SizeIs(1));
  EXPECT_THAT(receiver.everything() + service.errors(), Not(HasSubstr("wrong-but-secret")));
}

TEST(BotTrouble, DoesNotSpinWhenNothingComesAtOnce) {
  TelegramServer telegram;
  telegram.answer_polls_at_once();
  Service service{bot_of(telegram)};
  ASSERT_TRUE(telegram.wait_for_calls("getUpdates", 8));
  const auto calls = telegram.calls("getUpdates");
  EXPECT_GE(calls[7]["at"].get<long>() - calls[0]["at"].get<long>(), 2000);
  telegram.say(kAnn, "/help");
  EXPECT_THAT(telegram.wait_for_answers(kAnn, 1), SizeIs(1));
}

TEST(BotTrouble, WithoutDescriptorsItSaysSoAndAnswersAllOnceItHasThemAgain) {
  TelegramServer telegram;
  Service service{bot_of(telegram, {{"RUN_MODE", "both"}})};
  Http before = service.http();  // a connection that stays
  const auto bot_is = [&before] { return before.get("/api/health").json().value("bot", ""); };
  telegram.say(kAnn, "2 eggs");
  ASSERT_THAT(telegram.wait_for_answers(kAnn, 1), SizeIs(1)) << service.errors();
  EXPECT_EQ(bot_is(), "ok");

  const std::uint64_t descriptors = set_limit(service.pid(), RLIMIT_NOFILE, 3);
  telegram.hang_up();
  ASSERT_TRUE(eventually([&] { return bot_is() == "degraded"; })) << service.errors();
  EXPECT_EQ(before.get("/api/health").json()["status"], "degraded");
  telegram.say(kAnn, "3 apples");
  telegram.say(kAnn, "a banana");

  set_limit(service.pid(), RLIMIT_NOFILE, descriptors);
  const auto answers = telegram.wait_for_answers(kAnn, 3, 60s);
  ASSERT_THAT(answers, SizeIs(3)) << service.errors();
  EXPECT_THAT(answers[1], HasSubstr("apple"));
  EXPECT_THAT(answers[2], HasSubstr("banana"));
  EXPECT_TRUE(eventually([&] { return bot_is() == "ok"; }));
  EXPECT_GE(service.metrics().sum("bot_receive_failures_total", {}), 1);
  EXPECT_TRUE(tells_once(service, "the bot: all is well again"));
}

TEST(BotTrouble, PassesPoisonedUpdatesOverAndCountsThem) {
  TelegramServer telegram;
  telegram.push(19, update_json(19, kAnn, "/help").dump());
  telegram.push(20, R"({"update_id": 20, "message": 7})");
  telegram.push(21, R"({"update_id": 21, "message": {"chat": {"id": "x"}, "text": "2 eggs"}})");
  telegram.push(22, R"({"update_id": 22, "message": {"text": nonsense}})");
  telegram.push(
      23, R"({"update_id": 23, "message": {"text": ")" + std::string(5'000'000, 'x') + R"("}})");
  telegram.push(24, R"({"update_id": 24, "message": {"from": {"id": 1001}, "chat": {"id": 1001},)"
                    R"( "text": ["2 eggs"]}})");
  telegram.push(25, std::string(R"({"update_id": 25, "x": )") + std::string(5'000, '[') +
                        std::string(5'000, ']') + "}");
  telegram.push(26, update_json(26, kAnn, "2 eggs").dump());
  Service service{bot_of(telegram)};
  const auto answers = telegram.wait_for_answers(kAnn, 2);
  ASSERT_THAT(answers, SizeIs(2)) << "those before and behind it count: " << service.errors();
  EXPECT_THAT(answers[0], HasSubstr("/today"));
  EXPECT_THAT(answers[1], HasSubstr("egg"));
  EXPECT_TRUE(eventually([&] { return telegram.pending().empty(); }));
  EXPECT_EQ(
      service.metrics().sum("bot_updates_total", {{"kind", "malformed"}, {"status", "error"}}), 5);
}

TEST(BotTrouble, AFailureIsAnEventAnApologyAndNotTheEnd) {
  TelegramServer telegram;
  EnvelopeReceiver receiver;
  Service service{bot_of(telegram, with_sentry(receiver, {{"FAULTS", "handler:1.0"}}))};
  telegram.say(kAnn, "2 eggs");
  telegram.say(kAnn, "/today");
  const auto answers = telegram.wait_for_answers(kAnn, 2);
  ASSERT_THAT(answers, SizeIs(2)) << service.errors();
  EXPECT_THAT(answers[0], AllOf(HasSubstr("went wrong"), HasSubstr("Request id: ")));
  ASSERT_TRUE(receiver.wait_for_events(2));
  const std::string id = answers[0].substr(answers[0].rfind(' ') + 1);
  const auto events = events_of(receiver, id);
  ASSERT_THAT(events, SizeIs(1)) << id;
  EXPECT_EQ(user_of(events[0]), "telegram:1001");
  EXPECT_TRUE(eventually([&] {
    return service.metrics().sum("bot_updates_total", {{"status", "error"}}) == 2;
  }));
  expect_valid(receiver);
}

TEST(BotTrouble, AnAgentThatFailsIsApologisedForAndNothingIsLogged) {
  TelegramServer telegram;
  Service service{bot_of(telegram, {{"FAULTS", "agent:1.0"}})};
  telegram.say(kAnn, "2 eggs");
  EXPECT_THAT(telegram.wait_for_answers(kAnn, 1),
              ElementsAre(AllOf(HasSubstr("coach cannot answer"), HasSubstr("Request id: "))));
  telegram.say(kAnn, "/today");
  const auto answers = telegram.wait_for_answers(kAnn, 2);
  ASSERT_THAT(answers, SizeIs(2));
  EXPECT_THAT(answers[1], HasSubstr("nothing today"));
}

TEST(BotTrouble, EveryMessageIsAnsweredOnceThoughTheDatabaseFails) {
  TelegramServer telegram;
  Service service{bot_of(telegram, {{"FAULTS", "db:0.05"}, {"LOG_LEVEL", "debug"}})};
  for (std::size_t i = 1; i <= 10; ++i) {
    telegram.say(kAnn, "2 eggs");
    ASSERT_THAT(telegram.wait_for_answers(kAnn, i, 60s), SizeIs(i)) << service.errors();
  }
  EXPECT_TRUE(eventually([&] { return telegram.pending().empty(); }, 60s));
  EXPECT_THAT(telegram.answers(kAnn), SizeIs(10));
}

TEST(BotTrouble, WhateverTelegramSaysForgesNoLine) {
  TelegramServer telegram;
  Service service{bot_of(telegram)};
  const std::string words =
      "\x1b[31mred\x1b[0m\x07 \u009b31m \u202eetal\r\n2026-01-01T00:00:00.000Z forged\x7f";
  telegram.answer_next("getUpdates", 2, 500, refusal(500, words));
  telegram.answer_next("sendMessage", 1, 400, refusal(400, words));
  telegram.answer_next("sendChatAction", 1, 400, refusal(400, words));
  telegram.say(kAnn, "/help");
  ASSERT_TRUE(telegram.wait_for_calls("sendMessage", 1));
  telegram.say(kBob, "/help");
  EXPECT_THAT(telegram.wait_for_answers(kBob, 1), SizeIs(1)) << service.errors();
  EXPECT_EQ(service.stop().status->code, 0);
  EXPECT_THAT(service.errors(), HasSubstr("\\u009b31m \\u202eetal\\n"))
      << "it is told, and escaped";
  std::istringstream lines{service.errors()};
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(line.starts_with("20") && line.find("Z ") == 23) << "forged: " << line;
    EXPECT_FALSE(line.starts_with("2026-01-01T00:00:00.000Z forged")) << line;
    for (const char* bad : {"\x1b", "\x07", "\r", "\x7f", "\u009b", "\u202e"})
      EXPECT_THAT(line, Not(HasSubstr(bad)));
  }
}

}  // namespace
}  // namespace integration

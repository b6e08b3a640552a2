#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "integration/bot_fixture.h"
#include "integration/support/postgres.h"

namespace integration {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// A dead replica's lease is free after 10 s, and is looked at every 2 s.
constexpr auto kTakenOverWithin = 60s;

bool polls(const Service& service) {
  return service.errors().find("the bot polls for updates") != std::string::npos;
}

TEST(BotCrash, AnAnswerThatWasNotSentIsSentByTheNextProcess) {
  TelegramServer telegram;
  const TempDir folder;
  telegram.answer_next("sendMessage", 1, 0);
  {
    Service service{bot_of(telegram, {}, folder.path())};
    telegram.say(kAnn, "two eggs for lunch");
    ASSERT_TRUE(telegram.wait_for_calls("sendMessage", 1)) << service.errors();
    service.kill_at_once();
  }
  EXPECT_THAT(telegram.answers(kAnn), IsEmpty());
  Service service{bot_of(telegram, {}, folder.path())};
  EXPECT_THAT(telegram.wait_for_answers(kAnn, 1, kTakenOverWithin), ElementsAre(HasSubstr("egg")))
      << service.errors();
  EXPECT_EQ(service.metrics().sum("agent_calls_total"), 0) << "the agent was asked again";
  telegram.say(kAnn, "/today");
  const auto answers = telegram.wait_for_answers(kAnn, 2);
  ASSERT_THAT(answers, SizeIs(2));
  EXPECT_EQ(answers[1].find("lunch: egg"), answers[1].rfind("lunch: egg")) << answers[1];
}

TEST(BotCrash, NothingIsAnsweredTwiceAfterAnEndInGoodOrder) {
  TelegramServer telegram;
  const Postgres postgres;
  const std::string database = postgres.create_database();
  const Settings settings{{"DATABASE_URL", postgres.url(database)}};
  {
    Service service{bot_of(telegram, settings)};
    for (int i = 0; i < 5; ++i)
      telegram.say(kAnn, "2 eggs");
    ASSERT_THAT(telegram.wait_for_answers(kAnn, 1), SizeIs(::testing::Ge(1U)));
    const Stopped end = service.stop();
    ASSERT_TRUE(end.status);
    EXPECT_EQ(end.status->code, 0);
    EXPECT_LT(end.seconds, kOnTime) << "a poll of 50 s was under way";
  }
  EXPECT_EQ(postgres.ask("SELECT COUNT(*) FROM leases", database), "0\n") << "nobody waits for it";
  const Service service{bot_of(telegram, settings)};
  telegram.say(kAnn, "/help");
  const auto answers = telegram.wait_for_answers(kAnn, 6);
  ASSERT_THAT(answers, SizeIs(6)) << service.errors();
  EXPECT_THAT(answers[5], HasSubstr("/today"));
  EXPECT_TRUE(eventually([&] { return telegram.pending().empty(); }));
  EXPECT_THAT(telegram.answers(kAnn), SizeIs(6));
}

TEST(BotCrash, AnotherReplicaGoesOnWhereAKilledOneStopped) {
  TelegramServer telegram;
  const TempDir shared;
  const Settings database{{"DATABASE_URL", "sqlite:" + shared.file("bot.db")}};
  Service first{bot_of(telegram, database)};
  ASSERT_TRUE(eventually([&] { return polls(first); })) << first.errors();
  Service second{bot_of(telegram, database)};
  telegram.say(kAnn, "/help");
  ASSERT_THAT(telegram.wait_for_answers(kAnn, 1), SizeIs(1));
  EXPECT_FALSE(polls(second)) << "both poll";
  for (const Json& call : telegram.calls("getUpdates"))
    EXPECT_NE(call.value("code", 200), 409) << "two polls at once";

  telegram.answer_next("sendMessage", 1, 0);
  telegram.say(kAnn, "3 eggs");
  telegram.say(kAnn, "4 eggs");
  ASSERT_TRUE(telegram.wait_for_calls("sendMessage", 2));
  first.kill_at_once();
  telegram.say(kAnn, "5 eggs");
  const auto answers = telegram.wait_for_answers(kAnn, 4, kTakenOverWithin);
  ASSERT_THAT(answers, SizeIs(4)) << second.errors();
  for (int i = 3; i <= 5; ++i)
    EXPECT_THAT(answers[static_cast<std::size_t>(i) - 2], HasSubstr(std::to_string(i) + " egg"));
  EXPECT_TRUE(eventually([&] { return telegram.pending().empty(); }));
  EXPECT_THAT(telegram.answers(kAnn), SizeIs(4));
  EXPECT_TRUE(polls(second));
}

/// A row of an update as a bot records it.
std::string insertion(std::int64_t update_id, const std::string& holder, const std::string& state,
                      const std::string& answer) {
  return "INSERT INTO telegram_updates VALUES (4711, " + std::to_string(update_id) + ", " +
         std::to_string(kAnn) + ", " + std::to_string(kAnn) + ", 'message', '2 eggs', " + holder +
         ", EXTRACT(EPOCH FROM now()), '" + state + "', '" + answer + "', 0, 0)";
}

TEST(BotCrash, WhatWasCommittedWithoutTheBotBeingToldIsAnswered) {
  TelegramServer telegram;
  const Postgres postgres;
  const std::string database = postgres.create_database();
  const Service service{bot_of(telegram, {{"DATABASE_URL", postgres.url(database)}})};
  ASSERT_TRUE(eventually([&] { return polls(service); })) << service.errors();
  // As after a COMMIT whose answer the connection's end has eaten: Telegram was told, nobody works.
  const std::string own = "(SELECT holder FROM leases)";
  postgres.ask(insertion(1, own, "new", ""), database);
  ASSERT_THAT(telegram.wait_for_answers(kAnn, 1), ElementsAre(HasSubstr("2 egg")))
      << service.errors();
  postgres.ask(insertion(2, own, "answered", "stored before"), database);
  EXPECT_THAT(telegram.wait_for_answers(kAnn, 2), ElementsAre(HasSubstr("2 egg"), "stored before"))
      << service.errors();
  EXPECT_TRUE(eventually([&] {
    return postgres.ask("SELECT COUNT(*) FROM telegram_updates WHERE state <> 'done'", database) ==
           "0\n";
  }));
  EXPECT_THAT(telegram.answers(kAnn), SizeIs(2));
}

TEST(BotCrash, APollerGoesOnWhereAReplicaOfTheWebhookStopped) {
  TelegramServer telegram;
  const Postgres postgres;
  const std::string database = postgres.create_database();
  const Service service{bot_of(telegram, {{"DATABASE_URL", postgres.url(database)}})};
  ASSERT_TRUE(eventually([&] { return polls(service); })) << service.errors();
  postgres.ask(
      "INSERT INTO leases (name, holder, expires_at) VALUES ('telegram:4711:dead',"
      " 'dead', 0)",
      database);
  postgres.ask(insertion(1, "'dead'", "new", ""), database);
  EXPECT_THAT(telegram.wait_for_answers(kAnn, 1, kTakenOverWithin), ElementsAre(HasSubstr("2 egg")))
      << service.errors();
}

}  // namespace
}  // namespace integration

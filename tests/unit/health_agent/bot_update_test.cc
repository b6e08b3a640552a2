#include "health_agent/bot/update.h"

#include <gmock/gmock.h>

#include <string>

namespace health_agent::bot {
namespace {

using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::SizeIs;

Update of(const std::string& message) {
  return read_update(R"({"update_id": 5, "message": )" + message + "}");
}

std::string private_message(const std::string& more) {
  return R"({"from": {"id": 42}, "chat": {"id": 42, "type": "private"}, )" + more + "}";
}

TEST(BotUpdate, ReadsWhatAMessageSays) {
  const Update update = of(private_message(R"("text": "2 eggs")"));
  EXPECT_EQ(update.update_id, 5);
  EXPECT_EQ(update.kind, UpdateKind::kMessage);
  EXPECT_EQ(update.chat_id, 42);
  EXPECT_EQ(update.sender_id, 42);
  EXPECT_EQ(update.text, "2 eggs");
}

TEST(BotUpdate, TellsTheKindsApart) {
  EXPECT_EQ(of(private_message(R"("text": "/today")")).kind, UpdateKind::kCommand);
  EXPECT_EQ(of(private_message(R"("text": "/ today")")).kind, UpdateKind::kMessage);
  EXPECT_EQ(of(private_message(R"("sticker": {})")).kind, UpdateKind::kOther);
  EXPECT_EQ(of(private_message(R"("text": " \n ")")).kind, UpdateKind::kOther);
  EXPECT_EQ(of(private_message("\"text\": \"" + std::string(kMaxText + 1, 'x') + "\"")).kind,
            UpdateKind::kOther);
  EXPECT_EQ(of(R"({"from": {"id": 1}, "chat": {"id": -9, "type": "group"}, "text": "hi"})").kind,
            UpdateKind::kGroup);
  EXPECT_EQ(of(R"({"chat": {"id": -9, "type": "supergroup"}, "text": "anonymous"})").kind,
            UpdateKind::kIgnored);
  EXPECT_EQ(of(R"({"from": {"id": 1, "is_bot": true}, "chat": {"id": 1}, "text": "beep"})").kind,
            UpdateKind::kIgnored);
  EXPECT_EQ(of(private_message(R"("caption": "2 eggs", "photo": [])")).kind, UpdateKind::kMessage);
  EXPECT_EQ(of(private_message(R"("caption": "/today", "photo": [])")).kind, UpdateKind::kCommand);
  EXPECT_EQ(read_update(R"({"update_id": 5, "channel_post": {}})").kind, UpdateKind::kIgnored);
  const auto edit = [](const std::string& more) {
    return read_update(R"({"update_id": 5, "edited_message": )" + private_message(more) + "}");
  };
  EXPECT_EQ(edit(R"("text": "2 eggs")").kind, UpdateKind::kEdit);
  EXPECT_EQ(edit(R"("caption": "2 eggs")").kind, UpdateKind::kEdit);
  EXPECT_EQ(edit(R"("text": "/today")").kind, UpdateKind::kIgnored);
  EXPECT_EQ(edit(R"("location": {})").kind, UpdateKind::kIgnored);
  EXPECT_EQ(edit(R"("text": 5)").kind, UpdateKind::kMalformed);
}

TEST(BotUpdate, TakesNothingForGrantedOfAShape) {
  for (const char* message :
       {"7", "null", "[]", "{}", R"("x")", R"({"chat": 1})", R"({"chat": {"id": "1"}})",
        R"({"chat": {"id": 1.5}, "from": {"id": 1}, "text": "x"})",
        R"({"chat": {"id": 1}, "from": [], "text": "x"})",
        R"({"chat": {"id": 1}, "from": {"id": true}, "text": "x"})",
        R"({"chat": {"id": 1, "type": 3}, "from": {"id": 1}, "text": "x"})",
        R"({"chat": {"id": 1}, "from": {"id": 1}, "text": {"a": 1}})",
        R"({"chat": {"id": 18446744073709551615}, "from": {"id": 1}, "text": "x"})",
        R"({"chat": {"id": -9223372036854775808}, "from": {"id": 1}, "text": "x"})"})
    EXPECT_EQ(of(message).kind, UpdateKind::kMalformed) << message;
  for (const char* update :
       {"", "{", "[]", "{}", "null", R"({"update_id": "5"})", R"({"update_id": 0})",
        R"({"update_id": -1, "message": {}})", R"({"update_id": 1e300})", "\xFF\xFE"}) {
    EXPECT_EQ(read_update(update).kind, UpdateKind::kMalformed) << update;
    EXPECT_EQ(read_update(update).update_id, 0) << update;
  }
}

TEST(BotUpdate, ReadsWhenAndWhereItWasSaid) {
  const Update update = of(private_message(
      R"("text": "2 eggs", "date": 1795501416, "message_id": 7, "message_thread_id": 3,)"
      R"( "media_group_id": "9")"));
  EXPECT_EQ(update.date, 1'795'501'416);
  EXPECT_EQ(update.message_id, 7);
  EXPECT_EQ(update.thread_id, 3);
  EXPECT_EQ(update.album, "9");
  for (const char* date : {"0", "1", "-1795501416", "1.5", "\"1795501416\"", "null", "1e300"})
    EXPECT_EQ(of(private_message(std::string{"\"text\": \"x\", \"date\": "} + date)).date, 0)
        << date;
}

TEST(BotUpdate, PutsABlankForNul) {
  EXPECT_EQ(of(private_message(R"("text": "a\u0000b")")).text, "a b");
}

TEST(BotUpdates, ABadOneDoesNotTakeTheOthersAlong) {
  const UpdateBatch batch = read_updates(
      R"({"ok": true, "result": [{"update_id": 3, "message": 1}, "x", {"update_id": 2,)"
      R"( "message": {"from": {"id": 1}, "chat": {"id": 1}, "text": "hi"}}]})");
  ASSERT_TRUE(batch.readable);
  ASSERT_THAT(batch.updates, SizeIs(3));
  EXPECT_EQ(batch.updates[0].kind, UpdateKind::kMalformed);
  EXPECT_EQ(batch.updates[1].kind, UpdateKind::kMalformed);
  EXPECT_EQ(batch.updates[2].text, "hi");
  EXPECT_THAT(batch.last_id, Optional(3)) << "the bad one is confirmed with the others";
}

TEST(BotUpdates, SaysWhatIsNoAnswer) {
  for (const char* body : {"", "nonsense", "[]", "{}", R"({"ok": true})",
                           R"({"ok": true, "result": {}})", R"({"ok": true, "result": [)"})
    EXPECT_FALSE(read_updates(body).readable) << body;
  EXPECT_TRUE(read_updates(R"({"ok": true, "result": []})").readable);
}

TEST(BotUpdates, FindsTheIdOfWhatCannotBeRead) {
  EXPECT_THAT(find_update_id(R"({"ok":true,"result":[{"update_id":77,"message":{"text":no)"),
              Optional(77));
  EXPECT_THAT(find_update_id(R"({ "update_id" : 5 ,)"), Optional(5));
  for (const char* bytes :
       {"", "\"update_id\"", "\"update_id\":", "\"update_id\":12", "\"update_id\":x",
        "\"update_id\":-4,", "\"update_id\":0,", "\"update_id\":99999999999999999999,"})
    EXPECT_EQ(find_update_id(bytes), std::nullopt) << bytes;
}

TEST(BotCommand, IsReadWithItsReceiverAndArguments) {
  const auto command = read_command("/Today@Food_Bot  now please");
  ASSERT_TRUE(command);
  EXPECT_EQ(command->name, "today");
  EXPECT_EQ(command->receiver, "Food_Bot");
  EXPECT_EQ(command->arguments, "now please");
  EXPECT_THAT(read_command("/help")->receiver, IsEmpty());
  EXPECT_EQ(read_command("/help\nme")->arguments, "me");
}

TEST(BotCommand, IsNoneWhereItOnlyBeginsLikeOne) {
  for (const char* text : {"", "/", "//", "/ help", "help", " /help", "/help!", "/a/b", "/@bot",
                           "/help@", "/1/2 cup rice", "/\xC3\xA4"})
    EXPECT_FALSE(read_command(text)) << text;
  EXPECT_FALSE(read_command("/" + std::string(100, 'a')));
}

}  // namespace
}  // namespace health_agent::bot

#include <gmock/gmock.h>

#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "health_agent/bot/bot.h"
#include "health_agent/bot/zone_said.h"
#include "health_agent/cache/memory_cache.h"
#include "health_agent/db/telegram_updates.h"
#include "health_agent/preferences.h"
#include "health_agent/time.h"
#include "integration/support/http_server.h"
#include "integration/support/ports.h"
#include "tests/unit/health_agent/db_testing.h"

namespace health_agent::bot {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr std::int64_t kAnn = 1001;
constexpr const char* kUser = "telegram:1001";

/// Logs "N eggs" for the moment at which it is said. "make it N" changes what was logged last.
class EggAgent final : public agent::Agent {
 public:
  agent::AgentReply reply(const agent::AgentRequest& request, const agent::OnText&) override {
    agent::AgentReply answer;
    const std::string& text = request.message;
    const bool changes = text.starts_with("make it ");
    const double count = std::strtod(text.c_str() + (changes ? 8 : 0), nullptr);
    answer.text = "You said " + text + ".";
    if (text == "fail") throw AgentError("no answer");
    if (text == "nothing") answer.text = "\xE2\x80\x8B \n";
    if (count == 0) return answer;
    FoodEntry entry;
    entry.foods = {{.name = "egg",
                    .quantity = count,
                    .unit = "piece",
                    .calories = 72 * count,
                    .protein = {},
                    .carbs = {},
                    .fat = {}}};
    entry.meal_type = "lunch";
    entry.timestamp = request.now;
    if (!changes) {
      answer.food_entries = {entry};
    } else if (!request.recent.empty()) {
      answer.text += " It was " + std::to_string(request.recent.front().foods[0].quantity);
      entry.timestamp = request.recent.front().timestamp;
      answer.changes = {{request.recent.front().id, entry}};
    }
    return answer;
  }
  [[nodiscard]] agent::AgentType type() const noexcept override { return agent::AgentType::kLocal; }
  [[nodiscard]] std::string model() const override { return "eggs"; }
};

struct Call {
  std::string method;
  json body;
  std::chrono::steady_clock::time_point at = std::chrono::steady_clock::now();
};

/// Telegram, as far as a bot with a webhook sees it.
class FakeTelegram {
 public:
  /// What a call is answered; a status of 200 with "{}" is a success.
  std::function<integration::ServerAnswer(const Call&)> answers;

  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(server_.port());
  }

  /// The calls of a method, once there are so many.
  std::vector<Call> wait_for(const std::string& method, std::size_t count) {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, 20s, [&] { return of(method).size() >= count; });
    return of(method);
  }

 private:
  std::vector<Call> of(const std::string& method) const {
    std::vector<Call> found;
    for (const Call& call : calls_)
      if (call.method == method) found.push_back(call);
    return found;
  }

  integration::ServerAnswer answer(const integration::ServerRequest& request) {
    Call call{request.path.substr(request.path.rfind('/') + 1),
              json::parse(request.body, nullptr, false)};
    integration::ServerAnswer given{200, {}, "{}"};
    if (answers) given = answers(call);
    if (given.body == "{}")
      given.body = given.status == 200 ? R"({"ok": true, "result": {"username": "food_bot"}})"
                                       : R"({"ok": false, "description": "Bad Request"})";
    const std::lock_guard lock{mutex_};
    calls_.push_back(std::move(call));
    changed_.notify_all();
    return given;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Call> calls_;
  integration::HttpServer server_{
      integration::free_port(),
      [this](const integration::ServerRequest& request) { return answer(request); }};
};

class BotResponses : public ::testing::Test {
 protected:
  BotOptions options() {
    BotOptions options;
    options.token = "4711:secret";
    options.api_url = telegram_.url();
    options.allowed_ids = {kAnn};
    options.webhook = true;
    return options;
  }

  void TearDown() override { bot_.stop(10s); }

  /// A message as Telegram has it, from Ann in private.
  json message(const std::string& text) {
    ++last_message_;
    return {{"message_id", last_message_},
            {"from", {{"id", kAnn}}},
            {"chat", {{"id", kAnn}, {"type", "private"}}},
            {"date", unix_now()},
            {"text", text}};
  }

  void take(const json& message, const char* kind = "message") {
    EXPECT_TRUE(bot_.take(json{{"update_id", ++last_update_}, {kind, message}}.dump()));
  }

  /// Says it, and gives the text of the next message of the bot.
  std::string tell(const json& message, const char* kind = "message") {
    take(message, kind);
    return next();
  }
  std::string say(const std::string& text) { return tell(message(text)); }
  std::string next() {
    const auto sent = telegram_.wait_for("sendMessage", ++answers_);
    return sent.size() < answers_ ? "nobody answered"
                                  : sent[answers_ - 1].body.value("text", std::string{});
  }

  double eggs_of_day(std::int64_t time) {
    const TimeZone zone = zone_of(users_.preferences(kUser));
    double eggs = 0;
    for (const FoodEntry& entry :
         users_.food_of_day(kUser, zone, zone.day_of(time), unix_now()).entries)
      eggs += entry.foods.at(0).quantity;
    return eggs;
  }

  FakeTelegram telegram_;
  db::Database database_;
  cache::MemoryCache cache_;
  cache::CachedUsers users_{database_.store, cache_};
  EggAgent agent_;
  Coach coach_{database_.store, users_, agent_};
  HttpClient http_;
  Bot bot_{options(), http_, database_.pool, database_.store, users_, coach_};
  std::int64_t last_update_ = 0;
  std::int64_t last_message_ = 0;
  std::size_t answers_ = 0;
};

TEST_F(BotResponses, WhatWasSaidDaysAgoIsLoggedOnItsDay) {
  const std::int64_t now = unix_now();
  json old = message("2 eggs");
  old["date"] = now - 3 * 86'400;
  tell(old);
  EXPECT_EQ(eggs_of_day(now), 0);
  EXPECT_EQ(eggs_of_day(now - 3 * 86'400), 2);
}

TEST_F(BotResponses, ATimeThatCannotBeIsNow) {
  const std::int64_t now = unix_now();
  int said = 0;
  for (const json& date : {json(now + 7 * 86'400), json(0), json(-5), json(1), json("yesterday"),
                           json(nullptr), json(1e300), json(std::int64_t{1} << 60)}) {
    json odd = message("1 eggs");
    odd["date"] = date;
    tell(odd);
    EXPECT_EQ(eggs_of_day(now), ++said) << date;
  }
  json without = message("1 eggs");
  without.erase("date");
  tell(without);
  EXPECT_EQ(eggs_of_day(now), ++said);
}

TEST_F(BotResponses, AnUpdateKeepsItsTimeFromProcessToProcess) {
  db::TelegramUpdates dead{database_.pool, 4711, "dead"};
  const std::int64_t then = unix_now() - 2 * 86'400;
  const db::TelegramUpdate row{.update_id = 99,
                               .chat_id = kAnn,
                               .sender_id = kAnn,
                               .kind = "message",
                               .content = "4 eggs",
                               .said_at = then,
                               .message_id = 9,
                               .thread_id = 5};
  ASSERT_THAT(dead.record({&row, 1}, unix_now()), SizeIs(1));
  bot_.start();
  EXPECT_THAT(next(), HasSubstr("4 eggs"));
  EXPECT_EQ(eggs_of_day(then), 4);
  EXPECT_EQ(telegram_.wait_for("sendMessage", 1)[0].body["message_thread_id"], 5);
}

TEST_F(BotResponses, ACaptionIsTheText) {
  json photo = message("");
  photo.erase("text");
  photo["photo"] = json::array({{{"file_id", "x"}}});
  photo["caption"] = "3 eggs";
  EXPECT_THAT(tell(photo), HasSubstr("3 eggs"));
  EXPECT_EQ(eggs_of_day(unix_now()), 3);
}

TEST_F(BotResponses, OfAnAlbumThePictureWithTheCaptionIsAnswered) {
  for (const char* caption : {"3 eggs", "", ""}) {
    json photo = message("");
    photo.erase("text");
    photo["media_group_id"] = "77";
    if (*caption != '\0') photo["caption"] = caption;
    take(photo);
  }
  EXPECT_THAT(next(), HasSubstr("3 eggs"));
  EXPECT_THAT(say("5 eggs"), HasSubstr("5 eggs")) << "the other pictures were answered";
}

TEST_F(BotResponses, ABlankMessageIsAnsweredKindlyAndNothingIsAsked) {
  for (const char* blank : {" ", "\n\n", "\xC2\xA0", "\xE2\x80\x8B", "\xEF\xBB\xBF\xE3\x80\x80",
                            "\xE3\x85\xA4", "\xE2\xA0\x80", "\xF3\xA0\x80\xA0"})
    EXPECT_THAT(say(blank), HasSubstr("tell me in words"));
  EXPECT_FALSE(database_.store.user_exists(kUser));
}

TEST_F(BotResponses, AnAnswerThatShowsNothingIsPutInWords) {
  EXPECT_THAT(say("nothing"), HasSubstr("nothing to say"));
}

TEST_F(BotResponses, ATopicIsAnsweredInTheTopic) {
  json in_topic = message("2 eggs");
  in_topic["message_thread_id"] = 12;
  tell(in_topic);
  say("3 eggs");
  const auto sent = telegram_.wait_for("sendMessage", 2);
  EXPECT_EQ(sent[0].body["message_thread_id"], 12);
  EXPECT_FALSE(sent[1].body.contains("message_thread_id"));
}

TEST_F(BotResponses, WhateverTelegramDislikesOfATextItIsSentPlainAndThenOutsideOfItsTopic) {
  for (const char* words :
       {"Bad Request: can't parse entities: x", "Bad Request: ENTITIES_TOO_LONG",
        "Bad Request: message text is too strange", "Bad Request: message thread not found"}) {
    telegram_.answers = [words](const Call& call) {
      integration::ServerAnswer answer{200, {}, "{}"};
      const bool thread = call.body.contains("message_thread_id");
      const bool markup = call.body.contains("parse_mode");
      if (call.method == "sendMessage" &&
          (markup || (thread && std::string_view{words}.find("thread") != std::string_view::npos)))
        answer = {400, {}, json{{"ok", false}, {"error_code", 400}, {"description", words}}.dump()};
      return answer;
    };
    const std::size_t before = telegram_.wait_for("sendMessage", 0).size();
    json in_topic = message("2 eggs");
    in_topic["message_thread_id"] = 12;
    take(in_topic);
    const bool thread = std::string_view{words}.find("thread") != std::string_view::npos;
    const std::size_t tries = thread ? 3 : 2;
    const auto sent = telegram_.wait_for("sendMessage", before + tries);
    ASSERT_THAT(sent, SizeIs(before + tries)) << words;
    EXPECT_FALSE(sent.back().body.contains("parse_mode")) << words;
    EXPECT_EQ(sent.back().body.contains("message_thread_id"), !thread) << words;
    EXPECT_THAT(sent.back().body["text"].get<std::string>(), HasSubstr("2 eggs"));
  }
}

TEST_F(BotResponses, AnEditedMessageStandsInForWhatItHadLogged) {
  const std::int64_t now = unix_now();
  json first = message("2 eggs");
  first["date"] = now - 86'400;
  tell(first);
  say("10 eggs");
  first["text"] = "3 eggs";
  first["edit_date"] = now;
  EXPECT_THAT(tell(first, "edited_message"),
              AllOf(HasSubstr("no longer counts"), HasSubstr("3 eggs")));
  EXPECT_EQ(eggs_of_day(now - 86'400), 3) << "on the day of the message, not of the edit";
  EXPECT_EQ(eggs_of_day(now), 10);
  first["text"] = "4 eggs";
  tell(first, "edited_message");
  EXPECT_EQ(eggs_of_day(now - 86'400), 4);
  first["text"] = "I ate nothing";
  tell(first, "edited_message");
  EXPECT_EQ(eggs_of_day(now - 86'400), 0);
  first["text"] = "5 eggs";
  tell(first, "edited_message");
  EXPECT_EQ(eggs_of_day(now - 86'400), 5);
  EXPECT_EQ(eggs_of_day(now), 10);
}

TEST_F(BotResponses, AnEditedCorrectionStartsFromWhatWasBefore) {
  say("2 eggs");
  json correction = message("make it 3");
  tell(correction);
  ASSERT_EQ(eggs_of_day(unix_now()), 3);
  correction["text"] = "make it 4";
  EXPECT_THAT(tell(correction, "edited_message"), HasSubstr("It was 2"));
  EXPECT_EQ(eggs_of_day(unix_now()), 4);
}

TEST_F(BotResponses, AnEditThatChangesNoWordIsNotAnswered) {
  json first = message("2 eggs");
  tell(first);
  take(first, "edited_message");
  EXPECT_THAT(say("3 eggs"), HasSubstr("3 eggs"));
  EXPECT_EQ(eggs_of_day(unix_now()), 5);
}

TEST_F(BotResponses, AnEditOfWhatNobodyKnowsChangesNothingAndSaysSo) {
  say("2 eggs");
  json unknown = message("3 eggs");
  EXPECT_THAT(tell(unknown, "edited_message"), HasSubstr("changed nothing"));
  EXPECT_EQ(eggs_of_day(unix_now()), 2);
}

TEST_F(BotResponses, AnEditOfWhatCameToNothingIsANewMessage) {
  json failed = message("fail");
  tell(failed);
  failed["text"] = "2 eggs";
  tell(failed, "edited_message");
  json photo = message("");
  tell(photo);
  photo["caption"] = "3 eggs";
  photo.erase("text");
  tell(photo, "edited_message");
  EXPECT_EQ(eggs_of_day(unix_now()), 5);
}

TEST_F(BotResponses, WhatWasRemovedSinceIsNoHindranceForAnEdit) {
  json first = message("2 eggs");
  tell(first);
  EXPECT_THAT(say("/undo"), AllOf(HasSubstr("no longer logged: 2 egg"), HasSubstr("144 kcal")));
  EXPECT_EQ(eggs_of_day(unix_now()), 0);
  first["text"] = "3 eggs";
  tell(first, "edited_message");
  EXPECT_EQ(eggs_of_day(unix_now()), 3);
}

TEST_F(BotResponses, AnUndoneEditCanBeEditedAgain) {
  json first = message("2 eggs");
  tell(first);
  first["text"] = "3 eggs";
  tell(first, "edited_message");
  EXPECT_THAT(say("/undo"), HasSubstr("logged again: 2 egg"));
  EXPECT_EQ(eggs_of_day(unix_now()), 2);
  first["text"] = "4 eggs";
  tell(first, "edited_message");
  EXPECT_EQ(eggs_of_day(unix_now()), 4);
}

TEST_F(BotResponses, UndoTakesBackAndIsTakenBack) {
  EXPECT_THAT(say("/undo"), HasSubstr("nothing"));
  say("2 eggs");
  say("make it 3");
  EXPECT_THAT(say("/undo"), HasSubstr("as it was before: 2 egg"));
  EXPECT_EQ(eggs_of_day(unix_now()), 2);
  EXPECT_THAT(say("/undo"), HasSubstr("as it was before: 3 egg"));
  EXPECT_EQ(eggs_of_day(unix_now()), 3);
}

TEST_F(BotResponses, ANewUserIsAskedOnceForTheTimeZone) {
  EXPECT_THAT(say("2 eggs"), HasSubstr("in which time zone"));
  EXPECT_THAT(say("3 eggs"), Not(HasSubstr("time zone")));
  EXPECT_THAT(say("/timezone"), AllOf(HasSubstr("UTC"), HasSubstr("not told")));
  EXPECT_THAT(say("/timezone Europe/Nowhere"), HasSubstr("no time zone of that name"));
  EXPECT_THAT(say("/timezone europe/berlin"), HasSubstr("Europe/Berlin now"));
  EXPECT_EQ(zone_of(users_.preferences(kUser)).name(), "Europe/Berlin");
  EXPECT_THAT(say("America/New_York"), HasSubstr("America/New_York now"));
  EXPECT_THAT(say("/start"), Not(HasSubstr("in which time zone")));
}

TEST_F(BotResponses, TheQuestionForTheZoneIsAnsweredInAnyWords) {
  EXPECT_THAT(say("2 eggs"), HasSubstr("in which time zone"));
  EXPECT_THAT(say("I live in Munich"), HasSubstr("no time zone of that name"));
  EXPECT_THAT(say("Berlin"), HasSubstr("Europe/Berlin now"));
  EXPECT_EQ(zone_of(users_.preferences(kUser)).name(), "Europe/Berlin");
  EXPECT_THAT(say("Tokyo"), HasSubstr("You said Tokyo")) << "nobody has asked";
  EXPECT_THAT(say("I live in a hut"), HasSubstr("You said"));
  EXPECT_THAT(say("I live in Munich"), HasSubstr("You said")) << "nobody has asked";
  EXPECT_THAT(say("I live in Tokyo."), HasSubstr("Asia/Tokyo now"));
  EXPECT_EQ(eggs_of_day(unix_now()), 2);
}

TEST_F(BotResponses, WhoStartsIsAskedThere) {
  EXPECT_THAT(say("/start"), AllOf(HasSubstr("Hello"), HasSubstr("in which time zone")));
  EXPECT_THAT(say("3 eggs"), Not(HasSubstr("time zone")));
}

TEST_F(BotResponses, AMealIsOfTheDayThatItIsWhereTheUserLives) {
  say("/timezone Pacific/Kiritimati");  // UTC+14
  json evening = message("2 eggs");
  // 11:00 UTC, when the next day has begun there.
  const std::int64_t then = TimeZone{}.start_of(TimeZone{}.day_of(unix_now()) - 2) + 11 * 3600;
  evening["date"] = then;
  tell(evening);
  const TimeZone zone = *TimeZone::find("Pacific/Kiritimati");
  EXPECT_EQ(zone.day_of(then), TimeZone{}.day_of(then) + 1);
  EXPECT_EQ(eggs_of_day(then), 2);
}

TEST_F(BotResponses, TodaySaysWhatIsLeftOfTheGoals) {
  say("/timezone UTC");
  users_.set_preference(kUser, "goal_calories", "2000");
  EXPECT_THAT(say("/today"), HasSubstr("nothing today. Your goals for a day: 2000 kcal"));
  say("10 eggs");
  EXPECT_THAT(say("/today"), AllOf(HasSubstr("720 kcal"), HasSubstr("Left today: 1280 kcal")));
  users_.set_preference(kUser, "goal_calories", "null");
  EXPECT_THAT(say("/today"), Not(HasSubstr("Left today")));
}

TEST_F(BotResponses, TellsTelegramItsCommands) {
  bot_.start();
  const auto told = telegram_.wait_for("setMyCommands", 1);
  ASSERT_THAT(told, SizeIs(1));
  std::vector<std::string> names;
  for (const json& command : told[0].body["commands"]) {
    names.push_back(command["command"]);
    EXPECT_FALSE(command["description"].get<std::string>().empty());
  }
  EXPECT_THAT(names, ElementsAre("today", "undo", "timezone", "forget", "help"));
}

TEST_F(BotResponses, GoesOnWithoutAMenu) {
  telegram_.answers = [](const Call& call) {
    return integration::ServerAnswer{call.method == "setMyCommands" ? 400 : 200, {}, "{}"};
  };
  bot_.start();
  EXPECT_THAT(telegram_.wait_for("setMyCommands", 1), SizeIs(1));
  EXPECT_THAT(say("2 eggs"), HasSubstr("2 eggs"));
}

TEST_F(BotResponses, PollsLessAndLessOftenWhereNothingCanBeRead) {
  for (const char* body :
       {"nonsense", "<html>Log in to this network</html>", R"({"ok": true, "result": [{}, 7]})",
        R"({"ok": true, "result": [{"update_id": 5, "message": {"text": "cut)"}) {
    FakeTelegram telegram;
    telegram.answers = [body](const Call& call) {
      return integration::ServerAnswer{200, {}, call.method == "getUpdates" ? body : "{}"};
    };
    BotOptions polling = options();
    polling.api_url = telegram.url();
    polling.webhook = false;
    polling.pause = 2ms;
    Bot bot{polling, http_, database_.pool, database_.store, users_, coach_};
    bot.start();
    const auto polls = telegram.wait_for("getUpdates", 9);
    bot.stop(1s);
    ASSERT_THAT(polls, SizeIs(testing::Ge(9U))) << body;
    // Five failures in a row at least: the pause has doubled four times, and half of it is sure.
    EXPECT_GE(polls[8].at - polls[7].at, 2ms * 16 / 2) << body;
  }
}

TEST(BotZone, IsUnderstoodAsPeopleWriteIt) {
  for (const auto& [text, name] :
       std::map<std::string, std::string>{{"Europe/Berlin", "Europe/Berlin"},
                                          {" europe/berlin\n", "Europe/Berlin"},
                                          {"EUROPE/BERLIN", "Europe/Berlin"},
                                          {"america/new york", "America/New_York"},
                                          {"new york", "America/New_York"},
                                          {"Berlin", "Europe/Berlin"},
                                          {"tokyo", "Asia/Tokyo"},
                                          {"UTC", "UTC"}}) {
    const auto zone = zone_meant(text);
    ASSERT_TRUE(zone) << text;
    EXPECT_EQ(zone->name(), name) << text;
  }
  for (const char* none : {"", " ", "2 eggs", "Europe/", "/", "../etc/passwd", "Mars/Olympus"})
    EXPECT_FALSE(zone_meant(none)) << none;
  EXPECT_FALSE(zone_meant(std::string(1000, 'a')));
}

TEST(BotZone, IsFoundInWhatPeopleAnswer) {
  for (const auto& [text, name] : std::map<std::string, std::string>{
           {"Europe/Berlin.", "Europe/Berlin"},
           {"Europe/Berlin please", "Europe/Berlin"},
           {"I live in Berlin", "Europe/Berlin"},
           {"I live in Berlin, Germany!", "Europe/Berlin"},
           {"we live in new  york", "America/New_York"},
           {"My time zone is Europe/Paris", "Europe/Paris"},
           {"timezone: cet", "CET"},
           {"Hi! I'm currently living in Berlin, thanks", "Europe/Berlin"},
           {"the Berlin time zone, please", "Europe/Berlin"},
           {"Set my time zone to Asia/Tokyo", "Asia/Tokyo"},
           {"my timezone is UTC+2", "Etc/GMT-2"},
           {"I live in Turkey", "Turkey"}}) {
    const auto answer = zone_answer(text);
    ASSERT_TRUE(answer && answer->zone) << text;
    EXPECT_EQ(answer->zone->name(), name) << text;
    EXPECT_TRUE(answer->plain) << text;
  }
  for (const auto& [text, name] :
       std::map<std::string, std::string>{{"Berlin", "Europe/Berlin"},
                                          {"Berlin (Germany)", "Europe/Berlin"},
                                          {"I\u2019m in London.", "Europe/London"},
                                          {"in Tokyo", "Asia/Tokyo"},
                                          {"London time", "Europe/London"},
                                          {"GMT -05:00", "Etc/GMT+5"},
                                          {"we are in new york now", "America/New_York"},
                                          {"utc", "UTC"}}) {
    const auto answer = zone_answer(text);
    ASSERT_TRUE(answer && answer->zone) << text;
    EXPECT_EQ(answer->zone->name(), name) << text;
    EXPECT_FALSE(answer->plain) << text;
  }
  for (const char* unknown : {"I live in Munich", "my time zone is Middle Earth"}) {
    const auto answer = zone_answer(unknown);
    ASSERT_TRUE(answer) << unknown;
    EXPECT_FALSE(answer->zone) << unknown;
  }
  for (const char* other : {"",
                            "2 eggs",
                            "turkey",
                            "Turkey!",
                            "I live in Berlin and ate 2 eggs",
                            "in a hurry",
                            "I live in a hut",
                            "Berlin, 2 eggs",
                            "Berlin, eggs",
                            "I'm in Berlin, ate eggs",
                            "Turkey, Eggs",
                            "a slice of turkey",
                            "I'm in love",
                            "hello",
                            "turkey, rice",
                            "what is my time zone?",
                            "time in Tokyo",
                            "I am here",
                            "Hi, I'm Sofia",
                            "I live on eggs",
                            "in turkey",
                            "a yes or no",
                            "utc+200",
                            "gmt+",
                            "what time is it in Berlin?",
                            "I live in Berlin, had soup and bread today"})
    EXPECT_FALSE(zone_answer(other)) << other;
  EXPECT_FALSE(zone_answer(std::string(1000, 'a')));
}

}  // namespace
}  // namespace health_agent::bot

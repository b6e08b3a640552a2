#include "health_agent/doctor.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

namespace health_agent::doctor {
namespace {

using namespace std::chrono_literals;
using Status = Finding::Status;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

Settings with_secrets() {
  Settings settings;
  settings.telegram_bot_token = "4711:bot-secret";
  settings.telegram_webhook_secret = "hook-secret";
  settings.anthropic_api_key = "claude-secret";
  settings.openai_api_key = "gpt-secret";
  settings.metrics_token = "scrape-secret";
  settings.api_keys = {"first-secret", "second-secret"};
  settings.sentry_dsn = "https://dsnsecret@sentry.example/1";
  settings.database_url = "postgresql://user:dbsecret@host/db";
  settings.redis_url = "redis://:redissecret@host";
  return settings;
}

TEST(Doctor, GoesOnAfterACheckThatThrowsAndOneThatHangs) {
  const std::vector<Check> checks{
      {"throws", [](const Settings&) -> Finding { throw std::runtime_error("no luck"); }},
      {"hangs",
       [](const Settings&) {
         std::this_thread::sleep_for(3s);
         return Finding{};
       },
       10ms},
      {"fine", [](const Settings&) {
         return Finding{Status::kOk, "good", {}};
       }}};
  const auto results = examine(Settings{}, checks);
  ASSERT_THAT(results, SizeIs(3));
  EXPECT_EQ(results[0].finding.status, Status::kFailed);
  EXPECT_EQ(results[0].finding.detail, "no luck");
  EXPECT_EQ(results[1].finding.status, Status::kFailed);
  EXPECT_LT(results[1].seconds, 2.5);
  EXPECT_EQ(results[2].finding.status, Status::kOk);
}

TEST(Doctor, ShowsNoSecretWhateverACheckSays) {
  const std::string all =
      "4711:bot-secret hook-secret claude-secret gpt-secret scrape-secret first-secret "
      "second-secret dsnsecret user:dbsecret dbsecret redissecret";
  const std::vector<Check> checks{
      {"one", [&](const Settings&) -> Finding { throw std::runtime_error(all); }},
      {"two", [&](const Settings&) {
         return Finding{Status::kOk, "good", all};
       }}};
  const auto results = examine(with_secrets(), checks);
  for (const Format format : {Format::kText, Format::kJson})
    EXPECT_THAT(report(results, format), Not(HasSubstr("secret")));
}

TEST(Doctor, ReportsALineEachAndJsonThatCanBeRead) {
  const std::vector<Result> results{
      {"database", {Status::kFailed, "gone\naway", "look for it"}, 0.5},
      {"sentry", {Status::kSkipped, "off", {}}, 0}};
  EXPECT_EQ(report(results, Format::kText),
            "failed   database   gone away\n"
            "                    -> look for it\n"
            "skipped  sentry     off\n"
            "1 of 2 checks failed\n");
  const auto json = nlohmann::json::parse(report(results, Format::kJson));
  EXPECT_EQ(json["ok"], false);
  EXPECT_EQ(json["checks"][0]["advice"], "look for it");
  EXPECT_EQ(json["checks"][1]["status"], "skipped");
}

TEST(Doctor, NothingThatAPeerSaysMovesTheCursorOrTurnsLetters) {
  for (const std::string bad : {"\x1b[31m", "\x07", "\r", "\x7f", "\u009b", "\u202e", "\u2066",
                                "\u2028", "\ufeff", "\U000e0041", "\xff", "\xc3"}) {
    const std::vector<Result> results{{"cache", {Status::kFailed, "said " + bad + "m", bad}, 0}};
    for (const Format format : {Format::kText, Format::kJson}) {
      const std::string said = report(results, format);
      for (const char c : said)
        EXPECT_TRUE(c == '\n' || (c >= 0x20 && c < 0x7f)) << said;
    }
    EXPECT_EQ(nlohmann::json::parse(report(results, Format::kJson))["checks"][0]["name"], "cache");
  }
}

}  // namespace
}  // namespace health_agent::doctor

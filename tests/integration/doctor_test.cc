#include <gmock/gmock.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "integration/bot_fixture.h"
#include "integration/support/http_server.h"
#include "integration/support/ports.h"
#include "integration/support/postgres.h"
#include "integration/support/redis.h"

namespace integration {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct Visit {
  int code = -1;
  Json report;
  std::string text;

  [[nodiscard]] Json check(const std::string& name) const {
    for (const Json& one : report["checks"]) {
      if (one["name"] == name) return one;
    }
    return {{"status", "missing"}};
  }
  [[nodiscard]] std::string status(const std::string& name) const {
    return check(name)["status"].get<std::string>();
  }
};

Visit visit(Settings settings, const std::string& directory = {}) {
  ServiceOptions options = health_agent(std::move(settings), {"doctor", "--json"});
  options.directory = directory;
  const Finished end = run_service(options, 40s);
  EXPECT_TRUE(end.status) << "it hangs";
  EXPECT_THAT(end.errors, IsEmpty());
  return {end.status ? end.status->code : -1, Json::parse(end.output, nullptr, false),
          end.output + end.errors};
}

Settings bot_settings(const TelegramServer& telegram, Settings more = {}) {
  more.try_emplace("RUN_MODE", "both");
  more.try_emplace("TELEGRAM_BOT_TOKEN", TelegramServer::kToken);
  more.try_emplace("TELEGRAM_API_URL", telegram.url());
  more.try_emplace("ALLOWED_TELEGRAM_IDS", "1");
  return more;
}

/// Every file with its content.
std::map<std::string, std::string> files_of(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    files[entry.path().string()] = entry.is_regular_file() ? read_file(entry.path().string()) : "";
  }
  return files;
}

TEST(Doctor, FindsAServiceWellThatIs) {
  TelegramServer telegram;
  EnvelopeReceiver receiver;
  const Visit found = visit(bot_settings(telegram, with_sentry(receiver)));
  EXPECT_EQ(found.code, 0) << found.text;
  EXPECT_EQ(found.report["ok"], true);
  for (const char* name : {"settings", "database", "model", "telegram", "sentry", "metrics", "api"})
    EXPECT_EQ(found.status(name), "ok") << found.text;
  EXPECT_THAT(found.check("telegram")["detail"].get<std::string>(), HasSubstr("@food_bot"));
  const auto events = receiver.events();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_THAT(found.check("sentry")["detail"].get<std::string>(),
              HasSubstr(events[0]["event_id"].get<std::string>()));
  expect_valid(receiver);
}

TEST(Doctor, FindsAModelWhoseKeyIsNotKnown) {
  HttpServer vendor{
      free_port(), [](const ServerRequest& request) {
        const bool known =
            request.headers.contains("x-api-key") && request.headers.at("x-api-key") == "sk-good";
        if (!known) {
          return ServerAnswer{
              401, "Content-Type: application/json\r\n",
              R"({"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}})"};
        }
        return ServerAnswer{
            200, "Content-Type: application/json\r\n",
            R"({"type":"message","role":"assistant","model":"claude-x","content":[{"type":"text","text":"1"}],"stop_reason":"max_tokens","usage":{"input_tokens":1,"output_tokens":1}})"};
      }};
  Settings settings{{"AGENT_MODEL", "anthropic:claude-x"},
                    {"ANTHROPIC_BASE_URL", "http://127.0.0.1:" + std::to_string(vendor.port())},
                    {"ANTHROPIC_API_KEY", "sk-good"}};
  EXPECT_EQ(visit(settings).status("model"), "ok");
  settings["ANTHROPIC_API_KEY"] = "sk-of-somebody-else";
  const Visit found = visit(settings);
  EXPECT_EQ(found.code, 1);
  EXPECT_EQ(found.status("model"), "failed");
  EXPECT_THAT(found.text, AllOf(HasSubstr("401"), HasSubstr("correct ANTHROPIC_API_KEY"),
                                Not(HasSubstr("sk-of-somebody-else"))));
}

TEST(Doctor, AsksRedisAndPostgres) {
  const Redis redis{{"--requirepass", "right"}};
  const Postgres postgres;
  const std::string address = "127.0.0.1:" + std::to_string(redis.port());
  const Visit well = visit({{"DATABASE_URL", postgres.url(postgres.create_database())},
                            {"REDIS_URL", "redis://:right@" + address}});
  EXPECT_EQ(well.status("database"), "ok") << well.text;
  EXPECT_THAT(well.check("database")["detail"].get<std::string>(), HasSubstr("migration steps"));
  EXPECT_EQ(well.status("cache"), "ok") << well.text;
}

struct Broken {
  Settings settings;
  std::string check;   ///< the one that finds it
  std::string cause;   ///< in the line
  std::string advice;  ///< in what to do about it
};

void expect_cured(const Broken& broken) {
  const Visit found = visit(broken.settings);
  SCOPED_TRACE(found.text);
  EXPECT_EQ(found.code, 1);
  EXPECT_EQ(found.status(broken.check), "failed");
  EXPECT_THAT(found.check(broken.check)["detail"].get<std::string>(), HasSubstr(broken.cause));
  EXPECT_THAT(found.check(broken.check).value("advice", ""), HasSubstr(broken.advice));
  EXPECT_THAT(found.text, Not(HasSubstr("hunter2")));
}

TEST(Doctor, NamesTheCureOfABrokenDatabase) {
  const Postgres postgres;
  const auto url = [&](const std::string& user, const std::string& database) {
    return "postgresql://" + user + "@127.0.0.1:" + std::to_string(postgres.port()) + "/" +
           database;
  };
  postgres.ask("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0");
  const TempDir folder;
  write_file(folder.file("notes.txt"), std::string(8192, 'n'));
  for (const Broken& broken : std::vector<Broken>{
           {{{"DATABASE_URL", url("postgres:hunter2", "nowhere")}},
            "database",
            "\"nowhere\" does not exist",
            "createdb"},
           {{{"DATABASE_URL", url("nobody:hunter2", "postgres")}},
            "database",
            "\"nobody\" does not exist",
            "createuser"},
           {{{"DATABASE_URL", url("postgres", "latin")}}, "database", "LATIN1", "-E UTF8"},
           {{{"DATABASE_URL",
              "postgresql://u:hunter2@127.0.0.1:" + std::to_string(free_port()) + "/d"}},
            "database",
            "refused",
            "start PostgreSQL"},
           {{{"DATABASE_URL", "sqlite:" + folder.path()}}, "database", "directory", "name a file"},
           {{{"DATABASE_URL", "sqlite:" + folder.file("notes.txt/food.db")}},
            "database",
            "no directory",
            "correct the path"},
           {{{"DATABASE_URL", "sqlite:" + folder.file("notes.txt")}},
            "database",
            "not a database",
            "holds something else"},
       })
    expect_cured(broken);
}

TEST(Doctor, NamesTheCureOfABrokenCache) {
  const Redis locked{{"--requirepass", "right"}};
  const Redis open;
  const auto url = [](const std::string& user, int port, const std::string& database = {}) {
    return "redis://" + user + "127.0.0.1:" + std::to_string(port) + database;
  };
  for (const Broken& broken : std::vector<Broken>{
           {{{"REDIS_URL", url(":hunter2@", locked.port())}},
            "cache",
            "WRONGPASS",
            "correct the password"},
           {{{"REDIS_URL", url("", locked.port())}},
            "cache",
            "NOAUTH",
            "put the server's password"},
           {{{"REDIS_URL", url(":hunter2@", open.port())}},
            "cache",
            "without any password",
            "take the password out"},
           {{{"REDIS_URL", url("", open.port(), "/99")}}, "cache", "DB index", "database number"},
           {{{"REDIS_URL", url(":hunter2@", free_port())}}, "cache", "refused", "start Redis"},
       })
    expect_cured(broken);
}

TEST(Doctor, NamesTheCureOfABrokenModel) {
  HttpServer vendor{free_port(), [](const ServerRequest& request) {
                      const bool anthropic = request.path.find("/messages") != std::string::npos;
                      return ServerAnswer{anthropic ? 404 : 429,
                                          "Content-Type: application/json\r\n",
                                          R"({"error":{"type":"t","message":"m"}})"};
                    }};
  const std::string url = "http://127.0.0.1:" + std::to_string(vendor.port());
  const std::string away = "http://127.0.0.1:" + std::to_string(free_port());
  const auto claude = [](const std::string& at) {
    return Settings{{"AGENT_MODEL", "anthropic:claude-x"},
                    {"ANTHROPIC_BASE_URL", at},
                    {"ANTHROPIC_API_KEY", "hunter2"}};
  };
  expect_cured({claude(url), "model", "404", "correct the model's name in AGENT_MODEL"});
  expect_cured({claude(away), "model", "connect", "correct ANTHROPIC_BASE_URL"});
  expect_cured({{{"AGENT_FALLBACK_MODEL", "openai:gpt-x"},
                 {"OPENAI_BASE_URL", url},
                 {"OPENAI_API_KEY", "hunter2"}},
                "fallback",
                "429",
                "quota"});
}

TEST(Doctor, ChangesNothing) {
  const TempDir folder;
  EXPECT_EQ(visit({}, folder.path()).code, 0);
  EXPECT_THAT(files_of(folder.path()), IsEmpty());
  {
    Service service{[&] {
      ServiceOptions options = health_agent();
      options.directory = folder.path();
      return options;
    }()};
    Http client = service.http();
    create_user(client, "ann");
    const Visit found = visit({{"API_PORT", std::to_string(service.api_port())},
                               {"PROMETHEUS_PORT", std::to_string(service.metrics_port())}},
                              folder.path());
    EXPECT_EQ(found.code, 0) << found.text;
    EXPECT_THAT(found.check("api")["detail"].get<std::string>(), HasSubstr("runs already"));
    EXPECT_THAT(found.check("metrics")["detail"].get<std::string>(), HasSubstr("runs already"));
    EXPECT_THAT(found.check("database")["detail"].get<std::string>(), HasSubstr("schema version"));
  }
  const auto before = files_of(folder.path());
  EXPECT_EQ(visit({}, folder.path()).code, 0);
  EXPECT_EQ(files_of(folder.path()), before);
}

TEST(Doctor, SaysWhatIsWrongWithTheSettings) {
  const Visit found = visit({{"API_PORT", "eighty"}, {"TELEGRAM_BOT_TOKEN", "s3cret token"}});
  EXPECT_EQ(found.code, 78);
  EXPECT_EQ(found.status("settings"), "failed");
  EXPECT_EQ(found.status("database"), "missing") << "what else is right cannot be known";
  EXPECT_THAT(found.text, AllOf(HasSubstr("API_PORT"), HasSubstr("eighty"),
                                HasSubstr("TELEGRAM_BOT_TOKEN"), Not(HasSubstr("s3cret"))));
}

TEST(Doctor, SaysWhatIsWrongWithTheBot) {
  TelegramServer telegram;
  const Visit wrong =
      visit(bot_settings(telegram, {{"TELEGRAM_BOT_TOKEN", "4711:wrong-but-secret"}}));
  EXPECT_EQ(wrong.code, 1);
  EXPECT_EQ(wrong.status("telegram"), "failed");
  EXPECT_THAT(wrong.check("telegram")["detail"].get<std::string>(), HasSubstr("401"));
  EXPECT_THAT(wrong.check("telegram").value("advice", ""), HasSubstr("@BotFather"));
  EXPECT_THAT(wrong.text, Not(HasSubstr("wrong-but-secret")));

  const Visit away = visit(bot_settings(
      telegram, {{"TELEGRAM_API_URL", "http://127.0.0.1:" + std::to_string(free_port())}}));
  EXPECT_EQ(away.status("telegram"), "failed");
  EXPECT_THAT(away.check("telegram").value("advice", ""), HasSubstr("TELEGRAM_API_URL"));
  EXPECT_THAT(away.text, Not(HasSubstr(TelegramServer::kToken)));

  const Visit no_webhook =
      visit(bot_settings(telegram, {{"TELEGRAM_WEBHOOK_SECRET", "s3cret-of-the-hook"}}));
  EXPECT_THAT(no_webhook.check("telegram").value("advice", ""), HasSubstr("setWebhook"));
  EXPECT_THAT(no_webhook.text, Not(HasSubstr("s3cret")));
  telegram.set_webhook_url("https://example.com/hook");
  const Visit webhook = visit(bot_settings(telegram));
  EXPECT_THAT(webhook.check("telegram").value("advice", ""), HasSubstr("deleteWebhook"));

  telegram.answer_next("getMe", 1, 0);
  const Visit silent = visit(bot_settings(telegram));
  EXPECT_EQ(silent.status("telegram"), "failed") << silent.text;
}

TEST(Doctor, SaysWhatIsWrongWithSentry) {
  EnvelopeReceiver receiver{EnvelopeReceiver::Mode::kBroken};
  const Visit broken = visit(with_sentry(receiver));
  EXPECT_EQ(broken.code, 1);
  EXPECT_THAT(broken.check("sentry")["detail"].get<std::string>(), HasSubstr("500"));
  EXPECT_THAT(broken.check("sentry").value("advice", ""), HasSubstr("SENTRY_DSN's host"));
  EXPECT_THAT(broken.text, Not(HasSubstr(EnvelopeReceiver::kKey)));
  receiver.set_mode(EnvelopeReceiver::Mode::kTooMany);
  EXPECT_THAT(visit(with_sentry(receiver)).check("sentry").value("advice", ""), HasSubstr("quota"));
  receiver.set_mode(EnvelopeReceiver::Mode::kHang);
  EXPECT_EQ(visit(with_sentry(receiver)).status("sentry"), "failed");
}

TEST(Doctor, SaysWhichPortIsTaken) {
  const TakenPort taken;
  const std::string port = std::to_string(taken.number());
  const Visit metrics = visit({{"PROMETHEUS_PORT", port}});
  EXPECT_EQ(metrics.code, 1);
  EXPECT_EQ(metrics.status("metrics"), "failed");
  EXPECT_EQ(metrics.status("api"), "ok");
  EXPECT_THAT(metrics.check("metrics")["detail"].get<std::string>(), HasSubstr(port));
  EXPECT_THAT(metrics.check("metrics").value("advice", ""), HasSubstr("stop the program"));
  const Visit api = visit({{"API_PORT", port}});
  EXPECT_EQ(api.status("api"), "failed");
  EXPECT_EQ(api.status("metrics"), "ok");
}

TEST(Doctor, SpeaksToPeopleUnlessAskedForJson) {
  const TakenPort taken;
  const Finished end =
      run_service(health_agent({{"PROMETHEUS_PORT", std::to_string(taken.number())}}, {"doctor"}));
  ASSERT_TRUE(end.status);
  EXPECT_EQ(end.status->code, 1);
  EXPECT_THAT(end.output,
              AllOf(HasSubstr("ok       database"), HasSubstr("failed   metrics"),
                    HasSubstr("-> stop the program"), HasSubstr("1 of 11 checks failed")));
}

}  // namespace
}  // namespace integration

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "integration/fixture.h"
#include "integration/support/ports.h"
#include "integration/support/proc.h"

namespace integration {
namespace {

constexpr int kBadSetting = 78;

Finished start_with(Settings settings) {
  return run_service(health_agent(std::move(settings)));
}

std::string said_by(const Finished& end) {
  return end.output + end.errors;
}

TEST(Settings, FiveBadVariablesGiveOneMessageThatNamesAllAndNoSecret) {
  const Finished end = start_with({{"ENABLE_SENTRY", "true"},
                                   {"SENTRY_DSN", "https://hunter2hunter2@/"},
                                   {"SENTRY_TRACES_SAMPLE_RATE", "1.5"},
                                   {"API_PORT", "eighty"},
                                   {"DATABASE_URL", "mysql://root:swordfish@db/food"},
                                   {"LOG_LEVEL", "loud"}});
  ASSERT_TRUE(end.status);
  EXPECT_EQ(end.status->code, kBadSetting);
  std::size_t first = std::string::npos;
  std::size_t last = 0;
  for (const char* name :
       {"SENTRY_DSN", "SENTRY_TRACES_SAMPLE_RATE", "API_PORT", "DATABASE_URL", "LOG_LEVEL"}) {
    const std::size_t at = end.errors.find(name);
    ASSERT_NE(at, std::string::npos) << name << " is not in:\n" << end.errors;
    first = std::min(first, at);
    last = std::max(last, at);
  }
  EXPECT_EQ(end.errors.substr(first, last - first).find("\n\n"), std::string::npos)
      << "more than one message";
  for (const char* given : {"1.5", "eighty", "loud"})
    EXPECT_NE(end.errors.find(given), std::string::npos) << given << " was given and is not shown";
  for (const char* accepted : {"0.0 to 1.0", "65535", "warning", "sqlite:"})
    EXPECT_NE(end.errors.find(accepted), std::string::npos)
        << accepted << " is accepted and is not said";
  EXPECT_EQ(said_by(end).find("hunter2"), std::string::npos) << "the DSN's key is in the message";
  EXPECT_EQ(said_by(end).find("swordfish"), std::string::npos)
      << "the database's password is in the message";
}

struct BadValue {
  std::string variable;
  std::string value;
  Settings others = {};
};

TEST(Settings, EachBadValueStopsTheStartWithItsName) {
  const std::vector<BadValue> all{
      {"ENABLE_SENTRY", "maybe"},
      {"SENTRY_DSN", "not a dsn", {{"ENABLE_SENTRY", "true"}}},
      {"SENTRY_DSN", "http://key@127.0.0.1:99999/1", {{"ENABLE_SENTRY", "true"}}},
      {"SENTRY_TRACES_SAMPLE_RATE", "-0.1"},
      {"SENTRY_TRACES_SAMPLE_RATE", "nan"},
      {"SENTRY_TRACES_SAMPLE_RATE", "0.5x"},
      {"ENABLE_PROMETHEUS", "2"},
      {"PROMETHEUS_PORT", "65536"},
      {"PROMETHEUS_PORT", "-1"},
      {"SENTRY_SAMPLE_RATE", "2"},
      {"SENTRY_SPOTLIGHT", "perhaps"},
      {"SENTRY_SEND_DEFAULT_PII", "si"},
      {"SENTRY_FINGERPRINT_RULES", "/nowhere/rules.txt"},
      {"SENTRY_FINGERPRINT_RULES", "/proc/self/status"},
      {"SENTRY_DEBUG", "10"},
      {"ENABLE_CONSOLE", "oui"},
      {"RUN_MODE", "web"},
      {"API_PORT", "70000"},
      {"API_PORT", "8080x"},
      {"API_KEYS", "", {{"API_HOST", "0.0.0.0"}}},
      {"CORS_ORIGINS", "localhost"},
      {"RATE_LIMIT_PER_MINUTE", "-1"},
      {"RATE_LIMIT_PER_MINUTE", "many"},
      {"DATABASE_URL", "food.db"},
      {"DATABASE_POOL_SIZE", "0"},
      {"DATABASE_POOL_SIZE", "1.5"},
      {"REDIS_URL", "http://127.0.0.1:6379"},
      {"CACHE_TTL_SECONDS", "five"},
      {"AGENT_MODEL", "hal9000"},
      {"AGENT_MODEL", "anthropic:"},
      {"AGENT_FALLBACK_MODEL", "hal9000"},
      {"ANTHROPIC_API_KEY", "", {{"AGENT_MODEL", "anthropic:claude-opus-4-5"}}},
      {"OPENAI_API_KEY", "", {{"AGENT_MODEL", "openai:gpt-5.4"}}},
      {"OPENAI_API_KEY", "", {{"AGENT_FALLBACK_MODEL", "openai:gpt-5.4"}}},
      {"ANTHROPIC_BASE_URL", "nonsense"},
      {"OPENAI_BASE_URL", "ftp://files"},
      {"AGENT_TIMEOUT_SECONDS", "0"},
      {"AGENT_PRICES_FILE", "/nowhere/prices.json"},
      {"TELEGRAM_BOT_TOKEN", "", {{"RUN_MODE", "bot"}}},
      {"TELEGRAM_API_URL", "nonsense"},
      {"ALLOWED_TELEGRAM_IDS", "12,twelve"},
      {"LOG_LEVEL", "verbose"},
      {"LOG_FORMAT", "xml"},
      {"FAULTS", "handler:2"},
      {"FAULTS", "weather:0.5"},
      {"FAULTS", "handler"},
      {"FAULTS", "handler:0.1", {{"SENTRY_ENVIRONMENT", "production"}}},
  };
  for (const BadValue& bad : all) {
    SCOPED_TRACE(bad.variable + "=" + bad.value);
    Settings settings = bad.others;
    settings[bad.variable] = bad.value;
    const Finished end = start_with(std::move(settings));
    ASSERT_TRUE(end.status) << "it runs";
    EXPECT_EQ(end.status->code, kBadSetting) << end.errors;
    EXPECT_NE(end.errors.find(bad.variable), std::string::npos) << end.errors;
  }
}

TEST(Settings, SecretsAreNeverShownWhateverIsWrongWithThem) {
  const Finished end = start_with({{"SENTRY_DSN", "s3cretdsn"},
                                   {"ENABLE_SENTRY", "true"},
                                   {"API_KEYS", "s3cretkey"},
                                   {"METRICS_TOKEN", "s3crettoken"},
                                   {"ANTHROPIC_API_KEY", "s3cretanthropic"},
                                   {"OPENAI_API_KEY", "s3cretopenai"},
                                   {"TELEGRAM_BOT_TOKEN", "s3cretbot"},
                                   {"DATABASE_URL", "postgres//me:s3cretpass@host/db"},
                                   {"REDIS_URL", "redis:/me:s3cretredis@host"},
                                   {"TELEGRAM_API_URL", "nonsense"},
                                   {"LOG_LEVEL", "loud"}});
  ASSERT_TRUE(end.status);
  EXPECT_EQ(end.status->code, kBadSetting);
  EXPECT_EQ(said_by(end).find("s3cret"), std::string::npos) << said_by(end);
}

TEST(Settings, BooleansAreReadInAnySpellingAndCase) {
  for (const char* no : {"false", "FALSE", "0", "No", "off"}) {
    SCOPED_TRACE(no);
    const Service service{health_agent({{"ENABLE_PROMETHEUS", no}})};
    EXPECT_EQ(service.http().get("/metrics").status, 404);
  }
  for (const char* yes : {"true", "True", "1", "YES", "on"}) {
    SCOPED_TRACE(yes);
    const Service service{health_agent({{"ENABLE_PROMETHEUS", yes}})};
    EXPECT_EQ(service.http().get("/metrics").status, 200);
  }
}

TEST(Settings, SentryWithoutADsnIsAWarningAndTheServiceRuns) {
  const Service service{health_agent({{"ENABLE_SENTRY", "true"}, {"SENTRY_DSN", ""}})};
  EXPECT_TRUE(service.healthy());
  EXPECT_NE((service.output() + service.errors()).find("SENTRY_DSN"), std::string::npos);
}

TEST(Settings, ATakenMetricsPortIsAWarningAndMetricsStayOnTheApiPort) {
  const TakenPort taken;
  const Service service{health_agent({{"PROMETHEUS_PORT", std::to_string(taken.number())}})};
  EXPECT_TRUE(service.healthy());
  EXPECT_EQ(service.http().get("/metrics").status, 200);
  const std::string said = service.output() + service.errors();
  EXPECT_NE(said.find(std::to_string(taken.number())), std::string::npos) << said;
  EXPECT_NE(said.find("PROMETHEUS_PORT"), std::string::npos) << said;
}

TEST(Settings, MetricsPortZeroTurnsThatListenerOff) {
  const Service service{health_agent({{"PROMETHEUS_PORT", "0"}})};
  EXPECT_EQ(service.http().get("/metrics").status, 200);
  EXPECT_EQ(sockets_of(service.pid()).listening_ports(),
            std::vector<std::uint16_t>{service.api_port()});
}

TEST(Settings, TheDotEnvFileIsReadAndTheEnvironmentWins) {
  const TempDir folder;
  write_file(folder.file(".env"),
             "# a comment\nexport METRICS_TOKEN='from the "
             "file'\nAPI_KEYS=\"filekey\"\nDATABASE_URL=sqlite:own.db\n");
  ServiceOptions options = health_agent({{"API_KEYS", "environmentkey"}});
  options.directory = folder.path();
  const Service service{options};
  EXPECT_EQ(service.http().get("/metrics", {{"Authorization", "Bearer from the file"}}).status,
            200);
  EXPECT_EQ(service.http().get("/metrics").status, 401);
  EXPECT_EQ(service.http().get("/api/cache/stats", {{"Authorization", "Bearer filekey"}}).status,
            401);
  EXPECT_EQ(
      service.http().get("/api/cache/stats", {{"Authorization", "Bearer environmentkey"}}).status,
      200);
  EXPECT_NE(read_file(folder.file("own.db")), "");
}

TEST(Settings, NoReloadOpensTheApiToEverybodyOrEndsTheService) {
  const TempDir folder;
  const std::string file = folder.file(".env");
  write_file(file, "API_HOST=0.0.0.0\nAPI_KEYS=first\n");
  ServiceOptions options = health_agent();
  options.directory = folder.path();
  Service service{options};
  const auto status = [&](const std::string& key) {
    return service.http().get("/api/cache/stats", {{"Authorization", "Bearer " + key}}).status;
  };
  const auto reload = [&](const std::string& words) {
    service.process().send_signal(SIGHUP);
    EXPECT_TRUE(eventually([&] { return service.errors().find(words) != std::string::npos; }))
        << service.errors();
  };
  EXPECT_EQ(status("first"), 200);
  write_file(file, "API_HOST=0.0.0.0\nAPI_KEYS=second\n");
  reload("took 1 API_KEYS");
  EXPECT_EQ(status("first"), 401);
  EXPECT_EQ(status("second"), 200);
  std::filesystem::remove(file);
  reload("nothing was taken: .env is gone or empty");
  EXPECT_EQ(status("none"), 401) << "0.0.0.0 is open to everybody";
  write_file(file, "LOG_LEVEL=info\n");
  reload("API_KEYS was not taken");
  EXPECT_EQ(status("none"), 401);
  std::filesystem::remove(file);
  std::filesystem::create_directory(file);
  reload("it is a folder");
  EXPECT_EQ(status("second"), 200);
}

/// One way in which a file of settings can be unfit at the moment it is read.
struct Unfit {
  std::string what;
  std::function<void(const std::string& path)> make;
};

/// What is no text of settings at all.
std::vector<Unfit> no_plain_files() {
  return {
      {"a pipe", [](const std::string& path) { ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0); }},
      {"a device",
       [](const std::string& path) { std::filesystem::create_symlink("/dev/zero", path); }},
      {"a folder", [](const std::string& path) { std::filesystem::create_directory(path); }},
      {"a link to nothing",
       [](const std::string& path) { std::filesystem::create_symlink("nowhere", path); }},
      {"a link to itself",
       [](const std::string& path) { std::filesystem::create_symlink(".env", path); }},
      {"huge",
       [](const std::string& path) {
         write_file(path, "API_KEYS=first\n#" + std::string(2U << 20U, 'x'));
       }},
  };
}

TEST(Settings, NoReloadTakesTheKeysAwayWhateverHasBecomeOfTheFile) {
  const std::string whole = "API_KEYS=first,second-of-some-length\nLOG_LEVEL=info\n";
  std::vector<Unfit> all = no_plain_files();
  const auto holding = [&](const std::string& text) {
    all.push_back({"'" + text + "'", [text](const std::string& path) { write_file(path, text); }});
  };
  all.push_back({"gone", [](const std::string&) {}});
  for (const char* text :
       {"", "\n", "# API_KEYS=first\n", "LOG_LEVEL=info\n", "API_KEYS=\n", "API_KEYS=''\n",
        "API_KEYS=, ,\n", "API_KEYS=\"first,second\n", "API_HOST=0.0.0.0\n"})
    holding(text);
  holding(std::string(64, '\0'));
  holding("API_KEYS=fi" + std::string(64, '\0'));
  // Half-written: every length up to the end of the line with the keys.
  for (std::size_t length = 1; length <= whole.find('\n'); ++length)
    holding(whole.substr(0, length));

  const TempDir folder;
  const std::string file = folder.file(".env");
  write_file(file, whole);
  ServiceOptions options = health_agent();
  options.directory = folder.path();
  Service service{options};
  Http client = service.http();
  const auto status = [&](const std::string& key) {
    return client.get("/api/cache/stats", {{"Authorization", "Bearer " + key}}).status;
  };
  for (const Unfit& unfit : all) {
    SCOPED_TRACE(unfit.what);
    std::filesystem::remove_all(file);
    unfit.make(file);
    const std::size_t before = service.errors().size();
    service.process().send_signal(SIGHUP);
    ASSERT_TRUE(eventually([&] {
      const std::string said = service.errors().substr(before);
      return said.find("nothing was taken") != std::string::npos ||
             (said.find("API_KEYS was not taken") != std::string::npos &&
              said.find("LOG_LEVEL") != std::string::npos);
    })) << service.errors().substr(before);
    EXPECT_EQ(client.get("/api/cache/stats").status, 401) << "open to everybody";
    EXPECT_EQ(status("first"), 200);
    EXPECT_EQ(status("second-of-some-length"), 200);
    EXPECT_EQ(status("f"), 401);
  }
  std::filesystem::remove_all(file);
  write_file(file, "API_KEYS=third\n");
  service.process().send_signal(SIGHUP);
  EXPECT_TRUE(eventually([&] { return status("third") == 200; })) << "and it comes back";
  EXPECT_EQ(status("first"), 401);
}

TEST(Settings, NoReloadTakesAFileOfKeysThatIsHalfWritten) {
  const std::string whole = "first,second-of-some-length\nthird\n";
  const TempDir folder;
  const std::string file = folder.file("keys");
  write_file(file, "former");  // as `printf %s` makes it: at the start it is what it is
  write_file(folder.file("fo"), "wrong\n");
  ServiceOptions options = health_agent({{"API_KEYS_FILE", file}});
  options.directory = folder.path();
  Service service{options};
  Http client = service.http();
  const auto status = [&](const std::string& key) {
    return client.get("/api/cache/stats", {{"Authorization", "Bearer " + key}}).status;
  };
  const auto reload = [&](const std::string& words) {
    const std::size_t before = service.errors().size();
    service.process().send_signal(SIGHUP);
    EXPECT_TRUE(eventually([&] {
      const std::string said = service.errors().substr(before);
      return said.find(words) != std::string::npos && said.find("LOG_LEVEL") != std::string::npos;
    })) << service.errors().substr(before);
  };
  EXPECT_EQ(status("former"), 200);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    if (length > 0 && whole[length - 1] == '\n') continue;  // it cannot be told from a whole one
    SCOPED_TRACE(length);
    write_file(file, whole.substr(0, length));
    reload(length == 0 ? "API_KEYS_FILE was not taken" : "API_KEYS was not taken");
    EXPECT_EQ(status("former"), 200);
    EXPECT_EQ(status(whole.substr(0, std::min(length, whole.find(',')))), 401);
    EXPECT_EQ(status("first"), 401);
  }
  write_file(file, whole);
  reload("took 3 API_KEYS");
  EXPECT_EQ(status("third"), 200);
  EXPECT_EQ(status("former"), 401);
}

TEST(Settings, NoReloadTakesAHalfWrittenNameOfAFileOfKeys) {
  const TempDir folder;
  write_file(folder.file("keys"), "former\n");
  write_file(folder.file("key"), "wrong\n");
  write_file(folder.file(".env"), "API_KEYS_FILE=keys\n");
  ServiceOptions options = health_agent();
  options.directory = folder.path();
  Service service{options};
  write_file(folder.file(".env"), "API_KEYS_FILE=key");
  service.process().send_signal(SIGHUP);
  EXPECT_TRUE(eventually([&] {
    return service.errors().find("API_KEYS was not taken") != std::string::npos;
  })) << service.errors();
  Http client = service.http();
  EXPECT_EQ(client.get("/api/cache/stats", {{"Authorization", "Bearer former"}}).status, 200);
  EXPECT_EQ(client.get("/api/cache/stats", {{"Authorization", "Bearer wrong"}}).status, 401);
}

TEST(Settings, AFileThatCannotBeReadAtTheStartIsToldAndNotTakenForNone) {
  for (const Unfit& unfit : no_plain_files()) {
    SCOPED_TRACE(unfit.what);
    const TempDir folder;
    unfit.make(folder.file(".env"));
    ServiceOptions options = health_agent();
    options.directory = folder.path();
    const Finished end = run_service(options);
    ASSERT_TRUE(end.status);
    EXPECT_EQ(end.status->code, kBadSetting) << end.errors;
    EXPECT_NE(end.errors.find(".env"), std::string::npos) << end.errors;
    for (const char* variable : {"SENTRY_FINGERPRINT_RULES", "AGENT_PRICES_FILE"}) {
      const std::string path = folder.file("named");
      std::filesystem::rename(folder.file(".env"), path);
      const Finished named = start_with({{variable, path}});
      ASSERT_TRUE(named.status);
      EXPECT_EQ(named.status->code, kBadSetting) << named.errors;
      EXPECT_NE(named.errors.find(variable), std::string::npos) << named.errors;
      std::filesystem::rename(path, folder.file(".env"));
    }
  }
}

TEST(Settings, ABadValueInTheDotEnvFileIsNamedToo) {
  const TempDir folder;
  write_file(folder.file(".env"), "LOG_FORMAT=xml\n");
  ServiceOptions options = health_agent({{"LOG_LEVEL", "loud"}});
  options.directory = folder.path();
  const Finished end = run_service(options);
  ASSERT_TRUE(end.status);
  EXPECT_EQ(end.status->code, kBadSetting);
  EXPECT_NE(end.errors.find("LOG_FORMAT"), std::string::npos) << end.errors;
  EXPECT_NE(end.errors.find("LOG_LEVEL"), std::string::npos) << end.errors;
}

}  // namespace
}  // namespace integration

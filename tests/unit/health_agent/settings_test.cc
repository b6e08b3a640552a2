#include "health_agent/settings.h"
#include "health_agent/dotenv.h"

#include <gmock/gmock.h>

#include <fstream>
#include <map>
#include <ostream>

#include "tests/unit/health_agent/db_testing.h"

namespace health_agent {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;

LoadedSettings load(const std::map<std::string, std::string>& variables,
                    std::string_view dotenv = {}) {
  return load_settings(
      [&](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        if (found == variables.end()) return std::nullopt;
        return found->second;
      },
      dotenv);
}

TEST(Settings, DefaultsAreThoseOfTheSpecification) {
  const LoadedSettings loaded = load({});
  EXPECT_THAT(loaded.faults, SizeIs(0));
  EXPECT_FALSE(loaded.settings.enable_sentry);
  EXPECT_TRUE(loaded.settings.enable_prometheus);
  EXPECT_EQ(loaded.settings.prometheus_port, 9090);
  EXPECT_EQ(loaded.settings.sentry_environment, "development");
  EXPECT_EQ(loaded.settings.sentry_traces_sample_rate, 1.0);
  EXPECT_EQ(loaded.settings.api_port, 8080);
  EXPECT_EQ(loaded.settings.database_url, "sqlite:data/health_agent.db");
  EXPECT_THAT(loaded.settings.cors_origins, ElementsAre("http://localhost:3000"));
}

TEST(Settings, BooleansAreReadInAnyCase) {
  for (const char* yes : {"true", "TRUE", "1", "yes", "On"})
    EXPECT_TRUE(load({{"SENTRY_DEBUG", yes}}).settings.sentry_debug) << yes;
  for (const char* no : {"false", "0", "NO", "off"}) {
    EXPECT_FALSE(load({{"ENABLE_PROMETHEUS", no}}).settings.enable_prometheus) << no;
  }
}

TEST(Settings, WhiteSpaceAtTheEndsOfAValueIsNoPartOfIt) {
  for (const char* token : {"token\n", "token\r\n", " token ", "\ttoken\v\f\n\n"})
    EXPECT_EQ(load({{"METRICS_TOKEN", token}}).settings.metrics_token, "token");
  EXPECT_THAT(load({{"API_KEYS", "one,\ntwo\n"}}).settings.api_keys, ElementsAre("one", "two"));
}

struct SecretVariable {
  const char* name;
  const char* value;
  std::string (*taken)(const Settings&);
};

const SecretVariable kEachSecret[] = {
    {"API_KEYS", "key-of-sixteen-or-more", [](const Settings& s) { return s.api_keys.at(0); }},
    {"METRICS_TOKEN", "token-of-sixteen-or-more",
     [](const Settings& s) { return s.metrics_token; }},
    {"SENTRY_DSN", "https://k@h/1", [](const Settings& s) { return s.sentry_dsn; }},
    {"DATABASE_URL", "postgresql://u:p@h/db", [](const Settings& s) { return s.database_url; }},
    {"REDIS_URL", "redis://:p@h", [](const Settings& s) { return s.redis_url; }},
    {"ANTHROPIC_API_KEY", "a-key", [](const Settings& s) { return s.anthropic_api_key; }},
    {"OPENAI_API_KEY", "o-key", [](const Settings& s) { return s.openai_api_key; }},
    {"TELEGRAM_BOT_TOKEN", "4711:AA-b_c", [](const Settings& s) { return s.telegram_bot_token; }},
    {"TELEGRAM_WEBHOOK_SECRET", "secret-of-sixteen-or-more",
     [](const Settings& s) { return s.telegram_webhook_secret; }},
};

TEST(Settings, EverySecretMayStandInAFile) {
  const db::TempFolder folder;
  const std::string path = folder.file("secret");
  for (const auto& [name, value, taken] : kEachSecret) {
    const std::string file_name = std::string{name} + "_FILE";
    for (const char* end : {"", "\n", "\r\n", " \n\n"}) {
      std::ofstream{path} << value << end;
      const LoadedSettings loaded = load({{file_name, path + "\n"}, {name, ""}});
      EXPECT_THAT(loaded.faults, SizeIs(0)) << describe(loaded.faults);
      EXPECT_EQ(taken(loaded.settings), value) << name;
    }
    EXPECT_EQ(taken(load({}, file_name + "=" + path).settings), value) << name << " by .env";
  }
}

TEST(Settings, AFileOfASecretThatIsNoUseIsAFaultThatNamesItsVariable) {
  const db::TempFolder folder;
  const std::string path = folder.file("secret");
  const std::string blank = folder.file("blank");
  std::ofstream{blank} << " \n";
  for (const auto& [name, value, taken] : kEachSecret) {
    const std::string file_name = std::string{name} + "_FILE";
    std::ofstream{path} << value;
    const LoadedSettings both = load({{file_name, path}, {name, value}});
    ASSERT_FALSE(both.faults.empty()) << name;
    EXPECT_EQ(both.faults[0].variable, file_name);
    EXPECT_THAT(both.faults[0].accepted, HasSubstr(std::string{"or "} + name + ", not both"));
    for (const std::string& bad : {folder.file("none"), folder.path().string(), blank}) {
      const LoadedSettings loaded = load({{file_name, bad}});
      ASSERT_FALSE(loaded.faults.empty()) << name << " " << bad;
      EXPECT_EQ(loaded.faults[0].variable, file_name) << bad;
      EXPECT_THAT(loaded.faults[0].given, HasSubstr(bad));
    }
  }
  std::ofstream{path} << "hunter2";
  EXPECT_THAT(describe(load({{"SENTRY_DSN_FILE", path}}).faults), Not(HasSubstr("hunter2")));
}

TEST(Settings, AFileOfKeysHasOneALine) {
  const db::TempFolder folder;
  std::ofstream{folder.file("keys")} << "one\r\ntwo, three\n\n";
  EXPECT_THAT(load({{"API_KEYS_FILE", folder.file("keys")}}).settings.api_keys,
              ElementsAre("one", "two", "three"));
}

TEST(Settings, AKeyThatNoHeaderCanHoldIsAFault) {
  EXPECT_EQ(load({{"API_KEYS", "good,ba\x01d"}}).faults.at(0).variable, "API_KEYS");
  EXPECT_EQ(load({{"METRICS_TOKEN", "two\nlines"}}).faults.at(0).variable, "METRICS_TOKEN");
  EXPECT_THAT(load({{"API_KEYS", "a key with blanks,\xC3\xA4"}}).faults, SizeIs(0));
}

TEST(Settings, OnePortForTheApiAndTheMetricsIsAWarning) {
  const LoadedSettings loaded = load({{"API_PORT", "9090"}});
  EXPECT_THAT(loaded.faults, SizeIs(0));
  EXPECT_TRUE(shares_port(loaded.settings));
  EXPECT_THAT(loaded.warnings, ElementsAre(HasSubstr("PROMETHEUS_PORT is API_PORT, 9090")));
  for (const std::map<std::string, std::string>& apart :
       {std::map<std::string, std::string>{},
        {{"API_PORT", "9090"}, {"PROMETHEUS_PORT", "0"}},
        {{"API_PORT", "9090"}, {"ENABLE_PROMETHEUS", "no"}},
        {{"API_PORT", "9090"}, {"RUN_MODE", "bot"}, {"TELEGRAM_BOT_TOKEN", "1:a"}}})
    EXPECT_FALSE(shares_port(load(apart).settings));
}

TEST(Settings, AFileWhoseLastLineHasNoEndSaysWhichVariableStandsThere) {
  EXPECT_THAT(load({}, "LOG_LEVEL=info\nAPI_KEYS=one").unended,
              ElementsAre(Pair("API_KEYS", ".env")));
  EXPECT_THAT(load({}, "API_KEYS=one\nLOG_LEVEL=info\n").unended, IsEmpty());
  EXPECT_THAT(load({}, "API_KEYS=one\n# the end").unended, IsEmpty());
  EXPECT_THAT(load({{"API_KEYS", "two"}}, "API_KEYS=one").unended, IsEmpty())
      << "the file's value is not used";
}

TEST(Settings, AFileOfASecretThatMayBeHalfWrittenIsToldByTheSecretsName) {
  const db::TempFolder folder;
  const std::string half = folder.file("half");
  const std::string whole = folder.file("whole");
  std::ofstream{half} << "4711:AA";
  std::ofstream{whole} << "4711:AA\n";
  for (const auto& each : kEachSecret) {
    const std::string name = each.name;
    const std::string file_name = name + "_FILE";
    EXPECT_THAT(load({{file_name, half}}).unended,
                ElementsAre(Pair(name, "the file of " + file_name)));
    EXPECT_THAT(load({{file_name, whole}}).unended, IsEmpty()) << name;
    EXPECT_THAT(load({}, file_name + "=" + whole).unended, ElementsAre(Pair(name, ".env")));
    EXPECT_THAT(load({}, file_name + "=" + whole + "\n").unended, IsEmpty()) << name;
  }
  for (const std::string name : {"SENTRY_FINGERPRINT_RULES", "AGENT_PRICES_FILE"}) {
    EXPECT_THAT(load({{name, half}}).unended, ElementsAre(Pair(name, "the file of " + name)));
    EXPECT_THAT(load({{name, whole}}).unended, IsEmpty()) << name;
  }
}

struct BadVariable {
  const char* name;
  const char* value;

  friend std::ostream& operator<<(std::ostream& out, const BadVariable& bad) {
    return out << bad.name << "=" << bad.value;
  }
};

class EachBadVariable : public ::testing::TestWithParam<BadVariable> {};

TEST_P(EachBadVariable, IsAFaultThatNamesIt) {
  const auto [name, value] = GetParam();
  const LoadedSettings loaded = load({{name, value}});
  ASSERT_FALSE(loaded.faults.empty()) << name << "=" << value;
  EXPECT_EQ(loaded.faults.front().variable, name);
  EXPECT_FALSE(loaded.faults.front().accepted.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Settings, EachBadVariable,
    ::testing::Values(
        BadVariable{"ENABLE_SENTRY", "maybe"}, BadVariable{"SENTRY_DSN", "not a dsn"},
        BadVariable{"SENTRY_TRACES_SAMPLE_RATE", "1.5"},
        BadVariable{"SENTRY_TRACES_SAMPLE_RATE", "nan"}, BadVariable{"SENTRY_SAMPLE_RATE", "-0.1"},
        BadVariable{"SENTRY_TRACE_LIFECYCLE", "streamed"}, BadVariable{"ENABLE_PROMETHEUS", "2"},
        BadVariable{"PROMETHEUS_PORT", "65536"}, BadVariable{"PROMETHEUS_PORT", "-1"},
        BadVariable{"SENTRY_SPOTLIGHT", "ftp://x"}, BadVariable{"SENTRY_SEND_DEFAULT_PII", "x"},
        BadVariable{"SENTRY_FINGERPRINT_RULES", "/no/such/file"}, BadVariable{"SENTRY_DEBUG", "x"},
        BadVariable{"ENABLE_CONSOLE", "x"}, BadVariable{"RUN_MODE", "daemon"},
        BadVariable{"API_PORT", "0"}, BadVariable{"API_PORT", "80a"},
        BadVariable{"CORS_ORIGINS", "example.com"}, BadVariable{"RATE_LIMIT_PER_MINUTE", "-1"},
        BadVariable{"KEEP_ALIVE_SECONDS", "0"}, BadVariable{"KEEP_ALIVE_SECONDS", "1m"},
        BadVariable{"DATABASE_URL", "mysql://h/db"}, BadVariable{"DATABASE_URL", "sqlite:"},
        BadVariable{"DATABASE_URL", "postgresql://h"}, BadVariable{"DATABASE_POOL_SIZE", "0"},
        BadVariable{"REDIS_URL", "localhost"}, BadVariable{"CACHE_TTL_SECONDS", "soon"},
        BadVariable{"AGENT_MODEL", "gpt"}, BadVariable{"AGENT_FALLBACK_MODEL", "openai:"},
        BadVariable{"ANTHROPIC_BASE_URL", "api.anthropic.com"},
        BadVariable{"OPENAI_BASE_URL", "https://"}, BadVariable{"AGENT_TIMEOUT_SECONDS", "0"},
        BadVariable{"AGENT_PRICES_FILE", "/no/such/file"},
        BadVariable{"AGENT_PRICES_FILE", "/proc/self/status"},
        BadVariable{"AGENT_MODEL", "openai:two words"},
        BadVariable{"OPENAI_API_KEY", "k\r\nX-Evil: 1"}, BadVariable{"ANTHROPIC_API_KEY", "kéy"},
        BadVariable{"OPENAI_BASE_URL", "https://h/v1?key=1"},
        BadVariable{"OPENAI_BASE_URL", "https://h/v1?api-version=1&x=2"},
        BadVariable{"ANTHROPIC_BASE_URL", "https://h/v1?api-version=1"},
        BadVariable{"ANTHROPIC_BASE_URL", "https://user:pass@h"},
        BadVariable{"SENTRY_FINGERPRINT_RULES", "/proc/self/status"},
        BadVariable{"TELEGRAM_API_URL", "x"}, BadVariable{"ALLOWED_TELEGRAM_IDS", "1,two"},
        BadVariable{"ALLOWED_TELEGRAM_IDS", "-100123"}, BadVariable{"TELEGRAM_BOT_TOKEN", "abc"},
        BadVariable{"TELEGRAM_BOT_TOKEN", "12:"}, BadVariable{"TELEGRAM_BOT_TOKEN", ":abc"},
        BadVariable{"TELEGRAM_BOT_TOKEN", "12:a/../b"},
        BadVariable{"TELEGRAM_WEBHOOK_SECRET", "two words"}, BadVariable{"LOG_LEVEL", "loud"},
        BadVariable{"LOG_FORMAT", "xml"}, BadVariable{"FAULTS", "handler:2"},
        BadVariable{"FAULTS", "kitchen:0.1"}));

TEST(Settings, ABotNeedsATokenAndAWebhookAnApi) {
  EXPECT_EQ(load({{"RUN_MODE", "bot"}}).faults.at(0).variable, "TELEGRAM_BOT_TOKEN");
  const LoadedSettings bot = load({{"RUN_MODE", "bot"},
                                   {"TELEGRAM_BOT_TOKEN", "4711:AA-b_c"},
                                   {"ALLOWED_TELEGRAM_IDS", "1, 22"}});
  EXPECT_TRUE(bot.faults.empty());
  EXPECT_TRUE(bot.warnings.empty());
  EXPECT_EQ(bot.settings.allowed_telegram_ids, (std::vector<std::int64_t>{1, 22}));
  const LoadedSettings hook = load({{"RUN_MODE", "bot"},
                                    {"TELEGRAM_BOT_TOKEN", "4711:AA-b_c"},
                                    {"TELEGRAM_WEBHOOK_SECRET", "s3cret"}});
  EXPECT_EQ(hook.faults.at(0).variable, "TELEGRAM_WEBHOOK_SECRET");
  EXPECT_EQ(hook.faults.at(0).given.find("s3cret"), std::string::npos);
  EXPECT_EQ(hook.warnings.size(), 1U) << "nobody is on the list";
  EXPECT_TRUE(load({{"RUN_MODE", "both"},
                    {"TELEGRAM_BOT_TOKEN", "4711:AA-b_c"},
                    {"TELEGRAM_WEBHOOK_SECRET", "s3cret"}})
                  .faults.empty());
}

TEST(Settings, AllFaultsAreDescribedTogetherAndNoSecretIsShown) {
  const LoadedSettings loaded = load({{"SENTRY_DSN", "https://topsecretkey@"},
                                      {"PROMETHEUS_PORT", "many"},
                                      {"DATABASE_URL", "mysql://root:hunter2@db/x"},
                                      {"REDIS_URL", "redis://:hunter3@cache:port/0"},
                                      {"LOG_LEVEL", "loud"}});
  const std::string text = describe(loaded.faults);
  EXPECT_THAT(loaded.faults, SizeIs(5));
  for (const char* name :
       {"SENTRY_DSN", "PROMETHEUS_PORT", "DATABASE_URL", "REDIS_URL", "LOG_LEVEL"}) {
    EXPECT_THAT(text, HasSubstr(name));
  }
  EXPECT_THAT(text, HasSubstr("\"many\""));
  for (const char* secret : {"topsecretkey", "hunter2", "hunter3"})
    EXPECT_THAT(text, Not(HasSubstr(secret)));
}

TEST(Settings, TakePostgresAndRedis) {
  const LoadedSettings loaded =
      load({{"DATABASE_URL", "postgresql://u:p@h:5432/db"}, {"REDIS_URL", "redis://:p@h:6379/1"}});
  EXPECT_THAT(loaded.faults, SizeIs(0));
  EXPECT_EQ(loaded.settings.database_url, "postgresql://u:p@h:5432/db");
  EXPECT_EQ(loaded.settings.redis_url, "redis://:p@h:6379/1");
}

TEST(Settings, NoPartOfAUrlThatMayBeASecretIsShown) {
  for (const char* url : {"postgresql://u:hunter2@h:x/d", "postgresql://u:hunter2",
                          "postgresql://h/d?password=hunter2&x", "postgresql://u:a@hunter2@h:x/d",
                          "postgresql://[::1]:hunter2/d"}) {
    const std::string text = describe(load({{"DATABASE_URL", url}}).faults);
    EXPECT_THAT(text, HasSubstr("DATABASE_URL"));
    EXPECT_THAT(text, Not(HasSubstr("hunter2"))) << url;
  }
  EXPECT_THAT(describe(load({{"REDIS_URL", "redis://cache:port/0"}}).faults),
              HasSubstr("redis://cache:****"));
}

TEST(Settings, AModelOfAVendorNeedsItsKeyAndOnlyThat) {
  const LoadedSettings loaded = load({{"AGENT_MODEL", "anthropic:claude-opus-5-5"},
                                      {"AGENT_FALLBACK_MODEL", "openai:gpt-5.4"},
                                      {"ANTHROPIC_API_KEY", "hunter2"},
                                      {"ANTHROPIC_BASE_URL", "http://proxy:8000/v1/"}});
  ASSERT_THAT(loaded.faults, SizeIs(1));
  EXPECT_EQ(loaded.faults[0].variable, "OPENAI_API_KEY");
  EXPECT_THAT(loaded.faults[0].accepted, HasSubstr("AGENT_FALLBACK_MODEL"));
  EXPECT_EQ(loaded.settings.agent_model, "anthropic:claude-opus-5-5");
  EXPECT_EQ(loaded.settings.anthropic_base_url, "http://proxy:8000/v1");
}

TEST(Settings, AServerOfOnesOwnNeedsNoKeyAndAzureItsVersion) {
  for (const char* url :
       {"http://localhost:11434/v1", "http://vllm:8000",
        "https://x.openai.azure.com/openai/deployments/d?api-version=2024-10-21"}) {
    const LoadedSettings loaded = load({{"AGENT_MODEL", "openai:qwen3"}, {"OPENAI_BASE_URL", url}});
    EXPECT_THAT(loaded.faults, SizeIs(0)) << describe(loaded.faults);
    EXPECT_EQ(loaded.settings.openai_base_url, url);
  }
  EXPECT_THAT(
      load({{"AGENT_MODEL", "anthropic:glm"}, {"ANTHROPIC_BASE_URL", "http://proxy"}}).faults,
      SizeIs(0));
}

TEST(Settings, AFallbackThatIsTheModelItselfIsAWarning) {
  EXPECT_THAT(load({{"AGENT_FALLBACK_MODEL", "local"}}).warnings,
              ElementsAre(HasSubstr("AGENT_FALLBACK_MODEL")));
}

TEST(Settings, SentryWithoutADsnIsAWarning) {
  const LoadedSettings loaded = load({{"ENABLE_SENTRY", "true"}});
  EXPECT_THAT(loaded.faults, SizeIs(0));
  EXPECT_THAT(loaded.warnings, ElementsAre(HasSubstr("SENTRY_DSN")));
  EXPECT_THAT(load({{"ENABLE_SENTRY", "true"}, {"SENTRY_SPOTLIGHT", "true"}}).warnings, SizeIs(0));
}

TEST(Settings, KeysAreWantedWhereTheApiIsNotLoopback) {
  EXPECT_THAT(load({{"API_HOST", "0.0.0.0"}}).faults, SizeIs(1));
  EXPECT_THAT(load({{"API_HOST", "0.0.0.0"}, {"API_KEYS", "k1, k2"}}).settings.api_keys,
              ElementsAre("k1", "k2"));
  for (const char* loopback : {"127.0.0.1", "127.0.0.2", "localhost", "::1"}) {
    EXPECT_THAT(load({{"API_HOST", loopback}}).faults, SizeIs(0)) << loopback;
  }
}

TEST(Settings, AHostIsLoopbackByItsAddressAndIsKeptInOneSpelling) {
  for (const auto& [given, kept] : {std::pair{"127.1", "127.0.0.1"}, {"[::1]", "::1"}})
    EXPECT_EQ(load({{"API_HOST", given}}).settings.api_host, kept);
  for (const char* elsewhere : {"127.evil.example", "0.0.0.0", "::", "localhost.evil.example"})
    EXPECT_THAT(describe(load({{"API_HOST", elsewhere}}).faults), HasSubstr("API_KEYS"))
        << elsewhere;
}

TEST(Settings, OriginsAreSchemeHostAndPort) {
  EXPECT_THAT(load({{"CORS_ORIGINS", "http://A.com, https://b.com:443,*"}}).settings.cors_origins,
              ElementsAre("http://a.com", "https://b.com", "*"));
  for (const char* wrong : {"http://a.com/", "http://a.com/x", "a.com", "null", "http://*.a.com",
                            "ftp://a.com", "http://a.com?", "http://a.com:99999"}) {
    const LoadedSettings loaded = load({{"CORS_ORIGINS", std::string{"http://b.com,"} + wrong}});
    ASSERT_THAT(loaded.faults, SizeIs(1)) << wrong;
    EXPECT_EQ(loaded.faults[0].variable, "CORS_ORIGINS");
  }
  EXPECT_THAT(describe(load({{"CORS_ORIGINS", "http://a.com/"}}).faults),
              AllOf(HasSubstr("\"http://a.com/\" was given"), HasSubstr("here \"http://a.com\"")));
}

TEST(Settings, HostsAndProxiesAreChecked) {
  const LoadedSettings loaded =
      load({{"ALLOWED_HOSTS", "api.example, [::1]:8080"}, {"TRUSTED_PROXIES", "10.0.0.0/8, ::1"}});
  EXPECT_THAT(loaded.faults, SizeIs(0));
  EXPECT_THAT(loaded.settings.allowed_hosts, ElementsAre("api.example", "[::1]:8080"));
  EXPECT_FALSE(loaded.settings.trusted_proxies.empty());
  for (const char* wrong : {"http://api.example", "api.example/", "a b", "a:b", "*.example"})
    EXPECT_THAT(load({{"ALLOWED_HOSTS", wrong}}).faults, SizeIs(1)) << wrong;
  for (const char* wrong : {"proxy", "10.0.0.0/33", "10.1.0.0/8", "*"})
    EXPECT_THAT(load({{"TRUSTED_PROXIES", wrong}}).faults, SizeIs(1)) << wrong;
}

TEST(Settings, SecretsThatAreEasyToGuessAreWarnedOfAndNotShown) {
  const LoadedSettings loaded = load(
      {{"API_KEYS", "correct-horse-battery,x9y8"}, {"METRICS_TOKEN", "aaaaaaaaaaaaaaaaaaaaaaaaa"}});
  EXPECT_THAT(loaded.faults, SizeIs(0));
  EXPECT_THAT(loaded.warnings,
              ElementsAre(AllOf(HasSubstr("API_KEYS: number 2"), ::testing::Not(HasSubstr("x9y8"))),
                          HasSubstr("METRICS_TOKEN")));
}

TEST(Settings, WithoutKeysWhatLetsEveryPageInIsWarnedOf) {
  EXPECT_THAT(load({{"CORS_ORIGINS", "*"}, {"ALLOWED_HOSTS", "*"}}).warnings,
              ElementsAre(HasSubstr("CORS_ORIGINS"), HasSubstr("ALLOWED_HOSTS")));
  EXPECT_THAT(
      load({{"CORS_ORIGINS", "*"}, {"ALLOWED_HOSTS", "*"}, {"API_KEYS", "correct-horse-battery"}})
          .warnings,
      SizeIs(0));
}

TEST(Settings, FaultsAreForDevelopmentOnly) {
  EXPECT_EQ(load({{"FAULTS", "handler:0.25,agent:1"}}).settings.faults.handler, 0.25);
  const LoadedSettings refused =
      load({{"FAULTS", "handler:0.25"}, {"SENTRY_ENVIRONMENT", "production"}});
  EXPECT_THAT(refused.faults, SizeIs(1));
  EXPECT_EQ(refused.settings.faults.handler, 0);
  EXPECT_THAT(load({{"FAULTS", "handler:0"}, {"SENTRY_ENVIRONMENT", "production"}}).faults,
              SizeIs(0));
}

TEST(Settings, RealEnvironmentWinsOverTheFile) {
  const LoadedSettings loaded = load({{"API_PORT", "8100"}}, "API_PORT=8200\nLOG_LEVEL=debug\n");
  EXPECT_EQ(loaded.settings.api_port, 8100);
  EXPECT_EQ(loaded.settings.log_level, "debug");
}

TEST(Settings, EmptyCountsAsNotSet) {
  EXPECT_EQ(load({{"API_PORT", ""}}).settings.api_port, 8080);
  EXPECT_EQ(load({{"SENTRY_CACHE_DIR", ""}}).settings.sentry_cache_dir, "");
}

TEST(Settings, MissingKeyOfTheChosenModelIsNamed) {
  const std::string text = describe(load({{"AGENT_MODEL", "anthropic:claude-opus-5"}}).faults);
  EXPECT_THAT(text, HasSubstr("ANTHROPIC_API_KEY"));
}

TEST(Dotenv, TakesCommentsQuotesAndExport) {
  std::vector<SettingFault> faults;
  const auto variables = parse_dotenv(
      "\xEF\xBB\xBF# a comment\n\nexport A=1\nB = two words # and a comment\nC=\"a # "
      "b\"\r\nD='x=y'\nE=\nF=a#b",
      faults);
  EXPECT_THAT(faults, SizeIs(0));
  EXPECT_THAT(variables,
              ElementsAre(std::pair{"A", "1"}, std::pair{"B", "two words"}, std::pair{"C", "a # b"},
                          std::pair{"D", "x=y"}, std::pair{"E", ""}, std::pair{"F", "a#b"}));
}

TEST(Dotenv, NamesBadLinesByNumberAndNeverShowsThem) {
  const LoadedSettings loaded =
      load({}, "API_PORT=8081\nsk-secret-token\nNAME=\"never closed secret\n=x\n");
  ASSERT_THAT(loaded.faults, SizeIs(3));
  EXPECT_EQ(loaded.faults[0].variable, ".env line 2");
  EXPECT_EQ(loaded.faults[1].variable, ".env line 3");
  EXPECT_THAT(describe(loaded.faults), Not(HasSubstr("secret")));
  EXPECT_EQ(loaded.settings.api_port, 8081);
}

}  // namespace
}  // namespace health_agent

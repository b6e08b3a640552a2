#include "sentry/items/logs.h"

#include <array>
#include <cmath>
#include <limits>
#include <thread>

#include "fixture.h"
#include "sentry/runtime.h"
#include "vitals/context/listener.h"
#include "vitals/context/scope.h"
#include "vitals/context/span.h"
#include "vitals/version.h"

namespace vitals::sentry {

using namespace context;  // NOLINT
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class Logs : public ClientTest {
 protected:
  static Options options() {
    Options made = ClientTest::options();
    made.enable_logs = true;
    return made;
  }
  void start(Options given = options()) { ClientTest::start(std::move(given)); }

  /// Ends the client, and gives every line that it sent.
  [[nodiscard]] std::vector<Json> lines() {
    EXPECT_TRUE(guard.end(kPlenty));
    std::vector<Json> all;
    for (const std::string& payload : transport->payloads("log")) {
      const Json item = Json::parse(payload);
      for (const Json& line : item["items"])
        all.push_back(line);
    }
    return all;
  }
  [[nodiscard]] Json line() {
    const std::vector<Json> all = lines();
    EXPECT_THAT(all, SizeIs(1));
    return all.empty() ? Json{} : all.front();
  }
  static Json attribute(const Json& value, std::string_view type) {
    return {{"value", value}, {"type", type}};
  }
};

TEST_F(Logs, ALineHasTextLevelTimeAndWhatAllHaveInCommon) {
  start();
  log(LogLevel::kWarn, "disk is nearly full");
  const Json sent = line();
  EXPECT_EQ(sent["body"], "disk is nearly full");
  EXPECT_EQ(sent["level"], "warn");
  EXPECT_EQ(sent["severity_number"], 13);
  EXPECT_GT(sent["timestamp"].get<double>(), 1.6e9);
  EXPECT_EQ(sent["attributes"], (Json{{"sentry.environment", attribute("test", "string")},
                                      {"sentry.release", attribute("app@1.2.3", "string")},
                                      {"sentry.sdk.name", attribute("vitals.cpp", "string")},
                                      {"sentry.sdk.version", attribute(VITALS_VERSION, "string")},
                                      {"server.address", attribute("box", "string")}}));
}

TEST_F(Logs, TheItemSaysHowManyAndOfWhatKind) {
  start();
  log(LogLevel::kInfo, "a");
  log(LogLevel::kInfo, "b");
  ASSERT_TRUE(guard.end(kPlenty));
  for (const auto& envelope : transport->envelopes()) {
    for (const auto& item : envelope.items) {
      if (item.type != "log") continue;
      const Json header = Json::parse(item.header);
      EXPECT_EQ(header["item_count"], 2);
      EXPECT_EQ(header["content_type"], "application/vnd.sentry.items.log+json");
      return;
    }
  }
  FAIL() << "no log was sent";
}

TEST_F(Logs, AttributesKeepTheirTypes) {
  start();
  log(LogLevel::kInfo, "x",
      {{"text", "t"},
       {"yes", true},
       {"whole", -4},
       {"large", std::numeric_limits<std::uint64_t>::max()},
       {"real", 0.5},
       {"odd", std::nan("")},
       {"none", nullptr}});
  const Json attributes = line()["attributes"];
  EXPECT_EQ(attributes["text"], attribute("t", "string"));
  EXPECT_EQ(attributes["yes"], attribute(true, "boolean"));
  EXPECT_EQ(attributes["whole"], attribute(-4, "integer"));
  EXPECT_EQ(attributes["large"], attribute("18446744073709551615", "string"));
  EXPECT_EQ(attributes["real"], attribute(0.5, "double"));
  EXPECT_EQ(attributes["odd"]["type"], "string");
  EXPECT_FALSE(attributes.contains("none"));
}

TEST_F(Logs, AnObjectIsATextAndItsSecretsAreMasked) {
  start();
  context::set_attribute("till", {{"number", 4}});
  log(LogLevel::kInfo, "x",
      {{"cart", {{"pears", 2}, {"password", "hunter2"}}}, {"tokens", ValueView::array({"t0ken"})}},
      Timestamp{std::chrono::seconds{1'700'000'000}});
  const Json sent = line();
  EXPECT_EQ(sent["attributes"]["cart"],
            attribute(R"({"pears":2,"password":"[Filtered]"})", "string"));
  EXPECT_EQ(sent["attributes"]["tokens"], attribute("[Filtered]", "string"));
  EXPECT_EQ(sent["attributes"]["till"], attribute(R"({"number":4})", "string"));
  EXPECT_EQ(sent["timestamp"].get<double>(), 1.7e9);
}

TEST_F(Logs, ALinesOwnAttributesStandBeforeItsScopesAndHaveTheRoomFirst) {
  start();
  Scope::global().set_attribute("who", "all");
  Scope::global().set_attribute("of-all", 1);
  const Scope scope = Scope::fork();
  const auto active = scope.activate();
  scope.set_attribute("who", "scope");
  scope.set_attribute("place", "scope");
  // As much as fills a line to its last bytes.
  for (const std::size_t size : {5000U, 1000U, 100U, 10U}) {
    for (int i = 0; i < 9; ++i)
      scope.set_attribute("of-" + std::to_string(size) + '-' + std::to_string(i),
                          std::string(size, 'x'));
  }
  log(LogLevel::kInfo, "x", {{"place", "line"}, {"own", 7}});
  const Json attributes = line()["attributes"];
  EXPECT_EQ(attributes["own"]["value"], 7);
  EXPECT_EQ(attributes["place"]["value"], "line");
  EXPECT_EQ(attributes["who"]["value"], "scope");
}

TEST_F(Logs, SecretsAreMaskedByNameAndByLookInTheTextToo) {
  start();
  log(LogLevel::kInfo, "token=abc", {{"api_key", "abc"}, {"gen_ai.usage.input_tokens", 12}});
  const Json sent = line();
  EXPECT_EQ(sent["body"], "token=[Filtered]");
  EXPECT_EQ(sent["attributes"]["api_key"], attribute("[Filtered]", "string"));
  EXPECT_EQ(sent["attributes"]["gen_ai.usage.input_tokens"], attribute(12, "integer"));
}

TEST_F(Logs, SecretsAreMaskedByTheirLookInAttributesToo) {
  start();
  log(LogLevel::kError, "db away",
      {{"target", "postgres://app:hunter2@db/x"},
       {"url", "https://h/cb?code=hunter2"},
       {"url.query", "code=hunter2"},
       {"client.address", "192.0.2.7"},
       {"said", "Authorization: Bearer hunter2hunter2"}});
  const Json sent = line();
  EXPECT_EQ(sent.dump().find("hunter2"), std::string::npos) << sent;
  EXPECT_EQ(sent["attributes"]["client.address"], attribute("[Filtered]", "string"));
  EXPECT_EQ(sent["attributes"]["target"], attribute("postgres://[Filtered]@db/x", "string"));
}

TEST_F(Logs, ASlowAnswerHoldsUpNoOtherLines) {
  Options given = options();
  given.requests_in_flight = 3;
  start(given);
  transport->hang();
  for (int i = 0; i < 250; ++i)
    log(LogLevel::kInfo, "x");
  for (int i = 0; i < 1000 && transport->requests().size() < 2; ++i)
    std::this_thread::sleep_for(10ms);
  EXPECT_GE(transport->requests().size(), 2U);
  transport->answer_with(200);
}

TEST_F(Logs, NobodyCanPassOffAnotherReleaseAsOurs) {
  start();
  log(LogLevel::kInfo, "x", {{"sentry.release", "evil@9"}});
  EXPECT_EQ(line()["attributes"]["sentry.release"], attribute("app@1.2.3", "string"));
}

TEST_F(Logs, ALineBelongsToTheActiveSpanAndTheScopesUser) {
  Options given = options();
  given.traces_sample_rate = 1.0;
  start(given);
  const Scope scope = Scope::fork();
  const auto scope_active = scope.activate();
  scope.set_user({.id = "user-1", .email = "a@b.c"});
  const Span transaction = start_transaction({.name = "t"});
  const Span child = transaction.start_child("db");
  {
    const auto active = child.activate();
    log(LogLevel::kDebug, "x");
  }
  const Json sent = line();
  EXPECT_EQ(sent["trace_id"], transaction.trace_id().str());
  EXPECT_EQ(sent["span_id"], child.span_id().str());
  EXPECT_EQ(sent["attributes"]["user.id"], attribute("user-1", "string"));
  EXPECT_FALSE(sent["attributes"].contains("user.email"));
}

TEST_F(Logs, LinesOutsideOfAnyTraceShareTheProcessTrace) {
  start();
  log(LogLevel::kInfo, "a");
  log(LogLevel::kInfo, "b");
  const std::vector<Json> all = lines();
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0]["trace_id"].get<std::string>().size(), 32U);
  EXPECT_EQ(all[0]["trace_id"], all[1]["trace_id"]);
  EXPECT_FALSE(all[0].contains("span_id"));
}

TEST_F(Logs, NothingIsTakenUnlessAskedFor) {
  start(ClientTest::options());
  EXPECT_FALSE(takes_logs());
  log(LogLevel::kFatal, "x");
  EXPECT_THAT(lines(), IsEmpty());
}

/// Another backend beside the client.
class OtherBackend final : public context::Listener {
 public:
  OtherBackend() { EXPECT_TRUE(context::start_listening(*this)); }
  ~OtherBackend() override {
    EXPECT_TRUE(context::stop_listening(*this, std::chrono::steady_clock::now() + kPlenty));
  }
  EventId captured(const context::Capture&) noexcept override { return {}; }
  void finished(const context::SharedTransaction&) noexcept override {}
  [[nodiscard]] bool wants_logs() const noexcept override { return true; }
  void logged(const context::LogLine& line) noexcept override {
    heard.emplace_back(std::string{line.text}, line.trace_id.str());
  }
  std::vector<std::pair<std::string, std::string>> heard;  // text and trace
};

TEST_F(Logs, AnotherBackendHasTheSameLineWithTheSameTrace) {
  start();
  const OtherBackend other;
  log(LogLevel::kInfo, "to both");
  ASSERT_THAT(other.heard, SizeIs(1));
  const Json sent = line();
  EXPECT_EQ(other.heard[0].first, sent["body"]);
  EXPECT_EQ(other.heard[0].second, sent["trace_id"]);
  log(LogLevel::kInfo, "without a client");
  EXPECT_THAT(other.heard, SizeIs(2));
}

TEST_F(Logs, TheClientTakesNoneThatOnlyAnotherBackendWants) {
  start(ClientTest::options());
  const OtherBackend other;
  EXPECT_TRUE(takes_logs());
  log(LogLevel::kInfo, "to the other");
  EXPECT_THAT(other.heard, SizeIs(1));
  EXPECT_THAT(lines(), IsEmpty());
}

TEST_F(Logs, TheHookHasTheLastWord) {
  Options given = options();
  given.before_send_log = [](LogRecord& record) {
    if (record.body == "throw") throw std::runtime_error{"x"};
    if (record.body == "grow") record.body.assign(2 << 20, 'x');
    if (record.body == "change") record.attributes.emplace_back("added", std::int64_t{1});
    return record.body != "drop";
  };
  start(given);
  for (const char* text : {"drop", "throw", "grow", "change", "keep"})
    log(LogLevel::kInfo, text);
  const std::vector<Json> all = lines();
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0]["attributes"]["added"], attribute(1, "integer"));
  EXPECT_EQ(all[1]["body"], "keep");
  EXPECT_EQ(counted(Category::kLog, Outcome::kBeforeSend), 2U);
  EXPECT_EQ(counted(Category::kLog, Outcome::kTooLarge), 1U);
}

TEST_F(Logs, WhatAHookLogsIsLeftAlone) {
  Options given = options();
  given.before_send_log = [](LogRecord&) {
    log(LogLevel::kInfo, "from the hook");
    return true;
  };
  start(given);
  log(LogLevel::kInfo, "a");
  EXPECT_EQ(line()["body"], "a");
}

TEST_F(Logs, NoLineIsLostWhileManyThreadsWriteBelowTheBound) {
  start();
  constexpr int kThreads = 4;
  constexpr int kEach = 200;
  std::array<std::thread, kThreads> threads;
  for (std::thread& thread : threads) {
    thread = std::thread{[] {
      for (int i = 0; i < kEach; ++i)
        log(LogLevel::kInfo, "line", {{"i", i}});
    }};
  }
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_THAT(lines(), SizeIs(kThreads * kEach));
  for (const std::string& payload : transport->payloads("log"))
    EXPECT_LE(Json::parse(payload)["items"].size(), 100U);
}

class LogSource : public ::testing::Test {
 protected:
  static std::uint64_t lost(Outcome outcome) { return detail::counted(Category::kLog, outcome); }
  void add(std::string_view text, std::span<const FieldView> attributes = {}) {
    source.add(LogLevel::kInfo, text, attributes, 1);
  }

  /// What the source gives, as what it is.
  std::unique_ptr<detail::ReadyItem> take(std::chrono::steady_clock::time_point when,
                                          bool everything) {
    return std::unique_ptr<detail::ReadyItem>{
        static_cast<detail::ReadyItem*>(source.take(when, everything).release())};
  }

  const Options options{};
  detail::LogSource source{options};
  const std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now();
};

TEST_F(LogSource, GivesABatchAfterFiveSecondsOrWhenAskedForEverything) {
  add("a");
  EXPECT_FALSE(source.take(now, false));
  add("b");
  EXPECT_FALSE(source.take(now + 4s, false));
  const auto batch = take(now + 5s, false);
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->quantity, 2U);
  EXPECT_EQ(batch->category, Category::kLog);
  add("c");
  EXPECT_TRUE(source.take(now + 5s, true));
  EXPECT_FALSE(source.take(now + 5s, true));
}

TEST_F(LogSource, GivesAHundredAtOnceAndKeepsTheRest) {
  for (int i = 0; i < 150; ++i)
    add("a");
  const auto batch = take(now, false);
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->quantity, 100U);
  EXPECT_FALSE(source.take(now, false));
  const auto rest = take(now, true);
  ASSERT_TRUE(rest);
  EXPECT_EQ(rest->quantity, 50U);
}

TEST_F(LogSource, CountsWhatIsPastAThousandAndTakesAgainWhenEmptied) {
  const std::uint64_t before = lost(Outcome::kQueueFull);
  for (int i = 0; i < 1500; ++i)
    add("a");
  EXPECT_EQ(lost(Outcome::kQueueFull) - before, 500U);
  std::size_t taken = 0;
  while (const auto batch = take(now, true))
    taken += batch->quantity;
  EXPECT_EQ(taken, 1000U);
  add("a");
  EXPECT_TRUE(source.take(now, true));
  EXPECT_EQ(lost(Outcome::kQueueFull) - before, 500U);
}

TEST_F(LogSource, HoldsABoundedNumberOfBytesAndEachItemIsBelowAMebibyte) {
  // Control characters are six times as long in JSON.
  const std::string large(8'000, '\x01');
  const std::array<FieldView, 3> attributes{{{"a", large}, {"b", large}, {"c", large}}};
  const std::uint64_t before = lost(Outcome::kQueueFull);
  for (int i = 0; i < 500; ++i)
    add(large, attributes);
  const std::uint64_t refused = lost(Outcome::kQueueFull) - before;
  EXPECT_GT(refused, 200U);
  std::size_t taken = 0;
  while (const auto batch = take(now, true)) {
    EXPECT_LT(batch->payload.size(), 1024U * 1024);
    EXPECT_TRUE(Json::accept(batch->payload));
    taken += batch->quantity;
  }
  EXPECT_EQ(taken + refused, 500U);
}

TEST_F(LogSource, MakesValidJsonOfHostileText) {
  const std::array<FieldView, 2> attributes{{{"\xff\"", "\xc3"}, {"", "\\"}}};
  add(std::string_view{"\x80\0\"\n", 4}, attributes);
  add("");
  const auto batch = take(now, true);
  ASSERT_TRUE(batch);
  EXPECT_TRUE(Json::accept(batch->payload)) << batch->payload;
}

TEST(LogSourceEnd, CountsWhatNobodyTook) {
  const std::uint64_t before = detail::counted(Category::kLog, Outcome::kNetwork);
  {
    const Options options{};
    detail::LogSource source{options};
    source.add(LogLevel::kInfo, "a", {}, 1);
    EXPECT_FALSE(source.take(std::chrono::steady_clock::now(), false));
    source.add(LogLevel::kInfo, "b", {}, 1);
  }
  EXPECT_EQ(detail::counted(Category::kLog, Outcome::kNetwork) - before, 2U);
}

}  // namespace
}  // namespace vitals::sentry

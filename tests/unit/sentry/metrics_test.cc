#include "sentry/items/metrics.h"

#include <array>
#include <cmath>
#include <limits>
#include <thread>

#include "fixture.h"
#include "ledger.h"
#include "sentry/runtime.h"
#include "vitals/context/scope.h"
#include "vitals/context/span.h"
#include "vitals/version.h"

namespace vitals::sentry {

using namespace context;  // NOLINT
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class Metrics : public ClientTest {
 protected:
  static Options options() {
    Options made = ClientTest::options();
    made.enable_metrics = true;
    return made;
  }
  void start(Options given = options()) { ClientTest::start(std::move(given)); }

  /// Ends the client, and gives every metric that it sent.
  [[nodiscard]] std::vector<Json> metrics() {
    EXPECT_TRUE(guard.end(kPlenty));
    std::vector<Json> all;
    for (const std::string& payload : transport->payloads("trace_metric")) {
      const Json item = Json::parse(payload);
      for (const Json& metric : item["items"])
        all.push_back(metric);
    }
    return all;
  }
  [[nodiscard]] Json metric() {
    const std::vector<Json> all = metrics();
    EXPECT_THAT(all, SizeIs(1));
    return all.empty() ? Json{} : all.front();
  }
  static Json attribute(const Json& value, std::string_view type) {
    return {{"value", value}, {"type", type}};
  }
};

TEST_F(Metrics, AMetricHasEveryFieldOfTheProtocolAndNoOther) {
  Options given = options();
  given.traces_sample_rate = 1.0;
  given.send_default_pii = true;
  start(given);
  const Scope scope = Scope::fork();
  const auto scope_active = scope.activate();
  scope.set_user({.id = "user-1", .username = "ann", .email = "a@b.c"});
  scope.set_attribute("place", "north");
  const Span transaction = start_transaction({.name = "t"});
  const Span child = transaction.start_child("db");
  {
    const auto active = child.activate();
    distribution("order.total", 12.5, "euro",
                 {{"till", 4}, {"paid", true}, {"share", 0.5}, {"how", "card"}});
  }
  Json sent = metric();
  EXPECT_GT(sent["timestamp"].get<double>(), 1.6e9);
  sent.erase("timestamp");
  EXPECT_EQ(sent, (Json{{"trace_id", transaction.trace_id().str()},
                        {"span_id", child.span_id().str()},
                        {"name", "order.total"},
                        {"type", "distribution"},
                        {"value", 12.5},
                        {"unit", "euro"},
                        {"attributes",
                         {{"till", attribute(4, "integer")},
                          {"paid", attribute(true, "boolean")},
                          {"share", attribute(0.5, "double")},
                          {"how", attribute("card", "string")},
                          {"place", attribute("north", "string")},
                          {"user.id", attribute("user-1", "string")},
                          {"user.name", attribute("ann", "string")},
                          {"user.email", attribute("a@b.c", "string")},
                          {"sentry.environment", attribute("test", "string")},
                          {"sentry.release", attribute("app@1.2.3", "string")},
                          {"sentry.sdk.name", attribute("vitals.cpp", "string")},
                          {"sentry.sdk.version", attribute(VITALS_VERSION, "string")},
                          {"server.address", attribute("box", "string")}}}}));
}

TEST_F(Metrics, EachTypeHasItsWordAndACounterCountsOneUnlessToldOtherwise) {
  start();
  count("orders");
  count("orders", 3, {{"till", 4}});
  gauge("queue", 7);
  gauge("disk", 0.25, "ratio");
  distribution("time", 12.5, "millisecond");
  std::vector<std::array<std::string, 4>> seen;
  for (const Json& one : metrics())
    seen.push_back({one["type"], one["name"], one["value"].dump(), one.value("unit", "-")});
  using Row = std::array<std::string, 4>;
  EXPECT_THAT(seen,
              ElementsAre(Row{"counter", "orders", "1", "-"}, Row{"counter", "orders", "3", "-"},
                          Row{"gauge", "queue", "7", "-"}, Row{"gauge", "disk", "0.25", "ratio"},
                          Row{"distribution", "time", "12.5", "millisecond"}));
}

TEST_F(Metrics, AnEnvelopeHasOneItemThatSaysHowManyAndNoTraceOfItsOwn) {
  Options given = options();
  given.traces_sample_rate = 1.0;
  start(given);
  for (int i = 0; i < 2; ++i) {
    const Span transaction = start_transaction({.name = "t"});
    const auto active = transaction.activate();
    count("a");
  }
  EXPECT_THAT(metrics(), SizeIs(2));
  std::size_t found = 0;
  for (const auto& envelope : transport->envelopes()) {
    for (const auto& item : envelope.items) {
      if (item.type != "trace_metric") continue;
      ++found;
      const Json header = Json::parse(item.header);
      EXPECT_EQ(header["item_count"], 2);
      EXPECT_EQ(header["content_type"], "application/vnd.sentry.items.trace-metric+json");
      EXPECT_FALSE(Json::parse(envelope.header).contains("trace")) << "metrics of two traces";
    }
  }
  EXPECT_EQ(found, 1U);
}

TEST_F(Metrics, OutsideOfASpanAMetricBearsTheTraceOfItsScopeAndNoSpan) {
  start();
  count("a");
  count("b");
  const std::vector<Json> all = metrics();
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0]["trace_id"].get<std::string>().size(), 32U);
  EXPECT_EQ(all[0]["trace_id"], all[1]["trace_id"]);
  EXPECT_FALSE(all[0].contains("span_id"));
}

TEST_F(Metrics, SecretsAreMaskedByNameAndByLookAndNobodyIsNamedWithoutPii) {
  start();
  const Scope scope = Scope::fork();
  const auto active = scope.activate();
  scope.set_user({.id = "user-1", .email = "a@b.c"});
  gauge("token=hunter2", 1, "token=hunter2",
        {{"api_key", "hunter2"},
         {"target", "postgres://app:hunter2@db/x"},
         {"client.address", "192.0.2.7"},
         {"sentry.release", "evil@9"}});
  const Json sent = metric();
  EXPECT_EQ(sent.dump().find("hunter2"), std::string::npos) << sent;
  EXPECT_EQ(sent["attributes"]["client.address"], attribute("[Filtered]", "string"));
  EXPECT_EQ(sent["attributes"]["sentry.release"], attribute("app@1.2.3", "string"));
  EXPECT_EQ(sent["attributes"]["user.id"], attribute("user-1", "string"));
  EXPECT_FALSE(sent["attributes"].contains("user.email"));
}

TEST_F(Metrics, NothingIsTakenUnlessAskedForNorAfterTheEnd) {
  EXPECT_FALSE(takes_metrics());
  count("without a client");
  start(ClientTest::options());
  EXPECT_FALSE(takes_metrics());
  count("not asked for");
  EXPECT_THAT(metrics(), IsEmpty());
  start();
  EXPECT_TRUE(takes_metrics());
  EXPECT_THAT(metrics(), IsEmpty());
  EXPECT_FALSE(takes_metrics());
  count("after the end");
  EXPECT_EQ(stats().counts[static_cast<std::size_t>(Category::kTraceMetric)],
            before.counts[static_cast<std::size_t>(Category::kTraceMetric)]);
}

TEST_F(Metrics, TheHookHasTheLastWord) {
  Options given = options();
  given.before_send_metric = [](MetricRecord& record) {
    if (record.name == "throw") throw std::runtime_error{"x"};
    if (record.name == "grow") record.name.assign(1 << 20, 'x');
    if (record.name == "break") record.value = std::nan("");
    if (record.name == "change") record.attributes.emplace_back("added", std::int64_t{1});
    return record.name != "drop";
  };
  start(given);
  for (const char* name : {"drop", "throw", "grow", "break", "change", "keep"})
    count(name);
  const std::vector<Json> all = metrics();
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0]["attributes"]["added"], attribute(1, "integer"));
  EXPECT_EQ(all[1]["name"], "keep");
  EXPECT_EQ(counted(Category::kTraceMetric, Outcome::kBeforeSend), 3U);
  EXPECT_EQ(counted(Category::kTraceMetric, Outcome::kTooLarge), 1U);
  EXPECT_EQ(counted(Category::kTraceMetric, Outcome::kSent), 2U);
}

TEST_F(Metrics, WhatAHookCountsIsLeftAlone) {
  Options given = options();
  given.before_send_metric = [](MetricRecord&) {
    count("from the hook");
    return true;
  };
  start(given);
  count("a");
  EXPECT_EQ(metric()["name"], "a");
}

TEST_F(Metrics, WhatIsNoNumberOrHasNoNameIsLeftOutAndCounted) {
  start();
  gauge("a", std::nan(""));
  gauge("b", std::numeric_limits<double>::infinity());
  gauge("", 1);
  gauge("large", 1.5e300);
  EXPECT_EQ(metric()["value"], 1.5e300);
  EXPECT_EQ(counted(Category::kTraceMetric, Outcome::kBeforeSend), 3U);
}

TEST_F(Metrics, AMetricStaysBelowWhatTheServerTakes) {
  start();
  for (int i = 0; i < 20; ++i)
    set_attribute("of the scope " + std::to_string(i), std::string(200, 's'));
  const std::string large(700, 'v');
  count(std::string(5000, 'n'), 1, {{"own", large}, {"own too", large}});
  const Json sent = metric();
  EXPECT_EQ(sent["name"].get<std::string>().size(), 200U);
  EXPECT_EQ(sent["attributes"]["own"]["value"], large);
  std::size_t bytes = sent["name"].get<std::string>().size();
  for (const auto& [name, value] : sent["attributes"].items())
    bytes += name.size() + value["value"].get<std::string>().size();
  EXPECT_LT(bytes, 2048U);
}

TEST_F(Metrics, ALimitHoldsThemBackAndTheReportTellsNumberAndBytes) {
  start();
  transport->answer_with(
      {.status = 200, .headers = {{"x-sentry-rate-limits", "60:trace_metric:org"}}});
  count("a");
  ASSERT_TRUE(flush(kPlenty));
  EXPECT_EQ(counted(Category::kTraceMetric, Outcome::kSent), 1U);
  count("b");
  count("c");
  capture_message("goes on");
  EXPECT_FALSE(guard.end(kPlenty)) << "two were lost";
  EXPECT_THAT(transport->payloads("trace_metric"), SizeIs(1));
  EXPECT_THAT(transport->payloads("event"), SizeIs(1)) << "the limit is of metrics alone";
  EXPECT_EQ(counted(Category::kTraceMetric, Outcome::kRateLimited), 2U);
  const Ledger ledger{transport->envelopes()};
  EXPECT_EQ(ledger.told("ratelimit_backoff", "trace_metric"), 2U);
  EXPECT_GT(ledger.told("ratelimit_backoff", "trace_metric_byte"), 100U);
}

TEST_F(Metrics, NoneIsLostWhileManyThreadsCountBelowTheBound) {
  start();
  constexpr int kThreads = 4;
  constexpr int kEach = 200;
  std::array<std::thread, kThreads> threads;
  for (std::thread& thread : threads) {
    thread = std::thread{[] {
      for (int i = 0; i < kEach; ++i)
        count("a", i, {{"i", i}});
    }};
  }
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_THAT(metrics(), SizeIs(kThreads * kEach));
  for (const std::string& payload : transport->payloads("trace_metric"))
    EXPECT_LE(Json::parse(payload)["items"].size(), 100U);
}

class MetricSource : public ::testing::Test {
 protected:
  static std::uint64_t lost(Outcome outcome) {
    return detail::counted(Category::kTraceMetric, outcome);
  }
  void add(std::string_view name, std::span<const FieldView> attributes = {}) {
    source.add({.name = name, .value = 1, .attributes = attributes, .timestamp = 1});
  }
  std::unique_ptr<detail::ReadyItem> take(std::chrono::steady_clock::time_point when,
                                          bool everything) {
    return std::unique_ptr<detail::ReadyItem>{
        static_cast<detail::ReadyItem*>(source.take(when, everything).release())};
  }

  const Options options{};
  detail::MetricSource source{options};
  const std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now();
};

TEST_F(MetricSource, GivesABatchAfterFiveSecondsOrAHundredAtOnce) {
  add("a");
  EXPECT_FALSE(source.take(now, false));
  EXPECT_FALSE(source.take(now + 4s, false));
  const auto late = take(now + 5s, false);
  ASSERT_TRUE(late);
  EXPECT_EQ(late->quantity, 1U);
  EXPECT_EQ(late->category, Category::kTraceMetric);
  for (int i = 0; i < 150; ++i)
    add("a");
  const auto full = take(now, false);
  ASSERT_TRUE(full);
  EXPECT_EQ(full->quantity, 100U);
  EXPECT_FALSE(source.take(now, false));
}

TEST_F(MetricSource, CountsWhatIsPastAThousandWithItsBytesAndTakesAgainWhenEmptied) {
  const auto bytes = [] {
    return detail::counted_bytes(detail::Bulk::kTraceMetric, detail::Cause::kQueueOverflow);
  };
  const std::uint64_t before = lost(Outcome::kQueueFull);
  const std::uint64_t bytes_before = bytes();
  for (int i = 0; i < 1500; ++i)
    add("ab");
  EXPECT_EQ(lost(Outcome::kQueueFull) - before, 500U);
  EXPECT_EQ(bytes() - bytes_before, 1000U);
  std::size_t taken = 0;
  while (const auto batch = take(now, true))
    taken += batch->quantity;
  EXPECT_EQ(taken, 1000U);
  add("a");
  EXPECT_TRUE(source.take(now, true));
}

TEST_F(MetricSource, MakesValidJsonOfHostileText) {
  const std::array<FieldView, 2> attributes{{{"\xff\"", "\xc3"}, {"", "\\"}}};
  add(std::string_view{"\x80\0\"\n", 4}, attributes);
  const auto batch = take(now, true);
  ASSERT_TRUE(batch);
  EXPECT_TRUE(Json::accept(batch->payload)) << batch->payload;
}

}  // namespace
}  // namespace vitals::sentry

#include "console/event_store.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "console/grouping.h"
#include "vitals/console/recent_events.h"
#include "vitals/context/capture.h"
#include "vitals/context/scope.h"
#include "vitals/context/span.h"
#include "vitals/sentry/client.h"
#include "vitals/testing/memory_transport.h"

namespace vitals::console::detail {
namespace {

using namespace std::chrono_literals;

sentry::Event error_of(std::string type, std::string value, std::string function = "app::work") {
  sentry::Event event;
  event.timestamp = vitals::Timestamp{100s};
  event.event_id.bytes[0] = 1;
  event.exceptions.push_back(
      {.type = std::move(type),
       .value = std::move(value),
       .frames = {
           {.function = "main", .in_app = true},
           {.function = std::move(function), .filename = "app.cc", .line = 7, .in_app = true},
           {.function = "std::throw_it", .in_app = false}}});
  return event;
}

sentry::Event trace_of(std::string name, double seconds, std::string_view status = "ok",
                       double begin = 100) {
  sentry::Event event;
  event.type = sentry::Event::Type::kTransaction;
  event.transaction = std::move(name);
  event.status = status;
  const auto nanoseconds = [](double s) {
    return vitals::Timestamp{std::chrono::nanoseconds{static_cast<std::int64_t>(s * 1e9)}};
  };
  event.start = nanoseconds(begin);
  event.timestamp = nanoseconds(begin + seconds);
  return event;
}

TEST(Grouping, IsByTypeAndPlaceAndNotByTheWords) {
  const auto first = group_of(error_of("Broken", "user 17 is away"));
  EXPECT_EQ(first, group_of(error_of("Broken", "user 4711 is here")));
  EXPECT_NE(first, group_of(error_of("Lost", "user 17 is away")));
  EXPECT_NE(first, group_of(error_of("Broken", "user 17 is away", "app::elsewhere")));
}

TEST(Grouping, TakesAFingerprintWhereThereIsOne) {
  sentry::Event one = error_of("Broken", "a");
  sentry::Event other = error_of("Lost", "b", "app::elsewhere");
  one.fingerprint = other.fingerprint = {"db-timeout"};
  EXPECT_EQ(group_of(one), group_of(other));
  one.fingerprint = other.fingerprint = {"{{ default }}", "db-timeout"};
  EXPECT_NE(group_of(one), group_of(other));
}

TEST(Grouping, OfAMessageIsByItsWordsWithoutTheNumbers) {
  sentry::Event one;
  sentry::Event other;
  one.message = "took 12 s";
  other.message = "took 7 s";
  EXPECT_EQ(group_of(one), group_of(other));
  other.message = "lost 7 s";
  EXPECT_NE(group_of(one), group_of(other));
}

TEST(Grouping, TheCulpritIsTheInnermostOfTheServicesOwn) {
  EXPECT_EQ(culprit_of(error_of("Broken", "a")), "app::work at app.cc:7");
}

TEST(EventStore, CountsAGroupAndKeepsItsFirstAndLast) {
  EventStore store;
  sentry::Event event = error_of("Broken", "a");
  store.add(event, "{\"n\":1}");
  event.timestamp = vitals::Timestamp{160s};
  store.add(event, "{\"n\":2}");
  const auto groups = store.errors(10);
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].count, 2U);
  EXPECT_EQ(groups[0].first, 100);
  EXPECT_EQ(groups[0].last, 160);
  EXPECT_EQ(groups[0].latest->payload, "{\"n\":2}");
  EXPECT_EQ(store.errors_of(groups[0].key, 10).size(), 2U);
}

TEST(EventStore, AGroupOutlivesItsOlderErrors) {
  EventStore store{{.error_bytes = 20'000}};
  store.add(error_of("Rare", "a"), std::string(2000, 'r'));
  for (int i = 0; i < 100; ++i)
    store.add(error_of("Often", "b"), std::string(2000, 'o'));
  EXPECT_LE(store.bytes(), 20'000U);
  bool rare = false;
  for (const ErrorGroup& group : store.errors(10)) {
    rare = rare || group.latest->title == "Rare";
    if (group.latest->title == "Often") {
      EXPECT_EQ(group.count, 100U);
    }
  }
  EXPECT_TRUE(rare) << "one rare error is not hidden by many of another kind";
}

TEST(EventStore, WhatGroupsHoldBeyondTheLineCountsToo) {
  EventStore store{{.error_bytes = 100'000}};
  for (int i = 0; i < 50; ++i)
    store.add(error_of("Rare" + std::to_string(i), "a"), std::string(5000, 'r'));
  for (int i = 0; i < 300; ++i)
    store.add(error_of("Often", "b"), std::string(1000, 'o'));
  std::size_t held = 0;
  for (const ErrorGroup& group : store.errors(1000))
    held += group.latest->payload.size();
  EXPECT_LE(held, 100'000U);
  EXPECT_LE(store.bytes(), 100'000U);
}

TEST(EventStore, KeepsTheSlowestAndNotAllOfOneName) {
  EventStore store{{.slow = 6, .slow_by_name = 3}};
  for (int i = 1; i <= 20; ++i)
    store.add(trace_of("GET /slow", i), "{}");
  for (int i = 1; i <= 3; ++i)
    store.add(trace_of("GET /quick", i * .01), "{}");
  const auto slow = store.slow_traces(130);
  ASSERT_EQ(slow.size(), 6U);
  EXPECT_DOUBLE_EQ(slow[0]->seconds, 20);
  EXPECT_EQ(slow[2]->title, "GET /slow");
  EXPECT_EQ(slow[3]->title, "GET /quick");
  EXPECT_TRUE(store.slow_traces(130 + 3600).empty()) << "an hour later they are of no interest";
}

TEST(EventStore, AFailedTraceIsOneOfTheServicesFault) {
  EventStore store;
  store.add(trace_of("GET /a", 1, "internal_error"), "{}");
  store.add(trace_of("GET /b", 1, "not_found"), "{}");
  const auto failed = store.failed_traces();
  ASSERT_EQ(failed.size(), 1U);
  EXPECT_EQ(failed[0]->title, "GET /a");
}

TEST(EventStore, ARequestIdFindsBoth) {
  EventStore store;
  sentry::Event error = error_of("Broken", "a");
  sentry::Event trace = trace_of("GET /a", .001);
  error.tags = trace.tags = {{"request_id", "req.7"}};
  store.add(error, "{}");
  store.add(trace, "{}");
  for (int i = 0; i < 50; ++i)
    store.add(trace_of("GET /a", 1), "{}");
  const auto found = store.search("req.7");
  EXPECT_EQ(found.errors.size(), 1U);
  EXPECT_EQ(found.traces.size(), 1U) << "also one that was neither slow nor failed";
  EXPECT_TRUE(store.search("req").errors.empty());
}

TEST(EventStore, APayloadThatIsTooLargeIsLeftOutButTheErrorIsNot) {
  EventStore store{{.payload_bytes = 100}};
  store.add(error_of("Broken", "a"), std::string(101, 'x'));
  ASSERT_EQ(store.errors(1).size(), 1U);
  EXPECT_EQ(store.errors(1)[0].latest->payload, "");
}

TEST(RecentEvents, AreWhatTheClientSentWithoutSecretsAfterTheHooks) {
  auto transport = std::make_shared<testing::MemoryTransport>();
  RecentEvents recent;
  sentry::Options options;
  options.dsn = "https://key@sentry.example/1";
  options.transport = transport;
  options.traces_sample_rate = 1;
  options.on_rendered = recent.listener();
  options.before_send = [](sentry::Event& event) {
    event.tags.emplace_back("hook", "was here");
    return event.exceptions.back().value != "drop me";
  };
  {
    auto guard = sentry::init(std::move(options));
    ASSERT_TRUE(guard);
    context::capture_exception(std::runtime_error{"at https://me:hunter2@db.example/x"});
    context::capture_exception(std::runtime_error{"drop me"});
    ASSERT_TRUE(sentry::flush(20s));
  }
  const auto groups = recent.store().errors(10);
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].latest->payload, transport->payloads("event").at(0));
  EXPECT_EQ(groups[0].latest->text.find("hunter2"), std::string::npos) << groups[0].latest->text;
  EXPECT_NE(groups[0].latest->payload.find("was here"), std::string::npos);
}

TEST(RecentEvents, AreTracesAlsoWhereTheirSpansAreStreamed) {
  auto transport = std::make_shared<testing::MemoryTransport>();
  RecentEvents recent;
  sentry::Options options;
  options.dsn = "https://key@sentry.example/1";
  options.transport = transport;
  options.traces_sample_rate = 1;
  options.trace_lifecycle = sentry::TraceLifecycle::kStream;
  options.on_rendered = recent.listener();
  context::TraceId trace;
  {
    auto guard = sentry::init(std::move(options));
    ASSERT_TRUE(guard);
    context::set_tag("request_id", "r1");
    const context::Span root = context::start_transaction({.name = "GET /a", .op = "http.server"});
    root.start_child("db", "SELECT at postgres://me:hunter2@db/x").finish();
    root.set_http_status(500);
    root.finish();
    trace = root.trace_id();
    ASSERT_TRUE(sentry::flush(20s));
  }
  EXPECT_TRUE(transport->payloads("transaction").empty());
  EXPECT_EQ(transport->payloads("span").size(), 1U);
  const auto found = recent.store().search("r1");
  ASSERT_EQ(found.traces.size(), 1U);
  const KeptEvent& kept = *found.traces[0];
  EXPECT_EQ(kept.trace, trace.str());
  EXPECT_EQ(kept.title, "GET /a");
  EXPECT_EQ(kept.spans, 1U);
  EXPECT_TRUE(kept.failed);
  EXPECT_NE(kept.payload.find("SELECT at "), std::string::npos) << kept.payload;
  EXPECT_EQ(kept.payload.find("hunter2"), std::string::npos) << kept.payload;
  EXPECT_EQ(recent.store().failed_traces().size(), 1U);
}

TEST(RecentEvents, AListenerThatThrowsLosesNoEvent) {
  auto transport = std::make_shared<testing::MemoryTransport>();
  sentry::Options options;
  options.dsn = "https://key@sentry.example/1";
  options.transport = transport;
  options.on_rendered = [](const sentry::Event&, std::string_view) { throw 1; };
  auto guard = sentry::init(std::move(options));
  ASSERT_TRUE(guard);
  context::capture_exception(std::runtime_error{"a"});
  ASSERT_TRUE(sentry::flush(20s));
  EXPECT_EQ(transport->payloads("event").size(), 1U);
}

}  // namespace
}  // namespace vitals::console::detail

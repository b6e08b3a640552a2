#include <algorithm>
#include <atomic>
#include <set>

#include "fixture.h"
#include "ledger.h"
#include "sentry/event/streamed.h"
#include "vitals/context/capture.h"
#include "vitals/context/listener.h"
#include "vitals/context/scope.h"
#include "vitals/context/span.h"
#include "vitals/version.h"

namespace vitals::sentry {

using namespace context;  // NOLINT
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr std::size_t kMebibyte = 1024 * 1024;

class StreamedSpans : public ClientTest {
 protected:
  static Options options() {
    Options made = ClientTest::options();
    made.trace_lifecycle = TraceLifecycle::kStream;
    made.traces_sample_rate = 1.0;
    return made;
  }
  void start(Options given = options()) { ClientTest::start(std::move(given)); }

  /// Each span that arrived, in order.
  [[nodiscard]] std::vector<Json> spans() {
    std::vector<Json> all;
    for (const Json& item : sent("span")) {
      for (const Json& span : item["items"])
        all.push_back(span);
    }
    return all;
  }
  /// The one of that name.
  [[nodiscard]] Json span(std::string_view name) {
    const std::vector<Json> all = spans();
    const auto found = std::find_if(all.begin(), all.end(),
                                    [name](const Json& one) { return one["name"] == name; });
    EXPECT_NE(found, all.end()) << name << " of " << Json{all};
    return found == all.end() ? Json{} : *found;
  }
  struct Arrived {
    Json header;  // of the envelope
    Json item_header;
    Json items;
    std::size_t bytes = 0;  // of the item
  };
  [[nodiscard]] std::vector<Arrived> arrived() {
    EXPECT_TRUE(flush(kPlenty));
    std::vector<Arrived> all;
    for (const auto& envelope : transport->envelopes()) {
      for (const auto& item : envelope.items) {
        if (item.type != "span") continue;
        all.push_back({Json::parse(envelope.header), Json::parse(item.header),
                       Json::parse(item.payload)["items"], item.payload.size()});
      }
    }
    return all;
  }
  static Json attribute(const Json& value, std::string_view type = "string") {
    return {{"value", value}, {"type", type}};
  }
  /// What every span has, beside its kind and operation.
  static Json common(const Span& segment, std::string_view name) {
    return {{"sentry.trace_lifecycle", attribute("stream")},
            {"sentry.segment.id", attribute(segment.span_id().str())},
            {"sentry.segment.name", attribute(std::string{name})},
            {"sentry.environment", attribute("test")},
            {"sentry.release", attribute("app@1.2.3")},
            {"sentry.sdk.name", attribute("vitals.cpp")},
            {"sentry.sdk.version", attribute(VITALS_VERSION)},
            {"sentry.origin", attribute("manual")},
            {"sentry.platform", attribute("native")},
            {"os.name", attribute("Linux")}};
  }
  static std::set<std::string> ids_of(const std::vector<Json>& spans) {
    std::set<std::string> ids;
    for (const Json& one : spans)
      ids.insert(one["span_id"].get<std::string>());
    return ids;
  }
};

TEST_F(StreamedSpans, ASpanHasEveryFieldOfTheProtocolAndNoOther) {
  start();
  const Scope scope = Scope::fork();
  const auto scope_active = scope.activate();
  scope.set_tag("request_id", "r1");
  scope.set_attribute("place", "north");
  scope.set_user({.id = "user-1"});
  scope.set_flag("dark", true);
  scope.set_extra("cart", {{"pears", 2}});
  scope.set_context("shop", {{"till", 4}});
  const Span root = start_transaction({.name = "GET /a", .op = "http.server"});
  const Span query = root.start_child("db", "SELECT users");
  query.set_data("rows", 3);
  query.set_status(SpanStatus::kOk);
  query.add_link(root, "previous_trace");
  query.finish();
  root.set_data("http.route", "/a");
  root.set_http_status(503);
  root.set_measurement("queue_wait", 1.5, "millisecond");
  root.finish();

  const std::vector<Arrived> envelopes = arrived();
  ASSERT_THAT(envelopes, SizeIs(1));
  Json header = envelopes[0].item_header;
  header.erase("length");
  EXPECT_EQ(header, (Json{{"type", "span"},
                          {"item_count", 2},
                          {"content_type", "application/vnd.sentry.items.span.v2+json"}}));
  EXPECT_EQ(envelopes[0].header["trace"]["trace_id"], root.trace_id().str());
  EXPECT_EQ(envelopes[0].header["trace"]["public_key"], "abc123");
  EXPECT_EQ(envelopes[0].header["trace"]["sampled"], "true");
  EXPECT_FALSE(envelopes[0].header.contains("event_id"));

  Json segment = envelopes[0].items[0];
  Json child = envelopes[0].items[1];
  EXPECT_LE(segment["start_timestamp"].get<double>(), child["start_timestamp"].get<double>());
  EXPECT_LE(child["start_timestamp"].get<double>(), child["end_timestamp"].get<double>());
  EXPECT_LE(child["end_timestamp"].get<double>(), segment["end_timestamp"].get<double>());
  for (Json* const one : {&segment, &child}) {
    EXPECT_GT((*one)["start_timestamp"].get<double>(), 1.6e9);
    one->erase("start_timestamp");
    one->erase("end_timestamp");
  }
  Json attributes = common(root, "GET /a");
  attributes.update({{"sentry.op", attribute("db")},
                     {"sentry.kind", attribute("client")},
                     {"rows", attribute(3, "integer")},
                     {"place", attribute("north")},
                     {"user.id", attribute("user-1")}});
  EXPECT_EQ(child,
            (Json{{"trace_id", root.trace_id().str()},
                  {"span_id", query.span_id().str()},
                  {"parent_span_id", root.span_id().str()},
                  {"name", "SELECT users"},
                  {"status", "ok"},
                  {"is_segment", false},
                  {"kind", "client"},
                  {"attributes", attributes},
                  {"links",
                   {{{"trace_id", root.trace_id().str()},
                     {"span_id", root.span_id().str()},
                     {"sampled", true},
                     {"attributes", {{"sentry.link.type", attribute("previous_trace")}}}}}}}));
  EXPECT_TRUE(segment["attributes"].contains("os.version"));
  EXPECT_TRUE(segment["attributes"].contains("process.runtime.version"));
  for (const char* of_the_machine : {"os.version", "process.runtime.version"})
    segment["attributes"].erase(of_the_machine);
  attributes = common(root, "GET /a");
  attributes.update(
      {{"sentry.op", attribute("http.server")},
       {"sentry.kind", attribute("server")},
       {"sentry.segment.name.source", attribute("route")},
       {"sentry.span.source", attribute("route")},
       {"sentry.status.message", attribute("unavailable")},
       {"http.route", attribute("/a")},
       {"http.response.status_code", attribute(503, "integer")},
       {"request_id", attribute("r1")},
       {"place", attribute("north")},
       {"user.id", attribute("user-1")},
       {"flag.evaluation.dark", attribute(true, "boolean")},
       {"cart", attribute(R"({"pears":2})")},
       {"shop.till", attribute(4, "integer")},
       {"server.address", attribute("box")},
       {"process.runtime.name", attribute("c++")},
       {"queue_wait", {{"value", 1.5}, {"type", "double"}, {"unit", "millisecond"}}}});
  EXPECT_EQ(segment, (Json{{"trace_id", root.trace_id().str()},
                           {"span_id", root.span_id().str()},
                           {"name", "GET /a"},
                           {"status", "error"},
                           {"is_segment", true},
                           {"kind", "server"},
                           {"attributes", attributes}}));
}

TEST_F(StreamedSpans, TheRequestIsOnTheSegmentAlone) {
  start();
  const Scope scope = Scope::fork();
  const auto scope_active = scope.activate();
  scope.set_request({.method = "GET",
                     .url = "http://h/a",
                     .query = "token=hunter2",
                     .headers = {{"Accept", "text/html"}, {"Authorization", "Bearer hunter2"}}});
  const Span root = start_transaction({.name = "GET /a"});
  root.start_child("db", "SELECT").finish();
  root.finish();
  const Json attributes = span("GET /a")["attributes"];
  EXPECT_EQ(attributes["http.request.method"], attribute("GET"));
  EXPECT_EQ(attributes["url.full"], attribute("http://h/a"));
  EXPECT_EQ(attributes["http.request.header.accept"], attribute(Json{"text/html"}, "array"));
  EXPECT_EQ(attributes["http.request.header.authorization"],
            attribute(Json{"[Filtered]"}, "array"));
  EXPECT_THAT(Json{spans()}.dump(), Not(HasSubstr("hunter2")));
  EXPECT_FALSE(span("SELECT")["attributes"].contains("http.request.method"));
}

TEST_F(StreamedSpans, BothLifecyclesHaveTheSameIdsAndTheSameContext) {
  for (const TraceLifecycle lifecycle : {TraceLifecycle::kStatic, TraceLifecycle::kStream}) {
    Options given = options();
    given.trace_lifecycle = lifecycle;
    transport->clear();
    start(given);
    const Span root = start_transaction({.name = "GET /a"});
    const Span outer = root.start_child("work");
    const Span inner = outer.start_child("db", "SELECT");
    inner.finish();
    outer.finish();
    root.finish();
    std::vector<std::array<std::string, 4>> seen;
    const auto add = [&seen](const Json& of, std::string name) {
      seen.push_back({of["trace_id"], of["span_id"], of.value("parent_span_id", ""), name});
    };
    if (lifecycle == TraceLifecycle::kStatic) {
      const Json t = transaction();
      add(t["contexts"]["trace"], t["transaction"]);
      for (const Json& one : t["spans"])
        add(one, one.value("description", one["op"]));
    } else {
      for (const Json& one : spans())
        add(one, one["name"]);
    }
    const std::string trace = root.trace_id().str();
    using Row = std::array<std::string, 4>;
    EXPECT_THAT(seen,
                ElementsAre(Row{trace, root.span_id().str(), "", "GET /a"},
                            Row{trace, outer.span_id().str(), root.span_id().str(), "work"},
                            Row{trace, inner.span_id().str(), outer.span_id().str(), "SELECT"}));
    Json context = Json::parse(transport->envelopes().front().header)["trace"];
    context.erase("sample_rand");
    EXPECT_EQ(context, (Json{{"trace_id", trace},
                             {"public_key", "abc123"},
                             {"sample_rate", "1"},
                             {"sampled", "true"},
                             {"release", "app@1.2.3"},
                             {"environment", "test"},
                             {"transaction", "GET /a"}}));
    guard.end(kPlenty);
  }
}

TEST_F(StreamedSpans, MoreThanAThousandGoInSeveralEnvelopesOfTheSameTrace) {
  Options given = options();
  given.max_spans = 2500;
  start(given);
  const Span root = start_transaction({.name = "a"});
  for (int i = 0; i < 2500; ++i)
    root.start_child("db", "x").finish();
  root.finish();
  const std::vector<Arrived> envelopes = arrived();
  EXPECT_GE(envelopes.size(), 3U);
  std::size_t segments = 0;
  for (const Arrived& one : envelopes) {
    EXPECT_LE(one.items.size(), 1000U);
    EXPECT_LE(one.bytes, kMebibyte);
    EXPECT_EQ(one.item_header["item_count"], one.items.size());
    EXPECT_EQ(one.header["trace"], envelopes[0].header["trace"]);
    for (const Json& span : one.items) {
      segments += span["is_segment"].get<bool>() ? 1 : 0;
      EXPECT_EQ(span["attributes"]["sentry.segment.id"]["value"], root.span_id().str());
    }
  }
  EXPECT_EQ(envelopes[0].header["trace"]["trace_id"], root.trace_id().str());
  EXPECT_EQ(segments, 1U);
  EXPECT_THAT(ids_of(spans()), SizeIs(2501));
  EXPECT_EQ(counted(Category::kSpan, Outcome::kSent), 2501U);
}

TEST_F(StreamedSpans, LongTextsAreSplitBeforeAMebibyteAndNoneIsLost) {
  Options given = options();
  given.send_default_pii = false;
  start(given);
  // Six times as long in JSON, or masked by more than they were.
  for (const std::string& text : {std::string(2000, '\x01'), [] {
                                    std::string query = "http://h/?";
                                    for (int i = 0; i < 600; ++i)
                                      query += "a=1&";
                                    return query;
                                  }()}) {
    const Span root = start_transaction({.name = "a"});
    for (int i = 0; i < 300; ++i) {
      const Span child = root.start_child("db", text);
      child.set_data("query", text.substr(0, 900));
      child.finish();
    }
    root.finish();
  }
  for (const Arrived& one : arrived())
    EXPECT_LE(one.bytes, kMebibyte);
  EXPECT_THAT(ids_of(spans()), SizeIs(602));
  EXPECT_EQ(counted(Category::kSpan, Outcome::kTooLarge), 0U);
  for (const Json& one : spans()) {
    if (!one["is_segment"].get<bool>()) {
      EXPECT_TRUE(one["attributes"].contains("query"));
    }
  }
}

/// Keeps the last transaction that ended.
class LastTransaction final : public Listener {
 public:
  LastTransaction() { EXPECT_TRUE(start_listening(*this)); }
  ~LastTransaction() override {
    EXPECT_TRUE(stop_listening(*this, std::chrono::steady_clock::now() + kPlenty));
  }
  EventId captured(const Capture&) noexcept override { return {}; }
  void finished(const SharedTransaction& transaction) noexcept override { last = transaction; }
  SharedTransaction last;
};

TEST_F(StreamedSpans, NoEnvelopeHasMoreThanAThousandHoweverSmallTheyAre) {
  Options given = options();
  given.max_spans = 3000;
  start(given);
  LastTransaction listener;
  const Span root = start_transaction({});
  for (int i = 0; i < 3000; ++i)
    root.start_child("").finish();
  root.finish();
  ASSERT_TRUE(listener.last);
  const std::vector<detail::SpanRange> parts = detail::parts_of(*listener.last, Options{}, 0);
  std::uint32_t next = 0;
  for (const detail::SpanRange& part : parts) {
    EXPECT_EQ(part.first, next);
    EXPECT_LE(part.size(), 1000U);
    next = part.last;
  }
  EXPECT_EQ(next, 3001U);
  EXPECT_THAT(parts, SizeIs(4)) << "three full ones and the last span";
}

TEST_F(StreamedSpans, AThousandPlainSpansNeedFewEnvelopes) {
  start();
  const Span root = start_transaction({.name = "GET /orders"});
  for (int i = 0; i < 999; ++i)
    root.start_child("db", "SELECT * FROM orders").finish();
  root.finish();
  EXPECT_LE(arrived().size(), 2U);
}

TEST_F(StreamedSpans, AreCountedAsSpansAndTheirTransactionAsNone) {
  start();
  const Span root = start_transaction({.name = "a"});
  root.start_child("db").finish();
  root.start_child("db").finish();
  root.finish();
  ASSERT_THAT(spans(), SizeIs(3));
  EXPECT_EQ(counted(Category::kSpan, Outcome::kSent), 3U);
  transport->answer_with(500);
  start_transaction({.name = "a"}).finish();
  ASSERT_TRUE(flush(kPlenty));
  EXPECT_EQ(counted(Category::kSpan, Outcome::kNetwork), 1U);
  for (std::size_t outcome = 0; outcome < kOutcomes; ++outcome)
    EXPECT_EQ(counted(Category::kTransaction, static_cast<Outcome>(outcome)), 0U) << outcome;
}

TEST_F(StreamedSpans, ThoseThatAreNotSampledAreCountedAsSpansOnlyWhileSpansAreStreamed) {
  Options given = options();
  given.traces_sample_rate = 0.0;
  start(given);
  start_transaction({.name = "a"}).finish();
  start_transaction({.name = "a"}).finish();
  EXPECT_EQ(counted(Category::kSpan, Outcome::kSampled), 2U);
  EXPECT_EQ(counted(Category::kTransaction, Outcome::kSampled), 0U);
  guard.end(kPlenty);
  EXPECT_EQ(counted(Category::kSpan, Outcome::kSampled), 2U);
  EXPECT_EQ(counted(Category::kTransaction, Outcome::kSampled), 0U);
  const Ledger ledger{transport->envelopes()};
  EXPECT_EQ(ledger.told("sample_rate", "span"), 2U);
  EXPECT_EQ(ledger.told("transaction"), 0U);
  given.trace_lifecycle = TraceLifecycle::kStatic;
  start(given);
  start_transaction({.name = "a"}).finish();
  EXPECT_EQ(counted(Category::kSpan, Outcome::kSampled), 1U);
  EXPECT_EQ(counted(Category::kTransaction, Outcome::kSampled), 1U);
  guard.end(kPlenty);
  given.trace_lifecycle = TraceLifecycle::kStream;
  start(given);
  start_transaction({.name = "a"}).finish();
  EXPECT_EQ(counted(Category::kSpan, Outcome::kSampled), 1U);
  EXPECT_EQ(counted(Category::kTransaction, Outcome::kSampled), 0U);
}

TEST_F(StreamedSpans, ALimitOfSpansHoldsThemBackAndOneOfTransactionsDoesNot) {
  start();
  transport->answer_with(
      {.status = 200, .headers = {{"x-sentry-rate-limits", "60:transaction:org"}}});
  start_transaction({.name = "first"}).finish();
  ASSERT_TRUE(flush(kPlenty));
  transport->answer_with({.status = 200, .headers = {{"x-sentry-rate-limits", "60:span:org"}}});
  start_transaction({.name = "second"}).finish();
  ASSERT_TRUE(flush(kPlenty));
  EXPECT_EQ(counted(Category::kSpan, Outcome::kSent), 2U);
  const Span root = start_transaction({.name = "third"});
  root.start_child("db").finish();
  root.finish();
  EXPECT_FALSE(guard.end(kPlenty)) << "it was held back";
  EXPECT_THAT(transport->payloads("span"), SizeIs(2));
  EXPECT_EQ(counted(Category::kSpan, Outcome::kRateLimited), 2U);
  const Ledger ledger{transport->envelopes()};
  EXPECT_EQ(ledger.told("ratelimit_backoff", "span"), 2U);
  EXPECT_EQ(ledger.told("transaction"), 0U);
}

TEST_F(StreamedSpans, OfOneThatFindsNoRoomAllSpansAreCountedAndTold) {
  Options given = options();
  given.transaction_queue = 1;
  given.max_spans = 3000;
  start(given);
  transport->hang();
  start_transaction({.name = "blocks"}).finish();
  for (int i = 0; i < 1000 && transport->requests().empty(); ++i)
    std::this_thread::sleep_for(10ms);
  const Span root = start_transaction({.name = "a"});
  for (int i = 0; i < 2999; ++i)
    root.start_child("db", "x").finish();
  root.finish();
  transport->answer_with(200);
  static_cast<void>(guard.end(kPlenty));
  const std::uint64_t lost = counted(Category::kSpan, Outcome::kQueueFull);
  EXPECT_GT(lost, 1000U);
  std::size_t came = 0;
  for (const std::string& payload : transport->payloads("span"))
    came += Json::parse(payload)["items"].size();
  EXPECT_EQ(came + lost, 3001U);
  EXPECT_EQ(counted(Category::kSpan, Outcome::kSent), came);
  const Ledger ledger{transport->envelopes()};
  EXPECT_EQ(ledger.told("queue_overflow", "span"), lost);
  EXPECT_EQ(ledger.told("transaction"), 0U);
}

TEST_F(StreamedSpans, OneThatIsIgnoredIsCountedByItsSpans) {
  Options given = options();
  given.ignore_transactions = {"GET /health*"};
  start(given);
  const Span root = start_transaction({.name = "GET /health"});
  root.start_child("db").finish();
  root.finish();
  EXPECT_THAT(spans(), IsEmpty());
  EXPECT_EQ(counted(Category::kSpan, Outcome::kBeforeSend), 2U);
}

TEST_F(StreamedSpans, TheHookChangesAndRefusesSpansAndTheirIdsStay) {
  Options given = options();
  given.before_send_transaction = [](Event&) -> bool { throw std::runtime_error{"not asked"}; };
  given.before_send_span = [](StreamedSpan& span) {
    if (span.name == "throw") throw std::runtime_error{"x"};
    if (span.name == "change") {
      span.name = "changed";
      span.attributes = {{"added", std::int64_t{1}}, {"sentry.release", "evil@9"}};
      span.status = "error";
      span.trace_id = {};
      span.span_id = {};
      span.parent_span_id = {};
      span.is_segment = true;
    }
    if (span.is_segment && span.name == "GET /users/ann") span.name = "GET /users/*";
    return span.name != "refuse";
  };
  start(given);
  const Span root = start_transaction({.name = "GET /users/ann"});
  root.start_child("refuse").start_child("of the refused").finish();
  root.start_child("throw").finish();
  const Span change = root.start_child("change");
  change.set_data("secret", 1);
  root.finish();
  const Json changed = span("changed");
  EXPECT_EQ(changed["trace_id"], root.trace_id().str());
  EXPECT_EQ(changed["span_id"], change.span_id().str());
  EXPECT_EQ(changed["parent_span_id"], root.span_id().str());
  EXPECT_EQ(changed["is_segment"], false);
  EXPECT_EQ(changed["status"], "error");
  EXPECT_EQ(changed["attributes"]["added"], attribute(1, "integer"));
  EXPECT_EQ(changed["attributes"]["sentry.release"], attribute("app@1.2.3"));
  EXPECT_EQ(changed["attributes"]["sentry.segment.name"], attribute("GET /users/*"))
      << "the name that the hook gave the transaction is everywhere";
  EXPECT_FALSE(changed["attributes"].contains("secret"));
  EXPECT_TRUE(span("of the refused").contains("parent_span_id"));
  EXPECT_THAT(spans(), SizeIs(3));
  EXPECT_EQ(counted(Category::kSpan, Outcome::kBeforeSend), 2U);
  EXPECT_EQ(counted(Category::kSpan, Outcome::kSent), 3U);
}

TEST_F(StreamedSpans, WhereTheHookRefusesTheTransactionAllOfItIsRefused) {
  Options given = options();
  given.max_spans = 2500;
  std::atomic<int> segments{0};
  given.before_send_span = [&segments](StreamedSpan& span) {
    segments += span.is_segment ? 1 : 0;
    return !span.is_segment;
  };
  start(given);
  const Span root = start_transaction({.name = "a"});
  for (int i = 0; i < 2500; ++i)
    root.start_child("db", "x").finish();
  root.finish();
  EXPECT_THAT(spans(), IsEmpty());
  EXPECT_EQ(segments, 1) << "asked once, for all envelopes";
  EXPECT_EQ(counted(Category::kSpan, Outcome::kBeforeSend), 2501U);
  EXPECT_EQ(counted(Category::kTransaction, Outcome::kBeforeSend), 0U);
}

TEST_F(StreamedSpans, WhatAHookMakesTooLargeIsSentWithoutWhatIsItsOwn) {
  Options given = options();
  given.before_send_span = [](StreamedSpan& span) {
    if (span.name == "grow") span.attributes.emplace_back("large", std::string(2'000'000, 'x'));
    if (span.name == "vast") span.op = span.name = std::string(2'000'000, '\x01');
    return true;
  };
  start(given);
  const Span root = start_transaction({.name = "a"});
  root.start_child("grow").finish();
  root.start_child("vast").finish();
  root.start_child("plain").finish();
  root.finish();
  for (const Arrived& one : arrived())
    EXPECT_LE(one.bytes, kMebibyte);
  EXPECT_THAT(spans(), SizeIs(4));
  EXPECT_FALSE(span("grow")["attributes"].contains("large"));
  EXPECT_EQ(span("grow")["attributes"]["sentry.segment.id"], attribute(root.span_id().str()));
}

TEST_F(StreamedSpans, SecretsAreMaskedByNameAndByLookWhereverTheyStand) {
  Options given = options();
  given.before_send_span = [](StreamedSpan& span) {
    span.attributes.emplace_back("hook_password", "hunter2");
    return true;
  };
  start(given);
  const Scope scope = Scope::fork();
  const auto scope_active = scope.activate();
  scope.set_user({.id = "user-1", .ip_address = "192.0.2.7", .username = "ann", .email = "a@b.c"});
  scope.set_tag("api_key", "hunter2");
  scope.set_attribute("token", "hunter2");
  const Span root = start_transaction({.name = "GET /reset?token=hunter2"});
  const Span child = root.start_child("http.client", "GET http://me:hunter2@h/?q=hunter2");
  child.set_data("password", "hunter2");
  child.set_data("url.full", "http://h/?code=hunter2");
  child.set_data("client.address", "192.0.2.7");
  child.finish();
  root.finish();
  const std::string text = Json{spans()}.dump();
  EXPECT_THAT(text, Not(HasSubstr("hunter2")));
  EXPECT_THAT(text, Not(HasSubstr("192.0.2.7")));
  EXPECT_THAT(text, Not(HasSubstr("a@b.c")));
  EXPECT_THAT(text, Not(HasSubstr("user.name")));
  EXPECT_THAT(text, HasSubstr("user-1"));
  EXPECT_THAT(text, HasSubstr("hook_password"));
  for (const Arrived& one : arrived())
    EXPECT_THAT(one.header.dump(), Not(HasSubstr("hunter2")));
}

TEST_F(StreamedSpans, WithPersonalDataEachSpanNamesTheUser) {
  Options given = options();
  given.send_default_pii = true;
  start(given);
  const Scope scope = Scope::fork();
  const auto scope_active = scope.activate();
  scope.set_user({.id = "user-1", .ip_address = "192.0.2.7", .username = "ann", .email = "a@b.c"});
  const Span root = start_transaction({.name = "a"});
  root.start_child("db").finish();
  root.finish();
  for (const char* name : {"a", "db"}) {
    const Json attributes = span(name)["attributes"];
    EXPECT_EQ(attributes["user.name"], attribute("ann"));
    EXPECT_EQ(attributes["user.email"], attribute("a@b.c"));
    EXPECT_EQ(attributes["user.ip_address"], attribute("192.0.2.7"));
  }
}

TEST_F(StreamedSpans, OfTwoWordsAStatusIsOneAndTheFinerIsAnAttribute) {
  start();
  const Span root = start_transaction({.name = "a"});
  const auto part = [&root](const char* name, SpanStatus status) {
    const Span child = root.start_child(name);
    child.set_status(status);
    child.finish();
  };
  part("unset", SpanStatus::kUnset);
  part("fine", SpanStatus::kOk);
  part("gone", SpanStatus::kNotFound);
  part("given up", SpanStatus::kCancelled);
  root.finish();
  const auto status = [this](const char* name) {
    const Json one = span(name);
    const Json attributes = one["attributes"];
    return one["status"].get<std::string>() + ' ' +
           (attributes.contains("sentry.status.message")
                ? attributes["sentry.status.message"]["value"].get<std::string>()
                : "-");
  };
  EXPECT_EQ(status("unset"), "ok -");
  EXPECT_EQ(status("fine"), "ok -");
  EXPECT_EQ(status("gone"), "error not_found");
  EXPECT_EQ(status("given up"), "ok cancelled");
}

TEST_F(StreamedSpans, TheCallersContextGoesAlongAndWhereItGaveNoneOurs) {
  start();
  const std::string trace = "771a43a4192642f0b136d5159a501700";
  const std::string header = trace + "-1234567890abcdef-1";
  const std::string baggage =
      "sentry-trace_id=" + trace +
      ",sentry-public_key=theirs,sentry-sample_rate=0.5,sentry-sampled=true";
  start_transaction({.name = "given"}, {.sentry_trace = header, .baggage = baggage}).finish();
  start_transaction({.name = "none"}, {.sentry_trace = header}).finish();
  const std::vector<Arrived> envelopes = arrived();
  ASSERT_THAT(envelopes, SizeIs(2));
  EXPECT_EQ(envelopes[0].header["trace"]["public_key"], "theirs");
  EXPECT_EQ(envelopes[1].header["trace"]["public_key"], "abc123");
  for (const Arrived& one : envelopes) {
    EXPECT_EQ(one.header["trace"]["trace_id"], trace);
    EXPECT_EQ(one.header["trace"]["sampled"], "true");
    EXPECT_EQ(one.items[0]["parent_span_id"], "1234567890abcdef");
  }
}

TEST_F(StreamedSpans, AListenerSeesATransactionAsTheHookHasLeftItsSpans) {
  Options given = options();
  std::vector<Json> seen;
  std::vector<std::string> requests;
  given.on_rendered = [&](const Event& event, std::string_view payload) {
    seen.push_back(Json::parse(payload));
    for (const auto& [name, value] : event.tags)
      requests.push_back(name + '=' + value);
  };
  given.before_send_span = [](StreamedSpan& span) {
    if (span.is_segment) {
      std::erase_if(span.attributes, [](const auto& one) {
        return one.first == "customer" || one.first == "user.id" || one.first == "shop.till";
      });
      span.attributes.emplace_back("seen", true);
      span.name = "GET /users/*";
    }
    if (span.op == "db") span.name = "SELECT *";
    return span.op != "cache";
  };
  start(given);
  const Scope scope = Scope::fork();
  const auto scope_active = scope.activate();
  scope.set_tag("request_id", "r1");
  scope.set_tag("customer", "ann");
  scope.set_user({.id = "ann"});
  scope.set_context("shop", {{"till", 4}, {"place", "north"}});
  const Span root = start_transaction({.name = "GET /users/ann", .op = "http.server"});
  root.set_status(SpanStatus::kNotFound);
  root.start_child("cache", "GET ann").finish();
  const Span query = root.start_child("db", "SELECT ann");
  query.finish();
  root.finish();
  ASSERT_TRUE(flush(kPlenty));
  ASSERT_THAT(seen, SizeIs(1));
  const Json t = seen[0];
  EXPECT_EQ(t["type"], "transaction");
  EXPECT_EQ(t["transaction"], "GET /users/*");
  EXPECT_EQ(t["contexts"]["trace"]["span_id"], root.span_id().str());
  EXPECT_EQ(t["contexts"]["trace"]["status"], "not_found");
  EXPECT_EQ(t["contexts"]["trace"]["data"]["seen"], true);
  EXPECT_EQ(t["contexts"]["shop"], (Json{{"place", "north"}}));
  ASSERT_THAT(t["spans"], SizeIs(1));
  EXPECT_EQ(t["spans"][0]["span_id"], query.span_id().str());
  EXPECT_EQ(t["spans"][0]["description"], "SELECT *");
  EXPECT_THAT(requests, ElementsAre("request_id=r1"));
  EXPECT_THAT(t.dump(), Not(HasSubstr("ann")));
}

TEST_F(StreamedSpans, WhatIsUnderWayAtTheEndArrives) {
  Options given = options();
  given.max_spans = 5000;
  start(given);
  const Span root = start_transaction({.name = "a"});
  for (int i = 0; i < 4999; ++i)
    root.start_child("db", "x").finish();
  root.finish();
  EXPECT_TRUE(guard.end(kPlenty));
  std::size_t came = 0;
  for (const std::string& payload : transport->payloads("span"))
    came += Json::parse(payload)["items"].size();
  EXPECT_EQ(came, 5000U);
}

}  // namespace
}  // namespace vitals::sentry

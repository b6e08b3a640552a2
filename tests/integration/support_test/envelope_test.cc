#include "integration/support/envelope.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "integration/support/event_check.h"

namespace integration {
namespace {

constexpr const char* kEventId = "0123456789abcdef0123456789abcdef";

Json good_event() {
  return Json::parse(R"({
    "event_id": "0123456789abcdef0123456789abcdef", "timestamp": "2026-01-31T12:00:00.125Z",
    "platform": "native", "level": "error", "release": "1.0", "environment": "development",
    "server_name": "here", "sdk": {"name": "vitals.cpp", "version": "0.1.0"},
    "contexts": {"os": {}, "runtime": {}, "device": {},
                 "trace": {"trace_id": "0123456789abcdef0123456789abcdef",
                           "span_id": "0123456789abcdef"}},
    "tags": {"request_id": "r1", "operation": "chat"}, "user": {"id": "ann"},
    "exception": {"values": [
      {"type": "std::runtime_error", "value": "old", "mechanism": {"type": "generic"}},
      {"type": "AgentError", "value": "new", "mechanism": {"type": "generic"}}]},
    "breadcrumbs": {"values": [{"timestamp": 1769860000.5, "message": "a"},
                               {"timestamp": 1769860000.5, "category": "b"}]}
  })");
}

Json good_transaction() {
  return Json::parse(R"({
    "event_id": "0123456789abcdef0123456789abcdef", "type": "transaction", "transaction": "GET /",
    "platform": "native", "start_timestamp": 1769860000.5, "timestamp": 1769860001.5,
    "release": "1.0", "environment": "e", "server_name": "h",
    "sdk": {"name": "vitals.cpp", "version": "0.1.0"},
    "contexts": {"os": {}, "runtime": {}, "device": {},
                 "trace": {"trace_id": "0123456789abcdef0123456789abcdef",
                           "span_id": "0123456789abcdef", "op": "http.server"}},
    "spans": [{"trace_id": "0123456789abcdef0123456789abcdef", "span_id": "1123456789abcdef",
               "parent_span_id": "0123456789abcdef", "op": "db",
               "start_timestamp": 1769860000.6, "timestamp": 1769860000.7}]
  })");
}

std::string envelope_of(const Json& payload, const std::string& type = "event",
                        const std::string& event_id = kEventId) {
  const std::string text = payload.dump();
  return Json{{"event_id", event_id}, {"sent_at", "2026-01-31T12:00:01Z"}}.dump() + "\n" +
         Json{{"type", type}, {"length", text.size()}}.dump() + "\n" + text + "\n";
}

TEST(EnvelopeParser, FindsNoFaultInAGoodEventAndAGoodTransaction) {
  EXPECT_EQ(parse_envelope(envelope_of(good_event())).faults, std::vector<std::string>{});
  EXPECT_EQ(parse_envelope(envelope_of(good_transaction(), "transaction")).faults,
            std::vector<std::string>{});
}

TEST(EnvelopeParser, AcceptsALastItemWithoutANewline) {
  std::string text = envelope_of(good_event());
  text.pop_back();
  EXPECT_EQ(parse_envelope(text).faults, std::vector<std::string>{});
}

TEST(EnvelopeParser, RefusesBrokenFraming) {
  const std::string good = envelope_of(good_event());
  const std::string header = good.substr(0, good.find('\n') + 1);
  const std::vector<std::string> broken{
      "",
      "nonsense\n",
      header,
      header + "nonsense\n{}\n",
      header + "{\"type\":\"event\"}\n{}\n",
      header + "{\"length\":2}\n{}\n",
      header + "{\"type\":\"event\",\"length\":3}\n{}\n",
      header + "{\"type\":\"event\",\"length\":1}\n{}\n",
      header + "{\"type\":\"event\",\"length\":-1}\n{}\n",
      header + "{\"type\":\"mystery\",\"length\":2}\n{}\n",
      header + "{\"type\":\"event\",\"length\":4}\n\"\xff\"}\n",
      good + good.substr(header.size()),
      envelope_of(good_event(), "event", "ffffffffffffffffffffffffffffffff"),
      good.substr(good.find('\n')),
  };
  for (const std::string& text : broken)
    EXPECT_FALSE(parse_envelope(text).faults.empty()) << text;
}

TEST(EnvelopeParser, RefusesAnEnvelopeWithoutTheTimeOfSending) {
  const std::string payload = good_event().dump();
  const std::string text = Json{{"event_id", kEventId}}.dump() + "\n" +
                           Json{{"type", "event"}, {"length", payload.size()}}.dump() + "\n" +
                           payload + "\n";
  EXPECT_FALSE(parse_envelope(text).faults.empty());
}

TEST(EventCheck, FindsEachMissingOrWrongField) {
  const std::vector<std::function<void(Json&)>> breakages{
      [](Json& e) { e["event_id"] = "0123"; },
      [](Json& e) { e["timestamp"] = "yesterday"; },
      [](Json& e) { e["timestamp"] = 12; },
      [](Json& e) { e["platform"] = "python"; },
      [](Json& e) { e["level"] = "terrible"; },
      [](Json& e) { e.erase("release"); },
      [](Json& e) { e["environment"] = ""; },
      [](Json& e) { e.erase("server_name"); },
      [](Json& e) { e["sdk"].erase("version"); },
      [](Json& e) { e["contexts"].erase("os"); },
      [](Json& e) { e["contexts"]["trace"]["trace_id"] = "00000000000000000000000000000000"; },
      [](Json& e) { e["contexts"]["trace"].erase("span_id"); },
      [](Json& e) { e["tags"]["n"] = 1; },
      [](Json& e) { e["user"] = "ann"; },
      [](Json& e) { e.erase("exception"); },
      [](Json& e) { e["exception"]["values"] = Json::array(); },
      [](Json& e) { e["exception"]["values"][0].erase("type"); },
      [](Json& e) { e["exception"]["values"][1].erase("value"); },
      [](Json& e) { e["exception"]["values"][1].erase("mechanism"); },
      [](Json& e) { e["breadcrumbs"]["values"][0].erase("timestamp"); },
      [](Json& e) { e["breadcrumbs"]["values"][0]["timestamp"] = 1769860009.5; },
      [](Json& e) { e["breadcrumbs"]["values"][0].erase("message"); },
      [](Json& e) {
        e["breadcrumbs"]["values"] = Json(std::vector<Json>(101, e["breadcrumbs"]["values"][0]));
      },
  };
  ASSERT_TRUE(item_faults("event", good_event()).empty());
  for (std::size_t i = 0; i < breakages.size(); ++i) {
    Json event = good_event();
    breakages[i](event);
    EXPECT_FALSE(item_faults("event", event).empty()) << "breakage " << i;
  }
}

TEST(EventCheck, FindsEachFaultOfATransaction) {
  const std::vector<std::function<void(Json&)>> breakages{
      [](Json& e) { e.erase("type"); },
      [](Json& e) { e["transaction"] = ""; },
      [](Json& e) { e["start_timestamp"] = 1769860002.5; },
      [](Json& e) { e["contexts"].erase("trace"); },
      [](Json& e) { e["contexts"]["trace"].erase("op"); },
      [](Json& e) { e.erase("spans"); },
      [](Json& e) { e["spans"][0]["trace_id"] = "1123456789abcdef0123456789abcdef"; },
      [](Json& e) { e["spans"][0]["span_id"] = "0123456789abcdef"; },
      [](Json& e) { e["spans"][0]["parent_span_id"] = "2223456789abcdef"; },
      [](Json& e) { e["spans"][0].erase("op"); },
      [](Json& e) { e["spans"][0].erase("timestamp"); },
  };
  for (std::size_t i = 0; i < breakages.size(); ++i) {
    Json event = good_transaction();
    breakages[i](event);
    EXPECT_FALSE(item_faults("transaction", event).empty()) << "breakage " << i;
  }
}

TEST(EventCheck, ReadsWhatTestsAskFor) {
  const Json event = good_event();
  EXPECT_EQ(tag_of(event, "request_id"), "r1");
  EXPECT_EQ(tag_of(event, "none"), "");
  EXPECT_EQ(user_of(event), "ann");
  EXPECT_EQ(breadcrumbs_of(event), 2U);
  EXPECT_EQ(exception_type_of(event), "AgentError");
  EXPECT_EQ(exception_text_of(event), "new");
  EXPECT_EQ(user_of(Json::object()), "");
  EXPECT_EQ(breadcrumbs_of(Json::object()), 0U);
}

TEST(EventCheck, FindsEveryNameWhereverItStands) {
  Json event = good_event();
  EXPECT_EQ(names_in(event, "iso-"), std::set<std::string>{});
  event["user"]["id"] = "iso-1";
  event["tags"]["request_id"] = "iso-1.77";
  EXPECT_EQ(names_in(event, "iso-"), std::set<std::string>{"iso-1"});
  event["breadcrumbs"]["values"][1]["data"]["path"] = "/users/iso-12/food";
  event["extra"]["iso-3"] = true;
  EXPECT_EQ(names_in(event, "iso-"), (std::set<std::string>{"iso-1", "iso-12", "iso-3"}));
}

TEST(HttpCheck, AcceptsTheProtocolsHeadersAndNothingElse) {
  const std::map<std::string, std::string> good{
      {"content-type", "application/x-sentry-envelope"},
      {"user-agent", "vitals.cpp/0.1.0"},
      {"x-sentry-auth", "Sentry sentry_version=7, sentry_client=vitals.cpp/0.1.0, sentry_key=abc"}};
  EXPECT_EQ(http_faults("POST", "/api/42/envelope/", good, "abc", "42"),
            std::vector<std::string>{});
  EXPECT_FALSE(http_faults("PUT", "/api/42/envelope/", good, "abc", "42").empty());
  EXPECT_FALSE(http_faults("POST", "/api/42/store/", good, "abc", "42").empty());
  EXPECT_FALSE(http_faults("POST", "/api/42/envelope/", good, "abd", "42").empty());
  for (const char* name : {"content-type", "user-agent", "x-sentry-auth"}) {
    auto broken = good;
    broken[name] = "something else";
    EXPECT_FALSE(http_faults("POST", "/api/42/envelope/", broken, "abc", "42").empty()) << name;
  }
}

}  // namespace
}  // namespace integration

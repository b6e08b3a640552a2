#include "sentry/delivery/envelope.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "vitals/testing/memory_transport.h"
#include "vitals/version.h"

namespace vitals::sentry::detail {

using namespace context;  // NOLINT
namespace {

using Json = nlohmann::json;

EventId some_id() {
  EventId id;
  id.bytes[15] = 1;
  return id;
}

std::string some_envelope(std::string_view payload) {
  std::string out = "left over";
  begin_envelope({.event_id = some_id(),
                  .dsn = "https://k@host/1",
                  .dsc = "sentry-trace_id=abc,sentry-release=a%40b"},
                 out);
  append_item("event", {}, payload, out);
  stamp(out, Timestamp{std::chrono::nanoseconds{1'700'000'000'123'456'789}});
  return out;
}

TEST(Envelope, IsLinesOfHeadersAndThePayload) {
  std::istringstream lines{some_envelope("{\"a\":\n1}")};
  std::string header;
  std::string item;
  std::string rest;
  std::getline(lines, header);
  std::getline(lines, item);
  std::getline(lines, rest, '\0');
  const Json parsed = Json::parse(header);
  EXPECT_EQ(parsed["event_id"], "00000000000000000000000000000001");
  EXPECT_EQ(parsed["dsn"], "https://k@host/1");
  EXPECT_EQ(parsed["sent_at"], "2023-11-14T22:13:20.123456Z");
  EXPECT_EQ(parsed["sdk"]["name"], "vitals.cpp");
  EXPECT_EQ(parsed["trace"]["trace_id"], "abc");
  EXPECT_EQ(parsed["trace"]["release"], "a@b");
  EXPECT_EQ(Json::parse(item)["type"], "event");
  EXPECT_EQ(Json::parse(item)["length"], 8);
  EXPECT_EQ(rest, "{\"a\":\n1}\n");
}

TEST(Envelope, IsReadBackByTheKit) {
  const auto envelope = vitals::testing::parse_envelope({.body = some_envelope("{\"a\":\n1}")});
  ASSERT_EQ(envelope.items.size(), 1U);
  EXPECT_EQ(envelope.items[0].type, "event");
  EXPECT_EQ(envelope.items[0].payload, "{\"a\":\n1}");
}

TEST(AuthHeader, NamesVersionClientAndKey) {
  EXPECT_EQ(auth_header("abc"),
            "Sentry sentry_version=7, sentry_client=vitals.cpp/" VITALS_VERSION ", sentry_key=abc");
}

}  // namespace
}  // namespace vitals::sentry::detail

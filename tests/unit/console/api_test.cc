#include "console/api.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "console/assets.h"
#include "console/event_store.h"
#include "vitals/console/monitoring.h"
#include "vitals/context/span.h"
#include "vitals/metrics/registry.h"
#include "vitals/otlp/client.h"
#include "vitals/testing/memory_transport.h"

namespace vitals::console {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kHostile = "</script><script>alert(1)</script>\"'\\\n\x01 \xff é";

std::string header(const ConsoleResponse& response, std::string_view name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

std::string unzip(const std::string& packed) {
  std::string out(4 * 1024 * 1024, '\0');
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

TEST(ConsolePage, IsServedWithAStrictPolicyAndNamesItsFilesUnderTheMount) {
  Console console{nullptr, nullptr, {.mount = "/ops/live"}};
  for (const std::string_view path : {"", "/"}) {
    const ConsoleResponse page = console.handle({.path = path});
    EXPECT_EQ(page.status, 200);
    EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
    EXPECT_NE(page.body.find("src=\"/ops/live/main.js\""), std::string::npos);
    EXPECT_EQ(page.body.find("{{"), std::string::npos);
    const std::string policy = header(page, "Content-Security-Policy");
    EXPECT_NE(policy.find("default-src 'none'"), std::string::npos);
    EXPECT_EQ(policy.find("unsafe"), std::string::npos) << policy;
    EXPECT_EQ(header(page, "X-Content-Type-Options"), "nosniff");
  }
}

TEST(ConsolePage, EveryFileItNamesIsThereAndNothingElseIs) {
  Console console{nullptr, nullptr};
  for (const detail::Asset& asset : detail::assets()) {
    const std::string path = "/" + std::string{asset.name};
    const ConsoleResponse file = console.handle({.path = path});
    EXPECT_EQ(file.status, 200) << path;
    EXPECT_FALSE(file.body.empty());
    EXPECT_EQ(console.handle({.path = path, .if_none_match = header(file, "ETag")}).status, 304);
  }
  for (const std::string_view path : {"/../main.js", "/nothing.js", "/api", "/api/", "/api/nothing",
                                      "/api/error?id=x", "/index.html/", "//etc/passwd"}) {
    EXPECT_EQ(console.handle({.path = path}).status, 404) << path;
  }
  EXPECT_EQ(console.handle({.method = "POST"}).status, 405);
}

TEST(ConsolePage, IsUnder150KBytesOnTheWire) {
  Console console{nullptr, nullptr};
  std::size_t total = 0;
  for (const detail::Asset& asset : detail::assets()) {
    const ConsoleResponse file = console.handle({.path = asset.name, .accept_encoding = "gzip"});
    EXPECT_EQ(header(file, "Content-Encoding"), "gzip");
    EXPECT_EQ(unzip(file.body).size() > 0, true);
    total += file.body.size();
  }
  EXPECT_LT(total, 150'000U);
}

TEST(ConsoleApi, WantsTheTokenWhereOneIsSetButThePageIsPublic) {
  metrics::Registry registry;
  Console console{&registry, nullptr, {.token = "s3cret"}};
  EXPECT_EQ(console.handle({.path = "/"}).status, 200);
  for (const std::string_view path :
       {"/api/overview", "/api/live", "/api/health", "/api/search", "/api/nothing"}) {
    EXPECT_EQ(console.handle({.path = path}).status, 401) << path;
    EXPECT_EQ(console.handle({.path = path, .authorization = "Bearer s3cre"}).status, 401);
    EXPECT_EQ(console.handle({.path = path, .query = "token=s3cret"}).status, 401);
  }
  EXPECT_EQ(console.handle({.path = "/api/health", .authorization = "bearer s3cret"}).status, 200);
}

TEST(ConsoleApi, WithBothOffItSaysSoAndHasNothingToFollow) {
  Console console{nullptr, nullptr};
  const Json overview = Json::parse(console.handle({.path = "/api/overview"}).body);
  EXPECT_EQ(overview["metrics"], false);
  EXPECT_EQ(overview["sentry"], false);
  EXPECT_EQ(console.handle({.path = "/api/live"}).status, 503);
  EXPECT_TRUE(Json::accept(console.handle({.path = "/api/health"}).body));
  EXPECT_EQ(console.handle({.path = "/api/error", .query = "id=1"}).status, 404);
}

TEST(ConsoleApi, HostileTextsAreDataInValidJson) {
  metrics::Registry registry;
  auto requests =
      registry.counter<"method", "endpoint", "status">("http_requests_total", "Requests.");
  auto errors = registry.counter<"error_type">("http_errors_total", "Errors.");
  detail::Ring ring{1 << 24};
  ring.sample(registry, 1'000'000'000);
  requests.with("GET", kHostile, "200").inc();
  errors.with(kHostile).inc();
  ring.sample(registry, 1'000'000'001);
  detail::EventStore store;
  sentry::Event event;
  event.event_id.bytes.fill(7);
  event.timestamp = vitals::Timestamp{std::chrono::seconds{5}};
  event.exceptions.push_back({.type = std::string{kHostile}, .value = std::string{kHostile}});
  event.tags = {{"request_id", std::string{kHostile}}};
  store.add(event, "{\"a\":1}");
  const detail::Sources sources{&registry, &ring, &store};
  const Json overview = Json::parse(
      detail::overview_json(sources, {}, detail::Window::kQuarterHour, {}, 1'000'000'001));
  EXPECT_EQ(overview["errors"][0]["title"].get<std::string>().substr(0, 25),
            std::string{kHostile}.substr(0, 25));
  EXPECT_EQ(overview["endpoints"]["rows"].size(), 1U);
  EXPECT_EQ(overview["points"], 2);
  EXPECT_EQ(overview["tracks"]["http.status.2xx"], Json({0.0, 1.0}));
  EXPECT_TRUE(Json::accept(detail::tick_json(sources, {}, {true, true}, 1)));
  const std::string id = event.event_id.str();
  EXPECT_EQ(Json::parse(detail::error_json(store, "", id))["event"]["a"], 1);
  EXPECT_EQ(Json::parse(detail::search_json(&store, kHostile))["errors"].size(), 1U);
  EXPECT_EQ(detail::error_json(store, "no number", ""), "");
  EXPECT_EQ(detail::trace_json(store, kHostile), "");
}

TEST(ConsoleApi, AnErrorOfABusyGroupComesWithItsOwnFacts) {
  detail::EventStore store;
  sentry::Event event;
  event.exceptions.push_back({.type = "app::Error", .value = "no"});
  std::string first;
  for (int i = 0; i < 30; ++i) {
    event.event_id.bytes[0] = static_cast<std::uint8_t>(i + 1);
    event.tags = {{"request_id", "request." + std::to_string(i)}};
    if (i == 0) first = event.event_id.str();
    store.add(event, "{}");
  }
  const Json found = Json::parse(detail::error_json(store, "", first));
  EXPECT_EQ(found["shown"], first);
  EXPECT_EQ(found["others"].size(), 11U) << "the last ten, and itself";
  EXPECT_EQ(found["others"].back()["id"], first);
  EXPECT_EQ(found["others"].back()["request_id"], "request.0");
  const std::string last = found["others"][0]["id"];
  EXPECT_EQ(Json::parse(detail::error_json(store, "", last))["others"].size(), 10U);
}

TEST(ConsoleApi, TellsTheFamiliesThatOverflow) {
  metrics::Registry registry;
  auto family = registry.counter<"kind">("things_total", "Things.", {.max_series = 2});
  for (int i = 0; i < 5; ++i)
    family.with(std::to_string(i)).inc();
  Console console{&registry, nullptr};
  const Json health = Json::parse(console.handle({.path = "/api/health"}).body);
  EXPECT_GE(health["families"][0]["overflows"].get<int>(), 3);
  EXPECT_EQ(health["max_viewers"], 8);
}

TEST(ConsoleApi, TellsWhatBecameOfWhatIsSentToOpenTelemetry) {
  const auto health = [](Console& console) {
    return Json::parse(
        console.handle({.path = "/api/health", .authorization = "Bearer key"}).body)["otlp"];
  };
  metrics::Registry registry;
  Console before{&registry, nullptr};
  EXPECT_EQ(health(before)["on"], false);

  const auto transport = std::make_shared<vitals::testing::MemoryTransport>();
  otlp::Options sent;
  sent.metrics.enabled = sent.logs.enabled = false;
  sent.traces.transport = transport;
  {
    const Monitoring monitoring{{.name = "shop",
                                 .traces_sample_rate = 1.0,
                                 .console_token = "key",
                                 .otlp = sent,
                                 .registry = &registry}};
    context::start_transaction({.name = "job", .op = "job"}).finish();
    EXPECT_EQ(health(monitoring.console())["on"], true);
  }
  EXPECT_EQ(transport->requests().size(), 1U);
  const Json after = health(before);
  EXPECT_EQ(after["on"], false);
  EXPECT_EQ(after["outcomes"][0]["signal"], "traces");
  EXPECT_EQ(after["outcomes"][0]["outcome"], "sent");
  EXPECT_EQ(after["outcomes"][0]["count"], 1);
}

TEST(ConsoleApi, ANamedReceiverIsSentToWithoutAnOption) {
  metrics::Registry registry;
  ASSERT_EQ(setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:1/v1/traces", 1), 0);
  {
    const Monitoring monitoring{{.console_token = "key", .registry = &registry}};
    EXPECT_TRUE(otlp::enabled());
  }
  ASSERT_EQ(unsetenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"), 0);
  metrics::Registry other;
  const Monitoring monitoring{{.console_token = "key", .registry = &other}};
  EXPECT_FALSE(otlp::enabled());
}

TEST(ConsoleApi, QueriesAreDecoded) {
  using detail::query_value;
  EXPECT_EQ(query_value("a=1&endpoint=%2Fusers%2F%7Bid%7D&b=", "endpoint"), "/users/{id}");
  EXPECT_EQ(query_value("id=a+b%2", "id"), "a b%2");
  EXPECT_EQ(query_value("id&id=2", "id"), "2");
  EXPECT_EQ(query_value("", "id"), "");
}

}  // namespace
}  // namespace vitals::console

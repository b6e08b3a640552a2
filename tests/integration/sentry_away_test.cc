#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include "integration/crowd.h"
#include "integration/fixture.h"
#include "integration/support/ports.h"
#include "integration/support/proc.h"

namespace integration {
namespace {

constexpr int kClients = 8;
constexpr int kEach = 500 / kSlowness;
constexpr std::size_t kMegabyte = 1U << 20U;

std::string dsn_of(std::uint16_t port) {
  return "http://key@127.0.0.1:" + std::to_string(port) + "/42";
}

Settings sentry_at(const std::string& dsn) {
  return {{"ENABLE_SENTRY", "true"}, {"SENTRY_DSN", dsn}, {"LOG_LEVEL", "warning"}};
}

double throughput(const Service& service) {
  Http client = service.http();
  create_user(client, "ann");
  const CrowdResult result = crowd(service.api_port(), kClients, kEach, "/api/v1/users/ann");
  EXPECT_EQ(result.failed, 0);
  return result.per_second();
}

// Load on a service whose Sentry is away, beside one whose Sentry is there. How much is lost is
// measured by bench/overhead; the bound here is one that a busy machine keeps too, and that a
// request which waits for Sentry does not.
void expect_unharmed(Service& service, const char* name) {
  const EnvelopeReceiver receiver;
  const Service with_server{health_agent(sentry_at(receiver.dsn()))};
  throughput(with_server);
  throughput(service);
  const std::size_t memory = memory_of(service.pid());
  const double there = throughput(with_server);
  const double away = throughput(service);
  testing::Test::RecordProperty(std::string{name} + "_requests_per_second", std::to_string(away));
  testing::Test::RecordProperty("with_server_requests_per_second", std::to_string(there));
  EXPECT_GT(away, there * 0.1) << "with its server " << there << "/s, without " << away << "/s";
  EXPECT_LT(memory_of(service.pid()), memory + 48 * kMegabyte * kSlowness) << "memory grows";
  EXPECT_TRUE(service.healthy());

  const Stopped end = service.stop();
  ASSERT_TRUE(end.status) << "it does not stop";
  EXPECT_EQ(end.status->code, 0) << service.errors();
  EXPECT_LT(end.seconds, kOnTime);
}

TEST(SentryAway, AClosedPortChangesNothingForUsers) {
  Service service{health_agent(sentry_at(dsn_of(free_port())))};
  expect_unharmed(service, "closed_port");
}

TEST(SentryAway, AServerThatNeverAnswersChangesNothingForUsers) {
  const EnvelopeReceiver hanging{EnvelopeReceiver::Mode::kHang};
  Service service{health_agent(sentry_at(hanging.dsn()))};
  expect_unharmed(service, "hanging");
}

TEST(SentryAway, AHostThatDoesNotExistChangesNothingForUsers) {
  Service service{health_agent(sentry_at("https://key@sentry.invalid/42"))};
  Http client = service.http();
  for (int i = 0; i < 50; ++i)
    EXPECT_EQ(client.get("/api/v1/users/ann").status, 404);
  const Stopped end = service.stop();
  ASSERT_TRUE(end.status);
  EXPECT_EQ(end.status->code, 0);
  EXPECT_LT(end.seconds, kOnTime);
}

TEST(SentryAway, ErrorsOfEveryRequestAreDroppedAndCounted) {
  const EnvelopeReceiver hanging{EnvelopeReceiver::Mode::kHang};
  Settings settings = sentry_at(hanging.dsn());
  settings["FAULTS"] = "handler:1.0";
  settings["LOG_LEVEL"] = "off";
  Service service{health_agent(settings)};
  Http client = service.http();
  for (int i = 0; i < 1000; ++i)
    ASSERT_EQ(client.get("/api/v1/users/ann").status, 500);
  const Metrics metrics = Metrics::parse(Http{service.metrics_port()}.get("/metrics").body);
  EXPECT_GT(
      metrics.sum("vitals_sentry_events_total", {{"category", "error"}, {"outcome", "queue_full"}}),
      100)
      << "the queue is bounded";
  EXPECT_LT(metrics.value("vitals_sentry_queue_depth").value_or(1e9), 5000);
  const Stopped end = service.stop();
  ASSERT_TRUE(end.status);
  EXPECT_EQ(end.status->code, 0);
  EXPECT_LT(end.seconds, kOnTime);
}

TEST(SentryAway, ServersThatRefuseAreCountedAndLeftAlone) {
  EnvelopeReceiver receiver{EnvelopeReceiver::Mode::kTooMany};
  Settings settings = sentry_at(receiver.dsn());
  settings["FAULTS"] = "handler:1.0";
  settings["LOG_LEVEL"] = "off";
  Service service{health_agent(settings)};
  Http client = service.http();
  client.get("/api/v1/users/ann");
  EXPECT_TRUE(eventually([&] { return receiver.requests() > 0; }, 60s));
  for (int i = 0; i < 200; ++i)
    ASSERT_EQ(client.get("/api/v1/users/ann").status, 500);
  EXPECT_TRUE(eventually(
      [&] {
        const Metrics metrics = Metrics::parse(Http{service.metrics_port()}.get("/metrics").body);
        return metrics.sum("vitals_sentry_events_total", {{"outcome", "rate_limited"}}) >= 200;
      },
      60s));
  EXPECT_LT(receiver.requests(), 50U)
      << "a server that said to wait a minute is asked again and again";
}

TEST(SentryAway, ASignalDuringTheSendOfManyEventsEndsInTime) {
  const EnvelopeReceiver hanging{EnvelopeReceiver::Mode::kHang};
  Settings settings = sentry_at(hanging.dsn());
  settings["FAULTS"] = "handler:1.0";
  Service service{health_agent(settings)};
  Http client = service.http();
  for (int i = 0; i < 50; ++i)
    client.get("/api/v1/users/ann");
  service.process().send_signal(SIGTERM);
  const Stopped end = service.stop();
  ASSERT_TRUE(end.status);
  EXPECT_EQ(end.status->code, 0) << "a second SIGTERM while it ends does not break the end";
  EXPECT_LT(end.seconds, kOnTime);
}

}  // namespace
}  // namespace integration

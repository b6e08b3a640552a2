#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "integration/fixture.h"
#include "integration/support/ports.h"
#include "integration/support/proc.h"

namespace integration {
namespace {

// Requests of every kind, so that whatever is started late is started.
void use(const Service& service) {
  Http client = service.http();
  create_user(client, "ann");
  for (int i = 0; i < 50; ++i) {
    client.get("/api/v1/users/ann");
    client.post("/api/v1/chat", {{"user_id", "ann"}, {"message", "an egg"}});
    client.get("/nowhere");
  }
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names)
    text += name + " ";
  return text;
}

TEST(FlagsOff, NoMonitoringThreadRuns) {
  const EnvelopeReceiver receiver;
  const Service on{health_agent(with_sentry(receiver))};
  const Service off{health_agent({{"ENABLE_SENTRY", "false"}, {"ENABLE_PROMETHEUS", "false"}})};
  use(on);
  use(off);
  // Two at least fall away: Sentry's worker and the metrics-only listener.
  EXPECT_LE(threads_of(off.pid()) + 2, threads_of(on.pid()))
      << "off: " << joined(thread_names_of(off.pid()))
      << "\non: " << joined(thread_names_of(on.pid()));
  const Service listener_off{health_agent({{"PROMETHEUS_PORT", "0"}, {"ENABLE_CONSOLE", "false"}})};
  use(listener_off);
  EXPECT_EQ(threads_of(off.pid()), threads_of(listener_off.pid()))
      << "metrics by themselves need no thread";
  for (const std::string& name : thread_names_of(off.pid())) {
    for (const char* ours : {"sentry", "vitals", "metrics", "exposer"})
      EXPECT_EQ(name.find(ours), std::string::npos) << name;
  }
}

TEST(FlagsOff, NoSocketIsOpenButTheApis) {
  const EnvelopeReceiver receiver;
  const Service service{health_agent({{"ENABLE_SENTRY", "false"},
                                      {"SENTRY_DSN", receiver.dsn()},
                                      {"ENABLE_PROMETHEUS", "false"}})};
  Http client = service.http();
  client.get("/api/health");
  use(service);
  const Sockets sockets = sockets_of(service.pid());
  EXPECT_EQ(sockets.listening_ports(), std::vector<std::uint16_t>{service.api_port()});
  for (const TcpSocket& socket : sockets.tcp)
    EXPECT_EQ(socket.local_port, service.api_port());
  EXPECT_EQ(sockets.others, 0U);
  EXPECT_EQ(receiver.connections(), 0U);
  EXPECT_GE(listen_on(service.metrics_port()), 0) << "PROMETHEUS_PORT is free";
}

TEST(FlagsOff, MetricsAre404AndTheServiceWorks) {
  const Service service{health_agent({{"ENABLE_SENTRY", "false"}, {"ENABLE_PROMETHEUS", "false"}})};
  expect_error(service.http().get("/metrics"), 404, "RecordNotFoundError");
  use(service);
  const Response found = service.http().get("/api/v1/users/ann", {{"X-Request-ID", "kept.1"}});
  EXPECT_EQ(found.status, 200);
  EXPECT_EQ(found.header("x-request-id"), "kept.1")
      << "a request has its id with or without monitoring";
  EXPECT_EQ(service.http().get("/api/v1/users/ann").header("x-request-id").size(), 36U);
}

TEST(FlagsOff, AFailureIsStillAnsweredWithItsRequestId) {
  const Service service{health_agent(
      {{"ENABLE_SENTRY", "false"}, {"ENABLE_PROMETHEUS", "false"}, {"FAULTS", "handler:1.0"}})};
  expect_error(service.http().get("/api/v1/users/ann"), 500, "InternalError");
}

TEST(FlagsOff, WithMetricsOnlyNothingGoesToSentry) {
  const EnvelopeReceiver receiver;
  const Service service{health_agent(
      {{"ENABLE_SENTRY", "false"}, {"SENTRY_DSN", receiver.dsn()}, {"FAULTS", "handler:1.0"}})};
  for (int i = 0; i < 10; ++i)
    service.http().get("/api/v1/users/ann");
  EXPECT_EQ(receiver.connections(), 0U);
}

}  // namespace
}  // namespace integration

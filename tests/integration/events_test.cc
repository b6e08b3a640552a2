#include <gtest/gtest.h>

#include <string>

#include "integration/fixture.h"

namespace integration {
namespace {

constexpr const char* kRelease = "health-agent@test-7";

Settings faulty(const EnvelopeReceiver& receiver, const std::string& faults, Settings more = {}) {
  more["FAULTS"] = faults;
  more["SENTRY_RELEASE"] = kRelease;
  return with_sentry(receiver, std::move(more));
}

// The one event of a request that failed, with everything that every such event must bear.
Json the_event(EnvelopeReceiver& receiver, Service& service, const std::string& request_id,
               const std::string& user) {
  EXPECT_TRUE(receiver.wait_for_events(1)) << service.errors();
  EXPECT_EQ(service.stop().status->code, 0);
  expect_valid(receiver);
  const std::vector<Json> events = events_of(receiver, request_id);
  EXPECT_EQ(events.size(), 1U) << "one failed request is one event";
  if (events.empty()) return {};
  const Json& event = events[0];
  EXPECT_EQ(user_of(event), user);
  EXPECT_NE(tag_of(event, "operation"), "");
  EXPECT_GT(breadcrumbs_of(event), 0U);
  EXPECT_EQ(event["release"], kRelease);
  EXPECT_EQ(event["environment"], "development");
  EXPECT_TRUE(is_hex(event["contexts"]["trace"]["trace_id"], 32)) << event["contexts"];
  return event;
}

TEST(Events, AnExceptionInAHandlerArrivesWithItsRequest) {
  EnvelopeReceiver receiver;
  Service service{health_agent(faulty(receiver, "handler:1.0"))};
  const Response response =
      service.http().get("/api/v1/users/ann", {{"X-Request-ID", "handler.1"}});
  expect_error(response, 500, "InternalError");
  EXPECT_EQ(response.json()["request_id"], "handler.1");
  const Json event = the_event(receiver, service, "handler.1", "ann");
  EXPECT_EQ(event["level"], "error");
  EXPECT_EQ(exception_type_of(event), "std::runtime_error");
  EXPECT_NE(exception_text_of(event), "");
  EXPECT_EQ(response.body.find(exception_text_of(event)), std::string::npos)
      << "the answer shows the detail";
  EXPECT_EQ(event["exception"]["values"].back()["mechanism"]["handled"], false);
}

TEST(Events, AFailingAgentCallArrivesWithModelAndAgentType) {
  EnvelopeReceiver receiver;
  Service service{health_agent(faulty(receiver, "agent:1.0"))};
  const Response response = service.http().post(
      "/api/v1/chat", {{"user_id", "ann"}, {"message", "an egg"}}, {{"X-Request-ID", "agent.1"}});
  expect_error(response, 502, "AgentError");
  EXPECT_EQ(response.json()["request_id"], "agent.1");
  const Json event = the_event(receiver, service, "agent.1", "ann");
  EXPECT_EQ(tag_of(event, "model"), "local");
  EXPECT_EQ(tag_of(event, "agent_type"), "local");
  EXPECT_NE(exception_type_of(event).find("AgentError"), std::string::npos) << event["exception"];
  EXPECT_EQ(response.body.find(exception_text_of(event)), std::string::npos);
}

TEST(Events, ADatabaseErrorArrivesWithItsRequest) {
  EnvelopeReceiver receiver;
  Service service{health_agent(faulty(receiver, "db:1.0"))};
  const Response response = service.http().get("/api/v1/users/ann", {{"X-Request-ID", "db.1"}});
  expect_error(response, 500, "DatabaseError");
  EXPECT_EQ(response.json()["request_id"], "db.1");
  const Json event = the_event(receiver, service, "db.1", "ann");
  EXPECT_NE(exception_type_of(event).find("DatabaseError"), std::string::npos)
      << event["exception"];
  EXPECT_EQ(response.body.find(exception_text_of(event)), std::string::npos);
}

TEST(Events, AClientsOwnMistakeIsNoEvent) {
  EnvelopeReceiver receiver;
  Service service{health_agent(with_sentry(receiver))};
  Http client = service.http();
  client.get("/nowhere");
  client.get("/api/v1/users/nobody");
  client.post_text("/api/v1/chat", "{");
  EXPECT_EQ(service.stop().status->code, 0);
  EXPECT_EQ(receiver.events().size(), 0U);
}

TEST(Events, TheServiceGoesOnAfterEachFailure) {
  EnvelopeReceiver receiver;
  Service service{health_agent(faulty(receiver, "handler:0.5"))};
  Http client = service.http();
  int failed = 0;
  int found = 0;
  for (int i = 0; i < 100; ++i) {
    const int status =
        client.get("/api/v1/users/ann", {{"X-Request-ID", "many." + std::to_string(i)}}).status;
    failed += status == 500 ? 1 : 0;
    found += status == 404 ? 1 : 0;
  }
  EXPECT_GT(failed, 20);
  EXPECT_GT(found, 20);
  EXPECT_EQ(failed + found, 100);
  EXPECT_TRUE(receiver.wait_for_events(static_cast<std::size_t>(failed), 90s));
  EXPECT_EQ(service.stop().status->code, 0);
  expect_valid(receiver);
  std::size_t ours = 0;
  for (const Json& event : receiver.events())
    ours += tag_of(event, "request_id").starts_with("many.") ? 1U : 0U;
  EXPECT_EQ(ours, static_cast<std::size_t>(failed)) << "each failure is one event, none is lost";
}

TEST(Events, SecretsAndBodiesNeverLeaveTheProcess) {
  EnvelopeReceiver receiver;
  Service service{
      health_agent(faulty(receiver, "handler:0.5",
                          {{"API_KEYS", "k3y-secret"}, {"SENTRY_TRACES_SAMPLE_RATE", "1.0"}}))};
  Http client = service.http();
  for (int i = 0; i < 20; ++i) {
    client.post("/api/v1/chat?token=q3ry-secret&city=q3ry-city",
                {{"user_id", "ann"}, {"message", "b0dy-secret and an egg"}},
                {{"Authorization", "Bearer k3y-secret"},
                 {"Cookie", "session=c00kie-secret"},
                 {"X-Forwarded-For", "203.0.113.77"}});
  }
  EXPECT_TRUE(receiver.wait_for_events(1));
  EXPECT_EQ(service.stop().status->code, 0);
  expect_valid(receiver);
  EXPECT_GT(receiver.transactions().size(), 0U);
  const std::string everything = receiver.everything();
  for (const char* secret : {"k3y-secret", "q3ry-secret", "q3ry-city", "b0dy-secret",
                             "c00kie-secret", "203.0.113.77", EnvelopeReceiver::kKey}) {
    const std::size_t at = everything.find(secret);
    // The DSN in an envelope's header is public there by the protocol.
    if (std::string{secret} == EnvelopeReceiver::kKey) continue;
    EXPECT_EQ(at, std::string::npos) << everything.substr(at < 200 ? 0 : at - 200, 400);
  }
  EXPECT_EQ(everything.find("\"ip_address\""), std::string::npos);
}

TEST(Events, AReleaseIsThereEvenWhenNoneIsSet) {
  EnvelopeReceiver receiver;
  Service service{health_agent(with_sentry(receiver, {{"FAULTS", "handler:1.0"}}))};
  service.http().get("/api/v1/users/ann");
  ASSERT_TRUE(receiver.wait_for_events(1));
  EXPECT_NE(receiver.events()[0]["release"], "");
  expect_valid(receiver);
}

TEST(Events, ASampleRateOfZeroSendsNothingAndCountsIt) {
  EnvelopeReceiver receiver;
  Service service{health_agent(faulty(
      receiver, "handler:1.0", {{"SENTRY_SAMPLE_RATE", "0"}, {"SENTRY_TRACES_SAMPLE_RATE", "0"}}))};
  for (int i = 0; i < 10; ++i)
    service.http().get("/api/v1/users/ann");
  Http scraper{service.metrics_port()};
  const auto left_out = [&scraper](const char* category) {
    return Metrics::parse(scraper.get("/metrics").body)
        .sum("vitals_sentry_events_total", {{"category", category}, {"outcome", "sampled"}});
  };
  EXPECT_TRUE(eventually([&] { return left_out("error") >= 10; })) << left_out("error");
  EXPECT_TRUE(eventually([&] { return left_out("transaction") >= 10; })) << left_out("transaction");
  EXPECT_EQ(service.stop().status->code, 0);
  EXPECT_EQ(receiver.events().size(), 0U);
  EXPECT_EQ(receiver.transactions().size(), 0U);
}

}  // namespace
}  // namespace integration

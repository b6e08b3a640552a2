#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "integration/fixture.h"
#include "integration/support/spotlight.h"

namespace integration {
namespace {

Settings to(const Spotlight& spotlight, Settings more = {}) {
  more["ENABLE_SENTRY"] = "true";
  more["SENTRY_DSN"] = spotlight.dsn();
  more["SENTRY_TRACES_SAMPLE_RATE"] = "1";
  more["SENTRY_RELEASE"] = "health-agent@spot-1";
  return more;
}

bool has_any(const std::vector<Json>& items) {
  return !items.empty();
}

TEST(Spotlight, ReadsAnErrorWithTheStackOfTheThrow) {
  Spotlight spotlight;
  Service service{health_agent(to(spotlight, {{"FAULTS", "handler:1.0"}}))};
  const Response response = service.http().get("/api/v1/users/ann", {{"X-Request-ID", "spot.1"}});
  EXPECT_EQ(response.status, 500);
  ASSERT_TRUE(spotlight.wait_for("event", has_any)) << spotlight.errors() << service.errors();
  const Json event = spotlight.items("event").front();
  EXPECT_EQ(event["tags"]["request_id"], "spot.1");
  EXPECT_EQ(event["user"]["id"], "ann");
  EXPECT_EQ(event["release"], "health-agent@spot-1");
  EXPECT_GT(breadcrumbs_of(event), 0U);
  const Json& exception = event["exception"]["values"].back();
  EXPECT_EQ(exception["type"], "std::runtime_error");
  ASSERT_TRUE(exception.contains("stacktrace")) << exception;
  const Json& frames = exception["stacktrace"]["frames"];
  ASSERT_GT(frames.size(), 3U);
  const Json& innermost = frames.back();
  EXPECT_NE(innermost["function"].get<std::string>().find("health_agent::faults::maybe_fail"),
            std::string::npos)
      << innermost;
  EXPECT_TRUE(innermost["abs_path"].get<std::string>().ends_with("health_agent/faults.cc"))
      << innermost;
  EXPECT_GT(innermost["lineno"].get<int>(), 0);
  EXPECT_EQ(innermost["in_app"], true);
  EXPECT_NE(innermost.value("context_line", "").find("throw std::runtime_error"), std::string::npos)
      << "in development the source is at hand: " << innermost;
  const Json& images = event["debug_meta"]["images"];
  const bool names_program = std::any_of(images.begin(), images.end(), [](const Json& image) {
    return image["code_file"].get<std::string>().ends_with("bin/health-agent") &&
           image["debug_id"].get<std::string>().size() == 36;
  });
  EXPECT_TRUE(names_program) << images;
}

TEST(Spotlight, ReadsATransactionWithAnAgentCallThatHasModelAndTokens) {
  Spotlight spotlight;
  Service service{health_agent(to(spotlight))};
  const Response chat =
      service.http().post("/api/v1/chat", {{"user_id", "ann"}, {"message", "two eggs"}});
  ASSERT_EQ(chat.status, 200) << chat.body;
  Json transaction;
  ASSERT_TRUE(spotlight.wait_for("transaction", [&](const std::vector<Json>& all) {
    const auto found = std::find_if(all.begin(), all.end(), [](const Json& item) {
      return item["transaction"] == "POST /api/v1/chat";
    });
    if (found != all.end()) transaction = *found;
    return found != all.end();
  })) << spotlight.errors();
  EXPECT_EQ(transaction["contexts"]["trace"]["trace_id"], chat.header("x-trace-id"));
  const Json& spans = transaction["spans"];
  const auto call = std::find_if(spans.begin(), spans.end(),
                                 [](const Json& span) { return span["op"] == "gen_ai.chat"; });
  ASSERT_NE(call, spans.end()) << spans;
  EXPECT_EQ((*call)["description"], "chat local");
  EXPECT_EQ((*call)["data"]["gen_ai.request.model"], "local");
  EXPECT_GT((*call)["data"]["gen_ai.usage.input_tokens"].get<int>(), 0);
  EXPECT_GT((*call)["data"]["gen_ai.usage.output_tokens"].get<int>(), 0);
}

TEST(Spotlight, ReadsTheLogAndTheSessionsOfARun) {
  Spotlight spotlight;
  Service service{health_agent(to(spotlight))};
  Http client = service.http();
  for (int i = 0; i < 5; ++i)
    client.get("/api/v1/users/nobody");
  EXPECT_EQ(service.stop().status->code, 0);
  ASSERT_TRUE(spotlight.wait_for("log", has_any)) << spotlight.errors();
  const std::vector<Json> batches = spotlight.items("log");
  bool found = false;
  for (const Json& batch : batches) {
    for (const Json& line : batch["items"])
      found |=
          line["body"].get<std::string>().find("starts in the environment") != std::string::npos;
  }
  EXPECT_TRUE(found) << batches.front();
  ASSERT_TRUE(spotlight.wait_for("sessions", has_any)) << spotlight.errors();
  int ended = 0;
  for (const Json& item : spotlight.items("sessions")) {
    EXPECT_EQ(item["attrs"]["release"], "health-agent@spot-1");
    for (const Json& minute : item["aggregates"])
      ended += minute.value("exited", 0);
  }
  EXPECT_GE(ended, 5);
}

TEST(Spotlight, GetsACopyOfWhatTheServerGets) {
  Spotlight spotlight;
  EnvelopeReceiver receiver;
  Service service{health_agent(with_sentry(
      receiver, {{"SENTRY_SPOTLIGHT", spotlight.stream_url()}, {"FAULTS", "handler:1.0"}}))};
  service.http().get("/api/v1/users/ann", {{"X-Request-ID", "copy.1"}});
  ASSERT_TRUE(receiver.wait_for_events(1));
  ASSERT_TRUE(spotlight.wait_for("event", has_any)) << spotlight.errors();
  EXPECT_EQ(spotlight.items("event").front()["event_id"], receiver.events().front()["event_id"]);
}

}  // namespace
}  // namespace integration

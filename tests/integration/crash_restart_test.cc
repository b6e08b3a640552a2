#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <set>
#include <string>

#include "integration/crowd.h"
#include "integration/fixture.h"
#include "integration/support/ports.h"

namespace integration {
namespace {

std::string dsn_at(std::uint16_t port) {
  return std::string{"http://"} + EnvelopeReceiver::kKey + "@127.0.0.1:" + std::to_string(port) +
         "/42";
}

ServiceOptions in(const TempDir& folder, Settings settings) {
  ServiceOptions options = health_agent(std::move(settings));
  options.directory = folder.path();
  return options;
}

std::set<std::string> request_ids(const std::vector<Json>& events) {
  std::set<std::string> ids;
  for (const Json& event : events)
    ids.insert(tag_of(event, "request_id"));
  return ids;
}

// Those that are written to their end: one that is not when its process is killed is a damaged one.
int events_on_disk(const TempDir& folder) {
  namespace fs = std::filesystem;
  const fs::path spool = fs::path{folder.path()} / "data" / "sentry" / "envelopes";
  int events = 0;
  if (!fs::exists(spool)) return 0;
  for (const fs::directory_entry& file : fs::directory_iterator{spool}) {
    if (file.path().string().find(".writing-") == std::string::npos &&
        read_file(file.path()).find("\"type\":\"event\"") != std::string::npos)
      ++events;
  }
  return events;
}

// The sender's threads run at the lowest priority: on a machine whose processors are all taken, each
// of its steps waits long.
constexpr auto kStarved = 200s;

// What was spooled outlives a kill that nothing can be done about.
TEST(SentrySpool, EverythingThatWaitedOnDiskArrivesAfterAKill) {
  const TempDir folder;
  const std::uint16_t port = free_port();
  constexpr int kFailures = 20;
  std::set<std::string> failed;
  {
    Service service{in(folder, {{"ENABLE_SENTRY", "true"},
                                {"SENTRY_DSN", dsn_at(port)},
                                {"FAULTS", "handler:1.0"},
                                {"SENTRY_TRACES_SAMPLE_RATE", "0"}})};
    Http client = service.http();
    for (int i = 0; i < kFailures; ++i) {
      const std::string id = "spooled." + std::to_string(i);
      failed.insert(id);
      EXPECT_EQ(client.get("/api/v1/users/ann", {{"X-Request-ID", id}}).status, 500);
    }
    ASSERT_TRUE(eventually([&] { return events_on_disk(folder) == kFailures; }, kStarved))
        << events_on_disk(folder) << " are on disk";
    EXPECT_GT(service.metrics().value("vitals_sentry_spool_bytes").value_or(0), 0);
    service.kill_at_once();
  }
  EnvelopeReceiver receiver{EnvelopeReceiver::Mode::kNormal, port};
  Service again{in(folder, {{"ENABLE_SENTRY", "true"}, {"SENTRY_DSN", dsn_at(port)}})};
  const bool all = receiver.wait_for(
      [&](const std::vector<Json>& events) { return request_ids(events) == failed; }, kStarved);
  EXPECT_TRUE(all) << request_ids(receiver.events()).size() << " of " << failed.size() << '\n'
                   << again.errors();
  std::set<std::string> event_ids;
  for (const Json& event : receiver.events())
    event_ids.insert(event["event_id"].get<std::string>());
  EXPECT_EQ(event_ids.size(), failed.size());
  EXPECT_EQ(again.stop().status->code, 0);
  expect_valid(receiver);
}

class Crash : public testing::TestWithParam<int> {};

TEST_P(Crash, IsAnEventOfTheNextStartAndStillADeathByItsSignal) {
  const TempDir folder;
  EnvelopeReceiver receiver;
  Settings settings = with_sentry(receiver, {{"SENTRY_RELEASE", "health-agent@crash-1"}});
  // A sanitizer would take the signal for itself.
  settings["ASAN_OPTIONS"] = "handle_segv=0";
  settings["TSAN_OPTIONS"] = "handle_segv=0";
  {
    Service service{in(folder, settings)};
    EXPECT_EQ(service.http().get("/api/v1/users/nobody").status, 404);
    service.process().send_signal(GetParam());
    const auto status = service.process().wait(60s);
    ASSERT_TRUE(status) << "it lives on";
    EXPECT_EQ(status->signal, GetParam());
  }
  Service again{in(folder, settings)};
  ASSERT_TRUE(receiver.wait_for_events(1, 60s)) << again.errors();
  const Json event = receiver.events().front();
  EXPECT_EQ(event["level"], "fatal");
  EXPECT_EQ(event["release"], "health-agent@crash-1");
  EXPECT_EQ(exception_type_of(event), GetParam() == SIGSEGV ? "SIGSEGV" : "SIGABRT");
  const Json& exception = event["exception"]["values"].back();
  EXPECT_EQ(exception["mechanism"]["handled"], false);
  EXPECT_GT(exception["stacktrace"]["frames"].size(), 1U);
  EXPECT_EQ(again.stop().status->code, 0);
  EXPECT_EQ(receiver.events().size(), 1U);
  expect_valid(receiver);
}

INSTANTIATE_TEST_SUITE_P(Signals, Crash, testing::Values(SIGSEGV, SIGABRT));

}  // namespace
}  // namespace integration

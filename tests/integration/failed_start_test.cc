#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "integration/fixture.h"
#include "integration/support/ports.h"

namespace integration {
namespace {

// Runs a start that must fail, and gives back the event it sends.
Json event_of_failed_start(Settings settings, const std::string& word) {
  EnvelopeReceiver receiver;
  settings["SENTRY_RELEASE"] = "health-agent@failing";
  const Finished end = run_service(health_agent(with_sentry(receiver, std::move(settings))));
  EXPECT_TRUE(end.status) << "it runs";
  if (end.status) {
    EXPECT_GT(end.status->code, 0) << end.errors;
    EXPECT_EQ(end.status->signal, 0);
  }
  EXPECT_NE((end.output + end.errors).find(word), std::string::npos)
      << "the message does not tell what:\n"
      << end.output << end.errors;
  EXPECT_TRUE(receiver.wait_for_events(1)) << end.errors;
  expect_valid(receiver);
  const std::vector<Json> events = receiver.events();
  EXPECT_EQ(events.size(), 1U);
  return events.empty() ? Json{} : events[0];
}

void expect_complete(const Json& event) {
  ASSERT_TRUE(event.is_object());
  EXPECT_TRUE(event["level"] == "fatal" || event["level"] == "error") << event["level"];
  EXPECT_EQ(event["release"], "health-agent@failing");
  EXPECT_EQ(event["environment"], "development");
  EXPECT_NE(tag_of(event, "operation"), "");
  EXPECT_GT(breadcrumbs_of(event), 0U);
  EXPECT_NE(exception_type_of(event), "");
}

TEST(FailedStart, AnUnwritableDatabaseIsAnEvent) {
  const TempDir folder;
  write_file(folder.file("plain"), "a file, not a folder");
  expect_complete(event_of_failed_start(
      {{"DATABASE_URL", "sqlite:" + folder.file("plain/food.db")}}, "plain/food.db"));
}

TEST(FailedStart, AFileThatIsNoDatabaseIsAnEvent) {
  const TempDir folder;
  write_file(folder.file("notes.txt"), std::string(8192, 'n'));
  expect_complete(
      event_of_failed_start({{"DATABASE_URL", "sqlite:" + folder.file("notes.txt")}}, "notes.txt"));
  EXPECT_EQ(read_file(folder.file("notes.txt")), std::string(8192, 'n')) << "and it is left alone";
}

TEST(FailedStart, ATakenApiPortIsAnEvent) {
  const TakenPort taken;
  const std::string port = std::to_string(taken.number());
  expect_complete(event_of_failed_start({{"API_PORT", port}}, port));
}

TEST(FailedStart, EndsSoonAlsoWhenSentryHangs) {
  const EnvelopeReceiver receiver{EnvelopeReceiver::Mode::kHang};
  const TakenPort taken;
  const auto start = std::chrono::steady_clock::now();
  const Finished end = run_service(
      health_agent(with_sentry(receiver, {{"API_PORT", std::to_string(taken.number())}})));
  ASSERT_TRUE(end.status);
  EXPECT_GT(end.status->code, 0);
  EXPECT_LT(seconds_since(start), kOnTime);
}

}  // namespace
}  // namespace integration

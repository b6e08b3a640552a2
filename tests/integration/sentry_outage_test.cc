#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <thread>

#include "integration/fixture.h"
#include "integration/support/ports.h"

namespace integration {
namespace {

/// How often each request id is among these.
std::map<std::string, int> by_request(const std::vector<Json>& items) {
  std::map<std::string, int> counts;
  for (const Json& item : items)
    ++counts[item["tags"]["request_id"].get<std::string>()];
  return counts;
}

// With the client's real pace: nothing here is sped up.
TEST(SentryOutage, AServerThatIsAwayForHalfAMinuteMissesNothing) {
  constexpr auto kAway = 30s;
  constexpr auto kBetween = 500ms;
  const std::uint16_t port = free_port();
  std::map<std::string, int> asked;
  auto receiver = std::make_unique<EnvelopeReceiver>(EnvelopeReceiver::Mode::kNormal, port);
  Service service{health_agent(
      with_sentry(*receiver, {{"FAULTS", "handler:1.0"}, {"SENTRY_TRACES_SAMPLE_RATE", "1.0"}}))};
  Http client = service.http();
  const auto fail_once = [&] {
    const std::string id = "outage." + std::to_string(asked.size());
    asked[id] = 1;
    EXPECT_EQ(client.get("/api/v1/users/ann", {{"X-Request-ID", id}}).status, 500);
  };
  for (int i = 0; i < 5; ++i)
    fail_once();
  ASSERT_TRUE(receiver->wait_for_events(5));
  std::vector<Json> events;
  std::vector<Json> transactions;
  const auto of_the_asked = [&](const std::vector<Json>& all) {
    std::vector<Json> found;
    for (const Json& transaction : all) {
      if (transaction["tags"].contains("request_id") &&
          asked.contains(transaction["tags"]["request_id"]))
        found.push_back(transaction);
    }
    return found;
  };
  const auto gather = [&] {
    for (const Json& event : receiver->events())
      events.push_back(event);
    for (const Json& transaction : of_the_asked(receiver->transactions()))
      transactions.push_back(transaction);
    EXPECT_EQ(receiver->faults(), std::vector<std::string>{});
  };
  ASSERT_TRUE(eventually([&] { return of_the_asked(receiver->transactions()).size() >= 5; }, 60s));
  gather();
  receiver.reset();

  const auto back = std::chrono::steady_clock::now() + kAway;
  while (std::chrono::steady_clock::now() < back) {
    fail_once();
    std::this_thread::sleep_for(kBetween);
  }
  EXPECT_GT(service.metrics().value("vitals_sentry_spool_bytes").value_or(0), 0);

  receiver = std::make_unique<EnvelopeReceiver>(EnvelopeReceiver::Mode::kNormal, port);
  // The client asks again after at most a minute, and then sends ten envelopes a second.
  EXPECT_TRUE(eventually(
      [&] {
        return receiver->events().size() + events.size() >= asked.size() &&
               of_the_asked(receiver->transactions()).size() + transactions.size() >=
                   asked.size() &&
               service.metrics().value("vitals_sentry_spool_bytes").value_or(1) == 0;
      },
      100s));
  gather();
  EXPECT_EQ(by_request(events), asked);
  EXPECT_EQ(by_request(transactions), asked);
  for (const Json& report : receiver->items("client_report"))
    EXPECT_TRUE(report["discarded_events"].empty()) << report.dump();
}

}  // namespace
}  // namespace integration

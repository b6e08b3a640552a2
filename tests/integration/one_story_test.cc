#include <gtest/gtest.h>

#include <set>
#include <string>

#include "integration/fixture.h"

namespace integration {
namespace {

// The trace ids of the exemplars in a page of OpenMetrics.
std::set<std::string> exemplars_in(const std::string& page) {
  constexpr std::string_view kMark = "# {trace_id=\"";
  std::set<std::string> traces;
  for (std::size_t at = page.find(kMark); at != std::string::npos; at = page.find(kMark, at + 1))
    traces.insert(page.substr(at + kMark.size(), 32));
  return traces;
}

TEST(OneStory, AFailedRequestHasTheSameIdsWhereverItIsSeen) {
  EnvelopeReceiver receiver;
  Service service{health_agent(with_sentry(
      receiver,
      {{"FAULTS", "handler:1.0"}, {"LOG_FORMAT", "json"}, {"SENTRY_TRACES_SAMPLE_RATE", "1"}}))};
  const Response answer = service.http().get("/api/v1/users/ann");
  ASSERT_EQ(answer.status, 500);
  const std::string request = answer.header("x-request-id");
  const std::string trace = answer.header("x-trace-id");
  ASSERT_TRUE(is_hex(trace, 32)) << trace;
  EXPECT_EQ(answer.json()["request_id"], request);

  const Response page =
      service.http().get("/metrics", {{"Accept", "application/openmetrics-text; version=1.0.0"}});
  EXPECT_TRUE(exemplars_in(page.body).contains(trace)) << "the exemplar is another request's";

  ASSERT_TRUE(receiver.wait_for_events(1));
  EXPECT_EQ(service.stop().status->code, 0);
  const Json line = log_line_of(service.errors(), request);
  EXPECT_EQ(line.value("trace_id", ""), trace) << service.errors();

  const std::vector<Json> events = events_of(receiver, request);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0]["contexts"]["trace"]["trace_id"], trace);

  std::size_t found = 0;
  for (const Json& transaction : receiver.transactions()) {
    if (tag_of(transaction, "request_id") != request) continue;
    ++found;
    EXPECT_EQ(transaction["contexts"]["trace"]["trace_id"], trace);
  }
  EXPECT_EQ(found, 1U);
}

}  // namespace
}  // namespace integration

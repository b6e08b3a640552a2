#include <gtest/gtest.h>

#include <optional>
#include <set>
#include <string>

#include "integration/fixture.h"
#include "integration/support/http_server.h"
#include "integration/support/ports.h"
#include "integration/support/prometheus.h"

namespace integration {
namespace {

const std::string kUser = "endpoint=\"/api/v1/users/{user_id}\"";

TEST(Prometheus, ScrapesBothPlacesAndAnswersQueriesAboutThem) {
  const Service service{health_agent({{"METRICS_TOKEN", "tok3n"}})};
  Http client = service.http();
  create_user(client, "ann");
  for (int i = 0; i < 7; ++i)
    client.get("/api/v1/users/ann");

  Prometheus prometheus{{{"api", service.api_port()}, {"listener", service.metrics_port()}},
                        {.token = "tok3n"}};
  for (const std::string job : {"job=\"api\"", "job=\"listener\""}) {
    SCOPED_TRACE(job);
    EXPECT_TRUE(prometheus.becomes("up{" + job + "}", 1)) << prometheus.errors();
    EXPECT_EQ(prometheus.query("http_requests_total{" + kUser + ",status=\"200\"," + job + "}"), 7);
    EXPECT_EQ(
        prometheus.query("sum(http_request_duration_seconds_count{" + kUser + "," + job + "})"), 7);
  }
}

// What Prometheus asks for by itself is OpenMetrics, with the feature native-histograms protobuf.
// The text format comes by a relay that asks for nothing.
TEST(Prometheus, GetsTheSameValuesByEveryFormat) {
  const EnvelopeReceiver receiver;
  const Service service{health_agent(with_sentry(receiver, {{"SENTRY_TRACES_SAMPLE_RATE", "1"}}))};
  Http client = service.http();
  create_user(client, "ann");
  constexpr int kAsked = 12;
  std::set<std::string> traces;
  const auto ask_for = [&](const std::string& user) {
    const std::string trace = std::string(30, 'a') + std::to_string(10 + traces.size());
    traces.insert(trace);
    client.get("/api/v1/users/" + user,
               {{"sentry-trace", trace + "-" + std::string(16, 'b') + "-1"}});
  };
  for (int i = 0; i < kAsked; ++i)
    ask_for("ann");
  ask_for("nobody");
  const HttpServer relay{
      free_port(), [&service](const ServerRequest&) {
        const Response page = Http{service.metrics_port()}.get("/metrics");
        return ServerAnswer{200, "Content-Type: text/plain; version=0.0.4\r\n", page.body};
      }};
  Prometheus classic{{{"text", relay.port()}, {"openmetrics", service.metrics_port()}},
                     {.features = "exemplar-storage"}};
  Prometheus native{{{"protobuf", service.metrics_port()}},
                    {.features = "exemplar-storage,native-histograms"}};
  const std::string ok = kUser + ",method=\"GET\",status=\"200\",";
  for (const std::string job : {"text", "openmetrics", "protobuf"}) {
    SCOPED_TRACE(job);
    Prometheus& prometheus = job == "protobuf" ? native : classic;
    const std::string where = "job=\"" + job + "\"";
    ASSERT_TRUE(prometheus.becomes("up{" + where + "}", 1)) << prometheus.errors();
    EXPECT_EQ(prometheus.query("http_requests_total{" + ok + where + "}"), kAsked);
    EXPECT_EQ(prometheus.query("http_requests_total{" + kUser + ",status=\"404\"," + where + "}"),
              1);
    const std::string duration =
        "http_request_duration_seconds{" + kUser + ",method=\"GET\"," + where + "}";
    const std::string count = job == "protobuf" ? "histogram_count(" + duration + ")"
                                                : "http_request_duration_seconds_count{" + kUser +
                                                      ",method=\"GET\"," + where + "}";
    EXPECT_EQ(prometheus.query(count), kAsked + 1);
    EXPECT_EQ(prometheus.query("vitals_build_info{" + where + "}"), 1);
    EXPECT_GT(prometheus.query("process_start_time_seconds{" + where + "}").value_or(0), 1.7e9);
  }
  // By text there are none; from the other two come the traces of requests that were made.
  EXPECT_TRUE(classic.exemplars("http_request_duration_seconds_bucket{job=\"text\"}").empty());
  std::set<std::string> found =
      classic.exemplars("http_request_duration_seconds_bucket{job=\"openmetrics\"," + kUser + "}");
  ASSERT_FALSE(found.empty());
  for (const std::string& trace : found)
    EXPECT_TRUE(traces.contains(trace)) << trace;
}

}  // namespace
}  // namespace integration

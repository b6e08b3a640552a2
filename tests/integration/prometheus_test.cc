#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "integration/fixture.h"
#include "integration/support/ports.h"
#include "integration/support/process.h"

namespace integration {
namespace {

// The value of an instant query, or nothing while there is none.
std::optional<double> query(Http& prometheus, const std::string& expression) {
  const Response response = prometheus.get("/api/v1/query?query=" + percent_encode(expression));
  if (response.status != 200) return std::nullopt;
  const Json result = response.json()["data"]["result"];
  if (result.empty()) return std::nullopt;
  return std::stod(result[0]["value"][1].get<std::string>());
}

TEST(Prometheus, ScrapesBothPlacesAndAnswersQueriesAboutThem) {
  const Service service{health_agent({{"METRICS_TOKEN", "tok3n"}})};
  Http client = service.http();
  create_user(client, "ann");
  for (int i = 0; i < 7; ++i)
    client.get("/api/v1/users/ann");

  const TempDir folder;
  const std::uint16_t port = free_port();
  const auto job = [](const std::string& name, std::uint16_t target) {
    return "- job_name: " + name +
           "\n  authorization: {credentials: tok3n}\n  static_configs: [{targets: ['127.0.0.1:" +
           std::to_string(target) + "']}]\n";
  };
  write_file(folder.file("prometheus.yml"), "global: {scrape_interval: 1s}\nscrape_configs:\n" +
                                                job("api", service.api_port()) +
                                                job("listener", service.metrics_port()));
  const Process prometheus{
      {.command = {"prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data",
                   "--web.listen-address=127.0.0.1:" + std::to_string(port), "--log.level=warn"},
       .directory = folder.path()}};
  Http questions{port};
  for (const std::string job_name : {"api", "listener"}) {
    SCOPED_TRACE(job_name);
    EXPECT_TRUE(
        eventually([&] { return query(questions, "up{job=\"" + job_name + "\"}") == 1; }, 30s))
        << prometheus.errors();
    EXPECT_EQ(
        query(questions,
              "http_requests_total{endpoint=\"/api/v1/users/{user_id}\",status=\"200\",job=\"" +
                  job_name + "\"}"),
        7);
    EXPECT_EQ(
        query(
            questions,
            "sum(http_request_duration_seconds_count{endpoint=\"/api/v1/users/{user_id}\",job=\"" +
                job_name + "\"})"),
        7);
  }
}

}  // namespace
}  // namespace integration

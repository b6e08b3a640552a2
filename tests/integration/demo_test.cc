#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "integration/fixture.h"
#include "integration/support/metrics_text.h"
#include "integration/support/ports.h"
#include "integration/support/process.h"

namespace integration {
namespace {

TEST(Demo, ACrowdMovesEachOfTheTwelveFamiliesAndItEndsByItself) {
  const TempDir folder;
  const std::uint16_t port = free_port();
  ServiceOptions options = health_agent({{"API_PORT", std::to_string(port)}});
  ProcessOptions process;
  process.command = {options.program, "--demo", "--for", std::to_string(20 * kSlowness)};
  process.environment = options.settings;
  process.environment["PROMETHEUS_PORT"] = std::to_string(free_port());
  process.directory = folder.path();
  Process demo{process};

  Http client{port};
  const auto scrape = [&client] {
    const Response response = client.get("/metrics");
    return response.status == 200 ? Metrics::parse(response.body) : Metrics{};
  };
  const auto moving = [](const Metrics& metrics) {
    for (const char* name :
         {"http_requests_total", "http_request_duration_seconds_count", "http_errors_total",
          "db_queries_total", "db_query_duration_seconds_count", "db_connection_pool_size",
          "db_connection_pool_available", "agent_calls_total", "agent_call_duration_seconds_count",
          "agent_tokens_used_total", "cache_operations_total"}) {
      if (!(metrics.sum(name) > 0)) return false;
    }
    return !std::isnan(metrics.value("cache_hit_rate").value_or(std::nan("")));
  };
  Metrics first;
  ASSERT_TRUE(eventually([&] { return moving(first = scrape()); }))
      << demo.output() << demo.errors();
  Metrics later;
  EXPECT_TRUE(eventually(
      [&] {
        later = scrape();
        for (const char* name : {"http_requests_total", "http_request_duration_seconds_count",
                                 "db_queries_total", "db_query_duration_seconds_count",
                                 "agent_calls_total", "agent_call_duration_seconds_count",
                                 "agent_tokens_used_total", "cache_operations_total"}) {
          if (!(later.sum(name) > first.sum(name))) return false;
        }
        return true;
      },
      4s));
  const auto status = demo.wait(40s);
  ASSERT_TRUE(status) << "it does not end";
  EXPECT_EQ(status->code, 0) << demo.errors();
  const std::string said = demo.output();
  EXPECT_NE(said.find("127.0.0.1:" + std::to_string(port) + "/metrics"), std::string::npos) << said;
  EXPECT_NE(said.find("curl"), std::string::npos) << said;
}

TEST(Demo, FaultsAreRefusedOutsideOfDevelopment) {
  ServiceOptions options = health_agent(
      {{"SENTRY_ENVIRONMENT", "production"}, {"FAULTS", "handler:0.01"}}, {"--demo", "--for", "1"});
  const Finished end = run_service(options);
  ASSERT_TRUE(end.status);
  EXPECT_EQ(end.status->code, 78);
  EXPECT_NE(end.errors.find("FAULTS"), std::string::npos) << end.errors;
}

TEST(Demo, ASignalEndsItCleanly) {
  Service demo{health_agent({}, {"--demo"})};
  EXPECT_TRUE(eventually([&] { return demo.metrics().sum("agent_calls_total") > 0; }, 60s));
  const Stopped end = demo.stop();
  ASSERT_TRUE(end.status);
  EXPECT_EQ(end.status->code, 0) << demo.errors();
}

TEST(CommandLine, HelpAndVersionAreToldAndNonsenseIsRefused) {
  const Finished help = run_service(health_agent({}, {"--help"}));
  ASSERT_TRUE(help.status);
  EXPECT_EQ(help.status->code, 0);
  EXPECT_NE(help.output.find("--demo"), std::string::npos) << help.output;
  const Finished version = run_service(health_agent({}, {"--version"}));
  ASSERT_TRUE(version.status);
  EXPECT_EQ(version.status->code, 0);
  EXPECT_NE(version.output.find('.'), std::string::npos) << version.output;
  const Finished nonsense = run_service(health_agent({}, {"--no-such-option"}));
  ASSERT_TRUE(nonsense.status);
  EXPECT_NE(nonsense.status->code, 0);
  EXPECT_NE((nonsense.output + nonsense.errors).find("--no-such-option"), std::string::npos);
}

}  // namespace
}  // namespace integration

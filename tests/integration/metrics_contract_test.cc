#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "integration/fixture.h"
#include "integration/support/metrics_text.h"

namespace integration {
namespace {

using Names = std::set<std::string>;
using Texts = std::vector<std::string>;

// Everything that the embedded defaults can move: one user's life, and one of each failure.
void live(const Service& service) {
  Http client = service.http();
  for (const char* user : {"ann", "bob"}) {
    client.post("/api/v1/users", {{"user_id", user}});  // with FAULTS it may fail, and that is fine
    client.get(std::string{"/api/v1/users/"} + user);
    client.get(std::string{"/api/v1/users/"} + user + "/profile");
    client.get(std::string{"/api/v1/users/"} + user + "/profile");
    client.patch(std::string{"/api/v1/users/"} + user + "/profile",
                 {{"field", "diet"}, {"value", "vegan"}});
    client.post("/api/v1/chat", {{"user_id", user}, {"message", "2 eggs for lunch"}});
    client.post("/api/v1/chat", {{"user_id", user}, {"message", "150 g of rice"}},
                {{"Accept", "text/event-stream"}});
    client.get(std::string{"/api/v1/users/"} + user + "/food");
  }
  client.get("/api/v1/users/nobody");
  client.get("/nowhere");
  client.post_text("/api/v1/chat", "{");
  client.del("/api/v1/users/bob");
}

struct Family {
  std::string name;
  std::string type;
  Names labels = {};
  Texts bounds = {};
};

const std::vector<Family>& seed_families() {
  static const std::vector<Family> kFamilies{
      {"http_requests_total", "counter", {"method", "endpoint", "status"}},
      {"http_request_duration_seconds",
       "histogram",
       {"method", "endpoint"},
       {"0.01", "0.05", "0.1", "0.5", "1", "2", "5", "10", "+Inf"}},
      {"http_errors_total", "counter", {"method", "endpoint", "error_type"}},
      {"db_queries_total", "counter", {"query_type", "table"}},
      {"db_query_duration_seconds",
       "histogram",
       {"query_type"},
       {"0.001", "0.005", "0.01", "0.05", "0.1", "0.5", "1", "+Inf"}},
      {"db_connection_pool_size", "gauge"},
      {"db_connection_pool_available", "gauge"},
      {"agent_calls_total", "counter", {"agent_type", "status"}},
      {"agent_call_duration_seconds",
       "histogram",
       {"agent_type"},
       {"0.5", "1", "2", "5", "10", "20", "30", "+Inf"}},
      {"agent_tokens_used_total", "counter", {"agent_type", "token_type"}},
      {"cache_operations_total", "counter", {"operation", "result"}},
      {"cache_hit_rate", "gauge"},
  };
  return kFamilies;
}

// Bounds may be written `1` or `1.0`; both are the same number.
Texts without_zeros(Texts bounds) {
  for (std::string& bound : bounds) {
    if (bound.ends_with(".0")) bound.resize(bound.size() - 2);
  }
  return bounds;
}

void expect_family(const Metrics& metrics, const Family& family) {
  SCOPED_TRACE(family.name);
  ASSERT_TRUE(metrics.has(family.name));
  const MetricFamily& found = metrics.family(family.name);
  EXPECT_EQ(found.type, family.type);
  EXPECT_FALSE(found.samples.empty());
  EXPECT_EQ(found.label_names(), family.labels);
  EXPECT_EQ(without_zeros(found.bounds()), family.bounds);
}

TEST(MetricsContract, TheTwelveFamiliesHaveTheirNamesTypesLabelsAndBuckets) {
  const Service service{health_agent()};
  live(service);
  const Metrics metrics = service.metrics();
  for (const Family& family : seed_families())
    expect_family(metrics, family);
}

TEST(MetricsContract, TheFamiliesAddedHaveTheirNamesTypesAndLabels) {
  const Service service{health_agent({{"FAULTS", "db:0.02"}})};
  // A fault may fall on any query, also on those before an agent's first token: so all of it is
  // lived again until the database has failed and each family is there all the same.
  ASSERT_TRUE(eventually(
      [&] {
        live(service);
        const Metrics metrics = service.metrics();
        return metrics.sum("db_query_errors_total") > 0 &&
               metrics.sum("agent_time_to_first_token_seconds_count") > 0 &&
               metrics.sum("user_journey_duration_seconds_count") > 0;
      },
      30s));
  const Metrics metrics = service.metrics();
  const auto expect_labels = [&metrics](const std::string& name, const std::string& type,
                                        const Names& labels) {
    SCOPED_TRACE(name);
    EXPECT_EQ(metrics.family(name).type, type);
    EXPECT_FALSE(metrics.family(name).samples.empty());
    EXPECT_EQ(metrics.family(name).label_names(), labels);
  };
  expect_labels("http_requests_in_progress", "gauge", {"method"});
  expect_labels("db_query_errors_total", "counter", {"query_type", "table", "error_type"});
  expect_labels("db_connection_pool_wait_seconds", "histogram", {});
  expect_labels("agent_time_to_first_token_seconds", "histogram", {"agent_type"});
  expect_labels("user_journey_steps_total", "counter", {"journey", "step"});
  expect_labels("user_journey_duration_seconds", "histogram", {"journey", "step"});
  expect_labels("vitals_metrics_series", "gauge", {"family"});
  expect_labels("vitals_scrape_duration_seconds", "histogram", {});
  expect_labels("vitals_build_info", "gauge", {"version", "revision", "compiler"});
  for (const char* name : {"process_cpu_seconds_total", "process_open_fds", "process_max_fds",
                           "process_virtual_memory_bytes", "process_resident_memory_bytes",
                           "process_start_time_seconds", "process_threads"}) {
    EXPECT_GT(metrics.value(name).value_or(0), 0) << name;
  }
}

TEST(MetricsContract, SentryFamiliesAreThereWithSentry) {
  const EnvelopeReceiver receiver;
  const Service service{health_agent(with_sentry(receiver))};
  live(service);
  EXPECT_TRUE(eventually(
      [&] {
        return service.metrics().sum("vitals_sentry_events_total", {{"outcome", "sent"}}) > 0;
      },
      60s));
  const Metrics metrics = service.metrics();
  EXPECT_EQ(metrics.family("vitals_sentry_events_total").label_names(),
            (Names{"category", "outcome"}));
  EXPECT_TRUE(metrics.value("vitals_sentry_queue_depth"));
  EXPECT_TRUE(metrics.value("vitals_sentry_spool_bytes"));
  expect_valid(receiver);
}

TEST(MetricsContract, EveryThingThatHappensMovesItsSampleByWhatHappened) {
  const Service service{health_agent()};
  live(service);
  const Metrics before = service.metrics();
  live(service);
  const Metrics after = service.metrics();
  const auto moved = [&](const std::string& name, const Labels& labels) {
    return after.sum(name, labels) - before.sum(name, labels);
  };
  EXPECT_EQ(moved("http_requests_total",
                  {{"method", "POST"}, {"endpoint", "/api/v1/chat"}, {"status", "200"}}),
            4);
  EXPECT_EQ(moved("http_request_duration_seconds_count",
                  {{"method", "POST"}, {"endpoint", "/api/v1/chat"}}),
            5);
  EXPECT_EQ(
      moved("http_requests_total", {{"endpoint", "/api/v1/users/{user_id}"}, {"method", "GET"}}),
      3);
  EXPECT_EQ(moved("http_requests_total", {{"endpoint", "/api/v1/users"}, {"status", "201"}}), 1)
      << "bob came back";
  EXPECT_EQ(moved("http_requests_total", {{"endpoint", "/api/v1/users"}, {"status", "200"}}), 1)
      << "ann was there";
  EXPECT_EQ(moved("http_requests_total", {{"endpoint", "(unmatched)"}, {"status", "404"}}), 1);
  EXPECT_EQ(moved("http_requests_total", {{"method", "DELETE"}, {"status", "204"}}), 1);
  EXPECT_EQ(
      moved("http_errors_total", {{"error_type", "ValidationError"}, {"endpoint", "/api/v1/chat"}}),
      1);
  EXPECT_EQ(moved("http_errors_total",
                  {{"error_type", "RecordNotFoundError"}, {"endpoint", "/api/v1/users/{user_id}"}}),
            1);
  EXPECT_EQ(moved("agent_calls_total", {{"agent_type", "local"}, {"status", "success"}}), 4);
  EXPECT_EQ(moved("agent_call_duration_seconds_count", {{"agent_type", "local"}}), 4);
  EXPECT_GT(moved("agent_tokens_used_total", {{"agent_type", "local"}, {"token_type", "input"}}),
            0);
  EXPECT_GT(moved("agent_tokens_used_total", {{"agent_type", "local"}, {"token_type", "output"}}),
            0);
  EXPECT_GE(moved("agent_time_to_first_token_seconds_count", {{"agent_type", "local"}}), 2);
  EXPECT_GT(moved("db_queries_total", {{"query_type", "SELECT"}, {"table", "users"}}), 0);
  EXPECT_EQ(moved("db_queries_total", {{"query_type", "INSERT"}, {"table", "food_entries"}}), 4);
  EXPECT_GT(moved("db_queries_total", {{"query_type", "DELETE"}, {"table", "users"}}), 0);
  EXPECT_EQ(moved("db_queries_total", {}), moved("db_query_duration_seconds_count", {}));
  EXPECT_GT(moved("cache_operations_total", {{"operation", "get"}, {"result", "hit"}}), 0);
  EXPECT_GT(moved("cache_operations_total", {{"operation", "get"}, {"result", "miss"}}), 0);
  EXPECT_GT(moved("cache_operations_total", {{"operation", "set"}, {"result", "ok"}}), 0);
  EXPECT_GT(moved("cache_operations_total", {{"operation", "delete"}, {"result", "ok"}}), 0);
  EXPECT_EQ(moved("user_journey_steps_total", {{"journey", "onboarding"}, {"step", "created"}}), 1);
  EXPECT_EQ(
      moved("user_journey_steps_total", {{"journey", "onboarding"}, {"step", "first_food_entry"}}),
      1);
  EXPECT_EQ(
      moved("user_journey_steps_total", {{"journey", "onboarding"}, {"step", "first_message"}}), 1);
  EXPECT_GT(moved("db_connection_pool_wait_seconds_count", {}), 0);
}

TEST(MetricsContract, LabelValuesAreOnesThatTheContractKnows) {
  const Service service{health_agent()};
  live(service);
  const Metrics metrics = service.metrics();
  const auto within = [&metrics](const std::string& family, const std::string& label,
                                 const Names& known) {
    for (const std::string& value : metrics.family(family).values_of(label))
      EXPECT_TRUE(known.contains(value)) << family << " " << label << "=" << value;
  };
  within("http_requests_total", "endpoint",
         {"/api/v1/chat", "/api/v1/users", "/api/v1/users/{user_id}",
          "/api/v1/users/{user_id}/profile", "/api/v1/users/{user_id}/food", "/api/health",
          "/metrics", "(unmatched)"});
  within("http_requests_total", "method", {"GET", "POST", "PATCH", "DELETE"});
  within("db_queries_total", "query_type", {"SELECT", "INSERT", "UPDATE", "DELETE", "OTHER"});
  within("db_queries_total", "table",
         {"users", "food_entries", "conversation_messages", "food_undo", "kept_answers",
          "user_profiles", "user_preferences", "leases", "journeys", "user_journeys",
          "journey_steps", "schema_migrations", "migrations", "none", "(none)"});
  within("agent_calls_total", "status", {"success", "error"});
  within("agent_tokens_used_total", "token_type", {"input", "output"});
  within("cache_operations_total", "operation", {"get", "set", "delete"});
  within("cache_operations_total", "result", {"hit", "miss", "ok", "error"});
  within("user_journey_steps_total", "step",
         {"created", "first_message", "first_food_entry", "second_day"});
}

TEST(MetricsContract, AThrowCountsAsTheStatusSentAndAsTheExceptionsClass) {
  const Service service{health_agent({{"FAULTS", "handler:1.0"}})};
  EXPECT_EQ(service.http().get("/api/v1/users/ann").status, 500);
  const Response scrape = Http{service.metrics_port()}.get("/metrics");
  ASSERT_EQ(scrape.status, 200) << "no fault is injected in the metrics-only listener";
  const Metrics metrics = Metrics::parse(scrape.body);
  const Labels endpoint{{"method", "GET"}, {"endpoint", "/api/v1/users/{user_id}"}};
  EXPECT_EQ(metrics.value(
                "http_requests_total",
                {{"method", "GET"}, {"endpoint", "/api/v1/users/{user_id}"}, {"status", "500"}}),
            1);
  EXPECT_EQ(metrics.sum("http_errors_total", endpoint), 1);
  EXPECT_EQ(metrics.value("http_errors_total", {{"method", "GET"},
                                                {"endpoint", "/api/v1/users/{user_id}"},
                                                {"error_type", "runtime_error"}}),
            1)
      << "demangled, without its namespace";
}

TEST(MetricsContract, ThePoolGaugesAreWhatThePoolIs) {
  const Service service{health_agent({{"DATABASE_POOL_SIZE", "3"}})};
  const Metrics metrics = service.metrics();
  EXPECT_EQ(metrics.value("db_connection_pool_size"), 3);
  EXPECT_EQ(metrics.value("db_connection_pool_available"), 3) << "nobody works";
}

TEST(MetricsContract, TheHitRateIsNaNUntilSomebodyAskedTheCache) {
  const Service service{health_agent()};
  EXPECT_TRUE(std::isnan(service.metrics().value("cache_hit_rate").value_or(0)));
  live(service);
  const Metrics metrics = service.metrics();
  const double hits =
      metrics.sum("cache_operations_total", {{"operation", "get"}, {"result", "hit"}});
  const double misses =
      metrics.sum("cache_operations_total", {{"operation", "get"}, {"result", "miss"}});
  EXPECT_NEAR(metrics.value("cache_hit_rate").value_or(-1), hits / (hits + misses), 1e-9);
}

TEST(MetricsContract, NothingIsInProgressWhenNothingIs) {
  const Service service{health_agent()};
  live(service);
  const Metrics metrics = service.metrics();
  EXPECT_EQ(metrics.sum("http_requests_in_progress", {{"method", "POST"}}), 0);
  EXPECT_EQ(metrics.sum("http_requests_in_progress", {{"method", "GET"}}), 1)
      << "the scrape itself";
}

TEST(MetricsContract, NoUserMessageOrRequestIdIsALabelValue) {
  const Service service{health_agent()};
  Http client = service.http();
  client.always_send({{"X-Request-ID", "telltale-request"}});
  create_user(client, "telltale-user");
  client.post("/api/v1/chat", {{"user_id", "telltale-user"}, {"message", "telltale-message"}});
  client.get("/api/v1/users/telltale-user?telltale-query=1");
  client.get("/telltale-path");
  EXPECT_EQ(client.get("/metrics").body.find("telltale"), std::string::npos);
}

}  // namespace
}  // namespace integration

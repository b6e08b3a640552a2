#include <gtest/gtest.h>

#include <string>

#include "integration/fixture.h"
#include "integration/support/metrics_text.h"
#include "integration/support/process.h"

namespace integration {
namespace {

constexpr const char* kText = "text/plain; version=0.0.4; charset=utf-8";

void work(const Service& service) {
  Http client = service.http();
  create_user(client, "ann");
  client.get("/api/v1/users/ann/profile");
  client.post("/api/v1/chat",
              {{"user_id", "ann"}, {"message", "2 eggs and 150 g of rice for lunch"}},
              {{"Accept", "text/event-stream"}});
  client.get("/nowhere");
}

TEST(Exposition, IsTextOnBothPlaces) {
  const Service service{health_agent()};
  work(service);
  for (const std::uint16_t port : {service.api_port(), service.metrics_port()}) {
    SCOPED_TRACE(port);
    for (const Headers& headers :
         {Headers{}, Headers{{"Accept", "text/plain"}}, Headers{{"Accept", "*/*"}}}) {
      const Response response = Http{port}.get("/metrics", headers);
      ASSERT_EQ(response.status, 200);
      EXPECT_EQ(response.header("content-type"), kText);
      EXPECT_TRUE(Metrics::parse(response.body).has("http_requests_total"));
    }
  }
}

TEST(Exposition, PromtoolFindsNothingToComplainAbout) {
  const EnvelopeReceiver receiver;
  const Service service{health_agent(with_sentry(receiver, {{"FAULTS", "db:0.05,agent:0.3"}}))};
  for (int i = 0; i < 5; ++i) {
    Http client = service.http();
    client.post("/api/v1/chat", {{"user_id", "ann"}, {"message", "an egg"}});
    client.get("/api/v1/users/ann/food");
    client.get("/api/v1/users/ann/profile");
  }
  const Finished check = run(
      {.command = {"promtool", "check", "metrics"}, .input = service.http().get("/metrics").body});
  ASSERT_TRUE(check.status);
  EXPECT_EQ(check.status->code, 0) << check.output << check.errors;
  EXPECT_EQ(check.output + check.errors, "");
}

TEST(Exposition, PromtoolIsAbleToComplain) {
  const Finished check = run({.command = {"promtool", "check", "metrics"},
                              .input = "# HELP a A.\n# TYPE a counter\na 1\n"});
  ASSERT_TRUE(check.status) << "promtool (Debian package prometheus) is needed";
  EXPECT_EQ(check.status->code, 3) << check.output << check.errors;
}

TEST(Exposition, IsCompressedWhereTheClientTakesIt) {
  const Service service{health_agent()};
  for (const std::uint16_t port : {service.api_port(), service.metrics_port()}) {
    const Response response = Http{port}.get("/metrics", {{"Accept-Encoding", "gzip"}});
    ASSERT_EQ(response.status, 200);
    EXPECT_EQ(response.header("content-encoding"), "gzip");
    EXPECT_TRUE(Metrics::parse(gunzip(response.body)).has("process_start_time_seconds"));
    EXPECT_EQ(
        Http{port}.get("/metrics", {{"Accept-Encoding", "gzip;q=0"}}).header("content-encoding"),
        "");
  }
}

TEST(Exposition, HeadSendsHeadersOnly) {
  const Service service{health_agent()};
  for (const std::uint16_t port : {service.api_port(), service.metrics_port()}) {
    const Response response = Http{port}.send({.method = "HEAD", .path = "/metrics"});
    EXPECT_EQ(response.status, 200) << response.error;
    EXPECT_EQ(response.header("content-type"), kText);
    EXPECT_EQ(response.body, "");
    EXPECT_GT(std::stoul("0" + response.header("content-length")), 1000U)
        << "the length of the page";
  }
}

TEST(Exposition, NamesTheMethodsThatItHas) {
  const Service service{health_agent()};
  for (const std::uint16_t port : {service.api_port(), service.metrics_port()}) {
    const Response response = Http{port}.send({.method = "PUT", .path = "/metrics"});
    EXPECT_EQ(response.status, 405);
    EXPECT_NE(response.header("allow").find("GET, HEAD"), std::string::npos)
        << response.header("allow");
  }
}

TEST(Exposition, AgreesOnTheEscapingThatPrometheus3AsksFor) {
  const Service service{health_agent()};
  for (const std::uint16_t port : {service.api_port(), service.metrics_port()}) {
    const Response text =
        Http{port}.get("/metrics", {{"Accept", "text/plain;version=1.0.0;escaping=allow-utf-8"}});
    EXPECT_EQ(text.header("content-type"),
              "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8");
    EXPECT_TRUE(Metrics::parse(text.body).has("http_requests_total"));
    const Response dots =
        Http{port}.get("/metrics", {{"Accept", "text/plain;version=1.0.0;escaping=dots"}});
    EXPECT_TRUE(Metrics::parse(dots.body).has("http__requests__total"));
    const Response openmetrics = Http{port}.get(
        "/metrics",
        {{"Accept",
          "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
          "application/openmetrics-text;version=0.0.1;q=0.5,"
          "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,"
          "*/*;q=0.2"}});
    EXPECT_EQ(openmetrics.header("content-type"),
              "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8");
  }
}

TEST(Exposition, NamesSelectFamilies) {
  const Service service{health_agent()};
  work(service);
  for (const std::uint16_t port : {service.api_port(), service.metrics_port()}) {
    const Response response = Http{port}.get(
        "/metrics?name[]=http_requests_total&name%5B%5D=db_connection_pool_size&name[]=none");
    ASSERT_EQ(response.status, 200);
    const Metrics metrics = Metrics::parse(response.body);
    EXPECT_EQ(metrics.families().size(), 2U);
    EXPECT_TRUE(metrics.has("http_requests_total"));
    EXPECT_TRUE(metrics.has("db_connection_pool_size"));
  }
}

TEST(Exposition, WantsTheTokenOnBothPlacesWhenOneIsSet) {
  const Service service{health_agent({{"METRICS_TOKEN", "tok3n"}, {"API_KEYS", "key"}})};
  for (const std::uint16_t port : {service.api_port(), service.metrics_port()}) {
    SCOPED_TRACE(port);
    Http client{port};
    const Response refused = client.get("/metrics");
    EXPECT_EQ(refused.status, 401);
    EXPECT_NE(refused.header("www-authenticate").find("Bearer"), std::string::npos);
    EXPECT_EQ(refused.body.find("http_requests"), std::string::npos);
    EXPECT_EQ(client.get("/metrics", {{"Authorization", "Bearer wrong"}}).status, 401);
    EXPECT_EQ(client.get("/metrics", {{"Authorization", "Bearer key"}}).status, 401)
        << "an API key is no token";
    EXPECT_EQ(client.get("/metrics", {{"Authorization", "Bearer tok3"}}).status, 401);
    EXPECT_EQ(client.get("/metrics", {{"Authorization", "Bearer tok3n"}}).status, 200);
  }
  EXPECT_EQ(service.http().get("/api/cache/stats", {{"Authorization", "Bearer tok3n"}}).status, 401)
      << "a token is no API key";
}

TEST(Exposition, TheMetricsPortServesNothingElse) {
  const Service service{health_agent()};
  Http client{service.metrics_port()};
  for (const char* path : {"/", "/api/health", "/metrics/x", "/api/v1/users/ann"})
    EXPECT_EQ(client.get(path).status, 404) << path;
  const Response post = client.post("/metrics", Json::object());
  EXPECT_EQ(post.status, 405);
  EXPECT_EQ(client.get("/metrics").status, 200);
}

TEST(Exposition, BothPlacesTellTheSameCounts) {
  const Service service{health_agent()};
  work(service);
  const Metrics one = Metrics::parse(Http{service.metrics_port()}.get("/metrics").body);
  const Metrics other = service.metrics();
  const Labels chat{{"method", "POST"}, {"endpoint", "/api/v1/chat"}, {"status", "200"}};
  EXPECT_EQ(one.value("http_requests_total", chat), 1);
  EXPECT_EQ(other.value("http_requests_total", chat), 1);
}

}  // namespace
}  // namespace integration

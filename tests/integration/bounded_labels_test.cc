#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "integration/fixture.h"
#include "integration/support/raw_socket.h"

namespace integration {
namespace {

constexpr int kRequests = 10'000;

std::string random_text(std::mt19937& random, const std::string& alphabet, std::size_t most) {
  std::string text;
  const std::size_t size = 1 + random() % most;
  for (std::size_t i = 0; i < size; ++i)
    text += alphabet[random() % alphabet.size()];
  return text;
}

TEST(BoundedLabels, TenThousandRandomPathsAndMethodsAddNothingButUnmatchedAndOther) {
  const Service service{health_agent({{"LOG_LEVEL", "error"}})};
  std::mt19937 random{20260131};
  const std::string letters = "abcdefghijklmnopqrstuvwxyz0123456789-._~%2F/";
  // Methods of other protocols, which the server's parser knows, and words that nobody knows.
  const std::vector<std::string> known{"GET",      "POST",  "PUT",  "DELETE", "PATCH",
                                       "PROPFIND", "MKCOL", "LOCK", "REPORT"};
  auto socket = std::make_unique<RawSocket>(service.api_port());
  int answered = 0;
  std::set<int> statuses;
  for (int i = 0; i < kRequests; ++i) {
    const bool unknown = i % 50 == 0;
    const std::string method = unknown ? random_text(random, "ABCDEFGHIJKLMNOPQRSTUVWXYZ", 12) + "X"
                                       : known[random() % known.size()];
    const std::string request = method + " /" + random_text(random, letters, 60) +
                                " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
    if (!socket->send(request)) socket = std::make_unique<RawSocket>(service.api_port());
    const auto response = socket->read_response(60s);
    if (response) {
      ++answered;
      statuses.insert(response->status);
      if (response->header("connection") != "close") continue;
    } else {
      EXPECT_TRUE(unknown) << method << " got no answer";
    }
    socket = std::make_unique<RawSocket>(service.api_port());
  }
  EXPECT_GE(answered, kRequests - kRequests / 50);
  for (const int status : statuses)
    EXPECT_TRUE(status >= 400 && status < 600 && status != 500) << status;

  const Metrics metrics = service.metrics();
  const std::set<std::string> endpoints{"(unmatched)", "/api/health", "/metrics"};
  const std::set<std::string> methods{"GET", "POST", "PUT", "DELETE", "PATCH", "OTHER"};
  for (const char* family :
       {"http_requests_total", "http_request_duration_seconds", "http_errors_total"}) {
    for (const std::string& endpoint : metrics.family(family).values_of("endpoint"))
      EXPECT_TRUE(endpoints.contains(endpoint)) << family << " " << endpoint;
    for (const std::string& method : metrics.family(family).values_of("method"))
      EXPECT_TRUE(methods.contains(method)) << family << " " << method;
  }
  EXPECT_GT(metrics.sum("http_requests_total", {{"method", "OTHER"}, {"endpoint", "(unmatched)"}}),
            1000);
  EXPECT_GT(metrics.sum("http_requests_total", {{"endpoint", "(unmatched)"}}), 9000);
  EXPECT_LE(metrics.family("http_requests_total").series(), 20U);
  EXPECT_EQ(metrics.sum("vitals_metrics_series_overflow_total"), 0);
}

TEST(BoundedLabels, TenThousandUsersAddNoSeries) {
  const Service service{health_agent({{"LOG_LEVEL", "error"}})};
  Http client = service.http();
  client.get("/api/v1/users/first");
  const std::size_t before = service.metrics().family("http_requests_total").series();
  for (int i = 0; i < kRequests; ++i)
    ASSERT_EQ(client.get("/api/v1/users/user" + std::to_string(i)).status, 404);
  // The first scrape's own request has been counted since then.
  EXPECT_LE(service.metrics().family("http_requests_total").series(), before + 1);
}

}  // namespace
}  // namespace integration

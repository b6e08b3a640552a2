#include "vitals/adapters/restinio.h"

#include <gmock/gmock.h>

#include "tests/unit/monitor/monitored.h"

namespace vitals::adapters {
namespace {

class RestinioTest : public monitor::Monitored {};

/// As much of a RESTinio request as the adapter looks at.
struct FakeRequest {
  restinio::http_request_header_t head;
  [[nodiscard]] const restinio::http_request_header_t& header() const noexcept { return head; }
};

/// As much of a RESTinio response builder as the adapter uses.
struct FakeResponse {
  std::vector<std::pair<std::string, std::string>> headers;
  void append_header(std::string name, std::string value) {
    headers.emplace_back(std::move(name), std::move(value));
  }
};

TEST_F(RestinioTest, RequestIsReadWholeWithHeaderNamesInAnyCase) {
  FakeRequest request{
      restinio::http_request_header_t{restinio::http_method_patch(), "/users/7?x=1"}};
  request.head.add_field("x-request-id", "abc");
  request.head.add_field("Sentry-Trace", "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1");
  request.head.add_field("BAGGAGE", "sentry-release=1");
  request.head.add_field("baggage", "vendor=2");
  request.head.add_field("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");

  const monitor::RequestStart start = request_start(request, "/users/{id}", "get_user");
  EXPECT_EQ(start.method, monitor::Method::kPatch);
  EXPECT_EQ(start.route, "/users/{id}");
  EXPECT_EQ(start.operation, "get_user");
  EXPECT_EQ(start.path, "/users/7");
  EXPECT_EQ(start.query, "x=1");
  EXPECT_EQ(start.request_id, "abc");
  EXPECT_EQ(start.baggage.joined(), "sentry-release=1,vendor=2");
  EXPECT_FALSE(start.sentry_trace.empty());
  EXPECT_FALSE(start.traceparent.empty());
  std::vector<std::pair<std::string, std::string>> fields;
  start.headers.read(start.headers.request, &fields,
                     [](void* sink, std::string_view name, std::string_view value) {
                       static_cast<decltype(fields)*>(sink)->emplace_back(name, value);
                     });
  EXPECT_THAT(fields, ::testing::SizeIs(5));
  EXPECT_THAT(fields, ::testing::Contains(::testing::Pair("x-request-id", "abc")));
}

TEST_F(RestinioTest, AbsentHeadersAreEmptyAndAnUnknownMethodIsOther) {
  const FakeRequest request{restinio::http_request_header_t{restinio::http_method_lock(), "/"}};
  const monitor::RequestStart start = request_start(request, "(unmatched)", "");
  EXPECT_EQ(start.method, monitor::Method::kOther);
  EXPECT_TRUE(start.request_id.empty());
  EXPECT_TRUE(start.sentry_trace.empty());
  EXPECT_TRUE(start.query.empty());
}

TEST_F(RestinioTest, FinishPutsTheIdsOnTheAnswerAndCountsIt) {
  monitor::RequestScope scope{
      {.method = monitor::Method::kGet, .route = "/restinio", .request_id = "r-1"}};
  FakeResponse response;
  finish(response, scope, 204);
  EXPECT_THAT(response.headers,
              ::testing::ElementsAre(::testing::Pair("X-Request-ID", "r-1"),
                                     ::testing::Pair("X-Trace-ID", scope.trace_id())));
  EXPECT_EQ(monitor::value("http_requests_total",
                           {{"method", "GET"}, {"endpoint", "/restinio"}, {"status", "204"}}),
            1);
}

}  // namespace
}  // namespace vitals::adapters

#include "vitals/adapters/beast.h"

#include <gtest/gtest.h>

#include <boost/beast/http/string_body.hpp>
#include <stdexcept>

#include "tests/unit/monitor/monitored.h"
#include "vitals/console/console.h"
#include "vitals/exporting/scrape.h"
#include "vitals/metrics/registry.h"
#include "vitals/monitor/log_context.h"

namespace vitals::adapters {
namespace {

namespace http = boost::beast::http;

class BeastTest : public monitor::Monitored {
 protected:
  static double total(std::string_view name, vitals::testing::Snapshot::Labels labels) {
    return vitals::testing::Snapshot{monitor::scope_registry()}.total(name, labels);
  }
};

/// What a RequestScope would refer to after it is gone does not compile.
template <class Request, class... Rest>
concept Starts = requires(Request&& request, Rest&&... rest) {
  request_start(std::forward<Request>(request), std::forward<Rest>(rest)...);
};
using Whole = http::request<http::string_body>;
static_assert(Starts<const Whole&, const char*, const char*>);
static_assert(Starts<Whole&, const monitor::Endpoint&>);
static_assert(!Starts<Whole, const char*, const char*>);
static_assert(!Starts<const http::request_header<>, const char*, const char*>);
static_assert(!Starts<Whole, const monitor::Endpoint&>);
static_assert(!Starts<const Whole&, monitor::Endpoint>);
static_assert(!Starts<Whole, monitor::Endpoint>);

TEST_F(BeastTest, RequestIsReadWholeWithHeaderNamesInAnyCase) {
  http::request<http::string_body> request{http::verb::patch, "/users/7?x=1", 11};
  request.set("x-request-id", "abc");
  request.set("Sentry-Trace", "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1");
  request.set("BAGGAGE", "sentry-release=1");
  request.set("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");

  const monitor::RequestStart start = request_start(request, "/users/{id}", "get_user");
  EXPECT_EQ(start.method, monitor::Method::kPatch);
  EXPECT_EQ(start.route, "/users/{id}");
  EXPECT_EQ(start.operation, "get_user");
  EXPECT_EQ(start.path, "/users/7");
  EXPECT_EQ(start.query, "x=1");
  EXPECT_EQ(start.request_id, "abc");
  EXPECT_EQ(start.baggage.joined(), "sentry-release=1");
  EXPECT_FALSE(start.sentry_trace.empty());
  EXPECT_FALSE(start.traceparent.empty());

  std::string fields;
  start.headers.read(start.headers.request, &fields,
                     [](void* sink, std::string_view name, std::string_view value) {
                       static_cast<std::string*>(sink)->append(name).append("=").append(value) +=
                           "|";
                     });
  EXPECT_NE(fields.find("x-request-id=abc|"), std::string::npos) << fields;
}

TEST_F(BeastTest, TheTargetMayNameTheHostOrNothing) {
  http::request_header<> head;
  head.method(http::verb::get);
  head.target("http://example.org:8080/a?b");
  EXPECT_EQ(request_start(head, "/a", "").path, "/a");
  EXPECT_EQ(request_start(head, "/a", "").query, "b");
  head.target("http://example.org");
  EXPECT_EQ(request_start(head, "/a", "").path, "");
  head.target("/a?b=http://c");
  EXPECT_EQ(request_start(head, "/a", "").path, "/a");
}

TEST_F(BeastTest, AbsentHeadersAreEmptyAndAnUnknownMethodIsOther) {
  const http::request<http::string_body> request{http::verb::lock, "/", 11};
  const monitor::RequestStart start = request_start(request, "(unmatched)", "");
  EXPECT_EQ(start.method, monitor::Method::kOther);
  EXPECT_TRUE(start.request_id.empty());
  EXPECT_TRUE(start.sentry_trace.empty());
  EXPECT_TRUE(start.query.empty());
}

TEST_F(BeastTest, FinishPutsTheIdsOnTheAnswerAndCountsIt) {
  monitor::RequestScope scope{
      {.method = monitor::Method::kGet, .route = "/beast", .request_id = "r-1"}};
  http::response<http::string_body> response{http::status::no_content, 11};
  finish(response, scope, 204);
  EXPECT_EQ(response["X-Request-ID"], "r-1");
  EXPECT_EQ(view_of(response["X-Trace-ID"]), scope.trace_id());
  EXPECT_EQ(monitor::value("http_requests_total",
                           {{"method", "GET"}, {"endpoint", "/beast"}, {"status", "204"}}),
            1);
}

using Answer = http::response<http::string_body>;

TEST_F(BeastTest, RespondRunsTheHandlerAsOneRequest) {
  http::request<http::string_body> request{http::verb::get, "/eggs/7", 11};
  request.set("X-Request-ID", "r-2");
  const monitor::Endpoint endpoint{monitor::Method::kGet, "/eggs/{id}"};
  const Answer answer = respond(request, endpoint, [&](monitor::RequestScope& scope) {
    EXPECT_EQ(scope.request_id(), "r-2");
    EXPECT_EQ(monitor::current_log_context().request_id, "r-2") << "it is the active one";
    return Answer{http::status::not_found, request.version()};
  });
  EXPECT_EQ(answer.result_int(), 404U);
  EXPECT_EQ(answer["X-Request-ID"], "r-2");
  EXPECT_EQ(total("http_requests_total", {{"endpoint", "/eggs/{id}"}, {"status", "404"}}), 1);
}

TEST_F(BeastTest, RespondAnswersAnExceptionWithoutItsText) {
  http::request<http::string_body> request{http::verb::get, "/eggs/7", 11};
  request.keep_alive(false);
  const Answer answer =
      respond(request, "/broken/{id}", [](monitor::RequestScope& scope) -> Answer {
        scope.set_route("/eggs/{id}");
        throw std::runtime_error{"the secret of the egg"};
      });
  EXPECT_EQ(answer.result_int(), 500U);
  EXPECT_EQ(answer.body(), "");
  EXPECT_FALSE(answer.keep_alive());
  EXPECT_EQ(total("http_requests_total", {{"endpoint", "/eggs/{id}"}, {"status", "500"}}), 1);
  EXPECT_EQ(total("http_errors_total", {{"error_type", "runtime_error"}}), 1);
}

TEST_F(BeastTest, OnlyWhatIsBelowAMountIsAnswered) {
  metrics::Registry registry;
  exporting::ScrapeHandler scrapes{registry};
  console::Console page{&registry, nullptr};
  const auto asked = [&](const char* target) {
    return http::request<http::string_body>{http::verb::get, target, 11};
  };
  EXPECT_FALSE(mounted(scrapes, asked("/metrics/")));
  EXPECT_FALSE(mounted(scrapes, asked("/")));
  EXPECT_FALSE(mounted(page, asked("/consoles")));
  EXPECT_FALSE(mounted(page, asked("/")));
  EXPECT_TRUE(mounted(scrapes, asked("/metrics?name=a")));
  EXPECT_TRUE(mounted(page, asked("/console?")));
  EXPECT_TRUE(mounted(page, asked("/console/app.css")));
  http::request<http::string_body> post = asked("/metrics");
  post.method(http::verb::post);
  const auto refused = mounted(scrapes, post);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->result_int(), 405U);
  EXPECT_NE((*refused)["Allow"], "");
}

}  // namespace
}  // namespace vitals::adapters

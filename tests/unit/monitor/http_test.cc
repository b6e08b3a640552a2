#include "vitals/monitor/http.h"

#include <gmock/gmock.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/unit/monitor/monitored.h"
#include "vitals/context/capture.h"
#include "vitals/monitor/db.h"

namespace vitals::monitor {
namespace {

using ::testing::Contains;
using ::testing::SizeIs;

class RequestScopeTest : public Monitored {};

struct OddError : std::runtime_error {
  using runtime_error::runtime_error;
};

TEST_F(RequestScopeTest, CountsMethodTemplateAndStatus) {
  {
    RequestScope request{{.method = Method::kGet, .route = "/count/{id}"}};
    EXPECT_EQ(value("http_requests_in_progress", {{"method", "GET"}}), 1);
    request.finish(201);
  }
  EXPECT_EQ(value("http_requests_total",
                  {{"method", "GET"}, {"endpoint", "/count/{id}"}, {"status", "201"}}),
            1);
  EXPECT_EQ(value("http_request_duration_seconds_count",
                  {{"method", "GET"}, {"endpoint", "/count/{id}"}}),
            1);
  EXPECT_EQ(value("http_requests_in_progress", {{"method", "GET"}}), 0);
}

TEST_F(RequestScopeTest, OfARequestThatWaitedCountsFromItsArrival) {
  const auto in_progress = [this] {
    return value("http_requests_in_progress", {{"method", "GET"}});
  };
  {
    RequestArrival arrival{Method::kGet};
    EXPECT_EQ(in_progress(), 1) << "while it waits";
    std::this_thread::sleep_for(std::chrono::milliseconds{30});
    std::thread{[&] {
      RequestScope request{{.method = Method::kGet, .route = "/waited", .arrival = &arrival}};
      EXPECT_EQ(in_progress(), 1) << "the scope has taken over";
      request.finish(200);
      EXPECT_EQ(in_progress(), 0);
    }}.join();
  }
  EXPECT_EQ(in_progress(), 0) << "not once more";
  EXPECT_GE(
      value("http_request_duration_seconds_sum", {{"method", "GET"}, {"endpoint", "/waited"}}),
      0.03);
  const auto transactions = sent("transaction");
  ASSERT_THAT(transactions, SizeIs(1));
  EXPECT_GE(
      transactions[0]["timestamp"].get<double>() - transactions[0]["start_timestamp"].get<double>(),
      0.03)
      << "the trace too";
}

TEST_F(RequestScopeTest, ARequestThatIsNeverServedIsInProgressNoMore) {
  const double requests = vitals::testing::Snapshot{scope_registry()}.total("http_requests_total");
  { const RequestArrival arrival{Method::kGet}; }
  EXPECT_EQ(value("http_requests_in_progress", {{"method", "GET"}}), 0);
  EXPECT_EQ(vitals::testing::Snapshot{scope_registry()}.total("http_requests_total"), requests);
}

TEST_F(RequestScopeTest, OfAnEndpointCountsAsOneOfItsRouteDoes) {
  const Endpoint endpoint{Method::kGet, "/known/{id}", "get_known"};
  EXPECT_EQ(endpoint.name(), "GET /known/{id}");
  for (const int status : {200, 404, 200}) {
    RequestScope request{{.method = Method::kGet, .endpoint = &endpoint}};
    request.finish(status);
  }
  {
    RequestScope request{{.method = Method::kGet, .route = "/known/{id}"}};
    request.finish(200);
  }
  EXPECT_EQ(value("http_requests_total",
                  {{"method", "GET"}, {"endpoint", "/known/{id}"}, {"status", "200"}}),
            3);
  EXPECT_EQ(value("http_requests_total",
                  {{"method", "GET"}, {"endpoint", "/known/{id}"}, {"status", "404"}}),
            1);
  EXPECT_EQ(value("http_request_duration_seconds_count",
                  {{"method", "GET"}, {"endpoint", "/known/{id}"}}),
            4);
}

TEST_F(RequestScopeTest, OfAnotherMethodThanItsEndpointCountsByItsOwn) {
  const Endpoint endpoint{Method::kGet, "/headed"};
  RequestScope request{{.method = Method::kHead, .endpoint = &endpoint}};
  request.finish(200);
  EXPECT_EQ(value("http_requests_total",
                  {{"method", "HEAD"}, {"endpoint", "/headed"}, {"status", "200"}}),
            1);
}

TEST_F(RequestScopeTest, OfAnEndpointWithoutAStatusIsCountedToo) {
  const Endpoint endpoint{Method::kGet, "/left"};
  for (int i = 0; i < 2; ++i) {
    RequestScope request{{.method = Method::kGet, .endpoint = &endpoint}};
    request.finish(0);
  }
  EXPECT_EQ(
      value("http_requests_total", {{"method", "GET"}, {"endpoint", "/left"}, {"status", "000"}}),
      2);
}

TEST_F(RequestScopeTest, OfAnEndpointMayHaveMoreStatusesThanItKeeps) {
  const Endpoint endpoint{Method::kGet, "/many"};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&endpoint] {
      for (int status = 200; status < 220; ++status) {
        RequestScope request{{.method = Method::kGet, .endpoint = &endpoint}};
        request.finish(status);
      }
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  for (int status = 200; status < 220; ++status) {
    EXPECT_EQ(value("http_requests_total",
                    {{"method", "GET"}, {"endpoint", "/many"}, {"status", std::to_string(status)}}),
              4)
        << status;
  }
}

TEST_F(RequestScopeTest, EventOfAnEndpointsRequestCarriesItsOperation) {
  const Endpoint endpoint{Method::kGet, "/users/{id}", "get_user"};
  RequestScope request{{.method = Method::kGet, .endpoint = &endpoint, .path = "/users/7"}};
  request.fail_unhandled(OddError{"it broke"});
  request.finish(500);
  const auto events = sent("event");
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0]["tags"]["operation"], "get_user");
  EXPECT_EQ(events[0]["transaction"], "GET /users/{id}");
}

TEST_F(RequestScopeTest, ThatIsNeverFinishedCountsAsA500) {
  { RequestScope request{{.method = Method::kPut, .route = "/lost"}}; }
  EXPECT_EQ(
      value("http_requests_total", {{"method", "PUT"}, {"endpoint", "/lost"}, {"status", "500"}}),
      1);
  EXPECT_EQ(value("http_errors_total",
                  {{"method", "PUT"}, {"endpoint", "/lost"}, {"error_type", "unfinished"}}),
            1);
}

TEST_F(RequestScopeTest, IsASessionWhoseStatusFollowsFromWhatWasCaptured) {
  const std::runtime_error error{"x"};
  {
    RequestScope well{{.method = Method::kGet}};
    well.finish(200);
    well.finish(500);
  }
  {
    RequestScope handled{{.method = Method::kGet}};
    {
      const RequestActivation active{handled};
      context::capture_exception(error);
    }
    handled.finish(200);
  }
  {
    RequestScope unhandled{{.method = Method::kGet}};
    unhandled.fail_unhandled(error);
    unhandled.finish(500);
  }
  { const RequestScope given_up{{.method = Method::kGet}}; }
  EXPECT_EQ(sessions(), (std::map<std::string, int>{
                            {"exited", 1}, {"errored", 1}, {"crashed", 1}, {"abnormal", 1}}));
}

constexpr context::HeaderSource kHeaders{
    .request = nullptr,
    .read = [](const void* /*request*/, void* sink, context::HeaderSource::Take take) noexcept {
      take(sink, "Host", "example.org");
      take(sink, "USER-AGENT", "curl/8");
      take(sink, "Authorization", "Bearer of-something");
      take(sink, "Cookie", "session=1");
    }};

TEST_F(RequestScopeTest, EventsShowTheHeadersOfTheirRequestWithoutWhatIsPrivate) {
  RequestScope request{{.method = Method::kGet, .route = "/headed", .headers = kHeaders}};
  request.fail_unhandled(OddError{"it broke"});
  request.finish(500);
  const auto events = sent("event");
  ASSERT_THAT(events, SizeIs(1));
  const auto& headers = events[0]["request"]["headers"];
  EXPECT_EQ(headers["Host"], "example.org");
  EXPECT_EQ(headers["USER-AGENT"], "curl/8");
  EXPECT_EQ(headers.dump().find("of-something"), std::string::npos);
  EXPECT_EQ(headers.dump().find("session"), std::string::npos);
}

TEST_F(RequestScopeTest, TheServersSpanSaysWhoAskedForWhat) {
  RequestScope request{
      {.method = Method::kGet, .route = "/a/{id}", .path = "/a/7", .headers = kHeaders}};
  request.finish(200);
  const auto transactions = sent("transaction");
  ASSERT_THAT(transactions, SizeIs(1));
  const auto& data = transactions[0]["contexts"]["trace"]["data"];
  EXPECT_EQ(data["http.request.method"], "GET");
  EXPECT_EQ(data["url.path"], "/a/7");
  EXPECT_EQ(data["user_agent.original"], "curl/8");
  EXPECT_EQ(data["server.address"], "example.org");
}

TEST(RequestStart, FindsItsFieldsInTheHeadersWhateverTheirCaseAndNumber) {
  using Fields = std::vector<std::pair<std::string, std::string>>;
  const Fields fields{{"Host", "example.org"},
                      {"x-request-id", ""},
                      {"X-REQUEST-ID", "r-1"},
                      {"X-Request-ID", "r-2"},
                      {"X-Request-IDs", "no"},
                      {"Baggage", "a=1"},
                      {"TraceParent", "00-t"},
                      {"baggage", "b=2"},
                      {"sentry-trace-flags", "no"},
                      {"SENTRY-TRACE", "s"},
                      {"sentry-trace", "another s"},
                      {"tracestate", "c=1"},
                      {"B3", "0"},
                      {"Tracestate", "d=2"},
                      {"X-B3-TraceId", "t"},
                      {"x-b3-spanid", "sp"},
                      {"X-B3-Sampled", "1"},
                      {"X-B3-Flags", "0"},
                      {"X-B3-ParentSpanId", "no"},
                      {"x-b3-flags", "1"}};
  RequestStart start{.headers = {&fields, [](const void* of, void* sink, auto take) noexcept {
                                   for (const auto& [name, value] : *static_cast<const Fields*>(of))
                                     take(sink, name, value);
                                 }}};
  start.read_headers();
  EXPECT_EQ(start.request_id, "r-1");
  EXPECT_EQ(start.sentry_trace, "s");
  EXPECT_EQ(start.traceparent, "00-t");
  EXPECT_EQ(start.baggage.joined(), "a=1,b=2");
  EXPECT_EQ(start.tracestate.joined(), "c=1,d=2");
  EXPECT_EQ(start.b3, "0");
  EXPECT_EQ(start.x_b3_trace_id, "t");
  EXPECT_EQ(start.x_b3_span_id, "sp");
  EXPECT_EQ(start.x_b3_sampled, "1");
  EXPECT_EQ(start.x_b3_flags, "0");

  RequestStart none;
  none.read_headers();
  EXPECT_EQ(none.request_id, "");
}

TEST(RequestStart, ForgetsTheWholeTraceOfACallerWhoIsNotBelieved) {
  using Fields = std::vector<std::pair<std::string, std::string>>;
  Fields fields{{"X-Request-ID", "r-1"}};
  for (const std::string_view name : context::kTraceHeaderNames)
    fields.emplace_back(name, "x=1");
  RequestStart start{.headers = {&fields, [](const void* of, void* sink, auto take) noexcept {
                                   for (const auto& [name, value] : *static_cast<const Fields*>(of))
                                     take(sink, name, value);
                                 }}};
  start.read_headers();
  EXPECT_EQ(start.x_b3_flags, "x=1");
  start.drop_trace();
  EXPECT_EQ(start.request_id, "r-1");
  EXPECT_TRUE(start.baggage.empty() && start.tracestate.empty());
  for (const std::string_view field :
       {start.sentry_trace, start.traceparent, start.b3, start.x_b3_trace_id, start.x_b3_span_id,
        start.x_b3_sampled, start.x_b3_flags}) {
    EXPECT_EQ(field, "");
  }
}

TEST_F(RequestScopeTest, TheServersAddressAndPortAreApart) {
  struct Case {
    std::string host;
    std::string address;
    int port;
  };
  for (const Case& one : {Case{"api:8080", "api", 8080}, Case{"[::1]:443", "::1", 443},
                          Case{"[fe80::2]", "fe80::2", 0}, Case{"10.0.0.1", "10.0.0.1", 0},
                          Case{"odd:port", "odd", 0}}) {
    transport_->clear();
    RequestScope request{
        {.method = Method::kGet,
         .route = "/a",
         .headers = {&one.host, [](const void* host, void* sink, auto take) noexcept {
                       take(sink, "Host", *static_cast<const std::string*>(host));
                     }}}};
    request.finish(200);
    const auto transactions = sent("transaction");
    ASSERT_THAT(transactions, SizeIs(1));
    const auto& data = transactions[0]["contexts"]["trace"]["data"];
    EXPECT_EQ(data["server.address"], one.address);
    EXPECT_EQ(data.value("server.port", 0), one.port) << one.host;
  }
}

TEST_F(RequestScopeTest, CountsAnUnhandledExceptionByItsUnqualifiedClass) {
  RequestScope request{{.method = Method::kGet, .route = "/odd"}};
  request.fail_unhandled(OddError{"secret detail"});
  request.finish(500);
  EXPECT_EQ(value("http_errors_total",
                  {{"method", "GET"}, {"endpoint", "/odd"}, {"error_type", "OddError"}}),
            1);
}

TEST_F(RequestScopeTest, CountsOneErrorHoweverOftenItFails) {
  RequestScope request{{.method = Method::kGet, .route = "/twice"}};
  request.fail("ValidationError");
  request.fail("DatabaseError");
  request.finish(400);
  EXPECT_EQ(value("http_errors_total",
                  {{"method", "GET"}, {"endpoint", "/twice"}, {"error_type", "ValidationError"}}),
            1);
  EXPECT_EQ(value("http_errors_total",
                  {{"method", "GET"}, {"endpoint", "/twice"}, {"error_type", "DatabaseError"}}),
            0);
}

TEST_F(RequestScopeTest, EventCarriesUserRequestIdOperationAndTrace) {
  RequestScope request{{.method = Method::kGet,
                        .route = "/users/{id}",
                        .operation = "get_user",
                        .path = "/users/7",
                        .request_id = "abc-123"}};
  request.set_user("u7");
  request.fail_unhandled(OddError{"it broke"});
  request.finish(500);

  const auto events = sent("event");
  ASSERT_THAT(events, SizeIs(1));
  const auto& event = events[0];
  EXPECT_EQ(event["user"]["id"], "u7");
  EXPECT_EQ(event["tags"]["request_id"], "abc-123");
  EXPECT_EQ(event["tags"]["operation"], "get_user");
  EXPECT_EQ(event["contexts"]["trace"]["trace_id"], request.trace_id());
  EXPECT_EQ(event["exception"]["values"].back()["value"], "it broke");
  EXPECT_EQ(event["exception"]["values"].back()["mechanism"]["handled"], false);
}

TEST_F(RequestScopeTest, TransactionIsNamedByMethodAndTemplateAndHoldsTheQueriesSpan) {
  RequestScope request{{.method = Method::kGet, .route = "/users/{id}", .path = "/users/7"}};
  std::thread worker{[&] {
    const RequestActivation active{request};
    QueryScope query{QueryType::kSelect, "users"};
    query.succeed();
  }};
  worker.join();
  request.finish(200);

  const auto transactions = sent("transaction");
  ASSERT_THAT(transactions, SizeIs(1));
  EXPECT_EQ(transactions[0]["transaction"], "GET /users/{id}");
  EXPECT_EQ(transactions[0]["contexts"]["trace"]["op"], "http.server");
  EXPECT_EQ(transactions[0]["tags"]["request_id"], request.request_id());
  ASSERT_THAT(transactions[0]["spans"], SizeIs(1));
  EXPECT_EQ(transactions[0]["spans"][0]["op"], "db");
  EXPECT_EQ(transactions[0]["spans"][0]["description"], "SELECT users");
}

TEST_F(RequestScopeTest, ContinuesTheCallersTrace) {
  RequestScope request{{.method = Method::kGet,
                        .route = "/traced",
                        .sentry_trace = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1"}};
  EXPECT_EQ(request.trace_id(), "0af7651916cd43dd8448eb211c80319c");
  request.finish(200);
}

TEST_F(RequestScopeTest, BadRequestIdIsReplaced) {
  RequestScope kept{{.request_id = "a.B_c-9"}};
  EXPECT_EQ(kept.request_id(), "a.B_c-9");
  RequestScope replaced{{.request_id = "no spaces"}};
  EXPECT_NE(replaced.request_id(), "no spaces");
  EXPECT_EQ(replaced.request_id().size(), 36U);
  kept.finish(200);
  replaced.finish(200);
}

TEST_F(RequestScopeTest, LogContextIsThatOfTheActiveRequestAndEndsWithIt) {
  RequestScope outer{{.route = "/outer"}};
  RequestScope inner{{.route = "/inner"}};
  EXPECT_EQ(current_log_context().request_id, "");
  {
    const RequestActivation first{outer};
    {
      const RequestActivation second{inner};
      EXPECT_EQ(current_log_context().request_id, inner.request_id());
      EXPECT_EQ(current_log_context().trace_id, inner.trace_id());
    }
    EXPECT_EQ(current_log_context().request_id, outer.request_id());
  }
  EXPECT_EQ(current_log_context().request_id, "");
  outer.finish(200);
  inner.finish(200);
}

TEST_F(RequestScopeTest, TrackRequestGivesBackTheResultAndCountsTheThrow) {
  EXPECT_EQ(track_request("GET", "/tracked", [] { return 42; }), 42);
  EXPECT_THROW(track_request("GET", "/tracked", [] { throw OddError{"no"}; }), OddError);
  EXPECT_EQ(value("http_requests_total",
                  {{"method", "GET"}, {"endpoint", "/tracked"}, {"status", "200"}}),
            1);
  EXPECT_EQ(value("http_requests_total",
                  {{"method", "GET"}, {"endpoint", "/tracked"}, {"status", "500"}}),
            1);
  EXPECT_THAT(sent("event"), SizeIs(1));
}

TEST(Method, KnowsTheNineAndNothingElse) {
  for (const char* name :
       {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}) {
    EXPECT_EQ(to_string(parse_method(name)), name);
  }
  for (const char* name : {"", "get", "OTHER", "PROPFIND", "GETT"})
    EXPECT_EQ(parse_method(name), Method::kOther);
}

}  // namespace
}  // namespace vitals::monitor

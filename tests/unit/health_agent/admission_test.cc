#include "health_agent/api/admission.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace health_agent::api {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using vitals::monitor::Method;

/// A table with a route of each kind; the handlers are never called.
const RouteTable& routes() {
  static const RouteTable table = [] {
    RouteTable made;
    made.add({{Method::kGet, "/api/users/{id}", "get"}, nullptr});
    made.add({{Method::kDelete, "/api/users/{id}", "delete"}, nullptr});
    made.add({{Method::kPost, "/api/users", "post"}, nullptr});
    made.add({{Method::kGet, "/api/health", "health"}, nullptr, Access::kProbes});
    made.add(
        {{Method::kGet, "/metrics", "metrics"}, nullptr, Access::kProbes, Pace::kDatabase, true});
    made.add({{Method::kGet, "/page", "page"}, nullptr, Access::kEverybody});
    made.add({{Method::kPost, "/api/hook", "hook"}, nullptr, Access::kTelegram});
    return made;
  }();
  return table;
}

RequestHead head_of(Method method, std::string_view target, std::string_view authorization = {}) {
  RequestHead head;
  head.method = method;
  head.target = target;
  head.host = "localhost:8080";
  head.authorization = authorization;
  head.remote_address = "127.0.0.1";
  return head;
}

RequestHead asking(std::string_view authorization, std::string_view address = "127.0.0.1") {
  RequestHead head = head_of(Method::kGet, "/api/users/ann", authorization);
  head.remote_address = address;
  return head;
}

/// The status of what is answered at once, or 0 when the request goes on to its route.
int status_of(Admission& admission, const RequestHead& head) {
  const Entry entry = admission.decide(head);
  const auto early = entry.early_answer("id");
  if (early) return early->status;
  EXPECT_NE(entry.match.route, nullptr);
  return 0;
}

TEST(Admission, WithoutKeysLetsEverybodyIn) {
  Admission admission{{}, routes()};
  EXPECT_EQ(status_of(admission, asking("")), 0);
}

TEST(Admission, WantsOneOfTheKeysExactly) {
  Admission admission{{.keys = {"alpha", "beta"}}, routes()};
  EXPECT_EQ(status_of(admission, asking("Bearer alpha")), 0);
  EXPECT_EQ(status_of(admission, asking("bearer beta")), 0);
  for (const char* bad : {"", "Bearer", "Bearer ", "Bearer alph", "Bearer alphaa", "Bearer ALPHA",
                          "Basic alpha", "alpha", "Bearer alpha ", "Bearer  alpha"}) {
    EXPECT_EQ(status_of(admission, asking(bad)), 401) << bad;
  }
}

TEST(Admission, NewKeysReplaceTheOldOnesAndNoneDoNot) {
  Admission admission{{.keys = {"old"}}, routes()};
  EXPECT_TRUE(admission.set_keys({"new"}));
  EXPECT_EQ(status_of(admission, asking("Bearer old")), 401);
  EXPECT_EQ(status_of(admission, asking("Bearer new")), 0);
  EXPECT_FALSE(admission.set_keys({})) << "what was closed stays closed";
  EXPECT_EQ(status_of(admission, asking("")), 401);
  EXPECT_EQ(status_of(admission, asking("Bearer new")), 0);
}

TEST(Admission, TellsAStrangerNothingOfWhatIsThere) {
  Admission admission{{.keys = {"key"}}, routes()};
  struct Case {
    Method method;
    const char* path;
    int stranger;
    int holder;  // 0: goes on
  };
  for (const Case& c : std::vector<Case>{{Method::kGet, "/api/users/ann", 401, 0},
                                         {Method::kHead, "/api/users/ann", 401, 0},
                                         {Method::kPut, "/api/users/ann", 401, 405},
                                         {Method::kOptions, "/api/users/ann", 401, 204},
                                         {Method::kOther, "/api/users", 401, 405},
                                         {Method::kGet, "/api/nothing", 401, 404},
                                         {Method::kOptions, "/api/nothing", 401, 404},
                                         {Method::kGet, "/api/users/ann/", 401, 404},
                                         {Method::kGet, "/nothing", 404, 404},
                                         {Method::kGet, "/", 404, 404},
                                         {Method::kPost, "/api/health", 405, 405},
                                         {Method::kGet, "/api/health", 0, 0},
                                         {Method::kGet, "/page", 0, 0},
                                         {Method::kOptions, "/page", 204, 204},
                                         {Method::kOptions, "*", 204, 204},
                                         {Method::kGet, "*", 400, 400},
                                         {Method::kGet, "/api/%2e%2e/page", 400, 400}}) {
    SCOPED_TRACE(std::string{vitals::monitor::to_string(c.method)} + " " + c.path);
    EXPECT_EQ(status_of(admission, head_of(c.method, c.path)), c.stranger);
    EXPECT_EQ(status_of(admission, head_of(c.method, c.path, "Bearer key")), c.holder);
  }
  const auto stranger =
      admission.decide(head_of(Method::kPut, "/api/users/ann")).early_answer("id");
  EXPECT_THAT(stranger->headers, Not(Contains(Pair("Allow", ::testing::_))));
  const auto holder =
      admission.decide(head_of(Method::kPut, "/api/users/ann", "Bearer key")).early_answer("id");
  EXPECT_THAT(holder->headers, Contains(Pair("Allow", "GET, HEAD, DELETE, OPTIONS")));
}

TEST(Admission, AnUpdateNeedsItsSecretAndNothingElse) {
  Admission admission{{.keys = {"key"}, .rate_limit_per_minute = 3, .telegram_secret = "hush"},
                      routes()};
  RequestHead head = head_of(Method::kPost, "/api/hook");
  head.host = "bot.example";
  head.has_body = true;
  head.telegram_secret = "hush";
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(status_of(admission, head), 0) << "Telegram is not limited";
  head.host = "localhost";
  head.telegram_secret = "hus";
  EXPECT_EQ(status_of(admission, head), 403);
  head.telegram_secret = "";
  head.authorization = "Bearer key";
  EXPECT_EQ(status_of(admission, head), 403);
  Admission without{{.keys = {"key"}}, routes()};
  EXPECT_EQ(status_of(without, head), 403) << "no secret is not an empty one";
}

TEST(Admission, GuessingKeysIsLimitedByAddressAndLeavesHoldersAlone) {
  Admission admission{{.keys = {"key"}, .rate_limit_per_minute = 2}, routes()};
  EXPECT_EQ(status_of(admission, asking("Bearer guess1")), 401);
  EXPECT_EQ(status_of(admission, asking("")), 401);
  EXPECT_EQ(status_of(admission, asking("Bearer guess3")), 429);
  EXPECT_EQ(status_of(admission, head_of(Method::kGet, "/api/nothing")), 429);
  EXPECT_EQ(status_of(admission, head_of(Method::kGet, "/%zz")), 429);
  EXPECT_EQ(status_of(admission, asking("Bearer key")), 0);
  EXPECT_EQ(status_of(admission, asking("", "192.0.2.7")), 401) << "another address";
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(status_of(admission, head_of(Method::kGet, "/api/health")), 0) << "a probe";
}

TEST(Admission, GuessingTheMetricsTokenIsLimitedAsGuessingAKeyAndLeavesItsHolderAlone) {
  const auto metrics = [](std::string_view authorization) {
    return head_of(Method::kGet, "/metrics", authorization);
  };
  for (const std::vector<std::string>& keys : {std::vector<std::string>{}, {"key"}}) {
    Admission admission{{.keys = keys, .rate_limit_per_minute = 4, .metrics_token = "token"},
                        routes()};
    for (const char* wrong : {"Bearer guess", "", "Basic token", "Bearer tokens"}) {
      const Entry entry = admission.decide(metrics(wrong));
      EXPECT_FALSE(entry.early_answer("id")) << "the handler answers";
      EXPECT_EQ(entry.login, Entry::Login::kNoMetricsToken) << wrong;
    }
    EXPECT_EQ(status_of(admission, metrics("Bearer guess")), 429);
    for (const char* right : {"Bearer token", "bearer token", "Bearer  token "}) {
      for (int i = 0; i < 5; ++i) {
        const Entry entry = admission.decide(metrics(right));
        EXPECT_FALSE(entry.early_answer("id"));
        EXPECT_NE(entry.login, Entry::Login::kNoMetricsToken) << right;
      }
    }
    EXPECT_EQ(status_of(admission, head_of(Method::kGet, "/api/health")), 0);
    Admission open{{.keys = keys, .rate_limit_per_minute = 2}, routes()};
    for (int i = 0; i < 5; ++i)
      EXPECT_EQ(status_of(open, metrics("")), 0) << "no token, nothing to guess";
  }
}

TEST(Admission, AHostWithOneIPv6AddressHasAllOfItsNetwork) {
  Admission admission{{.keys = {"key"}, .rate_limit_per_minute = 2}, routes()};
  EXPECT_EQ(status_of(admission, asking("", "2001:db8:1:2::1")), 401);
  EXPECT_EQ(status_of(admission, asking("", "2001:db8:1:2::2")), 401);
  EXPECT_EQ(status_of(admission, asking("", "2001:db8:1:2:ffff::3")), 429);
  EXPECT_EQ(status_of(admission, asking("", "2001:db8:1:3::1")), 401);
}

TEST(Admission, AProxysWordCountsWhereItIsTrustedOnly) {
  AddressList proxies;
  ASSERT_TRUE(proxies.add("10.0.0.0/8"));
  Admission admission{{.keys = {"key"}, .trusted_proxies = proxies}, routes()};
  RequestHead head = asking("Bearer key", "10.0.0.3");
  head.forwarded_for = "203.0.113.9, 198.51.100.4";
  EXPECT_EQ(admission.decide(head).source, "198.51.100.4");
  head.remote_address = "192.0.2.1";
  EXPECT_EQ(admission.decide(head).source, "192.0.2.1");
}

TEST(Admission, AKeyIsNamedAndNeverShown) {
  const std::string strong = "correct-horse-battery";
  Admission admission{{.keys = {strong, "short"}}, routes()};
  const Entry entry = admission.decide(asking("Bearer " + strong));
  EXPECT_EQ(entry.key_name, "62249369");  // printf %s correct-horse-battery | sha256sum
  EXPECT_EQ(entry.caller(), "62249369 127.0.0.1");
  EXPECT_EQ(admission.decide(asking("Bearer short")).key_name, "weak-2")
      << "its digest would give it away";
}

TEST(Admission, TracesAreContinuedForKeyHoldersAndForThisMachineWhereThereAreNoKeys) {
  using Trace = Entry::Trace;
  Admission keyed{{.keys = {"key"}}, routes()};
  EXPECT_EQ(keyed.decide(asking("Bearer key")).trace, Trace::kContinue);
  EXPECT_EQ(keyed.decide(asking("Bearer kez")).trace, Trace::kOwn);
  EXPECT_EQ(keyed.decide(asking("")).trace, Trace::kOwn);
  EXPECT_EQ(keyed.decide(head_of(Method::kGet, "/api/health")).trace, Trace::kOwn);
  Admission open{{}, routes()};
  EXPECT_EQ(open.decide(asking("")).trace, Trace::kContinue);
  EXPECT_EQ(open.decide(asking("", "::1")).trace, Trace::kContinue);
  EXPECT_EQ(open.decide(asking("", "192.0.2.1")).trace, Trace::kOwn);
  RequestHead proxied = asking("");
  proxied.forwarded_for = "192.0.2.1";
  EXPECT_EQ(open.decide(proxied).trace, Trace::kOwn);
  proxied.forwarded_for = "";
  EXPECT_EQ(open.decide(proxied).trace, Trace::kContinue);
  proxied.through_proxy = true;
  EXPECT_EQ(open.decide(proxied).trace, Trace::kOwn);
}

TEST(Admission, RefusesOtherHosts) {
  struct Case {
    const char* host;
    int data;
    int probe;
  };
  Admission loopback{{}, routes()};
  for (const Case& c : std::vector<Case>{{"localhost", 0, 0},
                                         {"LOCALHOST:9999", 0, 0},
                                         {"localhost.", 0, 0},
                                         {"127.0.0.1:8080", 0, 0},
                                         {"127.0.0.2", 0, 0},
                                         {"[::1]:8080", 0, 0},
                                         {"[::ffff:127.0.0.1]", 0, 0},
                                         {"evil.example", 421, 421},
                                         {"evil.example:8080", 421, 421},
                                         {"localhost.evil.example", 421, 421},
                                         {"127.0.0.1.nip.io", 421, 421},
                                         {"127.evil.example", 421, 421},
                                         {"10.1.2.3:8080", 421, 0},
                                         {"health-agent-1:8080", 421, 0},
                                         {"[2001:db8::1]:8080", 421, 0},
                                         {"", 400, 400},
                                         {"localhost:", 400, 400},
                                         {"localhost:0", 400, 400},
                                         {"localhost:99999", 400, 400},
                                         {"localhost:80:80", 400, 400},
                                         {"a@localhost", 400, 400},
                                         {"localhost/", 400, 400},
                                         {"local host", 400, 400},
                                         {"[::1", 400, 400},
                                         {"::1", 400, 400}}) {
    SCOPED_TRACE(c.host);
    RequestHead head = head_of(Method::kGet, "/api/users/ann");
    head.host = c.host;
    EXPECT_EQ(status_of(loopback, head), c.data);
    head.target = "/api/health";
    EXPECT_EQ(status_of(loopback, head), c.probe);
    if (c.host[0] == '\0') continue;
    // The same host in the target counts like the field.
    const std::string absolute = std::string{"http://"} + c.host + "/api/users/ann";
    head.host = "localhost";
    head.target = absolute;
    EXPECT_EQ(status_of(loopback, head) == 0, c.data == 0) << absolute;
  }
  RequestHead none = head_of(Method::kGet, "/api/users/ann");
  none.host.reset();
  EXPECT_EQ(status_of(loopback, none), 0) << "HTTP/1.0, which no browser speaks";
  Admission everywhere{{.keys = {"key"}, .api_host = "0.0.0.0"}, routes()};
  RequestHead proxied = asking("Bearer key");
  proxied.host = "api.example";
  EXPECT_EQ(status_of(everywhere, proxied), 0);
  Admission listed{
      {.keys = {"key"}, .allowed_hosts = {"api.example", "other.example:8443"}, .api_host = "::"},
      routes()};
  EXPECT_EQ(status_of(listed, proxied), 0);
  proxied.host = "API.example:443";
  EXPECT_EQ(status_of(listed, proxied), 0);
  proxied.host = "other.example:8443";
  EXPECT_EQ(status_of(listed, proxied), 0);
  for (const char* other : {"other.example", "other.example:443", "localhost", "evil.example"}) {
    proxied.host = other;
    EXPECT_EQ(status_of(listed, proxied), 421) << other;
  }
}

TEST(Admission, ABodyThatABrowserSendsMustBeJson) {
  Admission admission{{}, routes()};
  RequestHead head = head_of(Method::kPost, "/api/users");
  head.has_body = true;
  EXPECT_EQ(status_of(admission, head), 0) << "curl -d";
  for (const char* origin : {"http://evil.example", "null", "http://localhost:3000"}) {
    head.origin = origin;
    for (const char* type : {"", "text/plain", "application/x-www-form-urlencoded",
                             "multipart/form-data; boundary=x", "text/plain; application/json",
                             "application/json, text/plain", "application/jsonx", "json"}) {
      head.content_type = type;
      EXPECT_EQ(status_of(admission, head), 415) << origin << " " << type;
    }
    for (const char* type : {"application/json", "Application/JSON; charset=utf-8",
                             "application/json ; charset=utf-8"}) {
      head.content_type = type;
      EXPECT_EQ(status_of(admission, head), 0) << origin << " " << type;
    }
  }
  head.origin = {};
  head.content_type = "text/plain";
  head.fetch_site = "cross-site";
  EXPECT_EQ(status_of(admission, head), 415);
}

TEST(Admission, PicturesAndScriptsOfOtherSitesAreNotServedData) {
  Admission admission{{.cors_origins = {"https://app.example"}}, routes()};
  RequestHead head = head_of(Method::kGet, "/api/users/ann");
  head.fetch_site = "cross-site";
  head.fetch_mode = "no-cors";
  EXPECT_EQ(status_of(admission, head), 403);
  head.fetch_mode = "navigate";
  EXPECT_EQ(status_of(admission, head), 0) << "a link, which shows the answer to the user alone";
  head.fetch_mode = "cors";
  head.origin = "https://app.example";
  EXPECT_EQ(status_of(admission, head), 0);
  head.origin = "https://evil.example";
  EXPECT_EQ(status_of(admission, head), 403);
  for (const char* site : {"same-origin", "same-site", "none", ""}) {
    head.fetch_site = site;
    EXPECT_EQ(status_of(admission, head), 0) << site;
  }
}

TEST(Admission, OnlyListedOriginsMayReadAndNullNever) {
  const auto allowed = [](const std::vector<std::string>& origins, std::string_view origin) {
    const Admission admission{{.cors_origins = origins}, routes()};
    Response response;
    admission.finish_headers(origin, response);
    for (const auto& [name, value] : response.headers) {
      EXPECT_NE(name, "Access-Control-Allow-Credentials");
      if (name == "Access-Control-Allow-Origin") return value;
    }
    return std::string{"no"};
  };
  EXPECT_EQ(allowed({"https://app.example"}, ""), "no");
  EXPECT_EQ(allowed({"https://app.example"}, "https://app.example"), "https://app.example");
  for (const char* other :
       {"https://evil.example", "http://app.example", "https://app.example:8443",
        "https://app.example.evil", "https://app.example/", "null"})
    EXPECT_EQ(allowed({"https://app.example"}, other), "no") << other;
  EXPECT_EQ(allowed({"*"}, "https://any.example"), "https://any.example");
  EXPECT_EQ(allowed({"*"}, "null"), "no");
}

TEST(Admission, APreflightOfAListedOriginIsAnsweredAlikeForEveryPath) {
  Admission admission{{.keys = {"key"}, .cors_origins = {"https://app.example"}}, routes()};
  for (const char* path : {"/api/users/ann", "/api/nothing"}) {
    RequestHead head = head_of(Method::kOptions, path);
    head.origin = "https://app.example";
    EXPECT_EQ(status_of(admission, head), 401) << "no preflight";
    head.preflight_method = "DELETE";
    const auto answer = admission.decide(head).early_answer("id");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 204);
    EXPECT_THAT(answer->headers,
                Contains(Pair("Access-Control-Allow-Methods",
                              AllOf(HasSubstr("GET, HEAD"), HasSubstr("DELETE")))));
    head.origin = "https://evil.example";
    EXPECT_EQ(status_of(admission, head), 401);
  }
}

TEST(Admission, AnswersAreNotKeptAndNotGuessedAt) {
  const Admission admission{{}, routes()};
  Response plain;
  admission.finish_headers("", plain);
  EXPECT_THAT(plain.headers, AllOf(Contains(Pair("X-Content-Type-Options", "nosniff")),
                                   Contains(Pair("Cache-Control", "no-store"))));
  Response page;
  page.headers = {{"Cache-Control", "no-cache"}, {"X-Content-Type-Options", "nosniff"}};
  admission.finish_headers("", page);
  EXPECT_EQ(page.headers.size(), 2U) << "what a handler has said stays";
}

}  // namespace
}  // namespace health_agent::api

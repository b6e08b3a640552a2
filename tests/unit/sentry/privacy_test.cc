#include <exception>
#include <stdexcept>
#include <string>
#include <utility>

#include "fixture.h"
#include "privacy/name_kinds.h"
#include "privacy/scrub.h"
#include "vitals/context/capture.h"
#include "vitals/context/scope.h"
#include "vitals/context/span.h"

namespace vitals::sentry {

using namespace context;  // NOLINT
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Scrub, KnowsSecretsByTheirNames) {
  for (const char* name : {"password", "X-Auth-Token", "API_KEY", "clientSecret", "jwt", "db_pwd",
                           "SENTRY_DSN", "csrfmiddleware", "Credentials"}) {
    EXPECT_TRUE(privacy::is_sensitive(name)) << name;
  }
  for (const char* name : {"user_id", "operation", "http.route", "cache.key", "", "rows"}) {
    EXPECT_FALSE(privacy::is_sensitive(name)) << name;
  }
}

TEST(Scrub, LetsCountsOfTokensThrough) {
  EXPECT_FALSE(privacy::must_filter("gen_ai.usage.input_tokens", 42));
  EXPECT_TRUE(privacy::must_filter("gen_ai.usage.input_tokens", "42"));
  EXPECT_TRUE(privacy::must_filter("password", 1234));
}

TEST(Scrub, EachSecretPartIsFoundAnywhereInEitherCase) {
  for (const std::string part :
       {"auth", "bearer", "credential", "csrf", "cookie", "dsn", "jwt", "key", "password", "passwd",
        "pwd", "passphrase", "secret", "sso", "saml", "sessionid", "session_id", "token", "xsrf"}) {
    std::string capital = part;
    for (char& c : capital)
      c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    for (const std::string& name : {part, capital, "x" + part, part + "x", "a.b_" + capital + "-c"})
      EXPECT_TRUE(privacy::is_sensitive(name)) << name;
    EXPECT_FALSE(privacy::is_sensitive(part.substr(0, part.size() - 1) + "_")) << part;
  }
}

TEST(NameKinds, RememberWhatNameKindSays) {
  using privacy::NameKind;
  const std::pair<const char*, NameKind> known[] = {
      {"password", NameKind::kSecret},
      {"gen_ai.usage.input_tokens", NameKind::kTokens},
      {"client.address", NameKind::kClientAddress},
      {"url.full", NameKind::kUrl},
      {"url.query", NameKind::kQuery},
      {"http.route", NameKind::kPlain},
      {"", NameKind::kPlain},
      {"a.name.that.is.longer.than.what.is.remembered.of.any", NameKind::kPlain}};
  privacy::NameKinds kinds;
  // Many more than there are places, so that each is forgotten and judged anew.
  for (int round = 0; round < 3; ++round) {
    for (const auto& [name, kind] : known)
      EXPECT_EQ(kinds.of(name), kind) << name;
    for (int i = 0; i < 1000; ++i) {
      const std::string number = std::to_string(i);
      EXPECT_EQ(kinds.of("field." + number), NameKind::kPlain);
      EXPECT_EQ(kinds.of("token." + number), NameKind::kSecret);
    }
  }
}

TEST(NameKinds, AreJudgedAnewWhenTheOptionsNameMore) {
  privacy::NameKinds kinds;
  EXPECT_EQ(kinds.of("pesel"), privacy::NameKind::kPlain);
  privacy::use_sensitive_names({"pesel"});
  EXPECT_EQ(kinds.of("pesel"), privacy::NameKind::kSecret);
  privacy::use_sensitive_names({});
  EXPECT_EQ(kinds.of("pesel"), privacy::NameKind::kPlain);
}

TEST(Scrub, MasksQueryValues) {
  EXPECT_EQ(privacy::scrub_query("q=egg&token=abc&flag&api_key", false),
            "q=[Filtered]&token=[Filtered]&[Filtered]&[Filtered]");
  EXPECT_EQ(privacy::scrub_query("q=egg&token=abc&flag&x=a=b", true),
            "q=egg&token=[Filtered]&flag&x=a=b");
}

TEST(Scrub, TakesCredentialsQueryAndFragmentOutOfAUrl) {
  EXPECT_EQ(privacy::scrub_url("https://ann:hush@host:1/p?q=1#frag", false),
            "https://[Filtered]@host:1/p?q=[Filtered]");
  EXPECT_EQ(privacy::scrub_url("/p/a@b?q=1", true), "/p/a@b?q=1");
  EXPECT_EQ(privacy::scrub_url("http://host/x@y", false), "http://host/x@y");
  EXPECT_EQ(privacy::scrub_url("http://a@b@host", false), "http://[Filtered]@host");
}

/// A text as it leaves, with Options::send_default_pii.
std::string scrubbed(std::string_view text) {
  std::string scratch;
  const std::string once{privacy::scrub_text(text, true, scratch)};
  EXPECT_EQ(privacy::scrub_text(once, true, scratch), once) << "twice is not the same as once";
  return once;
}

TEST(ScrubText, LeavesOrdinaryTextsWhole) {
  for (const char* text : {
           "",
           "the database did not answer in time",
           "unexpected token: identifier",
           "Unexpected token: }",
           "invalid password: must have 8 characters",
           "key: not found",
           "duplicate key value violates constraint users_pkey: Key (id)=(5) exists",
           "GET key=user:5 failed",
           "author: Ann, keyboard=us, monkey=1, primary_key=12",
           "max_tokens=100 input_tokens: 512, token_type: bearer",
           "authentication: failed, auth: 401",
           "Basic authentication is required",
           "the bearer of this letter",
           "std::auth::token<int>::get",
           "if (token == other_token) token != 5",
           "WHERE token = $1 AND password = ?",
           "password=null token=true secret: ***",
           "550e8400-e29b-41d4-a716-446655440000",
           "12345678-1234-1234-1234-123456789012",
           "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
           "11112222333344445555666677778888",
           "at 1700000000000 ms, 1700000000000000000 ns",
           "40 41 42 43 44 45 46 47 and 4242 4243 4244 4245",
           "4111111111111112 has a wrong check digit",
           "tel 0049 171 1234567",
           "http://localhost:8080/a@b/c:d",
           "https://[::1]:80/p?q=egg",
           "see http://host:port/ or user@host",
           "a.b.c 1.2.3.4 eyJ",
           "expected <token> here",
       }) {
    EXPECT_EQ(scrubbed(text), text);
  }
}

struct Scrubbed {
  const char* given;
  const char* expected;
};

TEST(ScrubText, TakesCredentialsOutOfUrls) {
  for (const auto& [given, expected] : {
           Scrubbed{"connect postgres://bob:hush@db:5432/x failed",
                    "connect postgres://[Filtered]@db:5432/x failed"},
           Scrubbed{"redis://:hush@host", "redis://[Filtered]@host"},
           Scrubbed{"postgres://bob:hu/s#h@db/x", "postgres://[Filtered]@db/x"},
           Scrubbed{"amqp://bob:hu\"sh@db/x", "amqp://[Filtered]@db/x"},
           Scrubbed{"http://a/?x=1&token=hush#access_token=hush1",
                    "http://a/?x=1&token=[Filtered]#access_token=[Filtered]"},
           Scrubbed{"http://a/?pass%77ord=hush.", "http://a/?pass%77ord=[Filtered]."},
       }) {
    EXPECT_EQ(scrubbed(given), expected);
  }
}

TEST(ScrubText, TakesThePasswordOfAUrlThatWasCutBeforeItsHost) {
  const std::string text = std::string(200, 'x') + " postgres://bob:hush-an";
  EXPECT_EQ(scrubbed(text), std::string(200, 'x') + " postgres://bob:[Filtered]");
}

TEST(ScrubText, WithoutPiiTheValuesOfAUrlsQueryGoToo) {
  std::string scratch;
  EXPECT_EQ(privacy::scrub_text("GET http://a/p?q=egg&n=1 failed", false, scratch),
            "GET http://a/p?q=[Filtered]&n=[Filtered] failed");
}

TEST(ScrubText, TakesWhatStandsUnderASensitiveName) {
  for (const auto& [given, expected] : {
           Scrubbed{"password=hush", "password=[Filtered]"},
           Scrubbed{"login failed, password: hush", "login failed, password: [Filtered]"},
           Scrubbed{"PASSWORD = 'hu sh' next", "PASSWORD = '[Filtered]' next"},
           Scrubbed{R"(bad body {"user":"a","password":"hu\"sh","n":1})",
                    R"(bad body {"user":"a","password":"[Filtered]","n":1})"},
           Scrubbed{R"({\"api_key\":\"hush\",\"n\":1})", R"({\"api_key\":\"[Filtered]\",\"n\":1})"},
           Scrubbed{R"("credentials": {"a": "hush", "b": ["}"]}, "c": 1)",
                    R"("credentials": [Filtered], "c": 1)"},
           Scrubbed{"db_password=hush&x=1", "db_password=[Filtered]&x=1"},
           Scrubbed{"f(accessToken=abc1, x=2)", "f(accessToken=[Filtered], x=2)"},
           Scrubbed{"x-api-key: 12ab", "x-api-key: [Filtered]"},
           Scrubbed{"AWS_SECRET_ACCESS_KEY=hush/+1", "AWS_SECRET_ACCESS_KEY=[Filtered]"},
           Scrubbed{"clientSecret => hush", "clientSecret => [Filtered]"},
           Scrubbed{"[password] => hush", "[password] => [Filtered]"},
           Scrubbed{"session_id=12ab; theme=dark", "session_id=[Filtered]; theme=dark"},
           Scrubbed{"WHERE password = 'hush' AND id = 1",
                    "WHERE password = '[Filtered]' AND id = 1"},
           Scrubbed{"<password>hush</password><n>1</n>", "<password>[Filtered]</password><n>1</n>"},
           Scrubbed{"--password hush --token=hush", "--password hush --token=[Filtered]"},
       }) {
    EXPECT_EQ(scrubbed(given), expected);
  }
}

TEST(ScrubText, TakesCredentialsOfHeaders) {
  for (const auto& [given, expected] : {
           Scrubbed{"> Authorization: Bearer hush-12\n> Accept: */*",
                    "> Authorization: [Filtered]\n> Accept: */*"},
           Scrubbed{"Cookie: a=hush; b=hush\nHost: x", "Cookie: [Filtered]\nHost: x"},
           Scrubbed{"sent Bearer hush-bearer to x", "sent Bearer [Filtered] to x"},
           Scrubbed{"with basic dXNlcjpodXNo", "with basic [Filtered]"},
           Scrubbed{"jwt eyJhbGciOi.eyJzdWIiOi.c2ln end", "jwt [Filtered] end"},
       }) {
    EXPECT_EQ(scrubbed(given), expected);
  }
}

TEST(ScrubText, TakesNumbersOfPaymentCards) {
  for (const char* card :
       {"4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111", "5500000000000004",
        "378282246310005", "3782 822463 10005", "6011000000000004", "30569309025904",
        "3530111333300000", "4222222222222"}) {
    EXPECT_EQ(scrubbed("card " + std::string{card} + ", 12/27"), "card [Filtered], 12/27");
  }
  EXPECT_EQ(scrubbed("4111 1111 1111 1111 12/27"), "[Filtered] 12/27");
}

TEST(ScrubText, KnowsTheNamesOfTheOptions) {
  privacy::use_sensitive_names({"Pesel", ""});
  EXPECT_TRUE(privacy::is_sensitive("user_PESEL_number"));
  EXPECT_EQ(scrubbed("pesel=44051401359 name=Ann"), "pesel=[Filtered] name=Ann");
  privacy::use_sensitive_names({});
  EXPECT_FALSE(privacy::is_sensitive("pesel"));
}

TEST(ScrubJson, MasksAtAnyDepthWhateverTheType) {
  std::string out;
  EXPECT_EQ(privacy::scrub_json(R"({"a":[{"token":{"x":[1,"hush"]}},{"pass\u0077ord":5}],)"
                                R"("b":"password=hush","c":"{\"secret\":\"hush\"}","d":1.5e3,)"
                                R"("key":null,"max_tokens":5,"n":4111111111111111})",
                                true, out),
            privacy::JsonScrub::kChanged);
  EXPECT_EQ(out, R"({"a":[{"token":"[Filtered]"},{"password":"[Filtered]"}],)"
                 R"("b":"password=[Filtered]","c":"{\"secret\":\"[Filtered]\"}","d":1.5e3,)"
                 R"("key":null,"max_tokens":5,"n":"[Filtered]"})");
}

TEST(ScrubJson, LeavesWhatHasNoSecretsByteForByte) {
  std::string scratch;
  const std::string json = "{ \"a\" : [1, 2.50, \"\\u00e9\"] }";
  EXPECT_EQ(privacy::scrub_value(json, true, scratch), json);
}

TEST(ScrubJson, TellsWhatIsNoJson) {
  std::string out;
  for (const std::string& text :
       {std::string{"{"}, std::string{R"({"a":1,})"}, std::string{"[1 2]"}, std::string{"01"},
        std::string{"\"\\ud800\""}, std::string{"[1]x"}, std::string{"tru"},
        std::string(100, '[') + std::string(100, ']')}) {
    EXPECT_EQ(privacy::scrub_json(text, true, out), privacy::JsonScrub::kMalformed) << text;
  }
}

TEST(ScrubJson, WhatWasCutIsScrubbedAsAText) {
  std::string scratch;
  EXPECT_EQ(privacy::scrub_value(R"({"user":"a","monkey":"hush","password":"hu)", true, scratch),
            R"({"user":"a","monkey":"[Filtered]","password":"[Filtered])");
}

TEST(ScrubBody, KnowsFormsJsonAndMultipart) {
  EXPECT_EQ(privacy::scrub_body("user=ann&pass%77ord=hush&card=4111111111111111"),
            "user=ann&pass%77ord=[Filtered]&card=[Filtered]");
  EXPECT_EQ(privacy::scrub_body(R"({"password":"hush","n":1})"),
            R"({"password":"[Filtered]","n":1})");
  EXPECT_EQ(
      privacy::scrub_body("--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nhush"),
      "[Filtered]");
  EXPECT_EQ(privacy::scrub_body(std::string(9000, 'x')).size(), 8192U);
}

TEST(ScrubCookies, MasksSessionsAndSecretsAndKeepsTheRest) {
  EXPECT_EQ(privacy::scrub_cookies("theme=dark; JSESSIONID=hush; connect.sid=hush; csrf=hush"),
            "theme=dark; JSESSIONID=[Filtered]; connect.sid=[Filtered]; csrf=[Filtered]");
  EXPECT_EQ(privacy::scrub_cookies("sid=hush; Path=/; HttpOnly"),
            "sid=[Filtered]; Path=/; HttpOnly");
}

TEST(PrivateHeaders, AreAllThatSayTheClientsAddress) {
  for (const char* name :
       {"X-Forwarded-For", "X-Real-IP", "Forwarded", "CF-Connecting-IP", "True-Client-IP",
        "Forwarded-For", "Fly-Client-IP", "Fastly-Client-Ip", "x-vercel-forwarded-for",
        "X-Original-Forwarded-For", "x-envoy-external-address"}) {
    EXPECT_TRUE(privacy::is_private_header(name)) << name;
    EXPECT_EQ(privacy::scrub_header(name, "192.0.2.7", false), "[Filtered]") << name;
  }
  for (const char* name : {"Accept", "X-Forwarded-Proto", "X-Forwarded-Host"})
    EXPECT_FALSE(privacy::is_private_header(name)) << name;
}

class PrivacyTest : public ClientTest {
 protected:
  void start_with_pii(bool pii) {
    Options given = options();
    given.send_default_pii = pii;
    start(std::move(given));
  }
  static void set_private_things() {
    set_user({.id = "u1", .ip_address = "192.0.2.7"});
    const TagView headers[] = {{"Accept", "*/*"},
                               {"Cookie", "theme=dark; session_token=hush-cookie"},
                               {"Authorization", "Bearer hush-bearer"},
                               {"X-Api-Key", "hush-key"},
                               {"X-Forwarded-For", "192.0.2.7"}};
    set_request({.method = "GET",
                 .url = "http://ann:hush-url@host/p?q=hush-query",
                 .query = "q=hush-query&password=hush-password",
                 .headers = headers});
    set_tag("access_token", "hush-tag");
    set_extra("db_password", "hush-extra");
    set_context("login", {{"secret", "hush-context"}, {"tries", 2}});
    add_breadcrumb({.category = "http",
                    .message = "call",
                    .data = {{"url", "http://h/?t=hush-crumb"}, {"jwt", "hush-jwt"}}});
  }
};

TEST_F(PrivacyTest, NothingPrivateLeavesByDefault) {
  start_with_pii(false);
  set_private_things();
  capture_message("x");
  const Json e = event();
  EXPECT_THAT(e.dump(), Not(HasSubstr("hush")));
  EXPECT_THAT(e.dump(), Not(HasSubstr("192.0.2.7")));
  EXPECT_EQ(e["user"], (Json{{"id", "u1"}}));
  EXPECT_EQ(e["request"]["headers"]["Accept"], "*/*");
  EXPECT_EQ(e["request"]["headers"]["Cookie"], "[Filtered]");
  EXPECT_EQ(e["request"]["method"], "GET");
  EXPECT_EQ(e["contexts"]["login"]["tries"], 2);
}

TEST_F(PrivacyTest, WithPiiOnlySecretsStayBehind) {
  start_with_pii(true);
  set_private_things();
  capture_message("x");
  const Json e = event();
  EXPECT_EQ(e["user"]["ip_address"], "192.0.2.7");
  EXPECT_EQ(e["request"]["query_string"], "q=hush-query&password=[Filtered]");
  EXPECT_EQ(e["request"]["headers"]["X-Forwarded-For"], "192.0.2.7");
  EXPECT_EQ(e["request"]["headers"]["Cookie"], "theme=dark; session_token=[Filtered]");
  for (const char* secret : {"hush-bearer", "hush-key", "hush-url", "hush-password", "hush-tag",
                             "hush-extra", "hush-context", "hush-jwt", "hush-cookie"}) {
    EXPECT_THAT(e.dump(), Not(HasSubstr(secret)));
  }
}

TEST_F(PrivacyTest, WhatAHookAddsIsMaskedToo) {
  Options given = options();
  given.before_send = [](Event& e) {
    e.extra.emplace_back("password", std::string{"hush"});
    e.request.body = "hush-body";
    return true;
  };
  start(std::move(given));
  capture_message("x");
  const Json e = event();
  EXPECT_EQ(e["extra"]["password"], "[Filtered]");
  EXPECT_THAT(e.dump(), Not(HasSubstr("hush")));
}

TEST_F(PrivacyTest, NoSecretLeavesWhereverItStands) {
  start();
  const Scope scope = Scope::fork();
  const Activation active = scope.activate();
  set_private_things();
  const TagView headers[] = {{"Set-Cookie", "sid=hush-cookie; Path=/"},
                             {"Proxy-Authorization", "Basic hush-basic"},
                             {"Referer", "https://ann:hush-ref@h/?q=hush-query&token=hush-token"},
                             {"X-Note", "password=hush-header"}};
  set_request({.method = "POST",
               .url = "http://h/p?api_key=hush-key",
               .query = "pass%77ord=hush-password&q=hush-query",
               .headers = headers,
               .body = R"({"note":"hush-body","card":"4111111111111111"})"});
  set_tag("connection", "postgres://bob:hush-tag@db/x");
  set_extra("raw", R"({"deep":[{"access_token":"hush-json"}],"url":"redis://:hush-redis@h"})");
  set_extra("dump", "card 5500 0000 0000 0004 cvv");
  set_extra("client_ip", "192.0.2.7");
  set_context("vendor", {{"signing_key", 12345678}, {"line", "Authorization: Bearer hush-line"}});
  add_breadcrumb({.category = "http",
                  .message = "POST https://h/login?user=ann&x=hush-crumb, token=hush-token"});
  add_breadcrumb({.message = "db", .data = {{"statement", "SET password = 'hush-sql'"}}});
  set_transaction_name("GET /p?token=hush-transaction");
  try {
    try {
      throw std::runtime_error{"cannot reach amqp://svc:hush-nested@mq/, cookie: sid=hush-sid1"};
    } catch (...) {
      std::throw_with_nested(
          std::invalid_argument{"bad body {\"password\": \"hush-outer\", \"n\": 1} of card "
                                "4111-1111-1111-1111, eyJhbGci.eyJodXNo.hush-jwt"});
    }
  } catch (const std::exception& error) {
    capture_exception(error, {.tags = {{"secret_note", "hush"}},
                              .fingerprint = {"{{ default }}", "token=hush-fingerprint"}});
  }
  capture_message("login of ann with password: hush-message1");
  ASSERT_TRUE(flush(kPlenty));
  ASSERT_EQ(transport->payloads("event").size(), 2U);
  for (const std::string& payload : transport->payloads("event")) {
    for (const char* secret : {"hush", "4111", "5500 0000", "192.0.2.7", "12345678", "sid="}) {
      EXPECT_THAT(payload, Not(HasSubstr(secret)));
    }
    EXPECT_THAT(payload, HasSubstr("[Filtered]"));
  }
  const Json first = Json::parse(transport->payloads("event").front());
  EXPECT_FALSE(first["request"].contains("data"));
  EXPECT_EQ(first["exception"]["values"][0]["value"],
            "cannot reach amqp://[Filtered]@mq/, cookie: [Filtered]");
}

TEST_F(PrivacyTest, ABodyGoesAlongWithPiiWithoutItsSecrets) {
  start_with_pii(true);
  set_request({.method = "POST", .body = R"({"food":"egg","login":{"password":"hush"}})"});
  capture_message("x");
  EXPECT_EQ(event()["request"]["data"], R"({"food":"egg","login":{"password":"[Filtered]"}})");
}

TEST_F(PrivacyTest, WhatTheServiceSaidStaysAsItWas) {
  start();
  set_tag("region", "eu-1");
  set_extra("sql", "SELECT id FROM users WHERE id = 5");
  set_extra("json", R"({ "rows" : 12, "ok" : true })");
  add_breadcrumb({.message = "took 12 ms: cache miss, key user:5"});
  capture_message("order 4711 of 550e8400-e29b-41d4-a716-446655440000 failed: no stock");
  const Json e = event();
  EXPECT_EQ(e["tags"]["region"], "eu-1");
  EXPECT_EQ(e["extra"]["sql"], "SELECT id FROM users WHERE id = 5");
  EXPECT_EQ(e["extra"]["json"], R"({ "rows" : 12, "ok" : true })");
  EXPECT_EQ(e["breadcrumbs"]["values"][0]["message"], "took 12 ms: cache miss, key user:5");
  EXPECT_EQ(e["logentry"]["formatted"],
            "order 4711 of 550e8400-e29b-41d4-a716-446655440000 failed: no stock");
}

TEST_F(PrivacyTest, NamesOfTheOptionsAreMasked) {
  Options given = options();
  given.sensitive_names = {"iban"};
  start(std::move(given));
  set_extra("customer_IBAN", "hush");
  capture_message("transfer iban=hush");
  EXPECT_THAT(event().dump(), Not(HasSubstr("hush")));
}

TEST_F(PrivacyTest, SpanDataIsMaskedAsWell) {
  Options given = options();
  given.traces_sample_rate = 1.0;
  start(std::move(given));
  const Span root = start_transaction({.name = "a"});
  const Span span = root.start_child("http.client");
  span.set_data("url", "http://h/?q=hush");
  span.set_data("authorization", "hush");
  span.set_data("statement", "SET password = 'hush'");
  root.start_child("db", "SET password = 'hush'").finish();
  span.set_data("gen_ai.usage.input_tokens", 12);
  root.finish();
  const Json t = transaction();
  EXPECT_THAT(t.dump(), Not(HasSubstr("hush")));
  EXPECT_EQ(t["spans"][0]["data"]["gen_ai.usage.input_tokens"], 12);
}

}  // namespace
}  // namespace vitals::sentry

#include <string>

#include "fixture.h"
#include "sentry/scrub.h"

namespace vitals::sentry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Scrub, KnowsSecretsByTheirNames) {
  for (const char* name : {"password", "X-Auth-Token", "API_KEY", "clientSecret", "jwt", "db_pwd",
                           "SENTRY_DSN", "csrfmiddleware", "Credentials"}) {
    EXPECT_TRUE(detail::is_sensitive(name)) << name;
  }
  for (const char* name : {"user_id", "operation", "http.route", "cache.key", "", "rows"}) {
    EXPECT_FALSE(detail::is_sensitive(name)) << name;
  }
}

TEST(Scrub, LetsCountsOfTokensThrough) {
  EXPECT_FALSE(detail::must_filter("gen_ai.usage.input_tokens", 42));
  EXPECT_TRUE(detail::must_filter("gen_ai.usage.input_tokens", "42"));
  EXPECT_TRUE(detail::must_filter("password", 1234));
}

TEST(Scrub, MasksQueryValues) {
  EXPECT_EQ(detail::scrub_query("q=egg&token=abc&flag&api_key", false),
            "q=[Filtered]&token=[Filtered]&[Filtered]&[Filtered]");
  EXPECT_EQ(detail::scrub_query("q=egg&token=abc&flag&x=a=b", true),
            "q=egg&token=[Filtered]&flag&x=a=b");
}

TEST(Scrub, TakesCredentialsQueryAndFragmentOutOfAUrl) {
  EXPECT_EQ(detail::scrub_url("https://ann:hush@host:1/p?q=1#frag", false),
            "https://[Filtered]@host:1/p?q=[Filtered]");
  EXPECT_EQ(detail::scrub_url("/p/a@b?q=1", true), "/p/a@b?q=1");
  EXPECT_EQ(detail::scrub_url("http://host/x@y", false), "http://host/x@y");
  EXPECT_EQ(detail::scrub_url("http://a@b@host", false), "http://[Filtered]@host");
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
    return true;
  };
  start(std::move(given));
  capture_message("x");
  EXPECT_EQ(event()["extra"]["password"], "[Filtered]");
}

TEST_F(PrivacyTest, SpanDataIsMaskedAsWell) {
  Options given = options();
  given.traces_sample_rate = 1.0;
  start(std::move(given));
  const Span root = start_transaction({.name = "a"});
  const Span span = root.start_child("http.client");
  span.set_data("url", "http://h/?q=hush");
  span.set_data("authorization", "hush");
  span.set_data("gen_ai.usage.input_tokens", 12);
  root.finish();
  const Json t = transaction();
  EXPECT_THAT(t.dump(), Not(HasSubstr("hush")));
  EXPECT_EQ(t["spans"][0]["data"]["gen_ai.usage.input_tokens"], 12);
}

}  // namespace
}  // namespace vitals::sentry

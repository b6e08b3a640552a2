#include "vitals/sentry/dsn.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vitals::sentry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Dsn, IsTakenApart) {
  const auto dsn = parse_dsn("https://abc123@sentry.example:8443/a/b/42");
  ASSERT_TRUE(dsn);
  EXPECT_EQ(dsn->scheme, "https");
  EXPECT_EQ(dsn->public_key, "abc123");
  EXPECT_EQ(dsn->host, "sentry.example");
  EXPECT_EQ(dsn->port, 8443U);
  EXPECT_EQ(dsn->path, "/a/b");
  EXPECT_EQ(dsn->project_id, "42");
  EXPECT_EQ(dsn->envelope_url(), "https://sentry.example:8443/a/b/api/42/envelope/");
}

TEST(Dsn, LeavesOutAPortThatWasNotGiven) {
  const auto dsn = parse_dsn("http://k@host/1");
  ASSERT_TRUE(dsn);
  EXPECT_EQ(dsn->envelope_url(), "http://host/api/1/envelope/");
}

TEST(Dsn, DropsTheDeprecatedSecret) {
  const auto dsn = parse_dsn("https://public:hush@host/1");
  ASSERT_TRUE(dsn);
  EXPECT_EQ(dsn->public_key, "public");
  EXPECT_EQ(dsn->to_string(), "https://public@host/1");
}

TEST(Dsn, ReadsAnAddressInBrackets) {
  const auto dsn = parse_dsn("http://k@[::1]:9000/1");
  ASSERT_TRUE(dsn);
  EXPECT_EQ(dsn->host, "[::1]");
  EXPECT_EQ(dsn->port, 9000U);
}

struct Fault {
  const char* text;
  const char* named;
};
class BadDsn : public ::testing::TestWithParam<Fault> {};

TEST_P(BadDsn, IsRefusedByNamingThePartAndNotTheKey) {
  const auto dsn = parse_dsn(GetParam().text);
  ASSERT_FALSE(dsn) << GetParam().text;
  EXPECT_THAT(dsn.error().message, HasSubstr(GetParam().named));
  EXPECT_THAT(dsn.error().message, Not(HasSubstr("s3cr3t")));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadDsn,
    ::testing::Values(
        Fault{"", "scheme"}, Fault{"s3cr3t", "scheme"}, Fault{"ftp://s3cr3t@host/1", "scheme"},
        Fault{"https://host/1", "public key"}, Fault{"https://@host/1", "public key"},
        Fault{"https://s3cr3t%0d%0a@host/1", "public key"}, Fault{"https://s3cr3t@/1", "host"},
        Fault{"https://s3cr3t@ho st/1", "host"}, Fault{"https://s3cr3t@[]/1", "host"},
        Fault{"https://s3cr3t@host:0/1", "port"}, Fault{"https://s3cr3t@host:65536/1", "port"},
        Fault{"https://s3cr3t@host:/1", "port"}, Fault{"https://s3cr3t@host:80x/1", "port"},
        Fault{"https://s3cr3t@host", "project"}, Fault{"https://s3cr3t@host/", "project"},
        Fault{"https://s3cr3t@host/1?x=y", "project"}, Fault{"https://s3cr3t@host/a b/1", "path"},
        Fault{"https://s3cr3t@host/a\r\nX: y/1", "path"}));

}  // namespace
}  // namespace vitals::sentry

#include "health_agent/db/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "health_agent/db/connection.h"

namespace health_agent::db {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;
using testing::SizeIs;

PostgresAddress parsed(std::string_view text) {
  auto url = parse_database_url(text);
  EXPECT_TRUE(url) << text << (url ? "" : url.error().message);
  if (!url) return {};
  EXPECT_EQ(url->kind, DatabaseUrl::Kind::kPostgres);
  return url->postgres;
}

TEST(SqliteUrl, IsRelativeWithThreeSlashesAndAbsoluteWithFour) {
  for (const auto& [text, path] :
       std::vector<std::pair<std::string, std::string>>{{"sqlite:data/x.db", "data/x.db"},
                                                        {"sqlite:/data/x.db", "/data/x.db"},
                                                        {"sqlite:///data/x.db", "data/x.db"},
                                                        {"sqlite:///x.db", "x.db"},
                                                        {"sqlite:///./data/x.db", "./data/x.db"},
                                                        {"sqlite:////data/x.db", "/data/x.db"},
                                                        {"sqlite:////x.db", "/x.db"}}) {
    const auto url = parse_database_url(text);
    ASSERT_TRUE(url) << text << ": " << url.error().message;
    EXPECT_EQ(url->kind, DatabaseUrl::Kind::kSqlite);
    EXPECT_EQ(url->path, path) << text;
  }
  for (const char* bad : {"sqlite:", "sqlite://", "sqlite:///", "sqlite://data/x.db",
                          "sqlite://localhost/x.db", "sqlite:///:memory:", "sqlite::memory:"})
    EXPECT_FALSE(parse_database_url(bad)) << bad;
}

TEST(PostgresUrl, IsTakenApart) {
  const PostgresAddress address = parsed(
      "postgresql://ann:p%40ss%2Fw%3Ard%25@db.example:5433/food?sslmode=require&"
      "target_session_attrs=read-write");
  ASSERT_THAT(address.hosts, SizeIs(1));
  EXPECT_EQ(address.hosts[0].host, "db.example");
  EXPECT_EQ(address.hosts[0].port, "5433");
  EXPECT_EQ(address.user, "ann");
  EXPECT_EQ(address.password, "p@ss/w:rd%");
  EXPECT_EQ(address.database, "food");
  EXPECT_THAT(address.parameters,
              ElementsAre(Pair("sslmode", "require"), Pair("target_session_attrs", "read-write")));
}

TEST(PostgresUrl, TakesTheShortSchemeIpv6SeveralHostsAndASocketsFolder) {
  EXPECT_EQ(parsed("postgres://h/db").hosts[0].port, "");
  EXPECT_EQ(parsed("postgres://[::1]:5432/db").hosts[0].host, "::1");
  EXPECT_EQ(parsed("postgres://[::1]/db").hosts[0].host, "::1");
  EXPECT_THAT(parsed("postgres://a:1,b:2/db").hosts, SizeIs(2));
  EXPECT_THAT(parsed("postgres:///db?host=%2Ftmp").hosts, SizeIs(0));
  EXPECT_EQ(parsed("postgres://u:p:w@h/db").password, "p:w");
}

TEST(PostgresUrl, SaysWhatIsWrongAndNeverASecret) {
  for (const char* bad : {"postgresql://", "postgresql:///db", "postgresql://h", "postgresql://h/",
                          "postgresql://u:hunter2@h:0/db", "postgresql://u:hunter2@h:65536/db",
                          "postgresql://u:hunter2@h:1x/db", "postgresql://u:hunter2@[::1/db",
                          "postgresql://u:hunter2@[::1]x/db", "postgresql://u:hunter2%@h/db",
                          "postgresql://u:hunter2%0@h/db", "postgresql://u:hunter2%00@h/db",
                          "postgresql://u:hun ter2@h/db", "postgresql://u:hunter2@h/db/more",
                          "postgresql://u:hunter2@h,/db?x=1", "postgresql://u@h/db?hunter2=1",
                          "postgresql:h/db", "POSTGRESQL://h/db"}) {
    const auto url = parse_database_url(bad);
    ASSERT_FALSE(url) << bad;
    EXPECT_THAT(url.error().message, AllOf(HasSubstr("postgresql://user:pass@host:port/db"),
                                           Not(HasSubstr("hunter2")), Not(HasSubstr("hun ter2"))))
        << bad;
  }
}

TEST(PostgresUrl, GoesToLibpqWithEveryPartEncodedAndItsOwnParametersFirst) {
  const PostgresAddress address = parsed("postgres://a%20b:p%27%3D@[::1]:5/d%26b?sslmode=disable");
  EXPECT_EQ(connection_url(address, {{"sslmode", "require"}, {"options", "-c a=b"}}),
            "postgresql://a%20b:p%27%3D@[::1]:5/d%26b?sslmode=disable&options=-c%20a%3Db");
  EXPECT_EQ(shown(address), "postgresql://[::1]:5/d&b");
}

TEST(Comment, IsNotAddedWithoutASpan) {
  EXPECT_EQ(commented("SELECT 1", {}), "SELECT 1");
}

}  // namespace
}  // namespace health_agent::db

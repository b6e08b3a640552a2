#include "vitals/adapters/mariadb.h"

#include <gtest/gtest.h>

#include <string>

#include "adapters/mariadb_server.h"
#include "adapters/recorded.h"

namespace adapters_test {
namespace {

class MariaDbTest : public Recorded {};

TEST_F(MariaDbTest, QueriesAreCountedByTypeAndFailure) {
  MariaDb server;
  MYSQL* const connection = mysql_init(nullptr);
  ASSERT_NE(mysql_real_connect(connection, nullptr, "root", nullptr, nullptr, 0,
                               server.socket().c_str(), 0),
            nullptr)
      << mysql_error(connection);
  const auto run = [&](const char* sql) {
    return vitals::adapters::mariadb_query(connection, sql, "eggs");
  };
  EXPECT_EQ(run("CREATE DATABASE farm"), 0);
  EXPECT_EQ(run("CREATE TABLE farm.eggs (id int PRIMARY KEY)"), 0);
  EXPECT_EQ(run("INSERT INTO farm.eggs VALUES (7)"), 0);
  EXPECT_NE(run("INSERT INTO farm.eggs VALUES (7)"), 0);
  EXPECT_NE(run("SET STATEMENT max_statement_time=0.05 FOR INSERT INTO farm.eggs SELECT SLEEP(10)"),
            0);
  EXPECT_NE(run("SELECT nothing FROM farm.eggs"), 0);
  server.stop();
  EXPECT_NE(run("SELECT 1"), 0);
  mysql_close(connection);
  const auto failures = [&](std::string_view word) {
    return total("db_query_errors_total", {{"table", "eggs"}, {"error_type", word}});
  };
  EXPECT_EQ(total("db_queries_total", {{"query_type", "INSERT"}}), 2);
  EXPECT_EQ(failures("constraint"), 1);
  EXPECT_EQ(failures("timeout"), 1);
  EXPECT_EQ(failures("other"), 1);
  EXPECT_EQ(failures("unavailable"), 1);
}

}  // namespace
}  // namespace adapters_test

#include <soci/soci-config.h>
// Debian's SOCI was built with Boost, which its headers then want; nothing here uses those parts.
#undef SOCI_HAVE_BOOST
#undef SOCI_HAVE_BOOST_DATE_TIME

#include "vitals/adapters/soci.h"

#include <soci/sqlite3/soci-sqlite3.h>

#include "tests/unit/monitor/monitored.h"

namespace vitals::adapters {
namespace {

using monitor::QueryType;
using monitor::value;

class SociTest : public monitor::Monitored {
 protected:
  SociTest() { session_ << "CREATE TABLE berries (name TEXT PRIMARY KEY)"; }

  soci::session session_{soci::sqlite3, ":memory:"};
};

TEST_F(SociTest, QueryGivesBackItsResultAndIsCounted) {
  const int one = query(QueryType::kSelect, "berries", [&] {
    int result = 0;
    session_ << "SELECT 1", soci::into(result);
    return result;
  });
  EXPECT_EQ(one, 1);
  EXPECT_EQ(value("db_queries_total", {{"query_type", "SELECT"}, {"table", "berries"}}), 1);
}

TEST_F(SociTest, FailureIsCountedUnderABoundedWordAndGoesOn) {
  EXPECT_THROW(
      query(QueryType::kInsert, "berries", [&] { session_ << "INSERT INTO nowhere VALUES (1)"; }),
      soci::soci_error);
  EXPECT_EQ(value("db_query_errors_total",
                  {{"query_type", "INSERT"}, {"table", "berries"}, {"error_type", "other"}}),
            1);
  EXPECT_THROW(query(
                   QueryType::kDelete, "berries", [&] { session_ << "DELETE FROM nowhere"; },
                   [](const soci::soci_error&) { return std::string_view{"timeout"}; }),
               soci::soci_error);
  EXPECT_EQ(value("db_query_errors_total",
                  {{"query_type", "DELETE"}, {"table", "berries"}, {"error_type", "timeout"}}),
            1);
}

TEST_F(SociTest, OtherExceptionsAreCountedUnderTheirClass) {
  EXPECT_THROW(query(QueryType::kUpdate, "berries", [] { throw std::out_of_range{"row"}; }),
               std::out_of_range);
  EXPECT_EQ(value("db_query_errors_total",
                  {{"query_type", "UPDATE"}, {"table", "berries"}, {"error_type", "out_of_range"}}),
            1);
}

}  // namespace
}  // namespace vitals::adapters

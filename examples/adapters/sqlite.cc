// Queries by SQLite.
#include "vitals/adapters/sqlite.h"

#include "program.h"
#include "vitals/monitor/job.h"

int main() {
  using vitals::monitor::QueryType;
  const Program program{"sqlite"};
  sqlite3* database = nullptr;
  sqlite3_open(":memory:", &database);
  const auto run = [&](QueryType type, const char* sql) {
    const int code = vitals::adapters::sqlite_query(
        type, "eggs", [&] { return sqlite3_exec(database, sql, nullptr, nullptr, nullptr); });
    if (code != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(database));
  };
  try {
    vitals::monitor::track_job("lay", [&] {
      run(QueryType::kOther, "CREATE TABLE eggs (id int PRIMARY KEY)");
      run(QueryType::kInsert, "INSERT INTO eggs VALUES (7)");
      run(QueryType::kInsert, "INSERT INTO eggs VALUES (7)");  // breaks: there is one
    });
  } catch (const std::exception&) {
    // The event is on its way.
  }
  sqlite3_close(database);
}

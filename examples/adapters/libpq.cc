// Queries by libpq.
#include "vitals/adapters/libpq.h"

#include "program.h"
#include "vitals/monitor/job.h"

int main() {
  const Program program{"libpq"};
  PGconn* const connection = PQconnectdb(setting("DATABASE_URL").c_str());
  const auto run = [&](const char* sql) {
    const auto rows = vitals::adapters::pg_exec(connection, sql, "eggs");
    if (PQresultStatus(rows.get()) == PGRES_FATAL_ERROR)
      throw std::runtime_error(PQresultErrorMessage(rows.get()));
  };
  try {
    vitals::monitor::track_job("lay", [&] {
      run("CREATE TABLE eggs (id int PRIMARY KEY)");
      run("INSERT INTO eggs VALUES (7)");
      run("INSERT INTO eggs VALUES (7)");  // breaks: there is one
    });
  } catch (const std::exception&) {
    // The event is on its way.
  }
  PQfinish(connection);
}

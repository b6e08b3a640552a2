// Queries by libpqxx.
#include "vitals/adapters/libpqxx.h"

#include "program.h"
#include "vitals/monitor/job.h"

int main() {
  using vitals::monitor::QueryType;
  const Program program{"libpqxx"};
  pqxx::connection connection{setting("DATABASE_URL")};
  pqxx::nontransaction work{connection};
  const auto run = [&](QueryType type, const char* sql) {
    return vitals::adapters::pqxx_query(type, "eggs", [&] { return work.exec(sql); });
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
}

// Queries by SOCI.
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include "program.h"
#include "vitals/adapters/soci.h"
#include "vitals/monitor/job.h"

namespace {

// SOCI's backend for SQLite gives its errors no category; the code is SQLite's own.
std::string_view word_of(const soci::soci_error& error) noexcept {
  constexpr int kConstraint = 19;  // SQLITE_CONSTRAINT; the upper bytes say which one
  const auto* sqlite = dynamic_cast<const soci::sqlite3_soci_error*>(&error);
  return sqlite != nullptr && (sqlite->result() & 0xff) == kConstraint
             ? "constraint"
             : vitals::adapters::soci_error_type(error);
}

}  // namespace

int main() {
  using vitals::monitor::QueryType;
  const Program program{"soci"};
  soci::session session{soci::sqlite3, ":memory:"};
  const auto run = [&](QueryType type, const char* sql) {
    vitals::adapters::query(
        type, "eggs", [&] { session << sql; }, word_of);
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

#pragma once

#include <sqlite3.h>

#include <string_view>
#include <utility>

#include "vitals/monitor/db.h"

/// SQLite and vitals::monitor::QueryScope. Header-only.
namespace vitals::adapters {

/// The bounded word of a result code. Source: SQLite, "Result and Error Codes".
[[nodiscard]] inline std::string_view sqlite_error_type(int code) noexcept {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "timeout";
    case SQLITE_CONSTRAINT:
      return "constraint";
    case SQLITE_CANTOPEN:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return "unavailable";
    default:
      return "other";
  }
}

/// Runs `statement`, which gives a result code, as one query of the table, and gives the code back.
/// All steps of a statement are one query:
///
///     const int code = adapters::sqlite_query(QueryType::kSelect, "users", [&] {
///       int step = SQLITE_ROW;
///       while ((step = sqlite3_step(statement)) == SQLITE_ROW) …
///       return step;
///     });
template <class F>
int sqlite_query(monitor::QueryType type, std::string_view table, F&& statement) {
  monitor::QueryScope scope{type, table};
  scope.span().set_data("db.system.name", "sqlite");
  const int code = std::forward<F>(statement)();
  if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) {
    scope.succeed();
  } else {
    scope.fail(sqlite_error_type(code));
  }
  return code;
}

}  // namespace vitals::adapters

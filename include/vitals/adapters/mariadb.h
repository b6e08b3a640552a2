#pragma once

#include <mysql.h>

#include <string_view>
#include <utility>

#include "vitals/monitor/db.h"

/// MariaDB's and MySQL's C client and vitals::monitor::QueryScope. Header-only.
namespace vitals::adapters {

/// The bounded word of an error's number. Source: MariaDB, "Error Codes".
[[nodiscard]] inline std::string_view mariadb_error_type(unsigned number) noexcept {
  switch (number) {
    case 1022:  // duplicate key
    case 1048:  // null where none may be
    case 1062:
    case 1169:
    case 1451:
    case 1452:
    case 4025:  // CHECK
      return "constraint";
    case 1205:  // lock wait
    case 1969:  // max_statement_time
    case 3024:
      return "timeout";
    case 1213:  // deadlock
    case 1020:
      return "conflict";
    case 1040:  // too many connections
    case 1053:  // shutdown
    case 1203:
      return "unavailable";
    case 2014:  // commands out of sync: the caller's own fault
      return "other";
    default:
      return number >= 2000 && number < 3000 ? "unavailable" : "other";  // of the client itself
  }
}

/// Runs `statement`, which gives 0 when all is well, as one query of the table, and gives that back:
/// mysql_stmt_execute() and what belongs to it.
template <class F>
int mariadb_query(MYSQL* connection, monitor::QueryType type, std::string_view table,
                  F&& statement) {
  monitor::QueryScope scope{type, table};
  scope.span().set_data("db.system.name", "mariadb");
  const int failed = std::forward<F>(statement)();
  if (failed == 0) {
    scope.succeed();
  } else {
    scope.fail(mariadb_error_type(mysql_errno(connection)));
  }
  return failed;
}

/// Runs `sql` as mysql_real_query() does; what kind of query it is, its first word says.
inline int mariadb_query(MYSQL* connection, std::string_view sql, std::string_view table) {
  return mariadb_query(connection, monitor::query_type_of(sql), table,
                       [&] { return mysql_real_query(connection, sql.data(), sql.size()); });
}

}  // namespace vitals::adapters

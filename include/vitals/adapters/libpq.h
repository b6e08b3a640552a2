#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string_view>

#include "vitals/monitor/db.h"

/// libpq and vitals::monitor::QueryScope. Header-only.
namespace vitals::adapters {

/// Clears a result with libpq.
struct ClearResult {
  /// For std::unique_ptr.
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};
/// A result that clears itself; null: there was no memory.
using PgResult = std::unique_ptr<PGresult, ClearResult>;

/// The bounded word of a SQLSTATE: `constraint`, `timeout`, `unavailable`, `conflict` or `other`.
/// Source: PostgreSQL, "Appendix A. PostgreSQL Error Codes".
[[nodiscard]] inline std::string_view sqlstate_error_type(std::string_view state) noexcept {
  const std::string_view group = state.substr(0, 2);
  if (group == "23") return "constraint";
  if (group == "40") return "conflict";
  if (state == "57014" || state == "55P03") return "timeout";
  if (state.empty() || group == "08" || group == "53" || group == "57" || group == "28")
    return "unavailable";
  return "other";
}

/// Runs `statement`, which gives a PGresult, as one query of the table; gives the result to the
/// caller, also one that tells of an error. For PQexecParams, PQexecPrepared and their like.
///
///     const adapters::PgResult rows = adapters::pg_query(QueryType::kSelect, "users", [&] {
///       return PQexecParams(connection, sql, 1, nullptr, values, nullptr, nullptr, 0);
///     });
template <class F>
PgResult pg_query(monitor::QueryType type, std::string_view table, F&& statement) {
  monitor::QueryScope scope{type, table};
  scope.span().set_data("db.system.name", "postgresql");
  PgResult result{std::forward<F>(statement)()};
  switch (PQresultStatus(result.get())) {
    case PGRES_BAD_RESPONSE:
    case PGRES_FATAL_ERROR: {
      const char* const state =
          result != nullptr ? PQresultErrorField(result.get(), PG_DIAG_SQLSTATE) : nullptr;
      scope.fail(sqlstate_error_type(state != nullptr ? state : std::string_view{}));
      break;
    }
    default:
      scope.succeed();
  }
  return result;
}

/// Runs `sql` as PQexec() does; what kind of query it is, its first word says.
inline PgResult pg_exec(PGconn* connection, const char* sql, std::string_view table) {
  return pg_query(monitor::query_type_of(sql), table, [&] { return PQexec(connection, sql); });
}

}  // namespace vitals::adapters

#pragma once

#include <pqxx/pqxx>
#include <string_view>
#include <type_traits>
#include <utility>

#include "vitals/monitor/db.h"

/// libpqxx and vitals::monitor::QueryScope. Header-only.
namespace vitals::adapters {

namespace detail {

/// The bounded word of the libpqxx exception that is being handled; the class's name of another.
inline void fail_as_pqxx(monitor::QueryScope& scope) noexcept {
  try {
    throw;
  } catch (const pqxx::broken_connection&) {
    scope.fail("unavailable");
  } catch (const pqxx::integrity_constraint_violation&) {
    scope.fail("constraint");
  } catch (const pqxx::sql_error& error) {
    const std::string_view state = error.sqlstate();
    scope.fail(state == "57014" || state == "55P03" ? "timeout"
               : state.substr(0, 2) == "40"         ? "conflict"
               : state.substr(0, 2) == "53"         ? "unavailable"
                                                    : "other");
  } catch (...) {
    scope.fail(monitor::ErrorType::of_current_exception().view());
  }
}

}  // namespace detail

/// Runs `statement` as one query of the table and gives back what it gives back. An exception is
/// counted under a bounded word and goes on.
///
///     auto rows = adapters::pqxx_query(QueryType::kSelect, "users",
///                                      [&] { return work.exec_params(sql, id); });
template <class F>
decltype(auto) pqxx_query(monitor::QueryType type, std::string_view table, F&& statement) {
  monitor::QueryScope scope{type, table};
  scope.span().set_data("db.system.name", "postgresql");
  return monitor::detail::measured_call(
      std::forward<F>(statement), [&] { scope.succeed(); }, [&] { detail::fail_as_pqxx(scope); });
}

}  // namespace vitals::adapters

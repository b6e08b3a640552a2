#pragma once

#include <soci/soci.h>

#include <string_view>
#include <type_traits>
#include <utility>

#include "vitals/monitor/db.h"

/// SOCI and vitals::monitor::QueryScope: a query that is counted, timed and traced, with SOCI's
/// errors as bounded words. Header-only.
///
///     adapters::query(QueryType::kSelect, "users", [&] {
///       session << "SELECT …", soci::into(name), soci::use(id);
///     });
namespace vitals::adapters {

/// The `error_type` of a SOCI error: `unavailable`, `constraint` or `other`, by the category that
/// its backend gave it. A backend that says more can be asked by a function of your own; see
/// query().
[[nodiscard]] inline std::string_view soci_error_type(const soci::soci_error& error) noexcept {
  switch (error.get_error_category()) {
    case soci::soci_error::connection_error:
    case soci::soci_error::no_privilege:
    case soci::soci_error::system_error:
      return "unavailable";
    case soci::soci_error::constraint_violation:
      return "constraint";
    default:
      return "other";
  }
}

/// Runs `statement` in a QueryScope and gives back what it gives back. A soci_error is counted
/// under the word that `word_of` gives it, anything else under its class name; both go on to the
/// caller.
template <class F, class WordOf = decltype(&soci_error_type)>
decltype(auto) query(monitor::QueryType type, std::string_view table, F&& statement,
                     WordOf&& word_of = &soci_error_type) {
  monitor::QueryScope scope{type, table};
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<F>>) {
      std::forward<F>(statement)();
      scope.succeed();
    } else {
      decltype(auto) result = std::forward<F>(statement)();
      scope.succeed();
      return static_cast<std::invoke_result_t<F>>(std::forward<decltype(result)>(result));
    }
  } catch (const soci::soci_error& error) {
    scope.fail(word_of(error));
    throw;
  } catch (...) {
    scope.fail(monitor::ErrorType::of_current_exception().view());
    throw;
  }
}

}  // namespace vitals::adapters

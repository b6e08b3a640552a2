#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "health_agent/api/http.h"

namespace health_agent::api {

/// Finds the route of a request, and the values of its template's `{…}`.
/// Threads: any, once built. Cost: a comparison of each segment with each route that has as many.
class RouteTable {
 public:
  void add(Route route);

  struct Match {
    /// Null when no route has this path and method.
    const Route* route = nullptr;
    /// The template that has the path, whatever the method; empty when there is none.
    std::string_view path;
    /// The methods that the path takes, for `Allow`: `GET, PATCH`. Only filled when `route` is
    /// null.
    std::string allowed;
    std::vector<std::string> params;
    /// The path holds a `%` that no two hex digits follow.
    bool malformed = false;
  };

  [[nodiscard]] Match find(vitals::monitor::Method method, std::string_view path) const;

 private:
  std::vector<Route> routes_;
};

/// Decodes `%41` to `A`. False when a `%` is not followed by two hex digits.
[[nodiscard]] bool percent_decode(std::string_view text, std::string& out);

/// The value of `name` in `a=1&b=2`, decoded; empty when it is not there.
[[nodiscard]] std::string query_value(std::string_view query, std::string_view name);

}  // namespace health_agent::api

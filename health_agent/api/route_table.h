#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "health_agent/api/http.h"

namespace health_agent::api {

/// Finds the route of a request, and the values of its template's `{…}`. What a template spells out
/// is compared with the path as it stands, and a `{…}` takes one segment that is not empty, decoded
/// once: so no part of a decoded value ever chooses a route.
/// Threads: any, once built. Cost: a comparison of each segment with each route that has as many.
class RouteTable {
 public:
  void add(Route route);

  [[nodiscard]] const std::vector<Route>& routes() const noexcept { return routes_; }

  struct Match {
    /// Null when no route has this path and method.
    const Route* route = nullptr;
    /// The template that has the path, whatever the method; empty when there is none.
    std::string_view path;
    /// The methods that the path takes, for `Allow`: `GET, PATCH`. Only filled when `route` is
    /// null.
    std::string allowed;
    std::vector<std::string> params;
    /// Nothing of this path may be told to somebody without a key: the route wants one, or another
    /// method of the path does, or, where there is no such path, a route that begins like it.
    bool wants_key = false;
  };

  /// `path` is that of a Target without a fault.
  [[nodiscard]] Match find(vitals::monitor::Method method, std::string_view path) const;

 private:
  std::vector<Route> routes_;
};

/// The value of `name` in `a=1&b=2`, decoded; nothing when it is not there.
[[nodiscard]] std::optional<std::string> find_query_value(std::string_view query,
                                                          std::string_view name);
/// The same, empty when it is not there.
[[nodiscard]] std::string query_value(std::string_view query, std::string_view name);

}  // namespace health_agent::api

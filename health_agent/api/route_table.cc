#include "health_agent/api/route_table.h"

#include <algorithm>
#include <utility>

#include "health_agent/api/target.h"
#include "vitals/base/percent.h"

namespace health_agent::api {
namespace {

/// Takes the next segment of a path off its front: `/a/b` gives `a` and leaves `/b`.
std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);
  const std::size_t end = path.find('/');
  const std::string_view segment = path.substr(0, end);
  path.remove_prefix(segment.size());
  return segment;
}

/// True when `path` has the shape of `pattern`; the raw text of each `{…}` goes to `values`.
bool matches(std::string_view pattern, std::string_view path,
             std::vector<std::string_view>& values) {
  values.clear();
  while (!pattern.empty() && pattern.front() == '/' && !path.empty() && path.front() == '/') {
    const std::string_view wanted = take_segment(pattern);
    const std::string_view given = take_segment(path);
    if (wanted.starts_with('{')) {
      if (given.empty()) return false;
      values.push_back(given);
    } else if (wanted != given) {
      return false;
    }
  }
  return pattern.empty() && path.empty();
}

/// `/api/` of `/api/v1/users`.
std::string_view first_segment(std::string_view path) {
  const std::size_t end = path.find('/', 1);
  return path.substr(0, end == std::string_view::npos ? end : end + 1);
}

}  // namespace

void RouteTable::add(Route route) {
  routes_.push_back(std::move(route));
}

RouteTable::Match RouteTable::find(vitals::monitor::Method method, std::string_view path) const {
  Match match;
  std::vector<std::string_view> raw;
  for (const Route& route : routes_) {
    if (!matches(route.endpoint.route(), path, raw)) continue;
    match.path = route.endpoint.route();
    match.wants_key |= route.access == Access::kKeyHolders;
    const vitals::monitor::Method taken = route.endpoint.method();
    // HEAD is GET whose body stays here (RFC 9110, 9.3.2).
    const bool head =
        method == vitals::monitor::Method::kHead && taken == vitals::monitor::Method::kGet;
    if (taken != method && !head) {
      if (!match.allowed.empty()) match.allowed += ", ";
      match.allowed += vitals::monitor::to_string(taken);
      if (taken == vitals::monitor::Method::kGet) match.allowed += ", HEAD";
      continue;
    }
    match.route = &route;
    match.wants_key = route.access == Access::kKeyHolders;
    for (const std::string_view value : raw)
      match.params.push_back(vitals::base::percent_decoded(value));
    return match;
  }
  if (match.path.empty()) {
    match.wants_key = std::any_of(routes_.begin(), routes_.end(), [path](const Route& route) {
      return route.access == Access::kKeyHolders &&
             path.starts_with(first_segment(route.endpoint.route()));
    });
  }
  return match;
}

std::optional<std::string> find_query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    const std::size_t equals = pair.find('=');
    if (pair.substr(0, equals) != name || equals == std::string_view::npos) continue;
    const std::string_view value = pair.substr(equals + 1);
    return vitals::base::strictly_percent_decoded(value) ? vitals::base::form_decoded(value)
                                                         : std::string{value};
  }
  return std::nullopt;
}

std::string query_value(std::string_view query, std::string_view name) {
  return find_query_value(query, name).value_or(std::string{});
}

}  // namespace health_agent::api

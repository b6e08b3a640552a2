#include "health_agent/api/openapi.h"

#include <algorithm>
#include <utility>

#include "health_agent/json_type.h"
#include "health_agent/version.h"
#include "vitals/base/ascii.h"

namespace health_agent::api {
namespace {

using nlohmann::ordered_json;

bool has(const RouteTable& table, std::string_view path, std::string_view lower_method) {
  return std::any_of(table.routes().begin(), table.routes().end(), [&](const Route& route) {
    const std::string_view method = vitals::monitor::to_string(route.endpoint.method());
    return route.endpoint.route() == path &&
           vitals::base::equal_ignoring_case(method, lower_method);
  });
}

/// What no route has is left out; a path whose methods are all gone, too.
ordered_json described(const ordered_json& paths, const RouteTable& table) {
  ordered_json kept = ordered_json::object();
  for (const auto& [path, item] : paths.items()) {
    ordered_json methods = ordered_json::object();
    bool some = false;
    for (const auto& [name, value] : item.items()) {
      const bool operation = name != "parameters";
      if (operation && !has(table, path, name)) continue;
      some = some || operation;
      methods[name] = value;
    }
    if (some) kept[path] = std::move(methods);
  }
  return kept;
}

}  // namespace

std::string describe(const RouteTable& table) {
  ordered_json document = ordered_json::parse(openapi_json());
  document["info"]["version"] = kVersion;
  document["paths"] = described(document["paths"], table);
  return document.dump();
}

void add_openapi_route(RouteTable& table) {
  const auto text = std::make_shared<std::string>();
  table.add({{vitals::monitor::Method::kGet, "/api/openapi.json", "openapi"}, [text](Request&) {
               Response response;
               response.body = *text;
               return response;
             }});
  *text = describe(table);
}

}  // namespace health_agent::api

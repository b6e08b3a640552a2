#include "health_agent/api/openapi.h"

#include <gmock/gmock.h>

#include <set>

#include "health_agent/version.h"
#include "tests/unit/health_agent/api_world.h"

namespace health_agent::api {
namespace {

using nlohmann::json;

std::set<std::string> routes_of(const RouteTable& table) {
  std::set<std::string> names;
  for (const Route& route : table.routes())
    names.insert(std::string{route.endpoint.name()});
  return names;
}

std::set<std::string> operations_of(const json& document) {
  std::set<std::string> names;
  for (const auto& [path, item] : document["paths"].items()) {
    for (const auto& [method, operation] : item.items()) {
      if (method == "parameters") continue;
      std::string upper = method;
      for (char& c : upper)
        c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      names.insert(upper + " " + path);
    }
  }
  return names;
}

template <class F>
void each_reference(const json& value, const F& visit) {
  if (value.is_object() && value.contains("$ref")) visit(value["$ref"].get<std::string>());
  if (!value.is_structured()) return;
  for (const json& item : value)
    each_reference(item, visit);
}

TEST(OpenApi, DescribesEveryRouteAndNothingElse) {
  const db::TempFolder folder;
  ApiProcess api{folder.file("api.db")};
  const json document = json::parse(openapi_json());
  EXPECT_EQ(operations_of(document), routes_of(api.routes()));
  const Given served = api.get("/api/openapi.json");
  EXPECT_EQ(served.status, 200);
  EXPECT_EQ(operations_of(served.json()), routes_of(api.routes()));
  EXPECT_EQ(served.json()["openapi"], "3.1.0");
  EXPECT_EQ(served.json()["info"]["version"], kVersion);
}

TEST(OpenApi, LeavesOutWhatIsTurnedOff) {
  RouteTable few;
  few.add({{vitals::monitor::Method::kGet, "/api/v1/users/{user_id}", "get_user"}, nullptr});
  add_openapi_route(few);
  EXPECT_EQ(operations_of(json::parse(describe(few))), routes_of(few));
}

TEST(OpenApi, SaysOfEachRouteWhoMayCallItAndWhatItsPathHolds) {
  const db::TempFolder folder;
  ApiProcess api{folder.file("api.db")};
  const json document = json::parse(openapi_json());
  std::set<std::string> ids;
  for (const Route& route : api.routes().routes()) {
    SCOPED_TRACE(std::string{route.endpoint.name()});
    const std::string path{route.endpoint.route()};
    std::string method{vitals::monitor::to_string(route.endpoint.method())};
    for (char& c : method)
      c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const json& item = document["paths"][path];
    const json& operation = item[method];
    const json security = operation.value("security", json());
    switch (route.access) {
      case Access::kKeyHolders:
        EXPECT_TRUE(security.is_null());
        EXPECT_TRUE(operation["responses"].contains("401"));
        break;
      case Access::kTelegram:
        EXPECT_EQ(security, json::parse(R"([{"telegram":[]}])"));
        break;
      default:
        EXPECT_EQ(security, json::array());
    }
    EXPECT_TRUE(ids.insert(operation["operationId"]).second) << "used twice";
    EXPECT_EQ(operation.contains("requestBody"), method == "post" || method == "patch");
    std::set<std::string> wanted;
    for (std::size_t open = path.find('{'); open != std::string::npos;
         open = path.find('{', open + 1))
      wanted.insert(path.substr(open + 1, path.find('}', open) - open - 1));
    std::set<std::string> given;
    json parameters = item.value("parameters", json::array());
    for (json parameter : parameters) {
      if (parameter.contains("$ref"))
        parameter = document.at(json::json_pointer(parameter["$ref"].get<std::string>().substr(1)));
      given.insert(parameter["name"].get<std::string>());
    }
    EXPECT_EQ(given, wanted);
  }
}

TEST(OpenApi, EveryReferenceLeadsSomewhereAndEveryPartIsUsed) {
  const json document = json::parse(openapi_json());
  std::set<std::string> used;
  each_reference(document, [&](const std::string& reference) {
    ASSERT_TRUE(reference.starts_with("#/")) << reference;
    EXPECT_TRUE(document.contains(json::json_pointer(reference.substr(1)))) << reference;
    used.insert(reference);
  });
  for (const char* kind : {"schemas", "parameters", "responses"}) {
    for (const auto& [name, part] : document["components"][kind].items())
      EXPECT_TRUE(used.contains(std::string{"#/components/"} + kind + "/" + name)) << name;
  }
}

}  // namespace
}  // namespace health_agent::api

#include "health_agent/api/console_routes.h"

#include <string>
#include <utility>

namespace health_agent::api {
namespace {

using vitals::monitor::Method;

Response answer(vitals::console::Console& console, const Request& request,
                const std::string& path) {
  // The server itself leaves out the body of an answer to HEAD; a stream has none to leave out.
  const bool live = path == "/api/live";
  vitals::console::ConsoleResponse given =
      console.handle({.method = live ? vitals::monitor::to_string(request.method) : "GET",
                      .path = path,
                      .query = request.query,
                      .accept_encoding = request.header("Accept-Encoding"),
                      .if_none_match = request.header("If-None-Match")});
  Response response;
  response.status = given.status;
  response.content_type = std::move(given.content_type);
  response.headers = std::move(given.headers);
  response.body = std::move(given.body);
  response.attach = std::move(given.attach);
  return response;
}

}  // namespace

void add_console_routes(RouteTable& table, vitals::console::Console& console) {
  table.add({{Method::kGet, "/console", "console"},
             Access::kEverybody,
             [&console](Request& request) { return answer(console, request, "/"); }});
  table.add({{Method::kGet, "/console/{file}", "console_file"},
             Access::kEverybody,
             [&console](Request& request) {
               return answer(console, request, "/" + request.params.at(0));
             }});
  table.add({{Method::kGet, "/console/api/{name}", "console_api"},
             Access::kKeyHolders,
             [&console](Request& request) {
               return answer(console, request, "/api/" + request.params.at(0));
             }});
}

}  // namespace health_agent::api

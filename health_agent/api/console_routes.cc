#include "health_agent/api/console_routes.h"

#include <string>
#include <utility>

namespace health_agent::api {
namespace {

using vitals::monitor::Method;

using vitals::console::ConsolePart;

Response answer(vitals::console::Console& console, const Request& request, std::string_view path,
                ConsolePart part) {
  // The server itself leaves out the body of an answer to HEAD; a stream has none to leave out.
  const bool live = path == "/api/live";
  vitals::console::ConsoleResponse given =
      console.handle({.method = live ? vitals::monitor::to_string(request.method) : "GET",
                      .path = path,
                      .query = request.query,
                      .accept_encoding = request.header("Accept-Encoding"),
                      .if_none_match = request.header("If-None-Match"),
                      .caller = request.caller,
                      .part = part});
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
  table.add(
      {{Method::kGet, "/console", "console"},
       [&console](Request& request) { return answer(console, request, "/", ConsolePart::kPage); },
       Access::kEverybody});
  table.add({{Method::kGet, "/console/{file}", "console_file"},
             [&console](Request& request) {
               return answer(console, request, "/" + request.params.at(0), ConsolePart::kPage);
             },
             Access::kEverybody});
  table.add({{Method::kGet, "/console/api/{name}", "console_api"}, [&console](Request& request) {
               return answer(console, request, "/api/" + request.params.at(0), ConsolePart::kAll);
             }});
}

}  // namespace health_agent::api

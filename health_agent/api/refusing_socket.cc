#include "health_agent/api/refusing_socket.h"

#include <spdlog/spdlog.h>

#include "health_agent/api/error_body.h"
#include "vitals/monitor/http.h"

namespace health_agent::api {

Refusal refusal_of(std::string_view text) noexcept {
  constexpr std::string_view kMark = "parser error HPE_";
  const std::size_t mark = text.find(kMark);
  if (mark == std::string_view::npos) return {};
  const std::string_view fault = text.substr(mark + kMark.size());
  // The limits are refused by RESTinio's callbacks (CB_…), the syntax by the parser itself.
  if (fault.starts_with("CB_headers_complete") || fault.starts_with("CB_body")) {
    return {413, "Content Too Large", "the body is larger than 1 MiB"};
  }
  if (fault.starts_with("CB_url")) return {414, "URI Too Long", "the URL is longer than 8 KiB"};
  if (fault.starts_with("CB_header") || fault.starts_with("HEADER_OVERFLOW")) {
    return {431, "Request Header Fields Too Large",
            "more than 100 header fields, or one of more than 8 KiB"};
  }
  if (fault.starts_with("INVALID_METHOD")) return {400, "Bad Request", "the method is not known"};
  return {400, "Bad Request", "this is not a valid HTTP/1.1 request"};
}

std::string answer_refusal(const Refusal& refusal) {
  vitals::monitor::RequestScope scope{{}};
  const vitals::monitor::RequestActivation active{scope};
  scope.fail("ValidationError");
  scope.finish(refusal.status);
  spdlog::get("access")->warn("a request was refused with {}: {}", refusal.status, refusal.message);

  const std::string body =
      error_body("ValidationError", refusal.message, refusal.message, scope.request_id());
  std::string answer =
      "HTTP/1.1 " + std::to_string(refusal.status) + " " + std::string{refusal.phrase} + "\r\n";
  answer += "Content-Type: application/json; charset=utf-8\r\nConnection: close\r\n";
  answer += "X-Request-ID: " + std::string{scope.request_id()} + "\r\n";
  answer += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  return answer + body;
}

Refusal& detail::pending_refusal() noexcept {
  thread_local Refusal refusal;
  return refusal;
}

}  // namespace health_agent::api

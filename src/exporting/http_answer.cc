#include "exporting/http_answer.h"

#include <time.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>
#include <variant>

#include "exporting/host_rule.h"
#include "vitals/exporting/request_head.h"
#include "vitals/exporting/scrape.h"

namespace vitals::exporting {
namespace {

std::string_view reason(int status) noexcept {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 414:
      return "URI Too Long";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Internal Server Error";
  }
}

/// As RFC 9110, 5.6.7 wants it, whatever the locale.
std::string date_now() {
  static constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const time_t now = ::time(nullptr);
  tm parts{};
  ::gmtime_r(&now, &parts);
  char text[64];
  const int size = std::snprintf(text, sizeof text, "%s, %02d %s %d %02d:%02d:%02d GMT",
                                 kDays[static_cast<std::size_t>(parts.tm_wday)], parts.tm_mday,
                                 kMonths[static_cast<std::size_t>(parts.tm_mon)],
                                 parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
  return {text, static_cast<std::size_t>(size)};
}

HttpAnswer render(ScrapeResponse response, int retry_after = 0) {
  HttpAnswer answer;
  std::string& head = answer.head;
  const auto field = [&head](std::string_view name, std::string_view value) {
    if (!value.empty()) head.append(name).append(": ").append(value).append("\r\n");
  };
  head = "HTTP/1.1 " + std::to_string(response.status) + ' ';
  head.append(reason(response.status)).append("\r\n");
  field("Date", date_now());
  field("Connection", "close");
  field("Vary", "Accept, Accept-Encoding");
  field("Cache-Control", "no-store");
  field("X-Content-Type-Options", "nosniff");
  field("Content-Type", response.content_type);
  field("Content-Encoding", response.content_encoding);
  field("WWW-Authenticate", response.www_authenticate);
  field("Allow", response.allow);
  if (retry_after > 0) field("Retry-After", std::to_string(retry_after));
  if (response.status != 204) field("Content-Length", std::to_string(response.content_length));
  head += "\r\n";
  answer.body = std::move(response.body);
  return answer;
}

ScrapeResponse plain(int status, std::string_view text) {
  ScrapeResponse response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = text;
  response.content_length = text.size();
  return response;
}

HttpAnswer health_answer(const RequestHead& head, const ExposedPages& pages) {
  if (head.method != "GET" && head.method != "HEAD") {
    ScrapeResponse response = plain(405, "Only GET and HEAD are allowed here.\n");
    response.allow = "GET, HEAD, OPTIONS";
    return render(std::move(response));
  }
  bool healthy = false;
  try {
    healthy = pages.healthy();
  } catch (...) {
    // Who cannot say is not well.
  }
  return healthy ? plain_answer(200, "ok\n") : plain_answer(503, "not healthy\n");
}

/// As answer_to(), as if the request were no HEAD.
HttpAnswer whole_answer(const RequestHead& head, const ExposedPages& pages, const HostRule& hosts,
                        std::string_view address, const OnRefused& on_refused) {
  if (!hosts.allows(head.host))
    return plain_answer(421, "This listener does not answer to that Host.\n");
  const bool health = pages.healthy && head.target.path == pages.health_path;
  const auto page = std::ranges::find(pages.scrapes, head.target.path,
                                      &std::pair<std::string, ScrapeHandler*>::first);
  if (!health && page == pages.scrapes.end() && head.target.path != "*")
    return plain_answer(404, pages.scrapes.size() == 1 && !pages.healthy
                                 ? "There is only /metrics here.\n"
                                 : "There is nothing at this path.\n");
  if (head.method == "OPTIONS") {
    ScrapeResponse response;
    response.status = 204;
    response.allow = "GET, HEAD, OPTIONS";
    return render(std::move(response));
  }
  if (health) return health_answer(head, pages);
  if (page == pages.scrapes.end()) return plain_answer(404, "There is nothing at this path.\n");
  ScrapeHandler& handler = *page->second;
  const std::string accept = head.field("Accept");
  const std::string accept_encoding = head.field("Accept-Encoding");
  const std::string authorization = head.field("Authorization");
  ScrapeResponse scraped = handler.handle({.method = head.method,
                                           .accept = accept,
                                           .accept_encoding = accept_encoding,
                                           .authorization = authorization,
                                           .query = head.target.query});
  const int wait = scraped.status == 401 && on_refused ? on_refused(address) : 0;
  if (wait <= 0) return render(std::move(scraped));
  return render(plain(429, "Too many requests without the token; try again later.\n"), wait);
}

}  // namespace

HttpAnswer plain_answer(int status, std::string_view text) {
  return render(plain(status, text));
}

HttpAnswer refusal(const HeadFault& fault, std::string_view request) {
  HttpAnswer answer = plain_answer(fault.status, std::string(fault.why) + ".\n");
  if (is_head_request(request)) answer.body.clear();
  return answer;
}

HttpAnswer answer_to(std::string_view request, const ExposedPages& pages, const HostRule& hosts,
                     std::string_view address, const OnRefused& on_refused) {
  const std::variant<RequestHead, HeadFault> read = read_request_head(request);
  if (const auto* fault = std::get_if<HeadFault>(&read)) return refusal(*fault, request);
  HttpAnswer answer = whole_answer(std::get<RequestHead>(read), pages, hosts, address, on_refused);
  if (is_head_request(request)) answer.body.clear();
  return answer;
}

}  // namespace vitals::exporting

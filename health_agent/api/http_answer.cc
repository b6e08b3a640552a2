#include "health_agent/api/http_answer.h"

#include <sys/socket.h>

#include <array>
#include <cstdio>
#include <ctime>

namespace health_agent::api {
namespace {

/// IMF-fixdate, which is English whatever the locale is.
std::string_view date() noexcept {
  constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  thread_local std::time_t made_for = -1;
  thread_local std::array<char, 64> text{};
  thread_local std::size_t size = 0;
  timespec now{};
  // The coarse clock is read without a system call and is never a second late.
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  if (now.tv_sec != made_for) {
    std::tm utc{};
    ::gmtime_r(&now.tv_sec, &utc);
    const int written =
        std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                      kDays.at(static_cast<std::size_t>(utc.tm_wday)), utc.tm_mday,
                      kMonths.at(static_cast<std::size_t>(utc.tm_mon)), utc.tm_year + 1900,
                      utc.tm_hour, utc.tm_min, utc.tm_sec);
    size = written > 0 ? static_cast<std::size_t>(written) : 0;
    made_for = now.tv_sec;
  }
  return {text.data(), size};
}

void append_field(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ");
  const std::size_t from = head.size();
  head.append(value);
  for (std::size_t i = from; i < head.size(); ++i) {
    const auto byte = static_cast<unsigned char>(head[i]);
    if ((byte < ' ' && byte != '\t') || byte == 0x7F) head[i] = ' ';
  }
  head.append("\r\n");
}

}  // namespace

std::string_view status_phrase(int status) noexcept {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

std::string answer_head(const Response& response, const AnswerHead& about) {
  std::string head;
  head.reserve(512);
  head.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  head.append(status_phrase(response.status)).append("\r\n");
  append_field(head, "Date", date());
  if (!response.content_type.empty()) append_field(head, "Content-Type", response.content_type);
  for (const auto& [name, value] : response.headers)
    append_field(head, name, value);
  if (!about.request_id.empty()) append_field(head, "X-Request-ID", about.request_id);
  // Hexadecimal digits, which need no look.
  if (!about.trace_id.empty()) head.append("X-Trace-ID: ").append(about.trace_id).append("\r\n");
  head.append(about.keep_alive ? "Connection: keep-alive\r\n" : "Connection: close\r\n");
  if (about.end == AnswerEnd::kChunks) {
    head.append("Transfer-Encoding: chunked\r\n");
  } else if (about.end == AnswerEnd::kLength && response.status != 204 && response.status != 304 &&
             !is_event_stream(response)) {  // to HEAD: the length of a stream is not known
    head.append("Content-Length: ").append(std::to_string(response.body.size())).append("\r\n");
  }
  head.append("\r\n");
  return head;
}

void send_last_answer(int socket) noexcept {
  std::array<char, 384> text{};
  const std::string_view now = date();
  const int size = std::snprintf(text.data(), text.size(),
                                 "HTTP/1.1 503 Service Unavailable\r\nDate: %.*s\r\n"
                                 "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                                 "Retry-After: 1\r\nContent-Length: 0\r\n"
                                 "Connection: close\r\n\r\n",
                                 static_cast<int>(now.size()), now.data());
  if (size > 0) {
    (void)::send(socket, text.data(), static_cast<std::size_t>(size), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
}

}  // namespace health_agent::api

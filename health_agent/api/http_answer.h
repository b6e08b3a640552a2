#pragma once

#include <string>
#include <string_view>

#include "health_agent/api/http.h"

namespace health_agent::api {

/// The reason phrase of a status.
[[nodiscard]] std::string_view status_phrase(int status) noexcept;

/// How an answer says where it ends.
enum class AnswerEnd { kLength, kChunks, kClose };

struct AnswerHead {
  bool keep_alive = true;
  AnswerEnd end = AnswerEnd::kLength;
  std::string_view request_id{};
  std::string_view trace_id{};
};

/// The head of an answer with its empty line: status line, Date (made once a second), the
/// response's fields, its ids, Connection, and Content-Length of its body or Transfer-Encoding.
/// Control characters in a field's value become blanks, so that none begins another field. Threads:
/// any. Source: RFC 9110, 6.6.1 and 8.6; RFC 9112, 6.
[[nodiscard]] std::string answer_head(const Response& response, const AnswerHead& about);

/// Sends the answer where there is neither memory nor a place for a better one: 503, and the
/// connection ends. As much of it as the socket takes at once. Cost: no allocation.
void send_last_answer(int socket) noexcept;

}  // namespace health_agent::api

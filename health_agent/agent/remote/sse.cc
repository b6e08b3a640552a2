#include "health_agent/agent/remote/sse.h"

namespace health_agent::agent {

SseParser::State SseParser::feed(std::string_view piece, const OnEvent& on_event) {
  while (!piece.empty() && state_ == State::kMore) {
    if (after_cr_) {  // the other half of a CRLF that was cut
      after_cr_ = false;
      if (piece.front() == '\n') {
        piece.remove_prefix(1);
        continue;
      }
    }
    const std::size_t end = piece.find_first_of("\r\n");
    const std::string_view part = piece.substr(0, end);
    if (line_.size() + part.size() + event_.size() + data_.size() > max_event_) {
      state_ = State::kTooLong;
      break;
    }
    line_.append(part);
    if (end == std::string_view::npos) break;
    after_cr_ = piece[end] == '\r';
    piece.remove_prefix(end + 1);
    if (!take_line(on_event)) state_ = State::kStopped;
    line_.clear();
  }
  return state_;
}

bool SseParser::take_line(const OnEvent& on_event) {
  std::string_view line = line_;
  if (at_start_) {
    at_start_ = false;
    if (line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
  }
  if (line.empty()) {
    const bool go_on = !has_data_ || on_event(event_.empty() ? "message" : event_, data_);
    has_data_ = false;
    event_.clear();
    data_.clear();
    return go_on;
  }
  const std::size_t colon = line.find(':');
  const std::string_view field = line.substr(0, colon);  // empty for a comment
  std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "event") {
    event_ = value;
  } else if (field == "data" || field == "error") {  // older llama.cpp tells its errors so
    if (has_data_) data_ += '\n';
    data_ += value;
    has_data_ = true;
  }
  return true;
}

}  // namespace health_agent::agent

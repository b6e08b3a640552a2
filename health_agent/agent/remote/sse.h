#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace health_agent::agent {

/// Reads a stream of server-sent events that comes in pieces, cut anywhere. Ids and retry times are
/// left out: nobody here connects again. An event that has not ended by its blank line is none.
/// Threads: one. Source: WHATWG HTML, "Server-sent events".
class SseParser {
 public:
  /// Takes one event; `event` is `message` where the stream does not say. Views, for the length of
  /// the call. False ends the reading. What it throws goes on to the caller of feed().
  using OnEvent = std::function<bool(std::string_view event, std::string_view data)>;

  enum class State : std::uint8_t {
    kMore,     ///< All read, ready for more.
    kStopped,  ///< `on_event` said stop.
    kTooLong,  ///< One event is longer than allowed.
  };

  /// `max_event`: bytes that one event may have, and so the most that is kept.
  explicit SseParser(std::size_t max_event = std::size_t{1024} * 1024) : max_event_(max_event) {}

  /// Reads the next piece. After kStopped or kTooLong nothing is read any more.
  State feed(std::string_view piece, const OnEvent& on_event);

 private:
  bool take_line(const OnEvent& on_event);

  std::size_t max_event_;
  State state_ = State::kMore;
  bool at_start_ = true;
  bool after_cr_ = false;
  bool has_data_ = false;
  std::string line_;
  std::string event_;
  std::string data_;
};

}  // namespace health_agent::agent

#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "vitals/base/ascii.h"

#pragma GCC visibility push(default)

namespace vitals::context {

/// All lines of a list header, in their order: one text, or up to eight of them; more are left out.
/// Views only, for the length of one call. Source: RFC 9110, 5.3.
class HeaderLines {
 public:
  static constexpr std::size_t kMaxLines = 8;  ///< what comes past so many lines is left out

  /// None yet.
  constexpr HeaderLines() noexcept {}  // `= default` would fill the lines with zeros
  /// The same lines.
  constexpr HeaderLines(const HeaderLines& other) noexcept { *this = other; }
  /// The other's lines in place of its own.
  constexpr HeaderLines& operator=(const HeaderLines& other) noexcept {
    for (std::size_t i = 0; i < other.count_; ++i)
      lines_[i] = other.lines_[i];
    count_ = other.count_;
    return *this;
  }
  /// A field that came once.
  constexpr HeaderLines(std::string_view line) noexcept { add(line); }
  /// The same.
  constexpr HeaderLines(const char* line) noexcept { add(line); }
  /// The same.
  HeaderLines(const std::string& line) noexcept { add(line); }

  /// The next line, in the order in which they came; an empty one is left out.
  constexpr void add(std::string_view line) noexcept {
    if (!line.empty() && count_ < kMaxLines) lines_[count_++] = {line.data(), line.size()};
  }
  /// Whether no line came.
  [[nodiscard]] constexpr bool empty() const noexcept { return count_ == 0; }
  /// How many lines came.
  [[nodiscard]] constexpr std::size_t size() const noexcept { return count_; }
  /// The line of that number, which is below size().
  [[nodiscard]] constexpr std::string_view operator[](std::size_t i) const noexcept {
    return {lines_[i].data, lines_[i].size};
  }
  /// All of them as one line.
  [[nodiscard]] std::string joined() const;

 private:
  struct Line {
    const char* data;
    std::size_t size;
  };
  std::array<Line, kMaxLines> lines_;  // those past count_ have no value: each request makes some
  std::size_t count_ = 0;
};

/// The names of all header fields that say something of a trace, in lower case: to allow or to
/// remove them, or to look each up in a carrier that cannot be walked through.
inline constexpr std::array<std::string_view, 9> kTraceHeaderNames{
    "sentry-trace", "baggage",     "traceparent",  "tracestate", "b3",
    "x-b3-traceid", "x-b3-spanid", "x-b3-sampled", "x-b3-flags"};

namespace detail {

/// Puts a header field where it belongs in a struct that has IncomingTrace's members; of a field
/// that may come once the first that is not empty counts. False: it says nothing of a trace.
template <class Fields>
constexpr bool read_trace_header(Fields& fields, std::string_view name,
                                 std::string_view value) noexcept {
  const auto is = [name](std::string_view known) { return base::equal_ignoring_case(name, known); };
  const auto keep_first = [value](std::string_view& field) {
    if (field.empty()) field = value;
    return true;
  };
  switch (name.size()) {  // a request has many fields, and few of them pass this
    case 2:
      return is("b3") && keep_first(fields.b3);
    case 7:
      if (!is("baggage")) return false;
      fields.baggage.add(value);
      return true;
    case 10:
      if (is("x-b3-flags")) return keep_first(fields.x_b3_flags);
      if (!is("tracestate")) return false;
      fields.tracestate.add(value);
      return true;
    case 11:
      if (is("traceparent")) return keep_first(fields.traceparent);
      return is("x-b3-spanid") && keep_first(fields.x_b3_span_id);
    case 12:
      if (is("sentry-trace")) return keep_first(fields.sentry_trace);
      if (is("x-b3-traceid")) return keep_first(fields.x_b3_trace_id);
      return is("x-b3-sampled") && keep_first(fields.x_b3_sampled);
    default:
      return false;
  }
}

}  // namespace detail

/// The trace headers that a request came with, as they are. Views only, for the length of one call.
/// Which of them are read is said by Settings::propagators. Of ids those in `sentry_trace` are
/// believed first, then `traceparent`, `b3` and the fields `x-b3-…`. What does not parse is as if it
/// were not there.
struct IncomingTrace {
  std::string_view sentry_trace{};   ///< the field `sentry-trace`
  HeaderLines baggage{};             ///< the fields `baggage`
  std::string_view traceparent{};    ///< the field `traceparent`
  HeaderLines tracestate{};          ///< the fields `tracestate`
  std::string_view b3{};             ///< the field `b3`
  std::string_view x_b3_trace_id{};  ///< the field `x-b3-traceid`
  std::string_view x_b3_span_id{};   ///< the field `x-b3-spanid`
  std::string_view x_b3_sampled{};   ///< the field `x-b3-sampled`
  std::string_view x_b3_flags{};     ///< the field `x-b3-flags`

  /// Takes a header field in, if it is one of these; the case of its name does not matter. All lines
  /// of `baggage` and `tracestate` count, of the others the first that is not empty. Returns whether
  /// it is one. For a loop over all fields of a request. Cost: no allocation.
  constexpr bool read_header(std::string_view name, std::string_view value) noexcept {
    return detail::read_trace_header(*this, name, value);
  }
};

namespace detail {

/// All that a struct with the same members has.
template <class Fields>
[[nodiscard]] constexpr IncomingTrace incoming_trace(const Fields& fields) noexcept {
  return {.sentry_trace = fields.sentry_trace,
          .baggage = fields.baggage,
          .traceparent = fields.traceparent,
          .tracestate = fields.tracestate,
          .b3 = fields.b3,
          .x_b3_trace_id = fields.x_b3_trace_id,
          .x_b3_span_id = fields.x_b3_span_id,
          .x_b3_sampled = fields.x_b3_sampled,
          .x_b3_flags = fields.x_b3_flags};
}

}  // namespace detail

/// The headers that carry a trace on: send those that are not empty, see for_each(). Which there are
/// is said by Settings::propagators.
struct TraceHeaders {
  std::string sentry_trace{};   ///< `sentry-trace`
  std::string baggage{};        ///< `baggage`
  std::string traceparent{};    ///< `traceparent`
  std::string tracestate{};     ///< `tracestate`
  std::string b3{};             ///< `b3`
  std::string x_b3_trace_id{};  ///< `x-b3-traceid`
  std::string x_b3_span_id{};   ///< `x-b3-spanid`
  std::string x_b3_sampled{};   ///< `x-b3-sampled`
  std::string x_b3_flags{};     ///< `x-b3-flags`

  /// Calls `use(name, value)` for each that is to be sent: a std::string_view in lower case, which a
  /// zero byte follows, and a const std::string&.
  ///
  ///     call.headers().for_each([&](auto name, const auto& value) { request.set(name, value); });
  template <class Use>
  void for_each(Use&& use) const {
    const std::array<const std::string*, kTraceHeaderNames.size()> values{
        &sentry_trace,  &baggage,      &traceparent,  &tracestate, &b3,
        &x_b3_trace_id, &x_b3_span_id, &x_b3_sampled, &x_b3_flags};
    for (std::size_t i = 0; i < values.size(); ++i)
      if (!values[i]->empty()) use(kTraceHeaderNames[i], *values[i]);
  }
};

}  // namespace vitals::context

#pragma GCC visibility pop

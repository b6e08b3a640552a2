#include "vitals/context/log.h"

#include <array>
#include <chrono>
#include <cstddef>

#include "base/clock.h"
#include "context/listeners.h"
#include "context/scope_state.h"
#include "context/trace.h"

namespace vitals::context {

std::string_view to_string(LogLevel level) noexcept {
  constexpr std::array<std::string_view, 6> kNames{"trace", "debug", "info",
                                                   "warn",  "error", "fatal"};
  return kNames[static_cast<std::size_t>(level)];
}

namespace detail {

void log(LogLevel level, std::string_view text, std::span<const FieldView> attributes,
         Timestamp timestamp) noexcept {
  // A sending thread runs the hooks and the transport: their lines would come back to them.
  if (is_sending_thread()) return;
  if (timestamp == Timestamp{}) timestamp = Timestamp{std::chrono::nanoseconds{base::wall_clock()}};
  LogLine line{.level = level, .text = text, .attributes = attributes, .timestamp = timestamp};
  std::uint32_t index = 0;
  if (const Trace* const trace = Trace::active(index)) {
    line.trace_id = trace->trace_id();
    line.span_id = trace->span_id(index);
  } else {
    line.trace_id = ScopeState::current()->propagation().trace_id;
  }
  for_each_listener<LogLease>([&line](Listener& listener) { listener.logged(line); });
}

}  // namespace detail
}  // namespace vitals::context

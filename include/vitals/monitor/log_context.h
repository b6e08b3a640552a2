#pragma once

#include <string_view>

namespace vitals::monitor {

/// What a log line should carry about the request or update that runs on this thread; empty views
/// when none does. The views live as long as that scope stays active on this thread.
struct LogContext {
  std::string_view request_id;
  std::string_view trace_id;
};

/// The context of what is active on the calling thread. Threads: any. Cost: one thread-local read.
[[nodiscard]] LogContext current_log_context() noexcept;

namespace detail {
/// Puts a context in place for the calling thread and gives back the one that stood there.
LogContext exchange_log_context(LogContext context) noexcept;
}  // namespace detail

}  // namespace vitals::monitor

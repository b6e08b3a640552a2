#pragma once

#include <string_view>

#pragma GCC visibility push(default)

namespace vitals::monitor {

/// What a log line should carry about the request or update that runs on this thread; empty views
/// when none does. The views live as long as that scope stays active on this thread.
struct LogContext {
  std::string_view request_id;  ///< empty: no request is active
  std::string_view trace_id;    ///< 32 hexadecimal digits; empty: there is no trace
};

/// The context of what is active on the calling thread. Threads: any. Cost: one thread-local read.
[[nodiscard]] LogContext current_log_context() noexcept;

}  // namespace vitals::monitor

#pragma GCC visibility pop

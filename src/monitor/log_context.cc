#include "vitals/monitor/log_context.h"

#include "vitals/context/span.h"

// The ids lie in the Sentry client's room, so that its Context takes them along to other threads.
namespace vitals::monitor {

LogContext current_log_context() noexcept {
  const context::detail::LogIds ids = context::detail::log_ids();
  return {ids.request_id, ids.trace_id};
}

}  // namespace vitals::monitor

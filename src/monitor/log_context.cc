#include "vitals/monitor/log_context.h"

#include "vitals/sentry/span.h"

// The ids lie in the Sentry client's room, so that its Context takes them along to other threads.
namespace vitals::monitor {

LogContext current_log_context() noexcept {
  const sentry::detail::LogIds ids = sentry::detail::log_ids();
  return {ids.request_id, ids.trace_id};
}

namespace detail {

LogContext exchange_log_context(LogContext context) noexcept {
  const sentry::detail::LogIds before =
      sentry::detail::exchange_log_ids({context.request_id, context.trace_id});
  return {before.request_id, before.trace_id};
}

}  // namespace detail

}  // namespace vitals::monitor

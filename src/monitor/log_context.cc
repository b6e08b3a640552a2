#include "vitals/monitor/log_context.h"

#include <utility>

namespace vitals::monitor {
namespace {

constinit thread_local LogContext t_context{};

}  // namespace

LogContext current_log_context() noexcept {
  return t_context;
}

namespace detail {

LogContext exchange_log_context(LogContext context) noexcept {
  return std::exchange(t_context, context);
}

}  // namespace detail

}  // namespace vitals::monitor

#include <algorithm>

#include "sentry/client_core.h"
#include "sentry/runtime.h"
#include "vitals/sentry/span.h"

namespace vitals::sentry {
namespace {

bool is_target(std::string_view url) noexcept {
  const detail::Lease client;
  if (!client) return false;
  const std::vector<std::string>& targets = client->options().trace_propagation_targets;
  return std::any_of(targets.begin(), targets.end(), [url](const std::string& target) {
    return target == "*" || (!target.empty() && url.find(target) != std::string_view::npos);
  });
}

}  // namespace

TraceHeaders outgoing_trace(std::string_view url, std::string_view existing_baggage) {
  const Span span = current_span();
  if (!span || !is_target(url)) return {.baggage = std::string{existing_baggage}};
  return {span.sentry_trace(), span.baggage(existing_baggage), span.traceparent()};
}

}  // namespace vitals::sentry

#include <algorithm>

#include "sentry/client_core.h"
#include "sentry/runtime.h"
#include "vitals/sentry/span.h"

namespace vitals::sentry {
namespace {

bool is_target(const detail::Lease& client, std::string_view url) noexcept {
  if (!client) return false;
  const std::vector<std::string>& targets = client->options().trace_propagation_targets;
  return std::any_of(targets.begin(), targets.end(), [url](const std::string& target) {
    return target == "*" || (!target.empty() && url.find(target) != std::string_view::npos);
  });
}

/// The headers outside of every span: whoever is called may decide.
TraceHeaders headers_of_scope(const detail::Lease& client, std::string_view existing_baggage) {
  const auto propagation = detail::ScopeState::current()->propagation();
  if (!propagation.trace_id) return {.baggage = std::string{existing_baggage}};
  const std::string ids =
      propagation.trace_id.str() + '-' + std::string{propagation.span_id.hex().view()};
  return {ids,
          detail::with_members(existing_baggage, detail::dsc_outside_spans(propagation.trace_id,
                                                                           propagation.sample_rand,
                                                                           client->dsc_source())),
          "00-" + ids + "-00"};
}

}  // namespace

TraceHeaders outgoing_trace(std::string_view url, std::string_view existing_baggage) {
  const Span span = current_span();
  {
    const detail::Lease client;
    if (!is_target(client, url)) return {.baggage = std::string{existing_baggage}};
    if (!span) return headers_of_scope(client, existing_baggage);
  }
  return {span.sentry_trace(), span.baggage(existing_baggage), span.traceparent()};
}

}  // namespace vitals::sentry

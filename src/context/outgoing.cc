#include <algorithm>

#include "context/listeners.h"
#include "context/scope_state.h"
#include "vitals/context/span.h"

namespace vitals::context {
namespace {

bool is_target(std::string_view url) noexcept {
  const detail::SettingsLease settings{detail::first_with(&detail::Slot::settings)};
  if (!settings) return false;
  const std::vector<std::string>& targets = settings->trace_propagation_targets;
  return std::any_of(targets.begin(), targets.end(), [url](const std::string& target) {
    return target == "*" || (!target.empty() && url.find(target) != std::string_view::npos);
  });
}

/// The headers outside of every span: the called service may decide.
TraceHeaders headers_of_scope(std::string_view existing_baggage) {
  const auto propagation = detail::ScopeState::current()->propagation();
  if (!propagation.trace_id) return {.baggage = std::string{existing_baggage}};
  const std::string ids =
      propagation.trace_id.str() + '-' + std::string{propagation.span_id.hex().view()};
  const detail::BaggageLease baggage{detail::first_with(&detail::Slot::baggage)};
  return {ids,
          baggage ? baggage->merge(existing_baggage, baggage->write(propagation.facts()))
                  : std::string{existing_baggage},
          "00-" + ids + "-00"};
}

}  // namespace

TraceHeaders outgoing_trace(std::string_view url, std::string_view existing_baggage) {
  const Span span = current_span();
  if (!is_target(url)) return {.baggage = std::string{existing_baggage}};
  if (!span) return headers_of_scope(existing_baggage);
  return {span.sentry_trace(), span.baggage(existing_baggage), span.traceparent()};
}

}  // namespace vitals::context

#include <algorithm>

#include "context/listeners.h"
#include "context/propagation.h"
#include "context/runtime.h"
#include "context/scope_state.h"
#include "context/trace.h"
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
  TraceHeaders headers{.baggage = std::string{existing_baggage}};
  const auto propagation = detail::ScopeState::current()->propagation();
  if (!propagation.trace_id) return headers;
  const Propagators wanted = detail::propagators();
  detail::write_ids(propagation.span_context(), wanted, headers);
  const detail::BaggageLease baggage{detail::first_with(&detail::Slot::baggage)};
  if (wanted.sentry && baggage)
    headers.baggage = baggage->merge(existing_baggage, baggage->write(propagation.facts()));
  return headers;
}

}  // namespace

TraceHeaders outgoing_trace(std::string_view url, std::string_view existing_baggage) {
  if (!is_target(url)) return {.baggage = std::string{existing_baggage}};
  std::uint32_t index = 0;
  const detail::Trace* const trace = detail::Trace::active(index);
  if (trace == nullptr) return headers_of_scope(existing_baggage);
  TraceHeaders headers{.baggage = current_span().baggage(existing_baggage)};
  const Propagators wanted = detail::propagators();
  detail::write_ids(trace->span_context(index), wanted, headers);
  if (wanted.tracecontext) headers.tracestate = trace->tracestate();
  return headers;
}

}  // namespace vitals::context

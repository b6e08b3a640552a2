#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vitals/context/record.h"
#include "vitals/value.h"

#pragma GCC visibility push(default)

namespace vitals::context {

/// What a sampler may base its rate on. The views live for the call only.
struct SamplingContext {
  std::string_view name{};               ///< of the transaction that begins
  std::string_view op{};                 ///< what kind of work: `http.server`, `queue.process`
  std::string_view source{};             ///< what its name is: `route`, `url`, `task`, `custom`
  std::optional<bool> parent_sampled{};  ///< what the caller decided, if it did
  std::optional<double> parent_sample_rate{};  ///< by which rate the head of the trace decided
  /// TransactionContext::sampling_data.
  ListView<FieldView> data{};
};

/// Which formats of trace headers are read from callers and written for the services that are
/// called. The names are those of OpenTelemetry's variable `OTEL_PROPAGATORS`.
struct Propagators {
  bool sentry = true;        ///< `sentry-trace`, and the members of `baggage` that are Sentry's
  bool tracecontext = true;  ///< `traceparent` and `tracestate`. Source: W3C Trace Context, level 2
  bool baggage = true;       ///< the other members of `baggage` go on. Source: W3C Baggage
  /// `b3`. Where this or the next is true both forms are read. Source: OpenZipkin, "b3-propagation".
  bool b3 = false;
  bool b3_multi = false;  ///< `x-b3-traceid` and its like

  friend bool operator==(const Propagators&, const Propagators&) noexcept = default;
};

/// How scopes and spans behave while a listener is there. Given to start_listening().
struct Settings {
  /// Share of traces kept, 0 to 1, where the caller has not decided already. 0 decides "no" for
  /// every trace; unset turns tracing off (nothing decided, nothing recorded, ids still go out).
  std::optional<double> traces_sample_rate{};
  /// Asked first of all, also where the caller has decided; a rate from 0 to 1. Anything else, or a
  /// throw, falls back to what holds without a sampler. Called by the thread that starts a
  /// transaction, so it must be quick.
  std::function<double(const SamplingContext&)> traces_sampler{};
  /// Which URLs outgoing_trace() gives headers for: those that contain one of these; `*` is all.
  std::vector<std::string> trace_propagation_targets{"*"};
  Propagators propagators{};          ///< which headers these are, and which callers may send
  std::size_t max_spans = 1000;       ///< of a transaction
  std::size_t max_breadcrumbs = 100;  ///< of a scope, the newest
  /// The last word on a breadcrumb: change it, or return false to drop it. Called by the thread that
  /// adds one, so it must be quick. One that throws drops the breadcrumb.
  std::function<bool(BreadcrumbRecord&)> before_breadcrumb{};
  /// Whether a scope keeps what says who somebody is: bodies of requests and private headers.
  bool keep_private_data = false;
  bool debug = false;  ///< say on stderr what is left out
};

/// Changes Settings::traces_sample_rate of the settings in use. A value that is no number from 0 to
/// 1 is ignored. Threads: any.
void set_traces_sample_rate(double rate) noexcept;

}  // namespace vitals::context

#pragma GCC visibility pop

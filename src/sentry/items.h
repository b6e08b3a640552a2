#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sentry/scope_state.h"
#include "sentry/trace/trace.h"
#include "vitals/sentry/ids.h"
#include "vitals/sentry/value.h"

namespace vitals::sentry::detail {

/// One link of a chain of exceptions as the capturing thread saw it.
struct CapturedException {
  std::string mangled_type;
  std::string value;
};

/// An error or message on its way to the client's thread. Holds only what has to be taken at once;
/// the rest is made there.
struct ErrorItem {
  EventId event_id;
  std::int64_t timestamp = 0;
  Level level = Level::kError;
  bool handled = true;
  std::string mechanism;
  std::string logger;
  std::string message;
  std::vector<CapturedException> chain;  // what was captured first, its cause after it
  ScopeSnapshot scope;
  InlineBytes<256> own;  // tags, extra and fingerprint of this capture alone
  TraceId trace_id;
  SpanId span_id;
  SpanId parent_span_id;
  std::string transaction;
  std::string dsc;

  /// Roughly what it holds in memory.
  [[nodiscard]] std::size_t cost() const noexcept;
};

/// A finished transaction on its way to the client's thread.
struct TransactionItem {
  EventId event_id;
  Ref<Trace> trace;
  std::string scope;  // records

  [[nodiscard]] std::size_t cost() const noexcept;
};

/// Looks at an exception, and at those nested in it, at most 32 deep.
[[nodiscard]] std::vector<CapturedException> describe(const std::exception& exception);
[[nodiscard]] std::vector<CapturedException> describe(const std::exception_ptr& exception);

/// Fills in what the calling thread knows: time, scope, span.
void take_surroundings(ErrorItem& item);

}  // namespace vitals::sentry::detail

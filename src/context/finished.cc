#include "context/finished.h"

#include <utility>

#include "context/listeners.h"
#include "context/new_id.h"
#include "context/runtime.h"
#include "context/scope_state.h"

namespace vitals::context {
namespace detail {
namespace {

/// Runs `use(record)` for each record of a span.
template <class Use>
void for_each_record(const Recording& recording, std::size_t span, Use use) {
  std::string_view rest = recording.arena.view();
  while (!rest.empty()) {
    std::uint32_t index = 0;
    std::memcpy(&index, rest.data(), sizeof index);
    rest.remove_prefix(sizeof index);
    const Record record = take_record(rest);
    if (index == span) use(record);
  }
}

}  // namespace

SharedTransaction TransactionAccess::make(Ref<Trace> trace, ScopeSnapshot scope) noexcept {
  FinishedTransaction& finished = trace->finished();
  finished.id_ = new_event_id();
  finished.trace_ = trace.get();
  finished.scope_ = std::move(scope.records);
  if (runtime.wants_breadcrumbs.load(std::memory_order_relaxed))
    finished.breadcrumbs_ = std::move(scope.breadcrumbs);
  static_cast<void>(trace.detach());  // its count is the transaction's now
  return SharedTransaction::adopt(&finished);
}

void tell_finished(const Ref<Trace>& trace) noexcept {
  ScopeState* scope = ScopeState::active();
  if (scope == nullptr) scope = trace->recording()->scope.get();
  if (scope == nullptr) scope = ScopeState::global();
  ScopeSnapshot snapshot;
  try {
    snapshot = scope->snapshot();
  } catch (...) {
    return count_loss(Loss::kTransactionNoMemory);
  }
  const SharedTransaction transaction = TransactionAccess::make(trace, std::move(snapshot));
  for_each_listener([&transaction](Listener& listener) { listener.finished(transaction); });
}

}  // namespace detail

void add_ref(FinishedTransaction* transaction) noexcept {
  detail::TransactionAccess::add_ref(*transaction);
}
void release(FinishedTransaction* transaction) noexcept {
  detail::TransactionAccess::release(*transaction);
}

std::string_view FinishedTransaction::name() const noexcept {
  return trace_->final_name();
}

std::size_t FinishedTransaction::size() const noexcept {
  return trace_->recording()->spans.size();
}

std::uint64_t FinishedTransaction::spans_dropped() const noexcept {
  return trace_->recording()->spans_dropped;
}

FinishedSpan FinishedTransaction::span(std::size_t index) const noexcept {
  const detail::Recording& recording = *trace_->recording();
  const detail::RawSpan& raw = recording.spans[index];
  FinishedSpan span{.trace_id = trace_->trace_id(),
                    .span_id = raw.span_id,
                    .parent_span_id = raw.parent_span_id,
                    .status = raw.status,
                    .start = recording.wall(raw.start),
                    .end = recording.wall(raw.end)};
  detail::for_each_record(recording, index, [&span](const detail::Record& record) {
    if (record.section == detail::Section::kOp) span.op = record.value.as_string();
    if (record.section == detail::Section::kDescription)
      span.description = record.value.as_string();
  });
  if (index == 0) span.description = name();
  span.kind = raw.kind == SpanKind::kUnset ? kind_of(span.op) : raw.kind;
  return span;
}

void FinishedTransaction::for_each_field(
    std::size_t index, const std::function<void(std::string_view, const ValueView&)>& take) const {
  detail::for_each_record(*trace_->recording(), index, [&take](const detail::Record& record) {
    if (record.section == detail::Section::kData) take(record.key, record.value);
  });
}

}  // namespace vitals::context

#include "vitals/context/span.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/clock.h"
#include "context/baggage.h"
#include "context/finished.h"
#include "context/listeners.h"
#include "context/propagation.h"
#include "context/runtime.h"
#include "context/trace.h"

namespace vitals::context {

using detail::Section;
using detail::Trace;

std::string_view to_string(SpanStatus status) noexcept {
  constexpr std::array<std::string_view, 18> kNames{"",
                                                    "ok",
                                                    "cancelled",
                                                    "unknown",
                                                    "invalid_argument",
                                                    "deadline_exceeded",
                                                    "not_found",
                                                    "already_exists",
                                                    "permission_denied",
                                                    "resource_exhausted",
                                                    "failed_precondition",
                                                    "aborted",
                                                    "out_of_range",
                                                    "unimplemented",
                                                    "internal_error",
                                                    "unavailable",
                                                    "data_loss",
                                                    "unauthenticated"};
  const auto index = static_cast<std::size_t>(status);
  return index < kNames.size() ? kNames[index] : std::string_view{};
}

SpanStatus span_status_from_http(int http_status) noexcept {
  switch (http_status) {
    case 401:
      return SpanStatus::kUnauthenticated;
    case 403:
      return SpanStatus::kPermissionDenied;
    case 404:
      return SpanStatus::kNotFound;
    case 409:
      return SpanStatus::kAlreadyExists;
    case 413:
      return SpanStatus::kFailedPrecondition;
    case 429:
      return SpanStatus::kResourceExhausted;
    case 499:
      return SpanStatus::kCancelled;
    case 501:
      return SpanStatus::kUnimplemented;
    case 503:
      return SpanStatus::kUnavailable;
    case 504:
      return SpanStatus::kDeadlineExceeded;
    default:
      break;
  }
  if (http_status >= 100 && http_status < 400) return SpanStatus::kOk;
  if (http_status >= 400 && http_status < 500) return SpanStatus::kInvalidArgument;
  if (http_status >= 500 && http_status < 600) return SpanStatus::kInternalError;
  return SpanStatus::kUnknown;
}

SpanKind kind_of(std::string_view op) noexcept {
  if (op.ends_with(".server")) return SpanKind::kServer;
  if (op.ends_with(".client") || op == "db" || op.starts_with("db.")) return SpanKind::kClient;
  if (op == "queue.publish" || op == "queue.submit") return SpanKind::kProducer;
  if (op == "queue.process" || op == "queue.receive") return SpanKind::kConsumer;
  // An agent and its tools may run in the process; a model is asked.
  const bool model =
      op.starts_with("gen_ai.") && op != "gen_ai.execute_tool" && op != "gen_ai.invoke_agent";
  return model ? SpanKind::kClient : SpanKind::kInternal;
}

Span Span::begin(const TransactionContext& context, const IncomingTrace& incoming) noexcept {
  return {Trace::start(context, incoming), 0};
}

Span Span::active() noexcept {
  std::uint32_t index = 0;
  Trace* const trace = Trace::active(index);
  return {detail::Ref<Trace>::share(trace), index};
}

bool detail::is_sampled() noexcept {
  std::uint32_t index = 0;
  const Trace* const trace = Trace::active(index);
  return trace != nullptr && trace->recording() != nullptr;
}

Span Span::begin_part(std::string_view op, std::string_view description) noexcept {
  std::uint32_t index = 0;
  Trace* const trace = Trace::active(index);
  if (trace == nullptr || trace->recording() == nullptr) return {};
  return {detail::Ref<Trace>::share(trace), trace->add_child(index, op, description)};
}

Span Span::make_child(std::string_view op, std::string_view description) const noexcept {
  return {trace_, trace_->add_child(index_, op, description)};
}

void Span::end() const noexcept {
  if (index_ != 0) {
    trace_->finish_child(index_);
    return;
  }
  if (!trace_->finish()) return;
  if (trace_->recording() != nullptr) {
    detail::tell_finished(trace_);
  } else if (trace_->decided() && enabled()) {
    detail::count_loss(trace_->left_out_by_pressure() ? detail::Loss::kTransactionByPressure
                                                      : detail::Loss::kTransactionNotSampled);
  }
}

void Span::set_data(std::string_view key, ValueView value) const noexcept {
  if (trace_) trace_->add_record(index_, Section::kData, key, value);
}

void Span::set_status(SpanStatus status) const noexcept {
  if (trace_) trace_->set_status(index_, status);
}

void Span::set_kind(SpanKind kind) const noexcept {
  if (trace_) trace_->set_kind(index_, kind);
}

void Span::set_http_status(int http_status) const noexcept {
  if (!trace_) return;
  trace_->set_status(index_, span_status_from_http(http_status));
  trace_->add_record(index_, Section::kData, "http.response.status_code", http_status);
}

void Span::add_link(TraceId trace_id, SpanId span_id, bool sampled,
                    std::string_view type) const noexcept {
  if (!trace_ || !trace_id || !span_id) return;
  std::array<char, 32 + 16 + 1> key{};
  char* end = std::copy_n(trace_id.hex().chars.data(), 32, key.data());
  end = std::copy_n(span_id.hex().chars.data(), 16, end);
  *end = sampled ? '1' : '0';
  trace_->add_record(index_, Section::kLink, {key.data(), key.size()}, type);
}

void Span::add_event(std::string_view name, ListView<FieldView> attributes,
                     Timestamp timestamp) const noexcept {
  if (!trace_ || trace_->recording() == nullptr) return;
  const std::int64_t time =
      timestamp == Timestamp{} ? base::wall_clock() : timestamp.time_since_epoch().count();
  detail::PackedEvent event;
  detail::begin_event(event, time);
  for (const FieldView& field : attributes)
    append_record(event, Section::kData, {}, field.key, field.value, detail::kMaxValueSize);
  trace_->add_event(index_, name, event);
}

void Span::set_measurement(std::string_view name, double value,
                           std::string_view unit) const noexcept {
  if (!trace_) return;
  trace_->add_record(0, Section::kMeasurement, name, value);
  trace_->add_record(0, Section::kMeasurementUnit, name, unit);
}

void Span::set_name(std::string_view name) const noexcept {
  if (!trace_) return;
  if (index_ == 0) {
    trace_->set_name(name);
  } else {
    trace_->add_record(index_, Section::kDescription, {}, name);
  }
}

void Span::set_name(std::string_view name, std::string_view source) const noexcept {
  set_name(name);
  if (trace_ && index_ == 0) trace_->set_source(source);
}

TraceId Span::trace_id() const noexcept {
  return trace_ ? trace_->trace_id() : TraceId{};
}

SpanId Span::span_id() const noexcept {
  return trace_ ? trace_->span_id(index_) : SpanId{};
}

bool Span::sampled() const noexcept {
  return trace_ && trace_->recording() != nullptr;
}

std::string Span::sentry_trace() const {
  return trace_ ? detail::sentry_trace_of(trace_->span_context(index_)) : std::string{};
}

std::string Span::baggage(std::string_view existing) const {
  if (!trace_) return std::string{existing};
  std::string others = detail::with_passed_on(existing, trace_->passed_on_baggage());
  if (!detail::propagators().sentry) return others;
  const std::string members = trace_->baggage();
  const detail::BaggageLease baggage{detail::first_with(&detail::Slot::baggage)};
  return baggage ? baggage->merge(others, members) : others;
}

std::string Span::traceparent() const {
  return trace_ ? detail::traceparent_of(trace_->span_context(index_)) : std::string{};
}

std::string Span::tracestate() const {
  return std::string{trace_ ? trace_->tracestate() : std::string_view{}};
}

std::optional<std::string> Span::baggage_item(std::string_view key) const {
  if (!trace_) return std::nullopt;
  return detail::value_in_baggage(trace_->passed_on_baggage(), key);
}

}  // namespace vitals::context

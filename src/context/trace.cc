#include "context/trace.h"

#include <algorithm>
#include <charconv>
#include <new>

#include "base/clock.h"
#include "base/spin_lock.h"
#include "context/baggage.h"
#include "context/listeners.h"
#include "context/new_id.h"
#include "context/runtime.h"
#include "context/thread_context.h"
#include "context/tracestate.h"

namespace vitals::context::detail {
namespace {

constexpr std::uint32_t kMaxArena = 1024 * 1024;
constexpr std::size_t kMaxName = 512;
constexpr std::size_t kFirstSpans = 8;

}  // namespace

void add_ref(Trace* trace) noexcept {
  trace->refs_.fetch_add(1, std::memory_order_relaxed);
}
void release(Trace* trace) noexcept {
  if (trace->refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete trace;
}

Ref<Trace> Trace::start(const TransactionContext& context, const IncomingTrace& incoming) noexcept {
  auto trace = Ref<Trace>::adopt(new (std::nothrow) Trace);
  if (!trace) return trace;
  const IncomingSampling came = trace->continue_from(incoming);
  trace->span_id_ = new_id<SpanId>();
  trace->name_.assign(cut(context.name, kMaxName));
  trace->source_.assign(cut(context.source, kMaxKeySize));
  const Sampling sampling = decide(context, trace->trace_id_, trace->decision_, came);
  // With tracing off the caller's decision is passed on, but nothing is recorded or counted here.
  trace->decided_ = sampling.decision != Decision::kNone;
  if (trace->decided_) trace->decision_ = sampling.decision;
  trace->sample_rand_ = sampling.sample_rand;
  trace->sample_rate_ = sampling.rate;
  trace->by_pressure_ = sampling.by_pressure;
  if (!trace->baggage_.empty()) trace->complete_baggage(sampling.rand_came);
  if (sampling.decision == Decision::kYes) {
    try {
      trace->start_recording(context);
    } catch (...) {
      trace->decision_ = Decision::kNo;  // no memory to record with
      trace->recording_.reset();
    }
  }
  return trace;
}

IncomingSampling Trace::continue_from(const IncomingTrace& incoming) noexcept {
  const Propagators read = propagators();
  std::optional<SpanContext> parent;
  std::optional<SpanContext> w3c;  // has more to say of a trace whose id came by another header
  if (read.sentry && !incoming.sentry_trace.empty())
    parent = parse_sentry_trace(incoming.sentry_trace);
  const bool from_head = parent.has_value();
  if (read.tracecontext && !incoming.traceparent.empty())
    w3c = parse_traceparent(incoming.traceparent);
  if (!parent) parent = w3c;
  if (!parent && (read.b3 || read.b3_multi)) {
    parent = parse_b3(incoming.b3);
    if (!parent) parent = parse_b3_multi(incoming);
  }
  if (!parent && incoming.baggage.empty()) {
    begin_own_trace();
    return {};
  }
  const bool has_ids = parent && parent->trace_id;
  const bool same_trace = has_ids && w3c && w3c->trace_id == parent->trace_id;
  Baggage::Continued continued;
  try {
    const BaggageLease reader{first_with(&Slot::baggage)};
    if (parent && reader) continued = reader->read(incoming.baggage, parent->trace_id);
    if (continued.ours) {  // a stranger's words do not go on either
      // Where nobody reads Sentry's members they go on as the others do, with the trace they are of.
      const SentrysMembers sentrys =
          reader || !has_ids ? SentrysMembers::kLeaveOut : SentrysMembers::kKeep;
      pass_on(same_trace ? read_tracestate(incoming.tracestate) : std::string{},
              read.baggage ? members_to_pass_on(incoming.baggage, sentrys) : std::string{});
    }
  } catch (...) {
    continued.ours = false;  // nobody knows whose it is
  }
  if (!parent || !continued.ours) {
    begin_own_trace();
    return {};
  }
  decision_ = parent->decision;
  debug_ = parent->debug;
  if (!has_ids) {
    begin_own_trace();
    return {};
  }
  trace_id_ = parent->trace_id;
  parent_span_id_ = parent->span_id;
  random_ = same_trace && w3c->random;
  if (!read.sentry) return {};
  // A caller that sends `sentry-trace` is the head of the trace, and what it says stands, also when
  // it said nothing.
  baggage_ = std::move(continued.members);
  baggage_frozen_ = from_head || !baggage_.empty();
  return {continued.sample_rand, continued.sample_rate};
}

void Trace::begin_own_trace() noexcept {
  trace_id_ = new_id<TraceId>();
  random_ = true;
}

void Trace::pass_on(std::string tracestate, std::string baggage) {
  if (tracestate.empty() && baggage.empty()) return;
  passed_on_ = std::make_unique<const PassedOn>(
      PassedOn{.tracestate = std::move(tracestate), .baggage = std::move(baggage)});
}

void Trace::complete_baggage(bool rand_came) noexcept {
  try {
    const BaggageLease baggage{first_with(&Slot::baggage)};
    if (baggage) baggage_ = baggage->complete(baggage_, facts(), rand_came);
  } catch (...) {
    // No memory: the caller's words go on as they came.
  }
}

void Trace::start_recording(const TransactionContext& context) {
  recording_ = std::make_unique<Recording>();
  recording_->spans.reserve(kFirstSpans);
  recording_->start_wall = base::wall_clock();
  recording_->start_steady = base::steady_clock_ns();
  const std::int64_t start = context.start.time_since_epoch().count();
  if (start != 0 && start < recording_->start_steady) {
    recording_->start_wall -= recording_->start_steady - start;
    recording_->start_steady = start;
  }
  recording_->max_spans = runtime.max_spans.load(std::memory_order_relaxed);
  recording_->scope = Ref<ScopeState>::share(ScopeState::active());
  recording_->spans.push_back(
      {span_id_, parent_span_id_, recording_->start_steady, 0, SpanStatus::kUnset});
  append(0, Section::kOp, {}, context.op);
}

SpanId Trace::span_id(std::uint32_t index) const noexcept {
  if (index == 0 || index == kUnrecorded) return span_id_;
  const base::SpinLock::Hold hold{lock_};
  return hold ? recording_->spans[index].span_id : span_id_;
}

Trace::Raw Trace::raw(std::uint32_t index) const noexcept {
  Raw raw{trace_id_, span_id_, index == 0 ? parent_span_id_ : SpanId{}, name_.view(), facts(), {}};
  if (baggage_frozen_ && lock_.is_free()) raw.baggage = baggage_;
  if (recording_ && index > 0 && index < recording_->spans.size()) {
    raw.span_id = recording_->spans[index].span_id;
    raw.parent_span_id = recording_->spans[index].parent_span_id;
  }
  return raw;
}

std::string Trace::name() const {
  const base::SpinLock::Hold hold{lock_};
  return std::string{hold ? name_.view() : std::string_view{}};
}

bool Trace::is_open(std::uint32_t index) const noexcept {
  return recording_ && !finished_ && index < recording_->spans.size();
}

template <class Write>
void Trace::append(std::uint32_t index, Write write) noexcept {
  SpanArena& arena = recording_->arena;
  const std::uint32_t before = arena.size();
  char* const place = arena.extend(sizeof index);
  if (place == nullptr) return;
  std::memcpy(place, &index, sizeof index);
  write(arena);
  // An index without a record would be read as the start of the next one.
  if (arena.size() == before + sizeof index) arena.erase(before, sizeof index);
}

void Trace::append(std::uint32_t index, Section section, std::string_view key,
                   const ValueView& value) noexcept {
  append(index,
         [&](SpanArena& arena) { append_record(arena, section, {}, key, value, kMaxArena); });
}

std::uint32_t Trace::add_child(std::uint32_t parent, std::string_view op,
                               std::string_view description) noexcept {
  if (!recording_) return kUnrecorded;
  const SpanId id = new_id<SpanId>();
  const std::int64_t now = base::steady_clock_ns();
  const base::SpinLock::Hold hold{lock_};
  if (!hold) count_loss(Loss::kSpanOverLimit);
  if (!hold || finished_) return kUnrecorded;
  std::vector<RawSpan>& spans = recording_->spans;
  if (spans.size() > recording_->max_spans) {
    ++recording_->spans_dropped;
    count_loss(Loss::kSpanOverLimit);
    return kUnrecorded;
  }
  const SpanId parent_id = parent == kUnrecorded ? span_id_ : spans[parent].span_id;
  try {
    spans.push_back({id, parent_id, now, 0, SpanStatus::kUnset});
  } catch (...) {
    ++recording_->spans_dropped;
    count_loss(Loss::kSpanOverLimit);
    return kUnrecorded;
  }
  const auto index = static_cast<std::uint32_t>(spans.size() - 1);
  append(index, Section::kOp, {}, op);
  if (!description.empty()) append(index, Section::kDescription, {}, description);
  return index;
}

void Trace::set_status(std::uint32_t index, SpanStatus status) noexcept {
  if (!recording_ || index == kUnrecorded) return;
  const base::SpinLock::Hold hold{lock_};
  if (hold && is_open(index)) recording_->spans[index].status = status;
}

void Trace::set_kind(std::uint32_t index, SpanKind kind) noexcept {
  if (!recording_ || index == kUnrecorded) return;
  const base::SpinLock::Hold hold{lock_};
  if (hold && is_open(index)) recording_->spans[index].kind = kind;
}

void Trace::set_name(std::string_view name) noexcept {
  const base::SpinLock::Hold hold{lock_};
  if (hold && !finished_) name_.assign(cut(name, kMaxName));
}

void Trace::set_source(std::string_view source) noexcept {
  const base::SpinLock::Hold hold{lock_};
  if (hold && !finished_) source_.assign(cut(source, kMaxKeySize));
}

void Trace::add_record(std::uint32_t index, Section section, std::string_view key,
                       const ValueView& value) noexcept {
  if (!recording_ || index == kUnrecorded) return;
  const base::SpinLock::Hold hold{lock_};
  if (hold && is_open(index)) append(index, section, key, value);
}

void Trace::add_event(std::uint32_t index, std::string_view name,
                      const PackedEvent& event) noexcept {
  if (!recording_ || index == kUnrecorded) return;
  const std::string_view packed = event.view();
  const base::SpinLock::Hold hold{lock_};
  if (!hold || !is_open(index)) return;
  append(index, [&](SpanArena& arena) {
    append_raw(arena, Section::kEvent, ValueView::Type::kString, {}, cut(name, kMaxKeySize), packed,
               kMaxArena);
  });
}

void Trace::finish_child(std::uint32_t index) noexcept {
  if (!recording_ || index == kUnrecorded) return;
  const std::int64_t now = base::steady_clock_ns();
  const base::SpinLock::Hold hold{lock_};
  if (hold && is_open(index) && recording_->spans[index].end == 0) {
    recording_->spans[index].end = now;
  }
}

bool Trace::end_spans(SpanStatus root, SpanStatus child) noexcept {
  if (std::exchange(finished_, true)) return false;
  if (!recording_) return true;
  const std::int64_t now = base::steady_clock_ns();
  for (RawSpan& span : recording_->spans) {
    if (span.end != 0) continue;
    span.end = now;
    const bool is_root = &span == recording_->spans.data();
    if (!is_root) span.status = child;
    if (is_root && span.status == SpanStatus::kUnset) span.status = root;
  }
  return true;
}

bool Trace::finish() noexcept {
  const base::SpinLock::Hold hold{lock_};
  return hold && end_spans(SpanStatus::kUnset, SpanStatus::kCancelled);
}

bool Trace::finish_by_crash() noexcept {
  if (!recording_ || !lock_.try_lock_for_a_while()) return false;
  const base::SpinLock::Hold hold{lock_, std::adopt_lock};
  return end_spans(SpanStatus::kAborted, SpanStatus::kAborted);
}

std::string Trace::baggage() {
  std::string name;
  {
    const base::SpinLock::Hold hold{lock_};
    if (!hold) return {};
    if (baggage_frozen_) return baggage_;
    name = baggage_name();
  }
  std::string written;
  {
    const BaggageLease baggage{first_with(&Slot::baggage)};
    if (baggage) written = baggage->write(facts_named(name));
  }
  const base::SpinLock::Hold hold{lock_};
  if (baggage_frozen_) return baggage_;
  if (!finished_) {
    baggage_ = written;
    baggage_frozen_ = true;
  }
  return written;
}

std::string_view Trace::baggage_name() const noexcept {
  return source_.view() == "url" ? std::string_view{} : name_.view();
}

TraceFacts Trace::facts_named(std::string_view name) const noexcept {
  TraceFacts facts{.trace_id = trace_id_,
                   .sample_rand = sample_rand_,
                   .sample_rate = sample_rate_,
                   .name = name};
  if (decided_) facts.sampled = decision_ == Decision::kYes;
  return facts;
}

Trace* Trace::active(std::uint32_t& index) noexcept {
  index = here.span_index;
  return here.span;
}

}  // namespace vitals::context::detail

#include "sentry/trace/trace.h"

#include <algorithm>
#include <charconv>
#include <new>

#include "sentry/client_core.h"
#include "sentry/new_id.h"
#include "sentry/runtime.h"
#include "sentry/scrub.h"

namespace vitals::sentry::detail {
namespace {

struct ActiveSpan {
  Trace* trace = nullptr;
  std::uint32_t index = 0;
};
constinit thread_local ActiveSpan active_span;

constexpr std::uint32_t kMaxArena = 1024 * 1024;
constexpr std::size_t kMaxName = 512;
constexpr std::size_t kFirstSpans = 8;

/// Adds `sentry-KEY=VALUE` to baggage members, unless the value is empty.
void add_member(std::string& out, std::string_view key, std::string_view value) {
  if (value.empty()) return;
  if (!out.empty()) out += ',';
  out += "sentry-";
  out += key;
  out += '=';
  append_encoded(out, value);
}

/// Whether a trace that came with these members is ours to continue.
/// Source: Sentry developer documentation, "strictTraceContinuation".
bool is_from_our_organisation(const DecodedMembers& members) noexcept {
  const auto names_one = [](const auto& member) {
    return member.first == "org_id" && !member.second.empty();
  };
  const bool named = std::any_of(members.begin(), members.end(), names_one);
  const bool strict = runtime.strict_trace_continuation.load(std::memory_order_relaxed);
  if (!named && !strict) return true;
  const Lease client;
  if (!client) return true;
  const std::string& ours = client->org_id();
  for (const auto& member : members) {
    if (!ours.empty() && names_one(member) && member.second != ours) return false;
  }
  return !strict || named == !ours.empty();
}

std::string rate_text(double rate) {
  std::array<char, 32> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), rate).ptr;
  return {digits.data(), end};
}

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
  const DecodedMembers members = trace->continue_from(incoming);
  trace->span_id_ = new_id<SpanId>();
  trace->name_.assign(cut(context.name, kMaxName));
  trace->source_.assign(cut(context.source, kMaxKeySize));
  const Sampling sampling = decide(context, trace->decision_, members);
  // With tracing off the caller's decision is passed on, but nothing is recorded or counted here.
  trace->decided_ = sampling.decision != Decision::kNone;
  if (trace->decided_) trace->decision_ = sampling.decision;
  trace->sample_rand_ = sampling.sample_rand;
  trace->sample_rate_ = sampling.rate;
  trace->by_pressure_ = sampling.by_pressure;
  if (!trace->dsc_.empty()) trace->complete_dsc(sampling);
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

DecodedMembers Trace::continue_from(const IncomingTrace& incoming) noexcept {
  std::optional<ParentSpan> parent;
  bool from_sentry = false;
  if (!incoming.sentry_trace.empty()) {
    parent = parse_sentry_trace(incoming.sentry_trace);
    from_sentry = parent.has_value();
  }
  if (!parent && !incoming.traceparent.empty()) parent = parse_traceparent(incoming.traceparent);
  std::string members;
  DecodedMembers decoded;
  bool ours = true;
  if (parent) {
    try {
      // A caller of another kind may have passed on the baggage of somebody in front of it.
      members = sentry_members(incoming.baggage.size() == 1 ? incoming.baggage[0]
                                                            : incoming.baggage.joined());
      decoded = decode_members(members);
      ours = is_from_our_organisation(decoded);
      const auto is_of_another = [&parent](const auto& member) {
        return member.first == "trace_id" && member.second != parent->trace_id.hex().view();
      };
      // Mixed up on the way, or made up.
      if (std::any_of(decoded.begin(), decoded.end(), is_of_another)) {
        members.clear();
        decoded.clear();
      }
    } catch (...) {
      ours = false;  // nobody knows whose it is
    }
  }
  if (!parent || !ours) {
    trace_id_ = new_id<TraceId>();
    return {};
  }
  trace_id_ = parent->trace_id;
  parent_span_id_ = parent->span_id;
  decision_ = parent->decision;
  // Sentry's own caller is the head of the trace, and what it says stands, also when it said
  // nothing.
  dsc_ = std::move(members);
  dsc_frozen_ = from_sentry || !dsc_.empty();
  return decoded;
}

void Trace::complete_dsc(const Sampling& sampling) noexcept {
  try {
    // A number that came stays as it was written: others of the trace compare it as well.
    std::string completed =
        sampling.rand_came
            ? dsc_
            : with_member(dsc_, "sample_rand", sample_rand_text(sampling.sample_rand));
    // The sampler's word stands from here on; the three have to fit each other.
    if (sampling.rate >= 0) {
      completed = with_member(completed, "sample_rate", rate_text(sampling.rate));
      completed =
          with_member(completed, "sampled", sampling.decision == Decision::kYes ? "true" : "false");
    }
    dsc_ = std::move(completed);
  } catch (...) {
    // No memory: the caller's words go on as they came.
  }
}

void Trace::start_recording(const TransactionContext& context) {
  recording_ = std::make_unique<Recording>();
  recording_->spans.reserve(kFirstSpans);
  recording_->start_wall = wall_clock();
  recording_->start_steady = steady_clock_ns();
  recording_->max_spans = runtime.max_spans.load(std::memory_order_relaxed);
  recording_->scope = Ref<ScopeState>::share(ScopeState::active());
  recording_->spans.push_back(
      {span_id_, parent_span_id_, recording_->start_steady, 0, SpanStatus::kUnset});
  append(0, Section::kOp, {}, context.op);
}

SpanId Trace::span_id(std::uint32_t index) const noexcept {
  if (index == 0 || index == kUnrecorded) return span_id_;
  const SpinLock::Hold hold{lock_};
  return hold ? recording_->spans[index].span_id : span_id_;
}

Trace::Raw Trace::raw(std::uint32_t index) const noexcept {
  Raw raw{trace_id_,
          span_id_,
          index == 0 ? parent_span_id_ : SpanId{},
          name_.view(),
          dsc_facts(dsc_name()),
          {}};
  if (dsc_frozen_ && lock_.is_free()) raw.dsc = dsc_;
  if (recording_ && index > 0 && index < recording_->spans.size()) {
    raw.span_id = recording_->spans[index].span_id;
    raw.parent_span_id = recording_->spans[index].parent_span_id;
  }
  return raw;
}

std::string Trace::name() const {
  const SpinLock::Hold hold{lock_};
  return std::string{hold ? name_.view() : std::string_view{}};
}

bool Trace::is_open(std::uint32_t index) const noexcept {
  return recording_ && !finished_ && index < recording_->spans.size();
}

void Trace::append(std::uint32_t index, Section section, std::string_view key,
                   const ValueView& value) noexcept {
  SpanArena& arena = recording_->arena;
  const std::uint32_t before = arena.size();
  char* const place = arena.extend(sizeof index);
  if (place == nullptr) return;
  std::memcpy(place, &index, sizeof index);
  append_record(arena, section, {}, key, value, kMaxArena);
  // An index without a record would be read as the start of the next one.
  if (arena.size() == before + sizeof index) arena.erase(before, sizeof index);
}

std::uint32_t Trace::add_child(std::uint32_t parent, std::string_view op,
                               std::string_view description) noexcept {
  if (!recording_) return kUnrecorded;
  const SpanId id = new_id<SpanId>();
  const std::int64_t now = steady_clock_ns();
  const SpinLock::Hold hold{lock_};
  if (!hold) count(Category::kSpan, Cause::kBufferOverflow);
  if (!hold || finished_) return kUnrecorded;
  std::vector<RawSpan>& spans = recording_->spans;
  if (spans.size() > recording_->max_spans) {
    ++recording_->spans_dropped;
    count(Category::kSpan, Cause::kBufferOverflow);
    return kUnrecorded;
  }
  const SpanId parent_id = parent == kUnrecorded ? span_id_ : spans[parent].span_id;
  try {
    spans.push_back({id, parent_id, now, 0, SpanStatus::kUnset});
  } catch (...) {
    ++recording_->spans_dropped;
    count(Category::kSpan, Cause::kBufferOverflow);
    return kUnrecorded;
  }
  const auto index = static_cast<std::uint32_t>(spans.size() - 1);
  append(index, Section::kOp, {}, op);
  if (!description.empty()) append(index, Section::kDescription, {}, description);
  return index;
}

void Trace::set_status(std::uint32_t index, SpanStatus status) noexcept {
  if (!recording_ || index == kUnrecorded) return;
  const SpinLock::Hold hold{lock_};
  if (hold && is_open(index)) recording_->spans[index].status = status;
}

void Trace::set_name(std::string_view name) noexcept {
  const SpinLock::Hold hold{lock_};
  if (hold && !finished_) name_.assign(cut(name, kMaxName));
}

void Trace::set_source(std::string_view source) noexcept {
  const SpinLock::Hold hold{lock_};
  if (hold && !finished_) source_.assign(cut(source, kMaxKeySize));
}

void Trace::add_record(std::uint32_t index, Section section, std::string_view key,
                       const ValueView& value) noexcept {
  if (!recording_ || index == kUnrecorded) return;
  const SpinLock::Hold hold{lock_};
  if (hold && is_open(index)) append(index, section, key, value);
}

void Trace::finish_child(std::uint32_t index) noexcept {
  if (!recording_ || index == kUnrecorded) return;
  const std::int64_t now = steady_clock_ns();
  const SpinLock::Hold hold{lock_};
  if (hold && is_open(index) && recording_->spans[index].end == 0) {
    recording_->spans[index].end = now;
  }
}

bool Trace::end_spans(SpanStatus root, SpanStatus child) noexcept {
  if (std::exchange(finished_, true)) return false;
  if (!recording_) return true;
  const std::int64_t now = steady_clock_ns();
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
  const SpinLock::Hold hold{lock_};
  return hold && end_spans(SpanStatus::kUnset, SpanStatus::kCancelled);
}

bool Trace::finish_by_crash() noexcept {
  if (!recording_ || !lock_.try_lock_for_a_while()) return false;
  const SpinLock::Hold hold{lock_, std::adopt_lock};
  return end_spans(SpanStatus::kAborted, SpanStatus::kAborted);
}

std::string Trace::dsc() {
  std::string name;
  {
    const SpinLock::Hold hold{lock_};
    if (!hold) return {};
    if (dsc_frozen_) return dsc_;
    name = dsc_name();
  }
  std::string built;
  {
    const Lease client;
    if (client) {
      built = build_dsc(client->dsc_source(), name);
    } else {
      built = build_dsc({}, name);
    }
  }
  const SpinLock::Hold hold{lock_};
  if (dsc_frozen_) return dsc_;
  if (!finished_) {
    dsc_ = built;
    dsc_frozen_ = true;
  }
  return built;
}

std::string Trace::final_dsc(const DscSource& source) const {
  return dsc_frozen_ ? dsc_ : build_dsc(source, dsc_name());
}

std::string_view Trace::dsc_name() const noexcept {
  return source_.view() == "url" ? std::string_view{} : name_.view();
}

DscFacts Trace::dsc_facts(std::string_view name) const noexcept {
  return {trace_id_, sample_rand_, sample_rate_, decided_ ? decision_ : Decision::kNone, name};
}

std::string Trace::build_dsc(const DscSource& source, std::string_view name) const {
  return make_dsc(dsc_facts(name), source);
}

std::string make_dsc(const DscFacts& facts, const DscSource& source) {
  std::string out;
  const auto add = [&out](std::string_view key, std::string_view value) {
    add_member(out, key, value);
  };
  add("trace_id", facts.trace_id.hex().view());
  add("public_key", source.public_key);
  if (facts.sample_rate >= 0) add("sample_rate", rate_text(facts.sample_rate));
  add("sample_rand", sample_rand_text(facts.sample_rand));
  if (facts.sampled != Decision::kNone) {
    add("sampled", facts.sampled == Decision::kYes ? "true" : "false");
  }
  add("release", source.release);
  add("environment", source.environment);
  add("org_id", source.org_id);
  std::string masked;
  add("transaction", scrub_text(facts.name, false, masked));
  return out;
}

std::string dsc_outside_spans(const TraceId& trace_id, std::uint32_t sample_rand,
                              const DscSource& source) {
  return make_dsc({.trace_id = trace_id, .sample_rand = sample_rand}, source);
}

Trace* Trace::active(std::uint32_t& index) noexcept {
  index = active_span.index;
  return active_span.trace;
}

void Trace::exchange_active(Trace*& trace, std::uint32_t& index) noexcept {
  std::swap(active_span.trace, trace);
  std::swap(active_span.index, index);
}

}  // namespace vitals::sentry::detail

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/hidden.h"
#include "base/spin_lock.h"
#include "context/propagation.h"
#include "context/records.h"
#include "context/sampling.h"
#include "context/scope_state.h"
#include "vitals/context/listener.h"
#include "vitals/context/span.h"

namespace vitals::context::detail {

/// A child that records nothing: of an unsampled transaction, past a limit, or after the end.
inline constexpr std::uint32_t kUnrecorded = 0xffffffff;

/// A recorded span without its texts.
struct RawSpan {
  SpanId span_id;
  SpanId parent_span_id;
  std::int64_t start = 0;  // by the steady clock
  std::int64_t end = 0;    // 0: runs still
  SpanStatus status = SpanStatus::kUnset;
  SpanKind kind = SpanKind::kUnset;
};

/// A record of a span: its index, then the record, end to end in the transaction's one arena.
using SpanArena = InlineBytes<1536>;

/// What only a sampled transaction has.
struct Recording {
  std::vector<RawSpan> spans;  // the transaction first
  SpanArena arena;
  std::int64_t start_wall = 0;
  std::int64_t start_steady = 0;
  std::uint64_t spans_dropped = 0;
  std::uint32_t max_spans = 0;
  Ref<ScopeState> scope;         // the one that was active at the start
  FinishedTransaction finished;  // what listeners are told of; empty until then

  [[nodiscard]] Timestamp wall(std::int64_t steady) const noexcept {
    return Timestamp{std::chrono::nanoseconds{start_wall + (steady - start_steady)}};
  }
};

/// What a caller said that goes on as it came. Few have it, so that it stands apart.
struct PassedOn {
  std::string tracestate;
  std::string baggage;  // without Sentry's members, where a listener reads those
};

/// What all spans of a transaction share. Unsampled, it is these few ids and nothing more.
/// Threads: any; its lock is held by users' threads alone. In a signal handler that has interrupted
/// the holder on its thread a change does nothing, and what is read is empty. Once finished nothing
/// changes any more, so a listener's thread reads it without the lock.
class VITALS_HIDDEN Trace {
 public:
  [[nodiscard]] static Ref<Trace> start(const TransactionContext& context,
                                        const IncomingTrace& incoming) noexcept;

  [[nodiscard]] TraceId trace_id() const noexcept { return trace_id_; }
  [[nodiscard]] SpanId parent_span_id() const noexcept { return parent_span_id_; }
  [[nodiscard]] SpanId span_id(std::uint32_t index) const noexcept;
  /// What the headers say.
  [[nodiscard]] Decision decision() const noexcept { return decision_; }
  /// The same of a span, with the ids.
  [[nodiscard]] SpanContext span_context(std::uint32_t index) const noexcept {
    return {trace_id_, span_id(index), decision_, random_, debug_};
  }
  /// What the caller said that goes on as it came; empty where nothing does. It never changes.
  [[nodiscard]] std::string_view tracestate() const noexcept {
    return passed_on_ ? std::string_view{passed_on_->tracestate} : std::string_view{};
  }
  [[nodiscard]] std::string_view passed_on_baggage() const noexcept {
    return passed_on_ ? std::string_view{passed_on_->baggage} : std::string_view{};
  }
  /// Whether it was decided on here, rather than only passed on.
  [[nodiscard]] bool decided() const noexcept { return decided_; }
  /// Whether only the pressure on a listener left it out.
  [[nodiscard]] bool left_out_by_pressure() const noexcept { return by_pressure_; }
  [[nodiscard]] std::string name() const;

  /// Whether nobody holds its lock for long, as a thread does that a signal handler interrupted.
  [[nodiscard]] bool is_free() const noexcept { return lock_.is_free(); }

  /// What is there, in place, without the lock: for a signal handler. Async-signal-safe, but what
  /// another thread is changing may be read half changed.
  struct Raw {
    TraceId trace_id;
    SpanId span_id;
    SpanId parent_span_id;
    std::string_view name;
    TraceFacts facts;
    std::string_view baggage;  // as it was frozen; empty: it was not, or it is being written
  };
  [[nodiscard]] Raw raw(std::uint32_t index) const noexcept;

  /// The new child's index.
  [[nodiscard]] std::uint32_t add_child(std::uint32_t parent, std::string_view op,
                                        std::string_view description) noexcept;
  void set_status(std::uint32_t index, SpanStatus status) noexcept;
  void set_kind(std::uint32_t index, SpanKind kind) noexcept;
  void set_name(std::string_view name) noexcept;
  void set_source(std::string_view source) noexcept;
  void add_record(std::uint32_t index, Section section, std::string_view key,
                  const ValueView& value) noexcept;
  void add_event(std::uint32_t index, std::string_view name, const PackedEvent& event) noexcept;
  void finish_child(std::uint32_t index) noexcept;
  /// True for the first caller alone, who then owns what becomes of the transaction.
  [[nodiscard]] bool finish() noexcept;

  /// The same because the process dies over a crash: what is under way was aborted. Waits for no
  /// lock, since the thread that crashed may hold it. False when unsampled, too.
  [[nodiscard]] bool finish_by_crash() noexcept;

  /// What the listener says of the trace as baggage members, frozen by the first call. After
  /// finish() a call that comes first gives what it would have been.
  [[nodiscard]] std::string baggage();

  /// For a listener's thread, after finish(): null when unsampled.
  [[nodiscard]] const Recording* recording() const noexcept { return recording_.get(); }
  /// For who finished it, if it was recorded.
  [[nodiscard]] FinishedTransaction& finished() noexcept { return recording_->finished; }
  [[nodiscard]] std::string_view final_name() const noexcept { return name_.view(); }
  [[nodiscard]] std::string_view source() const noexcept { return source_.view(); }
  /// Null: nobody has asked for it while the trace was under way.
  [[nodiscard]] const std::string* final_baggage() const noexcept {
    return baggage_frozen_ ? &baggage_ : nullptr;
  }
  [[nodiscard]] TraceFacts facts() const noexcept { return facts_named(baggage_name()); }

  [[nodiscard]] static Trace* active(std::uint32_t& index) noexcept;

 private:
  friend void add_ref(Trace* trace) noexcept;
  friend void release(Trace* trace) noexcept;
  Trace() noexcept = default;
  ~Trace() = default;
  /// What the caller's baggage says, as far as it stands.
  IncomingSampling continue_from(const IncomingTrace& incoming) noexcept;
  void begin_own_trace() noexcept;
  void pass_on(std::string tracestate, std::string baggage);
  /// Puts what was decided here into what the caller sent.
  void complete_baggage(bool rand_came) noexcept;
  void start_recording(const TransactionContext& context);
  /// The name as it may go into the headers of other services: a url may hold anything that a
  /// visitor typed, and stays here.
  [[nodiscard]] std::string_view baggage_name() const noexcept;
  [[nodiscard]] TraceFacts facts_named(std::string_view name) const noexcept;
  [[nodiscard]] bool is_open(std::uint32_t index) const noexcept;
  /// Under the lock. `root` is what becomes of it where nothing else was said.
  [[nodiscard]] bool end_spans(SpanStatus root, SpanStatus child) noexcept;
  template <class Write>
  void append(std::uint32_t index, Write write) noexcept;
  void append(std::uint32_t index, Section section, std::string_view key,
              const ValueView& value) noexcept;

  std::atomic<std::uint32_t> refs_{1};
  mutable base::SpinLock lock_;
  Decision decision_ = Decision::kNone;
  bool decided_ = false;
  bool by_pressure_ = false;
  bool random_ = false;  // see SpanContext
  bool debug_ = false;
  bool baggage_frozen_ = false;
  bool finished_ = false;
  std::uint32_t sample_rand_ = 0;
  double sample_rate_ = -1;
  TraceId trace_id_;
  SpanId span_id_;
  SpanId parent_span_id_;
  InlineBytes<72> name_;
  InlineBytes<8> source_;
  std::string baggage_;
  std::unique_ptr<const PassedOn> passed_on_;
  std::unique_ptr<Recording> recording_;
};

/// Makes what listeners are told of at a transaction's end.
class TransactionAccess {
 public:
  /// What `trace`, which is finished and recorded, and its scope come to. Once for a trace.
  [[nodiscard]] static SharedTransaction make(Ref<Trace> trace, ScopeSnapshot scope) noexcept;
  [[nodiscard]] static const Trace& trace(const FinishedTransaction& transaction) noexcept {
    return *transaction.trace_;
  }
  [[nodiscard]] static const std::string& scope(const FinishedTransaction& transaction) noexcept {
    return transaction.scope_;
  }
  /// Roughly how many bytes it holds. Always the same.
  [[nodiscard]] static std::size_t cost(const FinishedTransaction& transaction) noexcept {
    const Recording& recording = *transaction.trace_->recording();
    return sizeof(Trace) + sizeof(Recording) + recording.arena.capacity() +
           recording.spans.capacity() * sizeof(RawSpan) + transaction.scope_.size() +
           transaction.breadcrumbs_.size() + transaction.trace_->tracestate().size() +
           transaction.trace_->passed_on_baggage().size();
  }
  /// Empty where no listener wants them.
  [[nodiscard]] static const std::string& breadcrumbs(
      const FinishedTransaction& transaction) noexcept {
    return transaction.breadcrumbs_;
  }
  static void add_ref(FinishedTransaction& transaction) noexcept {
    detail::add_ref(transaction.trace_);
  }
  static void release(FinishedTransaction& transaction) noexcept {
    detail::release(transaction.trace_);
  }
};

}  // namespace vitals::context::detail

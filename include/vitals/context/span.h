#pragma once

#include <array>
#include <cassert>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "vitals/context/detail.h"
#include "vitals/context/headers.h"
#include "vitals/context/ids.h"
#include "vitals/context/scope.h"
#include "vitals/value.h"

#pragma GCC visibility push(default)

namespace vitals::context {

/// How a span ended. Source: Sentry developer documentation, "Span Status".
enum class SpanStatus : std::uint8_t {
  kUnset,
  kOk,
  kCancelled,
  kUnknown,
  kInvalidArgument,
  kDeadlineExceeded,
  kNotFound,
  kAlreadyExists,
  kPermissionDenied,
  kResourceExhausted,
  kFailedPrecondition,
  kAborted,
  kOutOfRange,
  kUnimplemented,
  kInternalError,
  kUnavailable,
  kDataLoss,
  kUnauthenticated,
};

/// Which side of a call a span stands for. Source: OpenTelemetry, "Span Kind".
enum class SpanKind : std::uint8_t {
  kUnset,     ///< as the operation says, see kind_of()
  kInternal,  ///< work within the process
  kServer,    ///< a call that came in and is answered
  kClient,    ///< a call that goes out and is waited for
  kProducer,  ///< a message that goes out
  kConsumer,  ///< a message that is worked on
};

/// What an operation is where nobody has said: `http.server` is kServer, `db` and `http.client` are
/// kClient, `queue.publish` is kProducer, `queue.process` kConsumer, all else kInternal.
[[nodiscard]] SpanKind kind_of(std::string_view op) noexcept;

/// The protocol's word for a status (`internal_error`); empty for kUnset.
[[nodiscard]] std::string_view to_string(SpanStatus status) noexcept;
/// The status that an HTTP answer stands for.
[[nodiscard]] SpanStatus span_status_from_http(int http_status) noexcept;

/// What a transaction is. Views only, for the length of one call.
struct TransactionContext {
  std::string_view name{};              ///< `GET /api/v1/users/{user_id}`
  std::string_view op{};                ///< `http.server`, `queue.process`, …
  std::string_view source = "route";    ///< what the name is: `route`, `url`, `task`, `custom`
  ListView<FieldView> sampling_data{};  ///< for Settings::traces_sampler alone
  /// When it began, for work that has waited; default: now. Not in the future.
  std::chrono::steady_clock::time_point start{};
};

class SpanActivation;

/// A timed piece of work: a transaction, or a part of one. A handle: copies mean the same span, and
/// may be carried to other threads. Empty, and doing nothing, while nobody listens.
///
/// Of a transaction that is not sampled nothing is recorded: its children are the transaction's own
/// ids under another name and cost a count. Ids and headers work all the same.
/// Threads: any, also at once. Not for signal handlers: a call that interrupts one on the same
/// transaction does nothing and returns, one that interrupts malloc() may wait for ever.
/// Bounds: Settings::max_spans spans and 1 MiB of texts a transaction.
class Span {
 public:
  Span() noexcept = default;

  /// False of an empty one.
  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(trace_); }

  /// Starts a part of this span now. After the transaction's end it gives one that records nothing.
  [[nodiscard]] Span start_child(std::string_view op,
                                 std::string_view description = {}) const noexcept {
    return trace_ ? make_child(op, description) : Span{};
  }
  /// Ends it; later calls do nothing. A transaction goes to the queue with the current scope's
  /// data; children that run still are ended with it, as cancelled.
  void finish() const noexcept {
    if (trace_) end();
  }

  /// A field of this span, its name as OpenTelemetry has it, its value of any shape.
  void set_data(std::string_view key, ValueView value) const noexcept;
  /// How it ended.
  void set_status(SpanStatus status) const noexcept;
  /// Which side of a call it is, where its operation does not say it.
  void set_kind(SpanKind kind) const noexcept;
  /// Sets the status and the data `http.response.status_code`.
  void set_http_status(int http_status) const noexcept;
  /// Says that this span follows from another one, maybe of another trace. `type` as Sentry has it:
  /// `previous_trace`, or empty. Source: Sentry developer documentation, "Span Links".
  void add_link(TraceId trace_id, SpanId span_id, bool sampled = false,
                std::string_view type = {}) const noexcept;
  /// The same by the other span itself; an empty one is no link.
  void add_link(const Span& to, std::string_view type = {}) const noexcept {
    if (to) add_link(to.trace_id(), to.span_id(), to.sampled(), type);
  }
  /// Something that happened at one moment of this span, now where no time is given. Sentry has no
  /// such thing, so its client leaves it out: a breadcrumb is told to both. At most 8 KiB.
  void add_event(std::string_view name, ListView<FieldView> attributes = {},
                 Timestamp timestamp = {}) const noexcept;
  /// A number of the whole transaction; units as Sentry names them (`millisecond`, `byte`, `none`).
  void set_measurement(std::string_view name, double value, std::string_view unit) const noexcept;
  /// Of a transaction its name (with its source), of another span its description.
  void set_name(std::string_view name) const noexcept;
  /// The same with what the name is: `route`, `url`, `task`, `custom`.
  void set_name(std::string_view name, std::string_view source) const noexcept;

  /// Of the trace that it belongs to; zero of an empty span.
  [[nodiscard]] TraceId trace_id() const noexcept;
  /// Its own; zero of an empty span.
  [[nodiscard]] SpanId span_id() const noexcept;
  /// Whether it will be sent. False too when the decision is somebody else's (tracing off).
  [[nodiscard]] bool sampled() const noexcept;

  /// `TRACE-SPAN-1`, `…-0`, or without the last part while undecided; empty for an empty span.
  [[nodiscard]] std::string sentry_trace() const;
  /// The header `baggage`: the members of `existing`, those of others that the caller sent, and what
  /// the listener says of the trace, such as Sentry's dynamic sampling context, which the first call
  /// freezes. At most 64 members and 8 KiB: the listener's have the room first, then `existing`'s.
  /// Of a key that `existing` has the caller's member is left out. Source: W3C Baggage.
  [[nodiscard]] std::string baggage(std::string_view existing = {}) const;
  /// `00-TRACE-SPAN-FLAGS`, with the flags "sampled" and "random trace id"; the latter where the
  /// caller sent it, and of each trace that began here. Source: W3C Trace Context, level 2.
  [[nodiscard]] std::string traceparent() const;
  /// The caller's `tracestate`, which goes on as it came; empty where none came, or where a trace of
  /// its own was begun. At most 32 members and 512 bytes. Source: W3C Trace Context.
  [[nodiscard]] std::string tracestate() const;
  /// The value of a member of the caller's `baggage` that is not Sentry's, decoded and without its
  /// properties; nothing where there is none of that key. A caller may write anything into it.
  /// Cost: a search of the text, a copy of the value. Source: W3C Baggage.
  [[nodiscard]] std::optional<std::string> baggage_item(std::string_view key) const;

  /// Makes this the thread's current span until the guard goes; nests and restores.
  [[nodiscard]] SpanActivation activate() const noexcept;

 private:
  friend class SpanActivation;
  friend Span current_span() noexcept;
  friend Span start_span(std::string_view, std::string_view) noexcept;
  friend Span start_transaction(const TransactionContext&, const IncomingTrace&) noexcept;
  Span(detail::Ref<detail::Trace> trace, std::uint32_t index) noexcept
      : trace_(std::move(trace)), index_(index) {}
  static Span begin(const TransactionContext& context, const IncomingTrace& incoming) noexcept;
  static Span active() noexcept;
  static Span begin_part(std::string_view op, std::string_view description) noexcept;
  Span make_child(std::string_view op, std::string_view description) const noexcept;
  void end() const noexcept;

  detail::Ref<detail::Trace> trace_;
  std::uint32_t index_ = 0;
};

namespace detail {

/// What the log lines of a thread say of the work that runs on it. Views.
struct LogIds {
  std::string_view request_id{};
  std::string_view trace_id{};
};
[[nodiscard]] LogIds log_ids() noexcept;

/// The same, copied: at most 64 and 32 bytes.
class KeptLogIds {
 public:
  KeptLogIds() noexcept = default;
  explicit KeptLogIds(const LogIds& ids) noexcept
      : request_size_(copy(ids.request_id, request_id_)),
        trace_size_(copy(ids.trace_id, trace_id_)) {}
  [[nodiscard]] LogIds view() const noexcept {
    return {{request_id_.data(), request_size_}, {trace_id_.data(), trace_size_}};
  }

 private:
  template <std::size_t N>
  static std::uint8_t copy(std::string_view text, std::array<char, N>& to) noexcept {
    return static_cast<std::uint8_t>(text.copy(to.data(), N));
  }
  std::array<char, 64> request_id_{};
  std::array<char, 32> trace_id_{};
  std::uint8_t request_size_ = 0;
  std::uint8_t trace_size_ = 0;
};

/// Puts the ids in place until it goes. Of its own and of the thread's: copies.
class [[nodiscard]] LogIdsActivation {
 public:
  explicit LogIdsActivation(const LogIds& ids) noexcept;
  LogIdsActivation(const LogIdsActivation&) = delete;
  LogIdsActivation& operator=(const LogIdsActivation&) = delete;
  ~LogIdsActivation() {
    [[maybe_unused]] const bool placed = leave();
    assert(placed && "ended elsewhere or in another order: see vitals::context::Carrier");
  }

 private:
  bool leave() noexcept;

  KeptLogIds before_;
  const LogIdsActivation* before_of_;
  const void* owner_;
  bool in_line_;
};

/// What is current on a thread, or in a line of work that moves from thread to thread.
struct ThreadContext {
  ScopeState* scope = nullptr;  // with a count of its own
  Trace* span = nullptr;        // the same
  std::uint32_t span_index = 0;
  const void* owner = nullptr;  // the Carrier; null of a thread
  KeptLogIds log_ids{};
  const LogIdsActivation* log_ids_of = nullptr;  // never read through
};

}  // namespace detail

/// Keeps a span current on the thread that made it. Destroy it on that same thread, in reverse
/// order of making: keep it on the stack; over a suspension of a coroutine only with a Carrier. For
/// one that is destroyed elsewhere see Activation.
class [[nodiscard]] SpanActivation {
 public:
  SpanActivation() noexcept = default;
  /// See Span::activate().
  explicit SpanActivation(Span span) noexcept {
    if (span) enter(std::move(span));
  }
  /// The other does nothing any more.
  SpanActivation(SpanActivation&& other) noexcept
      : owner_(std::exchange(other.owner_, nullptr)),
        entered_(other.entered_),
        previous_(other.previous_),
        entered_index_(other.entered_index_),
        previous_index_(other.previous_index_),
        in_line_(other.in_line_) {}
  SpanActivation& operator=(SpanActivation&&) = delete;
  ~SpanActivation() {
    if (owner_ == nullptr) return;
    [[maybe_unused]] const bool placed = leave();
    assert(placed && "ended elsewhere or in another order: see vitals::context::Carrier");
  }

 private:
  void enter(Span span) noexcept;
  bool leave() noexcept;

  const void* owner_ = nullptr;  // where it began; null: it does nothing
  const detail::Trace* entered_ = nullptr;
  detail::Trace* previous_ = nullptr;
  std::uint32_t entered_index_ = 0;
  std::uint32_t previous_index_ = 0;
  bool in_line_ = false;  // it began in a Carrier's line of work
};

inline SpanActivation Span::activate() const noexcept {
  return SpanActivation{*this};
}

/// Starts a transaction now, continuing the caller's trace where there is one. The sampling
/// decision is made here: the sampler's wins, else the caller's, else the rate's. It is not made
/// current: see Span::activate(). Cost: unsampled, one allocation and no clock; with a caller's
/// `tracestate` or `baggage` some allocations more, a few for each `sentry-` member.
[[nodiscard]] inline Span start_transaction(const TransactionContext& context,
                                            const IncomingTrace& incoming = {}) noexcept {
  return enabled() ? Span::begin(context, incoming) : Span{};
}

/// The span active on this thread; empty when there is none.
[[nodiscard]] inline Span current_span() noexcept {
  return enabled() ? Span::active() : Span{};
}

namespace detail {
[[nodiscard]] bool is_sampled() noexcept;
}  // namespace detail

/// Whether the span active on this thread is recorded and will be sent. Cost: a few loads.
[[nodiscard]] inline bool is_sampled() noexcept {
  return enabled() && detail::is_sampled();
}

/// Starts a part of the thread's current span now; empty where that is not recorded. Not for what
/// sends headers out: those come from current_span(), sampled or not. Cost: where nothing is
/// recorded, a few loads, which is less than a child of current_span() costs.
[[nodiscard]] inline Span start_span(std::string_view op,
                                     std::string_view description = {}) noexcept {
  return enabled() ? Span::begin_part(op, description) : Span{};
}

/// What an outgoing HTTP request to `url` should bear: the active span's headers, outside of every
/// span those of the current scope's own trace (without a sampling decision), where
/// Settings::trace_propagation_targets allows the target; else nothing but `existing_baggage`, a
/// header `baggage` that the request has already. Call it while the span that stands for the
/// request is active. Threads: any. Cost: some allocations.
/// Source: Sentry developer documentation, "Trace Propagation".
[[nodiscard]] TraceHeaders outgoing_trace(std::string_view url,
                                          std::string_view existing_baggage = {});

/// Scope, span and the ids that log lines bear, together: what a task takes along to another
/// thread.
///
///     auto context = Context::current();
///     pool.post([context] {
///       auto active = context.activate();
///       …
///     });
struct Context {
  Scope scope;                   ///< what events are captured with
  Span span;                     ///< what further spans are parts of
  detail::KeptLogIds log_ids{};  ///< what log lines say

  /// Keeps a context current on the thread that made it. Destroy it there, in reverse order of
  /// making: keep it on the stack.
  class [[nodiscard]] Active {
   public:
    /// See Context::activate().
    explicit Active(const Context& context) noexcept
        : ids_(context.log_ids.view()),
          scope_(context.scope.activate()),
          span_(context.span.activate()) {}
    Active(const Active&) = delete;
    Active& operator=(const Active&) = delete;

   private:
    const detail::LogIdsActivation ids_;
    const Activation scope_;
    const SpanActivation span_;
  };

  /// What is current on the calling thread.
  [[nodiscard]] static Context current() noexcept {
    return {Scope::current(), current_span(), detail::KeptLogIds{detail::log_ids()}};
  }
  /// Puts it in place on the calling thread until the guard goes.
  [[nodiscard]] Active activate() const noexcept { return Active{*this}; }
};

}  // namespace vitals::context

#pragma GCC visibility pop

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "vitals/context/capture.h"
#include "vitals/context/detail.h"
#include "vitals/context/ids.h"
#include "vitals/context/log.h"
#include "vitals/context/settings.h"
#include "vitals/context/span.h"
#include "vitals/context/work.h"
#include "vitals/value.h"

#pragma GCC visibility push(default)

namespace vitals::context {

/// What capture_exception() and its like hand to a listener. Views, for the length of the call.
struct Capture {
  EventId id{};  ///< made for this capture, the same for all listeners
  const std::exception* exception = nullptr;
  const std::exception_ptr* pointer = nullptr;  ///< of one that came as a pointer; never null then
  std::string_view message{};                   ///< where there is no exception
  std::optional<ListView<ValueView>> params{};  ///< what the `{}` of the message stand for
  Level level = Level::kError;                  ///< unless the options say another one
  const CaptureOptions& options;                ///< what the caller says of this event
  std::uintptr_t site = 0;                      ///< where the capture returns to
};

/// A line of a structured log, as log() hands it to a listener. Views, for the length of the call.
struct LogLine {
  LogLevel level = LogLevel::kInfo;  ///< how grave it is
  std::string_view text{};           ///< what it says
  ListView<FieldView> attributes{};  ///< its own, without those of its scope
  Timestamp timestamp{};             ///< when it was written; always set
  TraceId trace_id{};                ///< of the active span, else of the scope
  SpanId span_id{};                  ///< of the active span; zero: there is none
};

/// One finished span of a transaction. The views live as long as the transaction.
struct FinishedSpan {
  TraceId trace_id{};                      ///< the transaction's, the same for all of its spans
  SpanId span_id{};                        ///< its own
  SpanId parent_span_id{};                 ///< zero: there is none
  std::string_view op{};                   ///< what kind of work: `db`, `http.client`
  SpanKind kind = SpanKind::kInternal;     ///< as it was set, else as `op` says
  std::string_view description{};          ///< of the first one, the transaction's name
  SpanStatus status = SpanStatus::kUnset;  ///< how it ended
  Timestamp start{};                       ///< when it began
  Timestamp end{};                         ///< when it ended
};

/// A transaction that was kept and has come to its end. Nothing in it changes any more, so several
/// listeners may read it, each on a thread of its own and as late as it likes.
/// Threads: any. Ownership: counted, together with the spans of it that the program still holds;
/// the last one that lets go frees it all.
class FinishedTransaction {
 public:
  /// As the capture's: one number for all listeners.
  [[nodiscard]] const EventId& id() const noexcept { return id_; }
  /// The route, job or task that it is of.
  [[nodiscard]] std::string_view name() const noexcept;
  /// How many spans there are, itself among them; then how many were too many to be recorded.
  [[nodiscard]] std::size_t size() const noexcept;
  /// See size().
  [[nodiscard]] std::uint64_t spans_dropped() const noexcept;
  /// The transaction itself is the span 0, its parts follow as they began.
  /// Cost: a look at all texts of the transaction.
  [[nodiscard]] FinishedSpan span(std::size_t index) const noexcept;
  /// Calls `take` for each of a span's own fields, in the order they were set; one name may come
  /// twice, and the last counts then.
  void for_each_field(std::size_t index,
                      const std::function<void(std::string_view, const ValueView&)>& take) const;

 private:
  friend class detail::TransactionAccess;
  friend struct detail::Recording;
  FinishedTransaction() noexcept = default;
  ~FinishedTransaction() = default;

  EventId id_{};
  detail::Trace* trace_ = nullptr;  // which holds it
  std::string scope_;               // what the scope had at the end, as records
  std::string breadcrumbs_;         // the same, where a listener wants them
};

// For Ref.
void add_ref(FinishedTransaction* transaction) noexcept;
void release(FinishedTransaction* transaction) noexcept;

/// A share of a finished transaction.
using SharedTransaction = detail::Ref<FinishedTransaction>;

/// What a trace is, for what goes along with it to other services.
struct TraceFacts {
  TraceId trace_id{};             ///< zero: there is none
  std::uint32_t sample_rand = 0;  ///< the trace's random number, in millionths
  double sample_rate = -1;        ///< what that was compared with; negative: nothing was compared
  std::optional<bool> sampled{};  ///< unset: not decided here
  std::string_view name{};        ///< of the transaction; empty: it stays here
};

/// What a listener writes into the header `baggage` of outgoing requests, and reads from that of
/// incoming ones. Called by users' threads, at once by several, so it must be quick.
class Baggage {
 public:
  /// What a caller's baggage says of the trace.
  struct Continued {
    bool ours = true;                            ///< false: a trace of its own is begun instead
    std::string members{};                       ///< to be sent on
    std::optional<std::uint32_t> sample_rand{};  ///< in millionths
    std::optional<double> sample_rate{};         ///< the rate that the head of the trace decided by
  };

  Baggage() = default;
  Baggage(const Baggage&) = delete;
  Baggage& operator=(const Baggage&) = delete;
  virtual ~Baggage() = default;

  /// Throws std::bad_alloc, as all of these do.
  [[nodiscard]] virtual Continued read(const HeaderLines& baggage, const TraceId& trace_id) = 0;
  /// The members for a trace, when they are first asked for.
  [[nodiscard]] virtual std::string write(const TraceFacts& facts) = 0;
  /// Members that came, with what was decided here put in. `rand_came`: the random number is the
  /// caller's.
  [[nodiscard]] virtual std::string complete(const std::string& members, const TraceFacts& facts,
                                             bool rand_came) = 0;
  /// A header that was there already, with these members put in.
  [[nodiscard]] virtual std::string merge(std::string_view existing, std::string_view members) = 0;
};

/// Is told what happens in this process, and sends it somewhere: Sentry's client is one.
/// Threads: all calls come from users' threads, several at once, so they hand over and return: they
/// take no lock that is held for long, and wait for nothing.
class Listener {
 public:
  Listener() = default;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  virtual ~Listener() = default;

  /// An error or a message. The scope and the span that are current on this thread are those it
  /// happened in. Returns the event's id, zero when it was not taken.
  virtual EventId captured(const Capture& capture) noexcept = 0;
  /// A transaction that was kept has ended.
  virtual void finished(const SharedTransaction& transaction) noexcept = 0;
  /// Whether a transaction is to hold its scope's breadcrumbs. Asked once, at start_listening().
  [[nodiscard]] virtual bool wants_breadcrumbs() const noexcept { return false; }
  /// Whether captured() looks at the scope's breadcrumbs. Where no listener does, vitals::monitor
  /// leaves none of what its spans say too. Asked once, at start_listening().
  [[nodiscard]] virtual bool captures_breadcrumbs() const noexcept { return true; }
  /// Whether it is told of lines of a log. Asked once, at start_listening().
  [[nodiscard]] virtual bool wants_logs() const noexcept { return false; }
  /// A line of a log was written. The scope that is current on this thread is the line's: its
  /// attributes and its user are to be read from there. Must not write a line itself.
  virtual void logged(const LogLine& line) noexcept { static_cast<void>(line); }
  /// What scopes' work came to, by Scope::end_work(). Null: nobody counts it. A function that is
  /// always there, since it is called with each request.
  using WorkEnded = void (*)(WorkStatus status) noexcept;
  /// See WorkEnded.
  [[nodiscard]] virtual WorkEnded work_ended() noexcept { return nullptr; }
  /// Null: it has nothing to say to other services. Of several the first one's is used.
  [[nodiscard]] virtual Baggage* baggage() noexcept { return nullptr; }
};

/// How many may listen at once.
inline constexpr std::size_t kMaxListeners = 4;

/// From now on `listener` is told. `settings` may be null; of several the first one's are used. Both
/// must live until stop_listening() was true. False when kMaxListeners are there already.
/// In the child of a fork() nobody listens any more until it calls this itself: the threads that a
/// listener hands over to are not there.
/// Threads: any.
[[nodiscard]] bool start_listening(Listener& listener, const Settings* settings = nullptr) noexcept;
/// From now on it is not told, and once this returns true no call of it is under way. False when
/// `deadline` came first: then a call is, and it must not be freed. Threads: any, but not from within
/// a call of the listener.
[[nodiscard]] bool stop_listening(Listener& listener,
                                  std::chrono::steady_clock::time_point deadline) noexcept;

/// Marks this thread as one that sends what was captured: what it captures itself, in a hook of the
/// user's say, is left out, or it would come back to it.
void become_sending_thread() noexcept;
/// Whether this thread is such a one. A sink that turns log lines into breadcrumbs or events must
/// leave that thread's lines alone, or it would feed itself.
[[nodiscard]] bool is_sending_thread() noexcept;

}  // namespace vitals::context

#pragma GCC visibility pop

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vitals/context/settings.h"
#include "vitals/delivery/transport.h"
#include "vitals/sentry/event.h"
#include "vitals/sentry/log.h"
#include "vitals/sentry/metric.h"

#pragma GCC visibility push(default)

namespace vitals::sentry {

/// Who has a fatal signal first, where another handler was installed before init().
enum class CrashOrder : std::uint8_t {
  /// The client reports it, then the other has its turn. Right for one that ends the process.
  kReportFirst,
  /// The other has its turn, and only what it does not deal with is reported. Right for one that
  /// makes the thread go on, by siglongjmp(), by changing its context, or by mending what was at
  /// fault: a virtual machine, a garbage collector, a sandbox. One that ends the process by itself,
  /// say by _exit(), or with SA_NODEFER by a default action and raise(), leaves no report then. One
  /// with SA_RESETHAND is asked once.
  kFormerFirst,
};

/// How finished traces are sent. Source: Sentry developer documentation, "Spans".
enum class TraceLifecycle : std::uint8_t {
  /// A transaction with its spans in it, which every version of Sentry knows.
  kStatic,
  /// Each span as a thing of its own: a transaction may have more than 1,000 spans and 1 MiB, which
  /// then go in several envelopes. What is lost is counted as spans alone. A span goes out when its
  /// transaction has ended. For a server that takes span items of version 2.
  kStream,
};

/// How the client behaves, given once to init(). Defaults suit a server in production.
struct Options {
  std::string dsn{};  ///< empty (and no spotlight_url): the client is disabled, every call a no-op
  std::string environment = "production";  ///< `production`, `staging`, …
  /// `name@version`; empty: left out. One that Sentry would refuse (`.`, `..`, `latest`, over 200
  /// bytes, with a slash, a backslash or a control character) is left out as well, and said on
  /// stderr. White space around it is taken off. Source: Sentry documentation, "Releases".
  std::string release{};
  std::string dist{};         ///< which build of the release; empty: left out
  std::string server_name{};  ///< empty: the machine's host name

  double sample_rate = 1.0;  ///< share of error events kept, 0 to 1
  /// Share of traces kept, 0 to 1, where the caller has not decided already. 0 decides "no" for
  /// every trace; unset turns tracing off (nothing decided, nothing recorded, ids still go out).
  std::optional<double> traces_sample_rate{};
  /// Asked first of all, also where the caller has decided; a rate from 0 to 1. Anything else, or a
  /// throw, falls back to what holds without a sampler: the caller's decision, else
  /// traces_sample_rate. To go with the caller, return parent_sample_rate: the trace's random number
  /// is the same everywhere, so the decision is too. Called on the thread that starts a
  /// transaction, so it must be quick. Source: Sentry developer documentation, "Sampling".
  std::function<double(const context::SamplingContext&)> traces_sampler{};

  TraceLifecycle trace_lifecycle = TraceLifecycle::kStatic;  ///< how traces are sent

  /// The organisation that the DSN's project belongs to, where its host does not say so (as `o1`).
  /// A trace that comes with another one in its baggage is not continued: it is a stranger's.
  std::string org_id{};
  /// Continue only traces that come with the same organisation, or with none where none is known
  /// here. Source: Sentry developer documentation, "strictTraceContinuation".
  bool strict_trace_continuation = false;

  /// Errors that are not sent: globs (`*`, `?`) over the exception's type, with or without its
  /// namespaces, over its text, or a message's.
  std::vector<std::string> ignore_errors{};
  /// Transactions that are not sent: globs over the name, such as `GET /health*`.
  std::vector<std::string> ignore_transactions{};

  /// Where current_span()'s headers may go, see outgoing_trace(): a target that holds one of these
  /// texts, or any where one is `*`. Empty: nowhere.
  std::vector<std::string> trace_propagation_targets{"*"};
  /// Which headers these are, and which are read of callers: B3's on top, say.
  context::Propagators propagators{};

  /// IP addresses, cookies, query values and bodies too. What is a secret by its name or its look
  /// is masked all the same.
  bool send_default_pii = false;
  bool debug = false;           ///< say on stderr what is sent, dropped and why
  std::string spotlight_url{};  ///< a copy of every envelope goes there as well

  std::size_t max_breadcrumbs = 100;     ///< kept of a scope, the oldest go first
  std::size_t max_spans = 1000;          ///< of a transaction; the rest is counted
  std::size_t error_queue = 256;         ///< errors that may wait to be sent
  std::size_t transaction_queue = 1024;  ///< transactions that may wait to be sent
  std::size_t queue_bytes = 12'000'000;  ///< roughly what both queues may hold together

  /// Frames of these functions, source files or modules are the service's own, or are not, by the
  /// start of the name; the longer match wins. Else: what was not installed with the system is.
  std::vector<std::string> in_app_include{};
  std::vector<std::string> in_app_exclude{};  ///< see in_app_include
  /// Source lines around each frame, read from the files that the debug information names. For
  /// development, where they are at hand.
  bool source_context = false;

  /// Grouping rules in the syntax of Sentry's fingerprint rules, one a line; the first that holds
  /// of an error gives its fingerprint, in place of any set by the scope or the capture. A fault in
  /// them is init()'s error, with line and column.
  std::string fingerprint_rules{};
  /// Names that are secrets here, beside those known to be: what contains one is masked.
  std::vector<std::string> sensitive_names{};

  bool track_sessions = true;  ///< request-mode release health; needs a release
  bool enable_logs = false;    ///< send structured logs, see log.h
  /// Send metrics that are tied to a trace, see metric.h. Each is billed, so they are sent only where
  /// this says so, other than by Sentry's own SDKs.
  bool enable_metrics = false;

  /// A folder for what waits to be sent while the server is away, and for crash reports. Empty: all
  /// of that stays in memory, and a crash is not reported. While it cannot be written, as after
  /// setuid() or without a free descriptor, what waits stays in memory, too. Processes of one user
  /// may share one; one that is another user's, or that others may write to, is refused with a
  /// message on stderr, unless root has made it so; so it is where a folder or link above it is
  /// another user's.
  std::string cache_dir{};
  std::size_t spool_bytes = 64'000'000;  ///< of envelopes in cache_dir, the oldest go first
  std::chrono::hours spool_age{72};      ///< what lies longer is dropped
  /// Fatal signals and std::terminate: a report in cache_dir, and what waits to be sent goes there
  /// too, or without one is sent, for at most shutdown_timeout.
  bool handle_crashes = true;
  CrashOrder crash_order = CrashOrder::kReportFirst;  ///< where another handler was there before

  std::size_t requests_in_flight = 4;  ///< to the server at once, 1 to 16
  std::string proxy{};                 ///< `http://host:port`; empty: as the environment says
  std::string ca_file{};               ///< certificates to trust instead of the system's

  std::chrono::milliseconds shutdown_timeout{2000};  ///< what ~Guard may take
  std::chrono::milliseconds http_timeout{5000};      ///< for one request, to its whole answer
  std::chrono::milliseconds connect_timeout{2000};   ///< for one connection
  std::shared_ptr<delivery::Transport> transport{};  ///< null: libcurl

  /// The last word on an event: change it, or return false to drop it. Called on one of the
  /// client's own threads, never on two at once but at the client's end and while a crash is
  /// handled. One that throws drops the event, since it may have been about to take a secret out.
  std::function<bool(Event&)> before_send{};
  /// The last word on a transaction, as before_send on an error.
  std::function<bool(Event&)> before_send_transaction{};
  /// The last word on a span where trace_lifecycle is kStream, in place of before_send_transaction,
  /// which is not asked then: the transaction itself first, then its parts. Called on one of the
  /// client's own threads, as before_send. One that is refused is left out alone, and its parts go on
  /// to say that they are of it; where the transaction itself is refused, all of its spans are. One
  /// that throws refuses. Sentry's own SDKs let a hook change a span and not refuse it, since a trace
  /// with holes is hard to read: for whole transactions there is ignore_transactions.
  std::function<bool(StreamedSpan&)> before_send_span{};
  /// The share that is kept of events like this one, from 0 to 1, in place of sample_rate. Asked
  /// after before_send, on the same thread. Anything else, or a throw: sample_rate.
  std::function<double(const Event&)> errors_sampler{};
  /// The last word on a line of log(). Called on the client's own thread. One that throws drops the
  /// line.
  std::function<bool(LogRecord&)> before_send_log{};
  /// The last word on a value of count() and its like. Called on the client's own thread. One that
  /// throws drops the value.
  std::function<bool(MetricRecord&)> before_send_metric{};
  /// The last word on a breadcrumb. Called on the thread that adds one, so it must be quick. One that
  /// throws drops the breadcrumb.
  std::function<bool(BreadcrumbRecord&)> before_breadcrumb{};
  /// Told of every event and transaction as it goes out, whatever becomes of it then: after limits,
  /// hooks and sampling, with the payload in which secrets are masked. The event itself is not
  /// masked: for deciding, not for showing. Called on the client's own threads, on several at once,
  /// so it must be quick; what it throws is ignored. For a page or a log beside the server. Where
  /// spans are streamed it is told of the transaction as if it were sent as one, as before_send_span
  /// has left it; of one that needs several envelopes, with the spans of the first.
  std::function<void(const Event&, std::string_view payload)> on_rendered{};
};

}  // namespace vitals::sentry

#pragma GCC visibility pop

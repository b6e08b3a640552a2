#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "vitals/context/ids.h"
#include "vitals/context/record.h"
#include "vitals/stack/frame.h"
#include "vitals/value.h"

#pragma GCC visibility push(default)

namespace vitals::sentry {

using context::BreadcrumbRecord;
using context::EventId;
using context::SpanId;
using context::TraceId;
using context::User;

/// One call of a stack.
using FrameRecord = stack::Frame;

/// An executable or library that frames lie in.
struct ImageRecord {
  std::string code_file{};    ///< its path
  std::string debug_id{};     ///< the build id's first 16 bytes as a little-endian UUID
  std::string code_id{};      ///< the whole build id in hexadecimal
  std::uint64_t address = 0;  ///< where it is mapped
  std::uint64_t size = 0;     ///< in bytes
};

/// A file that goes along with an event.
struct AttachmentRecord {
  std::string filename{};      ///< without a folder
  std::string content_type{};  ///< `text/plain`, …
  std::string bytes{};         ///< its content
};

/// The signal that ended a process.
struct SignalRecord {
  int number = 0;           ///< 0: there was none
  int code = 0;             ///< the kernel's si_code
  std::string name{};       ///< `SIGSEGV`
  std::string code_name{};  ///< `SEGV_MAPERR`; empty: not known
};

/// A thread of the process.
struct ThreadRecord {
  std::int64_t id = 0;   ///< the kernel's number
  std::string name{};    ///< as pthread_setname_np() set it
  bool crashed = false;  ///< whose signal ended the process
  bool current = false;  ///< the one that the event is of
  bool main = false;     ///< the process's first one
};

/// One link of a chain of exceptions.
struct ExceptionRecord {
  std::string type{};                 ///< demangled, with its namespaces
  std::string value{};                ///< what()
  std::string mechanism = "generic";  ///< how it was captured
  bool handled = true;                ///< false: nothing caught it but the client
  int exception_id = 0;               ///< 0 is the one that was captured
  int parent_id = -1;                 ///< the one that wraps this, -1 for the captured one
  std::vector<FrameRecord> frames{};  ///< of the throw; the outermost call first
  bool synthetic = false;             ///< no exception, but a crash shown as one
  SignalRecord signal{};              ///< of a crash
  std::int64_t thread_id = 0;         ///< of `threads`; 0: not known
};

/// The HTTP request that was being served.
struct RequestRecord {
  std::string method{};  ///< `GET`, …
  std::string url{};     ///< without its query
  std::string query{};   ///< without the question mark
  Tags headers{};        ///< of its head; what is private is masked
  std::string body{};    ///< sent with Options::send_default_pii only, 8 KiB at most
};

/// From a span to another one, maybe of another trace: the message that it works on, say.
struct LinkRecord {
  TraceId trace_id{};    ///< of the other span
  SpanId span_id{};      ///< of the other span
  bool sampled = false;  ///< whether that one was kept
  std::string type{};    ///< attribute `sentry.link.type`; empty: left out
};

/// One finished span of a transaction.
struct SpanRecord {
  SpanId span_id{};                 ///< its own
  SpanId parent_span_id{};          ///< zero: the transaction's own
  std::string op{};                 ///< what kind of work: `db`, `http.client`
  std::string description{};        ///< the statement, the URL, …
  std::string status{};             ///< the protocol's word; empty: not set
  Timestamp start{};                ///< when it began
  Timestamp end{};                  ///< when it ended
  Fields data{};                    ///< by OpenTelemetry's names
  std::vector<LinkRecord> links{};  ///< what it follows from
};

/// A number that a transaction measured.
struct MeasurementRecord {
  std::string name{};  ///< `ttfb`, `queue_depth`, …
  double value = 0;    ///< in the unit
  std::string unit{};  ///< `millisecond`, `byte`, `none`, …
};

/// One finished span as it is sent by itself, where Options::trace_lifecycle is kStream, for
/// Options::before_send_span to look at, change or refuse. What is the same for all spans of the
/// process or of the transaction (release, environment, sdk, the transaction's id and name) is added
/// after it.
struct StreamedSpan {
  /// Of the trace. This and the next three are for looking at: a change of them is not sent.
  TraceId trace_id{};
  SpanId span_id{};         ///< its own
  SpanId parent_span_id{};  ///< zero: there is none
  bool is_segment = false;  ///< it is the transaction itself
  /// What it is of few of: the transaction's name; of another span its description, else its `op`.
  std::string name{};
  std::string op{};      ///< what kind of work: `db`, `http.client`
  std::string kind{};    ///< `server`, `client`, `producer`, `consumer`, `internal`
  std::string status{};  ///< `ok` or `error`
  Timestamp start{};     ///< when it began
  Timestamp end{};       ///< when it ended
  /// Its own data, then the scope's attributes and user. Of the transaction itself also what else the
  /// scope knows: tags, request, extra values, contexts, flags.
  Fields attributes{};
  std::vector<MeasurementRecord> measurements{};  ///< of the transaction itself
  std::vector<LinkRecord> links{};                ///< what it follows from
};

/// Everything that is about to be sent, for the hooks to look at, change or refuse. Made on the
/// client's own thread, long after the capture: asking the hook's thread about itself is of no use.
struct Event {
  /// Which of the two it is.
  enum class Type : std::uint8_t { kError, kTransaction };

  Type type = Type::kError;                   ///< see Type
  EventId event_id{};                         ///< as the capture returned it
  Timestamp timestamp{};                      ///< of a transaction, its end
  Level level = Level::kError;                ///< how grave it is
  std::string logger{};                       ///< the part of the program that logged it
  std::string message{};                      ///< with the parameters put in
  std::string message_template{};             ///< empty: the message itself
  std::vector<Value> message_params{};        ///< what the `{}` of the template stand for
  std::vector<ExceptionRecord> exceptions{};  ///< the cause first, what was captured last
  std::string transaction{};                  ///< its name, or that of the one it happened in
  std::string transaction_source{};  ///< of a transaction: `route`, `url`, `task`, `custom`, …
  Tags tags{};                       ///< what people filter by
  User user{};                       ///< for whom the work was done
  Fields extra{};                    ///< values of any shape
  /// Beside the client's own, which are os, runtime, device and trace: a field here of the same name
  /// goes before one of os, runtime and device.
  std::vector<std::pair<std::string, Fields>> contexts{};
  std::vector<std::pair<std::string, bool>> flags{};  ///< feature flags, the newest last
  std::vector<BreadcrumbRecord> breadcrumbs{};        ///< oldest first; errors only
  std::vector<std::string> fingerprint{};             ///< empty: the server groups by itself
  std::vector<ImageRecord> images{};                  ///< of the frames
  std::vector<AttachmentRecord> attachments{};        ///< files that go along
  std::vector<ThreadRecord> threads{};                ///< of a crash, the one that crashed
  RequestRecord request{};                            ///< that was being served
  /// Options::release
  std::string release{};
  /// Options::dist
  std::string dist{};
  /// Options::environment
  std::string environment{};
  /// Options::server_name
  std::string server_name{};

  /// The trace this belongs to; zero when there was none. Of a transaction, its own span.
  TraceId trace_id{};
  SpanId span_id{};         ///< the active one
  SpanId parent_span_id{};  ///< of a transaction; zero: none
  std::string op{};         ///< of a transaction: what kind of work
  std::string status{};     ///< of a transaction: the protocol's word

  Timestamp start{};                              ///< transactions only, as all below
  Fields data{};                                  ///< of the transaction's own span
  std::vector<LinkRecord> links{};                ///< what it follows from
  std::vector<SpanRecord> spans{};                ///< its parts, as they began
  std::uint64_t spans_dropped = 0;                ///< past the limit of a transaction
  std::vector<MeasurementRecord> measurements{};  ///< by Span::set_measurement()
};

}  // namespace vitals::sentry

#pragma GCC visibility pop

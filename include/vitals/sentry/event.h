#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "vitals/context/ids.h"
#include "vitals/context/record.h"
#include "vitals/stack/frame.h"
#include "vitals/value.h"

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
  std::string code_file{};
  std::string debug_id{};  ///< the build id's first 16 bytes as a little-endian UUID
  std::string code_id{};   ///< the whole build id in hexadecimal
  std::uint64_t address = 0;
  std::uint64_t size = 0;
};

/// A file that goes along with an event.
struct AttachmentRecord {
  std::string filename{};
  std::string content_type{};
  std::string bytes{};
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
  std::int64_t id = 0;  ///< the kernel's number
  std::string name{};
  bool crashed = false;
  bool current = false;  ///< the one that the event is of
  bool main = false;
};

/// One link of a chain of exceptions.
struct ExceptionRecord {
  std::string type{};   ///< demangled, with its namespaces
  std::string value{};  ///< what()
  std::string mechanism = "generic";
  bool handled = true;
  int exception_id = 0;               ///< 0 is the one that was captured
  int parent_id = -1;                 ///< the one that wraps this, -1 for the captured one
  std::vector<FrameRecord> frames{};  ///< of the throw; the outermost call first
  bool synthetic = false;             ///< no exception, but a crash shown as one
  SignalRecord signal{};              ///< of a crash
  std::int64_t thread_id = 0;         ///< of `threads`; 0: not known
};

/// The HTTP request that was being served.
struct RequestRecord {
  std::string method{};
  std::string url{};
  std::string query{};
  Tags headers{};
  std::string body{};  ///< sent with Options::send_default_pii only, 8 KiB at most
};

/// From a span to another one, maybe of another trace: the message that it works on, say.
struct LinkRecord {
  TraceId trace_id{};
  SpanId span_id{};
  bool sampled = false;
  std::string type{};  ///< attribute `sentry.link.type`; empty: left out
};

/// One finished span of a transaction.
struct SpanRecord {
  SpanId span_id{};
  SpanId parent_span_id{};
  std::string op{};
  std::string description{};
  std::string status{};  ///< the protocol's word; empty: not set
  Timestamp start{};
  Timestamp end{};
  Fields data{};
  std::vector<LinkRecord> links{};
};

/// A number that a transaction measured.
struct MeasurementRecord {
  std::string name{};
  double value = 0;
  std::string unit{};
};

/// Everything that is about to be sent, for the hooks to look at, change or refuse. Made on the
/// client's own thread, long after the capture: asking the hook's thread about itself is of no use.
struct Event {
  enum class Type : std::uint8_t { kError, kTransaction };

  Type type = Type::kError;
  EventId event_id{};
  Timestamp timestamp{};  ///< of a transaction, its end
  Level level = Level::kError;
  std::string logger{};
  std::string message{};           ///< with the parameters put in
  std::string message_template{};  ///< empty: the message itself
  std::vector<Value> message_params{};
  std::vector<ExceptionRecord> exceptions{};  ///< the cause first, what was captured last
  std::string transaction{};
  std::string transaction_source{};  ///< of a transaction: `route`, `url`, `task`, `custom`, …
  Tags tags{};
  User user{};
  Fields extra{};
  /// Beside the client's own, which are os, runtime, device and trace: a field here of the same name
  /// goes before one of os, runtime and device.
  std::vector<std::pair<std::string, Fields>> contexts{};
  std::vector<std::pair<std::string, bool>> flags{};  ///< feature flags, the newest last
  std::vector<BreadcrumbRecord> breadcrumbs{};        ///< oldest first; errors only
  std::vector<std::string> fingerprint{};
  std::vector<ImageRecord> images{};  ///< of the frames
  std::vector<AttachmentRecord> attachments{};
  std::vector<ThreadRecord> threads{};  ///< of a crash, the one that crashed
  RequestRecord request{};
  std::string release{};
  std::string dist{};
  std::string environment{};
  std::string server_name{};

  /// The trace this belongs to; zero when there was none. Of a transaction, its own span.
  TraceId trace_id{};
  SpanId span_id{};
  SpanId parent_span_id{};
  std::string op{};
  std::string status{};

  Timestamp start{};  ///< transactions only, as all below
  Fields data{};
  std::vector<LinkRecord> links{};
  std::vector<SpanRecord> spans{};
  std::uint64_t spans_dropped = 0;  ///< past the limit of a transaction
  std::vector<MeasurementRecord> measurements{};
};

}  // namespace vitals::sentry

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "crash/context_names.h"
#include "crash/report_format.h"
#include "vitals/context/ids.h"
#include "vitals/result.h"
#include "vitals/stack/exception.h"
#include "vitals/stack/modules.h"

namespace vitals::crash::detail {

/// What the process said of itself.
struct DeadProcess {
  std::string release;
  std::string environment;
  std::string server_name;
  std::string dist;
};

/// The trace that the thread which crashed worked for.
struct TraceOfCrash {
  TraceId trace_id;
  SpanId span_id;
  SpanId parent_span_id;
  std::string transaction;
  SamplingFacts sampling;
  std::string baggage;  // as it was frozen, unchecked; empty: it was not
};

/// What a process that died left behind. Texts are as they were found, and bounded by the file.
struct CrashReport {
  CrashFacts facts;
  EventId event_id;
  std::string thread_name;
  DeadProcess process;
  bool has_exception = false;  // of std::terminate
  std::string exception_type;  // mangled
  std::string exception_text;
  std::vector<stack::ThrownException> causes;
  std::vector<HeldAttachment> attachments;  // with their bytes
  ScopeSnapshot scope;                      // well-formed, what was borrowed is in it
  bool request_active = false;              // the thread that crashed was serving one
  TraceOfCrash trace;
  std::vector<std::uint64_t> registers;
  std::vector<std::uintptr_t> stack;  // return addresses, the innermost first
  stack::ModuleMap modules;           // sorted, none over another
  bool complete = false;              // the writer came to its end
};

/// Reads a report as far as it is whole. A part that is torn or altered ends it; what came before
/// stands. Errors: no report at all, or one that ends before it says what happened.
[[nodiscard]] Result<CrashReport> parse_crash_report(std::string_view bytes);

}  // namespace vitals::crash::detail

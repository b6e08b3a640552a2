#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sentry/attachments.h"
#include "sentry/scope_state.h"
#include "sentry/trace/trace.h"
#include "vitals/sentry/client.h"
#include "vitals/sentry/event.h"
#include "vitals/sentry/ids.h"
#include "vitals/sentry/value.h"
#include "vitals/stack/modules.h"
#include "vitals/stack/symbolizer.h"

namespace vitals::sentry::detail {

/// One link of a chain of exceptions as the capturing thread saw it.
struct CapturedException {
  std::string mangled_type;
  std::string value;
  std::vector<std::uintptr_t> stack{};  // of the throw, the innermost return address first
  stack::Innermost innermost = stack::Innermost::kReturnAddress;  // what the first of `stack` is
};

/// Which process an event is of, when it is not of this one but of one that crashed, and how.
struct Origin {
  std::string release;
  std::string environment;
  std::string server_name;
  std::string dist;
  SignalRecord signal{};
  bool synthetic = false;  // there was no exception, but a signal
  ThreadRecord thread{};
};

/// An error or message on its way to the client's thread. Holds only what has to be taken at once;
/// the rest is made there.
struct ErrorItem {
  EventId event_id;
  std::int64_t timestamp = 0;
  Level level = Level::kError;
  bool handled = true;
  std::string mechanism;
  std::string logger;
  std::string message;
  std::vector<CapturedException> chain;  // what was captured first, its cause after it
  ScopeSnapshot scope;
  InlineBytes<256> own;  // tags, extra, fingerprint and parameters of this capture alone
  TraceId trace_id;
  SpanId span_id;
  SpanId parent_span_id;
  std::string transaction;
  std::string dsc;
  CapturedAttachments attachments;
  std::shared_ptr<const stack::ModuleMap>
      modules;                           // of the stacks' process, as it was; null: as now
  std::unique_ptr<const Origin> origin;  // of a process that crashed; null: of this one
  std::string crash_report;  // the file it is from, which goes when the event is sent or spooled

  /// Roughly what it holds in memory.
  [[nodiscard]] std::size_t cost() const noexcept;
};

/// A finished transaction on its way to the client's thread.
struct TransactionItem {
  EventId event_id;
  Ref<Trace> trace;
  std::string scope;  // records

  [[nodiscard]] std::size_t cost() const noexcept;
};

/// Something else than an event that is ready to go: an item of an envelope.
struct ReadyItem {
  Category category = Category::kSession;
  std::string_view type;       // `sessions`, `check_in`, `log`; a literal
  std::string header_members;  // more of the item's header, as JSON members; may be empty
  std::string payload;
  std::uint32_t quantity = 1;  // how many of the category it holds

  [[nodiscard]] std::size_t cost() const noexcept {
    return sizeof *this + header_members.size() + payload.size();
  }
};

/// Gathers small things between two sends (sessions, logs). The client's thread asks it every 100
/// ms at the latest.
class ItemSource {
 public:
  ItemSource() = default;
  ItemSource(const ItemSource&) = delete;
  ItemSource& operator=(const ItemSource&) = delete;
  virtual ~ItemSource() = default;

  /// What is due now, or with `everything` (a flush, the end) all there is; asked again until it
  /// gives null. Threads: the client's own, at the end its second one too, maybe at the same time.
  [[nodiscard]] virtual std::unique_ptr<ReadyItem> take(std::chrono::steady_clock::time_point now,
                                                        bool everything) noexcept = 0;
};

/// Looks at an exception, and at those nested in it, at most 32 deep.
[[nodiscard]] std::vector<CapturedException> describe(const std::exception& exception);
[[nodiscard]] std::vector<CapturedException> describe(const std::exception_ptr& exception);

/// Fills in what the calling thread knows: time, scope, span.
void take_surroundings(ErrorItem& item);

}  // namespace vitals::sentry::detail

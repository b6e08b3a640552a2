#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sentry/context_names.h"
#include "sentry/items/attachments.h"
#include "vitals/sentry/client.h"
#include "vitals/sentry/event.h"
#include "vitals/stack/exception.h"
#include "vitals/stack/modules.h"
#include "vitals/stack/symbolizer.h"
#include "vitals/value.h"

namespace vitals::sentry::detail {

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
  std::vector<stack::ThrownException> chain;  // what was captured first, its cause after it
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
};

/// A share of a finished transaction on its way to the client's thread.
struct LetGo {
  void operator()(FinishedTransaction* transaction) const noexcept {
    context::release(transaction);
  }
};
using TransactionItem = std::unique_ptr<FinishedTransaction, LetGo>;

/// Something else than an event that is ready to go: an item of an envelope.
struct ReadyItem {
  Category category = Category::kSession;
  std::string_view type;       // `sessions`, `check_in`, `log`; a literal
  std::string header_members;  // more of the item's header, as JSON members; may be empty
  std::string payload;
  std::uint32_t quantity = 1;  // how many of the category it holds
};

/// Roughly what it holds in memory.
[[nodiscard]] std::size_t cost_of(const ErrorItem& item) noexcept;
[[nodiscard]] std::size_t cost_of(const FinishedTransaction& transaction) noexcept;
[[nodiscard]] inline std::size_t cost_of(const ReadyItem& item) noexcept {
  return sizeof item + item.header_members.size() + item.payload.size();
}

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

/// Fills in what the calling thread knows: time, scope, span.
void take_surroundings(ErrorItem& item);

}  // namespace vitals::sentry::detail

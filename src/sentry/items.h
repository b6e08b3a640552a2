#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "delivery/cargo.h"
#include "sentry/context_names.h"
#include "sentry/event/span_range.h"
#include "sentry/items/attachments.h"
#include "sentry/runtime.h"
#include "vitals/sentry/client.h"
#include "vitals/sentry/event.h"
#include "vitals/sentry/options.h"
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

/// The lanes in which the client's things wait, the most important first.
enum Lane : std::size_t { kErrors, kTransactions, kItems };

/// An error or message on its way to the client's thread. Holds only what has to be taken at once;
/// the rest is made there.
struct ErrorItem final : delivery::detail::Cargo {
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

  [[nodiscard]] std::size_t cost() const noexcept override;
  void count(Cause cause) const noexcept;
  void count_dropped(delivery::detail::DropReason reason) const noexcept override;
  void done() noexcept override;
};

/// What the hook has made of the transaction itself, for the parts of one that goes in several
/// envelopes: what is made of one first asks it. Threads: any.
struct SharedSegment {
  std::mutex mutex;  // held while the hook is asked
  bool asked = false;
  std::optional<StreamedSpan> span;  // empty: refused
};

/// A share of a finished transaction on its way to the client's thread, or of a part of its spans.
struct TransactionItem final : delivery::detail::Cargo {
  const context::SharedTransaction transaction;
  const SpanRange range;  // of its spans, itself among them
  const TraceLifecycle lifecycle;
  const std::shared_ptr<SharedSegment> segment;  // null: it has no other part

  TransactionItem(context::SharedTransaction share, SpanRange spans, TraceLifecycle sent_as,
                  std::shared_ptr<SharedSegment> shared_segment) noexcept
      : transaction(std::move(share)),
        range(spans),
        lifecycle(sent_as),
        segment(std::move(shared_segment)) {}
  [[nodiscard]] std::size_t cost() const noexcept override;
  void count(Cause cause) const noexcept;
  void count_dropped(delivery::detail::DropReason reason) const noexcept override;
};

/// Counts spans of a transaction, and it where it is one to the server.
void count_spans(TraceLifecycle lifecycle, Cause cause, std::uint32_t spans) noexcept;

/// Something else than an event that is ready to go: an item of an envelope.
struct ReadyItem final : delivery::detail::Cargo {
  Category category = Category::kSession;
  std::string_view type;       // `sessions`, `check_in`, `log`, …; a literal
  std::string header_members;  // more of the item's header, as JSON members; may be empty
  std::string payload;
  std::uint32_t quantity = 1;  // how many of the category it holds

  [[nodiscard]] std::size_t cost() const noexcept override {
    return sizeof *this + header_members.size() + payload.size();
  }
  /// The end of a check-in must not overtake its beginning.
  [[nodiscard]] bool in_order() const noexcept override { return category == Category::kMonitor; }
  void count(Cause cause) const noexcept;
  void count_dropped(delivery::detail::DropReason reason) const noexcept override;
};

/// Members of the header of an item that holds several things: how many, and of which kind.
[[nodiscard]] std::string container_members(std::uint32_t count, std::string_view content_type);

/// Fills in what the calling thread knows: time, scope, span.
void take_surroundings(ErrorItem& item);

}  // namespace vitals::sentry::detail

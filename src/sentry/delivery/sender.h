#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "sentry/delivery/envelope.h"
#include "sentry/delivery/gzip.h"
#include "sentry/delivery/outlet.h"
#include "sentry/delivery/queues.h"
#include "sentry/grouping/ignore_rules.h"
#include "sentry/items.h"
#include "vitals/sentry/event.h"

namespace vitals::sentry::detail {

/// An event as the hooks have left it, before it is written down.
struct Draft {
  Event event;
  std::string dsc;
  std::uint32_t spans = 0;  // of a transaction, itself among them
};

/// What came of a request.
struct Answer {
  Cause cause = Cause::kNetworkError;
  bool away = false;  // no answer at all: it may be tried again, later
};

/// Turns one item into an event, an envelope and a request, and knows what to make of the answer.
/// Threads: one each.
class Sender {
 public:
  explicit Sender(Outlet& outlet);

  /// The event, after limits, hooks and sampling; or why there is none.
  [[nodiscard]] std::variant<Draft, Cause> draft(const ErrorItem& item);
  [[nodiscard]] std::variant<Draft, Cause> draft(const FinishedTransaction& item);
  /// The envelope; or why there is none. Attachments that may not go along are counted.
  [[nodiscard]] std::variant<Envelope, Cause> seal(const Draft& draft);
  [[nodiscard]] std::variant<Envelope, Cause> seal(const ReadyItem& item);
  /// A report without anything beside it.
  [[nodiscard]] Envelope seal(const Report& report);

  /// Makes the request for an envelope, with a client report when one is due. post() follows.
  void make_request(Envelope& envelope);
  /// Posts what was made of the envelope, which nobody changes meanwhile. Blocks as long as the
  /// transport does.
  [[nodiscard]] Answer post(const Envelope& envelope);

 private:
  /// The share that is kept of events like this one.
  [[nodiscard]] double rate_of(const Event& event) const noexcept;
  [[nodiscard]] bool kept_by_hook(const std::function<bool(Event&)>& hook, Event& event) const;
  /// Shows the listener the event that payload_ holds.
  void tell(const Event& event) const noexcept;
  void attach(const Event& event, Envelope& envelope);
  void pack(const Envelope& envelope);
  void say(const Envelope& envelope, const SendResult& result, Cause cause) const;

  Outlet& outlet_;
  const IgnoreRules ignore_;
  Gzip gzip_;
  // Kept for their capacity.
  std::string payload_;
  SendRequest request_;
  std::optional<Report> riding_;  // along with the request
};

}  // namespace vitals::sentry::detail

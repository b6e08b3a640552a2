#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "delivery/gzip.h"
#include "delivery/policy.h"
#include "sentry/delivery/policy.h"
#include "sentry/grouping/ignore_rules.h"
#include "sentry/items.h"
#include "vitals/sentry/event.h"

namespace vitals::sentry::detail {

/// Turns one item into an event, an envelope and a request, and knows what to make of the answer.
/// Threads: one each.
class EnvelopePacker final : public delivery::detail::Packer {
 public:
  explicit EnvelopePacker(SentryPolicy& policy);

  /// Makes the event, after limits, hooks and sampling.
  [[nodiscard]] delivery::detail::Step open(std::size_t lane,
                                            const delivery::detail::Cargo& cargo) override;
  /// Writes the envelope. Attachments that may not go along are counted.
  [[nodiscard]] delivery::detail::Step pack(std::size_t lane, const delivery::detail::Cargo& cargo,
                                            delivery::detail::Parcel& parcel) override;
  /// With a client report when one is due.
  [[nodiscard]] const delivery::SendRequest* address(delivery::detail::Parcel& parcel) override;
  [[nodiscard]] delivery::detail::Verdict judge(
      const delivery::detail::Parcel& parcel, const delivery::SendResult& result) noexcept override;

 private:
  /// An event as the hooks have left it, before it is written down.
  struct Draft {
    Event event;
    std::string dsc;
    std::uint32_t spans = 0;  // of a transaction, itself among them
    // Where these are streamed, what goes out in place of the event.
    std::vector<StreamedSpan> streamed{};
    std::string segment_name{};
    SpanId segment_id{};
    bool shown = false;  // the listener is to see the event
  };

  /// Nothing: it is to be sent.
  [[nodiscard]] std::optional<Cause> draft(const ErrorItem& item);
  [[nodiscard]] std::optional<Cause> draft(const TransactionItem& item);
  [[nodiscard]] std::optional<Cause> draft_spans(const TransactionItem& item);
  /// Whether the hook keeps the span, which may be another one then, but with the same ids.
  [[nodiscard]] bool ask_for_span(StreamedSpan& span) const;
  /// The transaction itself after the hook; null where it is refused.
  [[nodiscard]] std::optional<StreamedSpan> ask_for_segment(const TransactionItem& item,
                                                            StreamedSpan segment) const;
  /// Adds those of the parts that the hook keeps to the draft.
  void ask_for_parts(std::vector<StreamedSpan> parts);
  [[nodiscard]] std::string dsc_of(const TransactionItem& item) const;
  void write(const Draft& draft, delivery::detail::Parcel& parcel);
  [[nodiscard]] delivery::detail::Step write_spans(const Draft& draft,
                                                   delivery::detail::Parcel& parcel);
  [[nodiscard]] std::optional<Cause> write(const ReadyItem& item, delivery::detail::Parcel& parcel);
  /// The share that is kept of events like this one.
  [[nodiscard]] double rate_of(const Event& event) const noexcept;
  template <class Captured>
  [[nodiscard]] bool kept_by_hook(const std::function<bool(Captured&)>& hook,
                                  Captured& captured) const;
  /// Shows the listener the event that payload_ holds.
  void tell(const Event& event) const noexcept;
  void attach(const Event& event, delivery::detail::Parcel& parcel);
  void compress(const std::string& envelope);
  void say(const delivery::detail::Parcel& parcel, const delivery::SendResult& result,
           Cause cause) const;

  SentryPolicy& policy_;
  const IgnoreRules ignore_;
  delivery::detail::Gzip gzip_;
  Draft draft_;
  std::unique_ptr<delivery::detail::Receipt> riding_;  // of a report along with the request
  // Kept for their capacity.
  std::string payload_;
  delivery::SendRequest request_;
};

}  // namespace vitals::sentry::detail

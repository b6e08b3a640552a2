#include "sentry/items.h"

#include <unistd.h>

namespace vitals::sentry::detail {

using delivery::detail::DropReason;

std::size_t ErrorItem::cost() const noexcept {
  std::size_t bytes = sizeof *this + message.size() + scope.records.size() +
                      scope.breadcrumbs.size() + own.capacity();
  for (const stack::ThrownException& link : chain) {
    bytes += sizeof link + link.value.size() + link.mangled_type.size() +
             link.stack.size() * sizeof link.stack.front();
  }
  return bytes;
}

void ErrorItem::count(Cause cause) const noexcept {
  detail::count(Category::kError, cause);
  if (const std::size_t files = attachments.files(); files > 0) {
    detail::count(Category::kAttachment, cause, files);
    count_bytes(Bulk::kAttachment, cause, attachments.bytes());
  }
}

void ErrorItem::count_dropped(DropReason reason) const noexcept {
  count(cause_of(reason));
}

void ErrorItem::done() noexcept {
  if (!crash_report.empty()) ::unlink(crash_report.c_str());
}

void count_spans(TraceLifecycle lifecycle, Cause cause, std::uint32_t spans) noexcept {
  if (lifecycle == TraceLifecycle::kStatic) count(Category::kTransaction, cause);
  // Beside the transactions that were not sampled, which counted() adds to the spans by itself.
  count(Category::kSpan, cause, spans);
}

std::size_t TransactionItem::cost() const noexcept {
  // Of one that has other parts, its share.
  return sizeof *this + TransactionAccess::cost(*transaction) * range.size() / transaction->size();
}

void TransactionItem::count(Cause cause) const noexcept {
  count_spans(lifecycle, cause, range.size());
}

void TransactionItem::count_dropped(DropReason reason) const noexcept {
  count(cause_of(reason));
}

std::string container_members(std::uint32_t count, std::string_view content_type) {
  std::string members = "\"item_count\":" + std::to_string(count);
  members += ",\"content_type\":\"application/vnd.sentry.items.";
  members += content_type;
  return members += "+json\"";
}

void ReadyItem::count(Cause cause) const noexcept {
  detail::count(category, cause, quantity);
  if (const auto bulk = payload_bulk(category)) count_bytes(*bulk, cause, payload.size());
}

void ReadyItem::count_dropped(DropReason reason) const noexcept {
  count(cause_of(reason));
}

}  // namespace vitals::sentry::detail

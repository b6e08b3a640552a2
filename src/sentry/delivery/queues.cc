#include "sentry/delivery/queues.h"

#include <utility>

namespace vitals::sentry::detail {
namespace {

constexpr std::size_t kItemQueue = 256;

void count_lost_item(const ErrorItem& item, Cause cause) noexcept {
  count(Category::kError, cause);
  if (const std::size_t files = item.attachments.files(); files > 0) {
    count(Category::kAttachment, cause, files);
    count_bytes(Bulk::kAttachment, cause, item.attachments.bytes());
  }
}
void count_lost_item(const FinishedTransaction& item, Cause cause) noexcept {
  count(Category::kTransaction, cause);
  // Beside the transactions that were not sampled, which counted() adds to the spans by itself.
  count(Category::kSpan, cause, spans_of(item));
}
void count_lost_item(const ReadyItem& item, Cause cause) noexcept {
  count(item.category, cause, item.quantity);
  if (item.category == Category::kLog) count_bytes(Bulk::kLog, cause, item.payload.size());
}

bool reserve(std::atomic<std::size_t>& bytes, std::size_t cost, std::size_t limit) noexcept {
  if (bytes.fetch_add(cost, std::memory_order_relaxed) + cost <= limit) return true;
  bytes.fetch_sub(cost, std::memory_order_relaxed);
  return false;
}

}  // namespace

std::uint32_t spans_of(const FinishedTransaction& transaction) noexcept {
  return static_cast<std::uint32_t>(transaction.size());
}

Queues::Queues(const Options& options)
    : byte_limit_(options.queue_bytes),
      item_limit_(options.queue_bytes / 8),
      errors_(options.error_queue),
      transactions_(options.transaction_queue),
      items_(kItemQueue) {}

bool Queues::make_room(std::size_t cost) noexcept {
  if (cost > byte_limit_) return false;
  while (!reserve(bytes_, cost, byte_limit_)) {
    const auto oldest = transactions_.pop();
    if (!oldest) return false;
    bytes_.fetch_sub(cost_of(*oldest), std::memory_order_relaxed);
    count_lost_item(*oldest, Cause::kQueueOverflow);
  }
  return true;
}

bool Queues::push(std::unique_ptr<ErrorItem> item) noexcept {
  const std::size_t cost = cost_of(*item);
  // A full queue is seen first: no transaction is to give way for nothing.
  if (errors_.size() < errors_.capacity() && make_room(cost)) {
    if (errors_.push(item)) return true;
    bytes_.fetch_sub(cost, std::memory_order_relaxed);
  }
  count_lost_item(*item, Cause::kQueueOverflow);
  return false;
}

bool Queues::push(TransactionItem item) noexcept {
  const std::size_t cost = cost_of(*item);
  if (reserve(bytes_, cost, byte_limit_ / 4 * 3)) {
    if (transactions_.push(item)) return true;
    bytes_.fetch_sub(cost, std::memory_order_relaxed);
  }
  count_lost_item(*item, Cause::kQueueOverflow);
  return false;
}

bool Queues::push(std::unique_ptr<ReadyItem> item) noexcept {
  const std::size_t cost = cost_of(*item);
  if (reserve(item_bytes_, cost, item_limit_)) {
    if (items_.push(item)) return true;
    item_bytes_.fetch_sub(cost, std::memory_order_relaxed);
  }
  count_lost_item(*item, Cause::kQueueOverflow);
  return false;
}

bool Queues::take_from(Lane lane, Taken& taken) noexcept {
  const auto take = [&taken](auto& queue) {
    auto item = queue.pop(taken.place);
    if (!item) return false;
    taken.cost = cost_of(*item);
    taken.item = std::move(item);
    return true;
  };
  switch (lane) {
    case kErrors:
      return take(errors_);
    case kTransactions:
      return take(transactions_);
    case kItems:
      return take(items_);
  }
  return false;
}

std::optional<Queues::Taken> Queues::take(Order order, Also also) noexcept {
  // A stream of errors that never ends must not keep the rest from ever being sent.
  constexpr std::uint32_t kCycle = 8;
  std::array<Lane, kLanes> lanes{kErrors, kTransactions, kItems};
  if (order == Order::kFair) {
    const std::uint32_t turn = turns_.fetch_add(1, std::memory_order_relaxed) % kCycle;
    if (turn == kCycle / 2) lanes = {kTransactions, kErrors, kItems};
    if (turn == kCycle - 1) lanes = {kItems, kErrors, kTransactions};
  }
  Taken taken;
  for (const Lane lane : lanes) {
    if ((lane == kItems && !also.items) || (lane == kTransactions && !also.transactions)) continue;
    if (take_from(lane, taken)) return taken;
  }
  return std::nullopt;
}

void Queues::release(const Taken& taken) noexcept {
  (taken.lane() == kItems ? item_bytes_ : bytes_).fetch_sub(taken.cost, std::memory_order_relaxed);
}

void Queues::count_lost(const Taken& taken, Cause cause) noexcept {
  std::visit([cause](const auto& item) { count_lost_item(*item, cause); }, taken.item);
}

bool Queues::nearly_full() const noexcept {
  constexpr std::size_t kFifths = 4;
  const auto over = [](std::size_t held, std::size_t room) { return held * 5 > room * kFifths; };
  return over(errors_.size(), errors_.capacity()) ||
         over(transactions_.size(), transactions_.capacity()) ||
         over(bytes_.load(std::memory_order_relaxed), byte_limit_);
}

}  // namespace vitals::sentry::detail

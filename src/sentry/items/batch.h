#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "delivery/bounded_queue.h"
#include "sentry/items.h"
#include "sentry/runtime.h"

namespace vitals::sentry::detail {

/// What small things of one kind are to the protocol, and their bounds.
struct BatchKind {
  Category category;
  Bulk bulk;
  std::string_view type;          // of the envelope's item
  std::string_view content_type;  // the same, without `application/vnd.sentry.items.` and `+json`
  std::size_t most_waiting;       // things that nobody has taken yet
  std::size_t most_bytes;         // that these hold
  std::uint32_t most_in_batch;
  std::size_t most_json;  // of one thing as JSON; more is a hook's doing
};

/// Takes small things from any thread by a lock-free queue, and makes items of as many as an
/// envelope may have, or of what came within 5 s. An `Item` has `cost()`, and its packed `bytes`.
template <class Item>
class BatchSource : public delivery::detail::Source {
 public:
  [[nodiscard]] std::unique_ptr<delivery::detail::Cargo> take(Time now,
                                                              bool everything) noexcept final {
    const std::lock_guard hold{taking_};
    while (const std::unique_ptr<Item> one = queue_.pop()) {
      bytes_.fetch_sub(one->cost(), std::memory_order_relaxed);
      waiting_.fetch_sub(1, std::memory_order_relaxed);
      if (batch_count_ == 0) due_ = now + kPatience;
      const std::size_t before = batch_.size();
      try {
        append(*one);
      } catch (...) {
        batch_.resize(before);
        count_lost(Cause::kQueueOverflow, 1, one->bytes.size());  // no memory to wait in
      }
      if (batch_count_ == kind_.most_in_batch || batch_.size() >= kFullBatch) return finish();
    }
    if (batch_count_ > 0 && (everything || now >= due_)) return finish();
    return nullptr;
  }

 protected:
  explicit BatchSource(const BatchKind& kind) : kind_(kind), queue_(kind.most_waiting) {}
  /// Counts as lost what nobody has taken.
  ~BatchSource() override {
    if (batch_count_ > 0) count_lost(Cause::kNetworkError, batch_count_, batch_.size());
    while (const std::unique_ptr<Item> one = queue_.pop())
      count_lost(Cause::kNetworkError, 1, one->bytes.size());
  }

  /// Takes what `fill` makes of a new Item, or counts it as lost: of about as many bytes as
  /// `size_of` says. Threads: any.
  template <class Fill, class SizeOf>
  void offer(Fill fill, SizeOf size_of) noexcept {
    // Before anything is copied: in a flood most are turned away.
    if (waiting_.fetch_add(1, std::memory_order_relaxed) < kind_.most_waiting) {
      if (std::unique_ptr<Item> item{new (std::nothrow) Item}) {
        fill(*item);
        const std::size_t cost = item->cost();
        const std::size_t before = bytes_.fetch_add(cost, std::memory_order_relaxed);
        if (before + cost <= kind_.most_bytes && queue_.push(item)) return;
        bytes_.fetch_sub(cost, std::memory_order_relaxed);
      }
    }
    waiting_.fetch_sub(1, std::memory_order_relaxed);
    count_lost(Cause::kQueueOverflow, 1, size_of());
  }

  /// Appends it as JSON, after hooks; else says why it is not to be sent. On the client's thread.
  [[nodiscard]] virtual std::optional<Cause> write(const Item& item, std::string& out) = 0;

 private:
  static constexpr std::chrono::seconds kPatience{5};
  /// One thing is at most a quarter of the 1 MiB that an item may have, so that a batch that stops
  /// here is below it.
  static constexpr std::size_t kFullBatch = 768 * 1024;

  void append(const Item& item) {
    const std::size_t before = batch_.size();
    if (batch_count_ > 0) batch_ += ',';
    std::optional<Cause> refused = write(item, batch_);
    std::size_t lost = item.bytes.size();
    if (!refused && batch_.size() - before > kind_.most_json) {
      refused = Cause::kTooLarge;
      lost = batch_.size() - before;
    }
    if (!refused) {
      ++batch_count_;
      return;
    }
    batch_.resize(before);
    count_lost(*refused, 1, lost);
  }

  [[nodiscard]] std::unique_ptr<ReadyItem> finish() noexcept {
    const std::uint32_t count = std::exchange(batch_count_, 0);
    std::unique_ptr<ReadyItem> item;
    try {
      item = std::make_unique<ReadyItem>();
      item->category = kind_.category;
      item->type = kind_.type;
      item->header_members = container_members(count, kind_.content_type);
      item->payload = "{\"items\":[" + batch_ + "]}";
      item->quantity = count;
    } catch (...) {
      item.reset();
      count_lost(Cause::kQueueOverflow, count, batch_.size());  // no memory to wait in
    }
    batch_.clear();
    return item;
  }

  void count_lost(Cause cause, std::uint64_t things, std::uint64_t bytes) const noexcept {
    count(kind_.category, cause, things);
    count_bytes(kind_.bulk, cause, bytes);
  }

  const BatchKind kind_;
  delivery::detail::BoundedQueue<Item> queue_;
  std::atomic<std::size_t> waiting_{0};
  std::atomic<std::size_t> bytes_{0};

  std::mutex taking_;  // of the client's two threads, never of who hands over
  std::string batch_;  // things as JSON, with commas between
  std::uint32_t batch_count_ = 0;
  Time due_{};
};

}  // namespace vitals::sentry::detail

#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <variant>

#include "sentry/delivery/bounded_queue.h"
#include "sentry/items.h"
#include "sentry/runtime.h"
#include "vitals/sentry/options.h"

namespace vitals::sentry::detail {

/// What waits to be sent, bounded by count and by bytes. An error outlives a transaction: it has
/// the last quarter of the bytes for itself, and where they are short the oldest transactions give
/// way to it. Sessions, check-ins and logs have a place of their own. What does not fit is counted.
/// Threads: any; no lock, so that a capture never waits for the client's thread.
class Queues {
 public:
  enum Lane : std::uint8_t { kErrors, kTransactions, kItems };
  static constexpr std::size_t kLanes = 3;
  using Marks = std::array<std::size_t, kLanes>;

  /// One that was taken out. Its bytes count until release().
  struct Taken {
    std::variant<std::unique_ptr<ErrorItem>, TransactionItem, std::unique_ptr<ReadyItem>> item;
    std::size_t place = 0;  // in its lane, counted from the beginning
    std::size_t cost = 0;

    [[nodiscard]] Lane lane() const noexcept { return static_cast<Lane>(item.index()); }
  };

  explicit Queues(const Options& options);

  bool push(std::unique_ptr<ErrorItem> item) noexcept;
  bool push(TransactionItem item) noexcept;
  bool push(std::unique_ptr<ReadyItem> item) noexcept;

  enum class Order : std::uint8_t {
    kErrorsFirst,  ///< errors before transactions before all else
    kFair,         ///< the same six times of eight, and once each of the others first
  };
  /// What may be taken beside errors.
  struct Also {
    bool transactions = true;
    bool items = true;
  };
  /// The next one.
  [[nodiscard]] std::optional<Taken> take(Order order, Also also) noexcept;
  /// It is done with.
  void release(const Taken& taken) noexcept;
  /// It is lost.
  static void count_lost(const Taken& taken, Cause cause) noexcept;

  [[nodiscard]] std::size_t depth() const noexcept {
    return errors_.size() + transactions_.size() + items_.size();
  }
  /// Whether a source may hand over more.
  [[nodiscard]] bool room_for_items() const noexcept {
    return items_.size() < items_.capacity() / 2 &&
           item_bytes_.load(std::memory_order_relaxed) < item_limit_ / 2;
  }
  /// Whether more than four fifths of a place are taken.
  [[nodiscard]] bool nearly_full() const noexcept;
  /// How many were pushed and popped, lane by lane.
  [[nodiscard]] Marks pushed() const noexcept {
    return {errors_.pushed(), transactions_.pushed(), items_.pushed()};
  }
  [[nodiscard]] Marks popped() const noexcept {
    return {errors_.popped(), transactions_.popped(), items_.popped()};
  }

 private:
  [[nodiscard]] bool take_from(Lane lane, Taken& taken) noexcept;
  [[nodiscard]] bool make_room(std::size_t cost) noexcept;

  const std::size_t byte_limit_;
  const std::size_t item_limit_;
  BoundedQueue<ErrorItem> errors_;
  BoundedQueue<FinishedTransaction, LetGo> transactions_;
  BoundedQueue<ReadyItem> items_;
  std::atomic<std::size_t> bytes_{0};
  std::atomic<std::size_t> item_bytes_{0};
  std::atomic<std::uint32_t> turns_{0};
};

/// How many spans were lost with a transaction, itself among them.
[[nodiscard]] std::uint32_t spans_of(const FinishedTransaction& transaction) noexcept;

}  // namespace vitals::sentry::detail

#pragma once

#include <semaphore.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "sentry/delivery/bounded_queue.h"
#include "sentry/delivery/sender.h"
#include "sentry/items.h"
#include "vitals/sentry/options.h"

namespace vitals::sentry::detail {

/// The two queues and the loop that empties them. Errors go before transactions.
///
/// Who captures shares nothing with the loop but the queues' atomics and, for an error, a
/// semaphore: it never waits for the loop, which runs at the lowest priority. While the server is
/// away the queues fill and what is past them is counted and gone.
class Worker {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// The sources must outlive it.
  Worker(const Options& options, Destinations destinations, std::vector<ItemSource*> sources);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker();

  /// Takes the item, or counts it as lost. Threads: any.
  bool push(std::unique_ptr<ErrorItem> item) noexcept;
  bool push(std::unique_ptr<TransactionItem> item) noexcept;
  bool push(std::unique_ptr<ReadyItem> item) noexcept;
  [[nodiscard]] std::size_t depth() const noexcept {
    return errors_.size() + transactions_.size() + ready_.size();
  }

  /// The loop, on a thread of its own, until begin_close(). At the lowest priority.
  void run() noexcept;
  /// What is left to do at the end, on a second thread at the priority of whoever ends the client:
  /// on a busy machine the first would not be done by any deadline, and priority cannot be raised
  /// again without privileges.
  void drain() noexcept;

  /// Waits until all that was pushed before is done with. False when `deadline` came first.
  bool flush(Time deadline) noexcept;
  /// Ends the loop after what it has in hand; drain() is to be started next.
  void begin_close() noexcept;
  /// Waits until drain() has emptied the queues, and cuts it short when `deadline` comes near. True
  /// when both threads are about to end and can be joined.
  bool close(Time deadline) noexcept;
  /// Whether anything was lost since begin_close().
  [[nodiscard]] bool lost_any() const noexcept { return lost_.load(std::memory_order_acquire); }

 private:
  template <class Item>
  bool push_to(BoundedQueue<Item>& queue, std::unique_ptr<Item> item, Category category,
               std::size_t byte_limit) noexcept;
  /// What became of an item; nothing when there was none.
  [[nodiscard]] std::optional<Delivery> process_next(Sender& sender) noexcept;
  template <class Item>
  [[nodiscard]] Delivery process(Sender& sender, const Item& item, Category category) noexcept;
  template <class Item>
  void discard_all(BoundedQueue<Item>& queue, Category category) noexcept;
  void ask_sources(bool everything) noexcept;
  void settle(std::size_t cost, Category category, Outcome outcome) noexcept;
  void back_off() noexcept;
  void sleep(std::chrono::nanoseconds time) noexcept;
  void say_ended(bool& which) noexcept;
  void wake() noexcept { sem_post(&wake_); }
  [[nodiscard]] bool done_with(std::size_t errors, std::size_t transactions,
                               std::size_t ready) const noexcept;

  const std::size_t byte_limit_;
  Outlet outlet_;
  BoundedQueue<ErrorItem> errors_;
  BoundedQueue<TransactionItem> transactions_;
  BoundedQueue<ReadyItem> ready_;
  const std::vector<ItemSource*> sources_;
  std::atomic<std::size_t> bytes_{0};
  std::atomic<std::size_t> errors_done_{0};
  std::atomic<std::size_t> transactions_done_{0};
  std::atomic<std::size_t> ready_done_{0};

  sem_t wake_{};
  std::atomic<bool> wake_pending_{false};
  std::atomic<bool> closing_{false};
  std::atomic<bool> aborted_{false};
  std::atomic<bool> lost_{false};
  std::atomic<int> loop_thread_{0};  // the kernel's number of it

  int failures_ = 0;     // in a row; of the loop alone
  Time paused_until_{};  // of the loop alone

  std::mutex progress_mutex_;  // of flush(), close() and the loop, never of a capture
  std::condition_variable progress_;
  std::atomic<int> waiters_{0};
  bool loop_ended_ = false;
  bool ended_ = false;
};

}  // namespace vitals::sentry::detail

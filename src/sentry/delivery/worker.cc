#include "sentry/delivery/worker.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/random.h"
#include "sentry/runtime.h"

namespace vitals::sentry::detail {
namespace {

using Clock = std::chrono::steady_clock;

/// How long a transaction may lie before it is picked up. Nobody waits for one, and waking a thread
/// for each would cost the request more than recording it.
constexpr std::chrono::milliseconds kPatience{100};
constexpr std::size_t kReadyQueue = 256;
constexpr double kFirstPauseSeconds = 1;
constexpr double kLongestPauseSeconds = 60;
constexpr int kLowestPriority = 19;

}  // namespace

Worker::Worker(const Options& options, Destinations destinations, std::vector<ItemSource*> sources)
    : byte_limit_(options.queue_bytes),
      outlet_(options, std::move(destinations)),
      errors_(options.error_queue),
      transactions_(options.transaction_queue),
      ready_(kReadyQueue),
      sources_(std::move(sources)) {
  sem_init(&wake_, 0, 0);
}

Worker::~Worker() {
  sem_destroy(&wake_);
}

template <class Item>
bool Worker::push_to(BoundedQueue<Item>& queue, std::unique_ptr<Item> item, Category category,
                     std::size_t byte_limit) noexcept {
  const std::size_t cost = item->cost();
  const std::size_t before = bytes_.fetch_add(cost, std::memory_order_relaxed);
  if (before + cost <= byte_limit && queue.push(item)) return true;
  bytes_.fetch_sub(cost, std::memory_order_relaxed);
  count(category, Outcome::kQueueFull);
  return false;
}

bool Worker::push(std::unique_ptr<ErrorItem> item) noexcept {
  if (!push_to(errors_, std::move(item), Category::kError, byte_limit_)) return false;
  // Only the first of a burst pays for waking the loop. Pairs with the exchange in run(): either it
  // sees this item, or this sees that it must be woken.
  if (!wake_pending_.exchange(true, std::memory_order_acq_rel)) wake();
  return true;
}

bool Worker::push(std::unique_ptr<TransactionItem> item) noexcept {
  // The last quarter of the room is for errors alone.
  return push_to(transactions_, std::move(item), Category::kTransaction, byte_limit_ / 4 * 3);
}

bool Worker::push(std::unique_ptr<ReadyItem> item) noexcept {
  const Category category = item->category;
  return push_to(ready_, std::move(item), category, byte_limit_ / 4 * 3);
}

void Worker::ask_sources(bool everything) noexcept {
  for (ItemSource* const source : sources_) {
    while (auto item = source->take(Clock::now(), everything))
      push(std::move(item));
  }
}

void Worker::run() noexcept {
  become_sentry_thread();
  pthread_setname_np(pthread_self(), "vitals-sentry");
  const auto thread = static_cast<int>(syscall(SYS_gettid));
  setpriority(PRIO_PROCESS, static_cast<id_t>(thread), kLowestPriority);
  loop_thread_.store(thread, std::memory_order_relaxed);
  Sender sender{outlet_};
  while (!closing_.load(std::memory_order_acquire)) {  // pairs with begin_close()
    const Time now = Clock::now();
    if (now < paused_until_) {
      // wake_pending_ stays set meanwhile, so that no error wakes the loop for nothing.
      sleep(paused_until_ - now);
      continue;
    }
    wake_pending_.exchange(false, std::memory_order_acq_rel);
    ask_sources(waiters_.load(std::memory_order_relaxed) > 0);
    const std::optional<Delivery> delivery = process_next(sender);
    if (!delivery) {
      sleep(kPatience);
    } else if (delivery->server_away) {
      back_off();
    } else if (delivery->outcome == Outcome::kSent) {
      failures_ = 0;
    }
  }
  say_ended(loop_ended_);
}

void Worker::drain() noexcept {
  become_sentry_thread();
  pthread_setname_np(pthread_self(), "vitals-drain");
  {
    Sender sender{outlet_};
    ask_sources(true);
    while (!aborted_.load(std::memory_order_acquire)) {  // pairs with close()
      const std::optional<Delivery> delivery = process_next(sender);
      // The end is no time to wait for a server that is away, and each try may take its time-out.
      if (!delivery || delivery->server_away) break;
    }
  }
  discard_all(errors_, Category::kError);
  discard_all(transactions_, Category::kTransaction);
  while (const auto item = ready_.pop())
    settle(item->cost(), item->category, Outcome::kNetwork);
  {
    std::unique_lock hold{progress_mutex_};
    progress_.wait(hold, [this] { return loop_ended_; });
  }
  say_ended(ended_);
}

void Worker::say_ended(bool& which) noexcept {
  const std::lock_guard hold{progress_mutex_};
  which = true;
  progress_.notify_all();
}

std::optional<Delivery> Worker::process_next(Sender& sender) noexcept {
  std::optional<Delivery> delivery;
  if (const auto error = errors_.pop()) {
    delivery = process(sender, *error, Category::kError);
    // Before the look at waiters_, as flush() raises that before its look at this: one sees the
    // other.
    errors_done_.fetch_add(1, std::memory_order_seq_cst);
  } else if (const auto transaction = transactions_.pop()) {
    delivery = process(sender, *transaction, Category::kTransaction);
    transactions_done_.fetch_add(1, std::memory_order_seq_cst);
  } else if (const auto ready = ready_.pop()) {
    delivery = process(sender, *ready, ready->category);
    ready_done_.fetch_add(1, std::memory_order_seq_cst);
  } else {
    return delivery;
  }
  if (waiters_.load(std::memory_order_seq_cst) > 0 && depth() == 0) {
    const std::lock_guard hold{progress_mutex_};
    progress_.notify_all();
  }
  return delivery;
}

template <class Item>
Delivery Worker::process(Sender& sender, const Item& item, Category category) noexcept {
  Delivery delivery;
  try {
    delivery = sender.deliver(item);
  } catch (...) {
    delivery = {Outcome::kNetwork, false};  // out of memory while it was made
  }
  settle(item.cost(), category, delivery.outcome);
  return delivery;
}

void Worker::settle(std::size_t cost, Category category, Outcome outcome) noexcept {
  bytes_.fetch_sub(cost, std::memory_order_relaxed);
  count(category, outcome);
  const bool lost = outcome == Outcome::kNetwork || outcome == Outcome::kRateLimited ||
                    outcome == Outcome::kTooLarge;
  if (lost && closing_.load(std::memory_order_relaxed)) {
    lost_.store(true, std::memory_order_release);  // pairs with lost_any()
  }
}

void Worker::back_off() noexcept {
  const double longest =
      std::min(kLongestPauseSeconds, kFirstPauseSeconds * static_cast<double>(1 << failures_));
  failures_ = std::min(failures_ + 1, 6);
  // At least half of it, so that many processes do not come back at the same moment.
  const double seconds = longest * (0.5 + 0.5 * base::Random::unit());
  paused_until_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                     std::chrono::duration<double>{seconds});
  wake_pending_.store(true, std::memory_order_release);
  outlet_.say("the server is away, the queue waits");
}

template <class Item>
void Worker::discard_all(BoundedQueue<Item>& queue, Category category) noexcept {
  while (const auto item = queue.pop())
    settle(item->cost(), category, Outcome::kNetwork);
}

void Worker::sleep(std::chrono::nanoseconds time) noexcept {
  timespec until{};
  clock_gettime(CLOCK_MONOTONIC, &until);
  const std::int64_t total = until.tv_nsec + time.count();
  until.tv_sec += total / 1'000'000'000;
  until.tv_nsec = total % 1'000'000'000;
  sem_clockwait(&wake_, CLOCK_MONOTONIC, &until);
}

bool Worker::done_with(std::size_t errors, std::size_t transactions,
                       std::size_t ready) const noexcept {
  return errors_done_.load(std::memory_order_seq_cst) >= errors &&
         transactions_done_.load(std::memory_order_seq_cst) >= transactions &&
         ready_done_.load(std::memory_order_seq_cst) >= ready;
}

bool Worker::flush(Time deadline) noexcept {
  const std::size_t errors = errors_.pushed();
  const std::size_t transactions = transactions_.pushed();
  const std::size_t ready = ready_.pushed();
  waiters_.fetch_add(1, std::memory_order_seq_cst);
  wake();
  std::unique_lock hold{progress_mutex_};
  // The loop says when the queues are empty, not after each item: that would wake this thread for
  // nothing a thousand times. Under a steady stream they never are, hence the look now and then.
  constexpr std::chrono::milliseconds kLook{20};
  bool done = done_with(errors, transactions, ready);
  while (!done && !ended_ && Clock::now() < deadline) {
    progress_.wait_until(hold, std::min(deadline, Clock::now() + kLook));
    done = done_with(errors, transactions, ready);
  }
  waiters_.fetch_sub(1, std::memory_order_relaxed);
  return done;
}

void Worker::begin_close() noexcept {
  // So that what the loop has in hand is done with soon. Without privileges this fails, and the
  // loop is merely slow.
  if (const int loop = loop_thread_.load(std::memory_order_relaxed); loop != 0) {
    setpriority(PRIO_PROCESS, static_cast<id_t>(loop), getpriority(PRIO_PROCESS, 0));
  }
  closing_.store(true, std::memory_order_release);
  wake();
}

bool Worker::close(Time deadline) noexcept {
  std::unique_lock hold{progress_mutex_};
  const auto ended = [this] { return ended_; };
  // A little before the deadline, so that the loop can still count what it had to leave.
  const auto margin = std::clamp<Clock::duration>(
      (deadline - Clock::now()) / 10, std::chrono::milliseconds{0}, std::chrono::milliseconds{100});
  if (progress_.wait_until(hold, deadline - margin, ended)) return true;
  aborted_.store(true, std::memory_order_release);
  lost_.store(true, std::memory_order_release);
  hold.unlock();
  outlet_.cancel();
  wake();
  hold.lock();
  constexpr std::chrono::milliseconds kGrace{150};
  if (progress_.wait_until(hold, std::max(deadline, Clock::now() + kGrace), ended)) return true;
  hold.unlock();
  // A transport that does not heed cancel(): it is left with what it holds, the rest is counted.
  discard_all(errors_, Category::kError);
  discard_all(transactions_, Category::kTransaction);
  while (const auto item = ready_.pop())
    settle(item->cost(), item->category, Outcome::kNetwork);
  return false;
}

}  // namespace vitals::sentry::detail

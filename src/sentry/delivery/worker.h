#pragma once

#include <semaphore.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "sentry/delivery/outlet.h"
#include "sentry/delivery/pace.h"
#include "sentry/delivery/queues.h"
#include "sentry/delivery/sender.h"
#include "sentry/delivery/spool.h"
#include "sentry/items.h"
#include "vitals/sentry/options.h"

namespace vitals::sentry::detail {

/// Empties the queues: several threads that do the same. One at a time has the turn: it waits for
/// the next item, makes the event and asks the hooks. Then it passes the turn on, and writes,
/// compresses and posts by itself. So several requests are in flight, and hooks never meet.
///
/// Who captures shares nothing with them but the queues' atomics and, for an error, a semaphore: it
/// never waits for these threads, which run at the lowest priority.
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
  bool push(TransactionItem item) noexcept;
  bool push(std::unique_ptr<ReadyItem> item) noexcept;
  [[nodiscard]] std::size_t depth() const noexcept { return queues_.depth(); }
  [[nodiscard]] std::uint64_t spool_bytes() const noexcept { return spool_ ? spool_->bytes() : 0; }

  /// How many threads are to be in run(), and at the end in drain().
  [[nodiscard]] std::size_t threads() const noexcept { return threads_; }
  /// The loop, on each of the client's threads, until begin_close(). At the lowest priority.
  void run() noexcept;
  /// What is left to do at the end, on as many other threads at the priority of whoever ends the
  /// client: on a busy machine the first would not be done by any deadline, and priority cannot be
  /// raised again without privileges. They do not take turns, since the turn may be held by one of
  /// the first: hooks may meet.
  void drain() noexcept;

  /// Waits until all that was pushed before is sent, on disk or lost, and what the sources had.
  /// False when `deadline` came first.
  bool flush(Time deadline) noexcept;
  /// Ends the `loops` threads in run() after what they have in hand; drain() is to be started next.
  void begin_close(std::size_t loops, Time deadline) noexcept;
  /// How many threads were started with drain().
  void drains_started(std::size_t count) noexcept;
  /// In place of drain(), where there is no thread to be had for it: puts on disk what waits.
  void save_without_threads(Time deadline) noexcept;
  /// Waits until drain() has emptied the queues, and cuts it short when `deadline` comes near. True
  /// when all threads are about to end and can be joined.
  bool close(Time deadline) noexcept;
  /// The process is about to die over a crash: brings all that waits to disk, and of what is being
  /// sent a copy where the server knows it by its id, since no answer may come. For what has no id an
  /// answer is waited for, a second at most; then of logs there is a copy as well, while sessions are
  /// rather lost than counted twice. Without a spool it is sent instead, as far as time allows. On a
  /// thread of its own; nothing is freed that another thread has made, as the heap may be locked by
  /// the one that crashed. Should the process live on, so does this.
  void rescue(Time deadline) noexcept;

  /// Whether anything was left undelivered since begin_close().
  [[nodiscard]] bool lost_any() const noexcept { return lost_.load(std::memory_order_acquire); }

 private:
  /// One thing to do.
  struct Job {
    std::optional<Queues::Taken> taken;  // where it came from, if from the queues
    std::optional<Draft> draft;
    std::optional<Envelope> envelope;
    std::optional<Spool::Claim> claim;  // where it came from, if from disk
    std::optional<Report> report;       // what it is, if a report alone
    bool to_disk = false;               // the server is away
  };
  struct Ticket {
    Queues::Lane lane;
    std::size_t place;
    bool check_in;
  };

  // worker.cc: while it runs
  [[nodiscard]] bool make_sender(std::optional<Sender>& sender) noexcept;
  [[nodiscard]] std::optional<Job> next_job(Sender& sender) noexcept;
  [[nodiscard]] std::optional<Job> look(Sender& sender, Time now, bool post);
  [[nodiscard]] std::optional<Job> take_retry();
  [[nodiscard]] std::optional<Job> take_queued(Sender& sender, bool to_disk) noexcept;
  [[nodiscard]] std::optional<Job> take_replay(Time now);
  [[nodiscard]] std::optional<Job> take_report(Sender& sender, Time now);
  [[nodiscard]] bool may_spool_transaction() noexcept;
  [[nodiscard]] bool make_draft(Sender& sender, Job& job) noexcept;
  [[nodiscard]] bool seal(Sender& sender, Job& job) noexcept;
  void chores(Time now) noexcept;
  void watch_pressure() noexcept;
  [[nodiscard]] bool ask_sources(bool everything) noexcept;
  void work(Sender& sender, Job& job) noexcept;
  void finish(Job& job, Cause cause) noexcept;
  void finish_away(Job& job) noexcept;
  void let_go(Job& job) noexcept;
  [[nodiscard]] bool keep_for_retry(Job& job) noexcept;
  [[nodiscard]] Answer send(Sender& sender, Job& job);
  /// Whether what cannot be sent goes to disk. Where that cannot be written, as after setuid() or
  /// with no descriptor left, it waits in memory as if there were no spool.
  [[nodiscard]] bool saves() const noexcept { return spool_ && !spool_->failing(); }
  [[nodiscard]] bool is_last_chance() const noexcept {
    return closing_.load(std::memory_order_relaxed) || rescuing_.load(std::memory_order_acquire);
  }
  [[nodiscard]] bool may_post(Time now) noexcept;
  void back_off() noexcept;
  void sleep(Time now) noexcept;
  void wake() noexcept { sem_post(&wake_); }

  // worker_end.cc: flush and the end
  [[nodiscard]] bool done_with(const Queues::Marks& marks) const noexcept;
  /// So that what the loops have in hand is done with soon, or on a busy machine it would take a
  /// minute. Without privileges this fails, and they stay slow. Under the mutex.
  void raise_loops() noexcept;
  void empty_queues(Sender& sender) noexcept;
  /// `sender` may be null.
  void end_of_drain(Sender* sender) noexcept;
  void rest_to_disk(Sender& sender) noexcept;
  void last_report(Sender& sender) noexcept;
  void discard_rest() noexcept;
  void rescue_queued(Sender& sender, const Queues::Marks& marks, Time deadline) noexcept;
  /// Whether an answer to what has no id is waited for.
  enum class Patience { kLeft, kOver };
  /// Looks at what is not among `seen`, and adds it.
  void copy_what_is_sent(std::vector<const Envelope*>& seen, Patience patience) noexcept;
  [[nodiscard]] bool all_in_safety(const Queues::Marks& marks,
                                   const std::vector<const Envelope*>& seen) noexcept;

  const Pace pace_;
  const std::size_t threads_;
  Outlet outlet_;
  Queues queues_;
  const std::unique_ptr<Spool> spool_;  // null: there is none
  const std::vector<ItemSource*> sources_;

  sem_t wake_{};
  std::atomic<bool> wake_pending_{false};
  std::atomic<bool> closing_{false};
  std::atomic<bool> gone_{false};     // the server did not answer at the end
  std::atomic<bool> aborted_{false};  // the deadline of the end is near
  std::atomic<bool> lost_{false};
  std::atomic<bool> rescuing_{false};  // the process dies
  std::atomic<Time> deadline_{};       // of the end

  std::mutex turn_;
  // Of who has the turn.
  Time next_ask_{};
  Time next_replay_{};
  Time next_pressure_{};
  Time next_rescan_{};
  std::mutex sources_mutex_;

  mutable std::mutex mutex_;  // of all below; never of a capture
  Time next_share_{};
  int share_left_ = 0;
  std::condition_variable progress_;
  std::vector<int> loop_threads_;  // the kernel's numbers of them
  std::vector<Ticket> open_;       // taken from the queues and not done with
  std::deque<Job> retries_;        // failed, and to be tried again
  int failures_ = 0;               // in a row
  int posting_ = 0;
  std::vector<const Envelope*> being_sent_;  // of the queues; nobody changes one meanwhile
  Time paused_until_{};
  std::atomic<int> waiters_{0};
  std::uint64_t rounds_wanted_ = 0;  // of asking the sources for everything
  std::uint64_t rounds_done_ = 0;
  std::size_t loops_ = 0;
  std::size_t loops_ended_ = 0;
  std::size_t drains_ = 0;
  std::size_t drains_ended_ = 0;
  bool ended_ = false;
};

}  // namespace vitals::sentry::detail

#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/held_signals.h"
#include "delivery/back_off.h"
#include "delivery/cargo.h"
#include "delivery/in_hand.h"
#include "delivery/pace.h"
#include "delivery/policy.h"
#include "delivery/queues.h"
#include "delivery/spool.h"
#include "delivery/wake.h"
#include "vitals/delivery/transport.h"

namespace vitals::delivery::detail {

/// What a worker is made of.
struct WorkerOptions {
  std::string name;                // of its threads, up to 15 letters
  std::vector<LaneLimits> lanes;   // the most important first
  std::vector<Source*> sources{};  // they must outlive it
  std::size_t source_lane = 0;     // the lane for what they give
  // How long what is pushed and not urgent may lie before it is picked up. Nobody waits for it, and
  // waking a thread for each would cost who pushes more than the rest of push().
  std::chrono::milliseconds patience{100};
  std::size_t requests_in_flight = 4;
  int most_tries = 5;                    // of a parcel that waits in memory
  std::shared_ptr<Transport> transport;  // null: there is no server
  std::unique_ptr<Spool> spool{};        // null: nothing goes to disk
};

/// Empties the queues: several threads that do the same. One at a time has the turn: it waits for
/// the next thing and does the first half of the work on it. Then it passes the turn on, and
/// writes, compresses and posts by itself. So several requests are in flight, and hooks never meet.
///
/// A thread that hands over shares nothing with them but the queues' atomics and, where it wakes
/// them, a semaphore: it never waits for these threads, which run at the lowest priority.
class Worker {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// The policy must outlive it.
  Worker(Policy& policy, WorkerOptions options);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() = default;

  /// Starts the threads; fewer where the system gives no more. Each holds a share of `owner`, so
  /// that a transport that will not let go keeps what it uses. Throws std::system_error when there
  /// is none to be had.
  void start(const std::shared_ptr<void>& owner);
  /// Takes the cargo, or counts it as dropped. What is urgent wakes a thread, the rest is found
  /// within WorkerOptions::patience. Threads: any.
  bool push(std::size_t lane, std::unique_ptr<Cargo> cargo, bool urgent) noexcept;
  /// A source has enough for a request: it is asked at once. Threads: any.
  void ask_soon() noexcept;
  [[nodiscard]] std::size_t depth() const noexcept { return queues_.depth(); }
  [[nodiscard]] std::uint64_t spool_bytes() const noexcept { return spool_ ? spool_->bytes() : 0; }

  /// Waits until all that was pushed before is sent, on disk or lost, and what the sources had.
  /// False when `deadline` came first.
  bool flush(Time deadline) noexcept;
  /// Sends what waits and ends the threads by `deadline`. True when nothing was lost. Nothing is to
  /// be pushed any more. `owner` as for start().
  bool end(const std::shared_ptr<void>& owner, Time deadline) noexcept;
  /// The process is about to die over a crash: brings all that waits to disk, and of what is being
  /// sent a copy where a server that gets it twice takes it once, since no answer may come. For
  /// the rest an answer is waited for, a second at most; then there is a copy as well of what may
  /// arrive twice without harm. Without a spool it is sent instead, as far as time allows. On a
  /// thread of its own; nothing is freed that another thread has made, as the heap may be locked by
  /// the one that crashed. Should the process live on, so does this.
  void rescue(Time deadline) noexcept;

 private:
  /// One thing to do.
  struct Job {
    std::optional<Queues::Taken> taken;  // where it came from, if from the queues
    std::optional<Parcel> parcel;
    std::optional<Spool::Claim> claim;  // where it came from, if from disk
    std::unique_ptr<Receipt> receipt;   // of a notice, null for all else
    bool to_disk = false;               // the server is away
  };
  /// How far the end has come.
  struct Ending {
    std::atomic<bool> closing{false};
    std::atomic<bool> gone{false};     // the server did not answer at the end
    std::atomic<bool> aborted{false};  // the deadline of the end is near
    std::atomic<bool> lost{false};     // something was left undelivered since it began
    std::atomic<bool> rescuing{false};
    std::atomic<Time> deadline{};
  };
  /// When the thread that has the turn does what comes up again and again.
  struct Chores {
    Time ask{};
    Time replay{};
    Time pressure{};
    Time rescan{};
  };
  /// What may still go to disk of a lane within a while.
  struct DiskShare {
    Time until{};
    std::array<int, kMostLanes> left{};
  };
  /// The sources of small things, and the lane that they go to.
  struct Gatherers {
    const std::vector<Source*> sources;
    const std::size_t lane;
    std::mutex asking{};
    // Of asking them for everything, which a flush waits for. Under the worker's mutex.
    std::uint64_t rounds_wanted = 0;
    std::uint64_t rounds_done = 0;
  };
  /// The threads in run(), and those in drain() that take over at the end.
  struct Crew {
    std::vector<std::thread> loops;
    std::vector<std::thread> drains;
    std::vector<int> kernel_ids;  // of the loops
    std::size_t loops_to_end = 0;
    std::size_t loops_ended = 0;
    std::size_t drains_started = 0;
    std::size_t drains_ended = 0;
    bool all_ended = false;
  };

  // worker.cc: while it runs
  void run() noexcept;
  [[nodiscard]] bool make_packer(std::unique_ptr<Packer>& packer) noexcept;
  [[nodiscard]] std::optional<Job> next_job(Packer& packer) noexcept;
  [[nodiscard]] std::optional<Job> look(Packer& packer, Time now, bool post);
  [[nodiscard]] std::optional<Job> take_retry();
  [[nodiscard]] std::optional<Job> take_queued(Packer& packer, bool to_disk) noexcept;
  [[nodiscard]] std::optional<Job> take_replay(Time now);
  [[nodiscard]] std::optional<Job> take_notice(Time now, bool last);
  /// Under the mutex.
  [[nodiscard]] bool may_spool(std::size_t lane, Time now) noexcept;
  [[nodiscard]] Queues::Lanes open_lanes(bool to_disk) noexcept;
  [[nodiscard]] bool open(Packer& packer, Job& job) noexcept;
  [[nodiscard]] bool pack(Packer& packer, Job& job) noexcept;
  void do_chores(Time now) noexcept;
  [[nodiscard]] bool ask_sources(bool everything) noexcept;
  void work(Packer& packer, Job& job) noexcept;
  [[nodiscard]] Verdict send(Packer& packer, Job& job);
  void drop(Job& job, DropReason reason) noexcept;
  void finish(Job& job, bool lost) noexcept;
  void finish_away(Job& job) noexcept;
  void let_go(Job& job) noexcept;
  [[nodiscard]] bool keep_for_retry(Job& job) noexcept;
  /// Whether what cannot be sent goes to disk. Where that cannot be written, as after setuid() or
  /// with no descriptor left, it waits in memory as if there were no spool.
  [[nodiscard]] bool saves() const noexcept { return spool_ && !spool_->failing(); }
  [[nodiscard]] bool is_last_chance() const noexcept {
    return ending_.closing.load(std::memory_order_relaxed) ||
           ending_.rescuing.load(std::memory_order_acquire);
  }
  [[nodiscard]] bool may_post(Time now) noexcept;
  void back_off(std::chrono::milliseconds at_least) noexcept;
  void sleep(Time now) noexcept;

  /// The mutex, held by a thread of the service, whose signals wait as long: a handler that calls
  /// exit() asks for a rescue, and that would find the mutex held for ever.
  struct Hold {
    explicit Hold(Worker& worker) : lock(worker.mutex_) {}
    const base::HeldSignals signals{};
    const std::lock_guard<std::mutex> lock;
  };

  // worker_end.cc: flush, the end and the rescue
  /// On a thread of the service: looks, under the mutex, until the condition is met. False when
  /// `deadline` came first.
  template <class Condition>
  bool wait_until(Time deadline, Condition met) noexcept;
  /// Under the mutex.
  [[nodiscard]] bool done_with(const Queues::Marks& marks) const noexcept;
  void begin_end(Time deadline) noexcept;
  /// What is left to do at the end, on as many other threads at the priority of the thread that
  /// ends it: on a busy machine the first would not be done by any deadline, and priority cannot be
  /// raised again without privileges. They do not take turns, since the turn may be held by one of
  /// the first: hooks may meet.
  void drain() noexcept;
  /// So that what the loops have in hand is done with soon, or on a busy machine it would take a
  /// minute. Without privileges this fails, and they stay slow. Under the mutex.
  void raise_loops() noexcept;
  void empty_queues(Packer& packer) noexcept;
  /// `packer` may be null.
  void end_of_drain(Packer* packer) noexcept;
  void rest_to_disk(Packer& packer) noexcept;
  void last_notice(Packer& packer) noexcept;
  void drop_rest() noexcept;
  /// In place of drain(), where there is no thread to be had for it: puts on disk what waits.
  void save_without_threads() noexcept;
  /// Waits until drain() has emptied the queues, and cuts it short when `deadline` comes near. True
  /// when all threads are about to end and can be joined.
  [[nodiscard]] bool wait_for_end(Time deadline) noexcept;
  void rescue_queued(Packer& packer, const Queues::Marks& marks, Time deadline) noexcept;
  /// Whether an answer is waited for to what may not arrive twice.
  enum class Patience { kLeft, kOver };
  /// Looks at what is not among `seen`, and adds it.
  void copy_what_is_sent(std::vector<const Parcel*>& seen, Patience patience) noexcept;
  [[nodiscard]] bool all_in_safety(const Queues::Marks& marks,
                                   const std::vector<const Parcel*>& seen) noexcept;

  Policy& policy_;
  const Pace pace_;
  const std::string name_;
  const int most_tries_;
  const std::chrono::milliseconds patience_;
  const std::size_t threads_;
  const std::shared_ptr<Transport> transport_;
  const std::unique_ptr<Spool> spool_;
  Queues queues_;
  Gatherers gatherers_;
  Wake wake_;
  Ending ending_;
  std::atomic<bool> ask_now_{false};

  std::mutex turn_;
  Chores next_;  // of the thread that has the turn

  std::mutex mutex_;  // of all below; push() never takes it
  std::condition_variable progress_;
  BackOff server_;
  InHand in_hand_;
  std::deque<Job> retries_;  // failed, and to be tried again
  DiskShare disk_share_;
  Crew crew_;
};

}  // namespace vitals::delivery::detail

#include <pthread.h>
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <new>
#include <utility>

#include "base/background_thread.h"
#include "delivery/worker.h"

namespace vitals::delivery::detail {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

bool Worker::done_with(const Queues::Marks& marks) const noexcept {
  const Queues::Marks popped = queues_.popped();
  for (std::size_t lane = 0; lane < queues_.lanes(); ++lane) {
    if (popped[lane] < marks[lane]) return false;
  }
  return in_hand_.before(marks) == 0;
}

template <class Condition>
bool Worker::wait_until(Time deadline, Condition met) noexcept {
  // A condition variable would give the mutex back to this thread with its signals open.
  constexpr std::chrono::microseconds kShortest{50};
  constexpr std::chrono::microseconds kLongest{5000};
  for (std::chrono::microseconds pause = kShortest;; pause = std::min(2 * pause, kLongest)) {
    {
      const Hold hold{*this};
      if (met()) return true;
    }
    const Time now = Clock::now();
    if (now >= deadline) return false;
    // Not by the standard library, which sleeps on after a signal: a stream of them would keep it
    // past the deadline.
    const timespec length{
        0, std::chrono::nanoseconds{std::min<Clock::duration>(pause, deadline - now)}.count()};
    nanosleep(&length, nullptr);
  }
}

bool Worker::flush(Time deadline) noexcept {
  if (!gatherers_.sources.empty()) {
    std::uint64_t round = 0;
    {
      const Hold hold{*this};
      round = ++gatherers_.rounds_wanted;
    }
    wake_.now();
    wait_until(deadline, [&] { return gatherers_.rounds_done >= round || crew_.all_ended; });
  }
  const Queues::Marks marks = queues_.pushed();
  wake_.now();
  bool done = false;
  wait_until(deadline, [&] {
    done = done_with(marks);
    return done || crew_.all_ended;
  });
  return done;
}

bool Worker::end(const std::shared_ptr<void>& owner, Time deadline) noexcept {
  begin_end(deadline);
  try {
    crew_.drains.reserve(crew_.loops.size());
    while (crew_.drains.size() < crew_.loops.size())
      crew_.drains.push_back(base::start_background_thread([this, owner] { drain(); }));
  } catch (const std::exception&) {
    // With none of them nobody will come: all that can be is put on disk from here, and the rest is
    // counted as dropped and left behind.
    if (crew_.drains.empty()) {
      save_without_threads();
      deadline = Clock::now();
    }
  }
  {
    const Hold hold{*this};
    crew_.drains_started = crew_.drains.size();
    progress_.notify_all();
  }
  const bool ended = wait_for_end(deadline);
  for (std::vector<std::thread>* const group : {&crew_.loops, &crew_.drains}) {
    for (std::thread& thread : *group)
      ended ? thread.join() : thread.detach();
  }
  // What went to disk before the end is not delivered either.
  return !ending_.lost.load(std::memory_order_acquire) && !(spool_ && spool_->any());
}

void Worker::raise_loops() noexcept {
  for (const int loop : crew_.kernel_ids)
    setpriority(PRIO_PROCESS, static_cast<id_t>(loop), getpriority(PRIO_PROCESS, 0));
}

void Worker::begin_end(Time deadline) noexcept {
  {
    const Hold hold{*this};
    raise_loops();
    crew_.loops_to_end = crew_.loops.size();
    ending_.deadline.store(deadline, std::memory_order_relaxed);
    // Under the mutex: from now on nothing is put by for a retry.
    ending_.closing.store(true, std::memory_order_release);  // pairs with next_job()
  }
  wake_.now();
}

void Worker::drain() noexcept {
  policy_.begin_thread();
  pthread_setname_np(pthread_self(), "vitals-drain");
  std::unique_ptr<Packer> packer;
  // Without memory for one, what waits is counted as dropped.
  bool asked = !make_packer(packer);
  while (!asked && !ending_.gone.load(std::memory_order_acquire) &&
         !ending_.aborted.load(std::memory_order_acquire)) {  // pairs with wait_for_end()
    asked = ask_sources(true);
    empty_queues(*packer);
  }
  end_of_drain(packer.get());
}

void Worker::empty_queues(Packer& packer) noexcept {
  // The end is no time to wait for a server that is away, and each try may take its time-out.
  while (!ending_.aborted.load(std::memory_order_acquire) &&
         !ending_.gone.load(std::memory_order_acquire)) {
    std::optional<Job> job = take_retry();
    if (!job) job = take_queued(packer, false);
    if (!job && queues_.depth() == 0) return;
    if (!job) {
      // What must keep its order goes one at a time, and one is on its way.
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
      continue;
    }
    {
      const std::lock_guard hold{mutex_};
      server_.begin_post();
    }
    work(packer, *job);
  }
}

void Worker::end_of_drain(Packer* packer) noexcept {
  {
    std::unique_lock hold{mutex_};
    progress_.wait(hold, [this] { return crew_.drains_started != 0; });
    if (++crew_.drains_ended < crew_.drains_started) return;  // the last one does what is left
  }
  static_cast<void>(ask_sources(true));
  if (spool_ && packer != nullptr) rest_to_disk(*packer);
  drop_rest();
  {
    std::unique_lock hold{mutex_};
    progress_.wait(hold, [this] { return crew_.loops_ended >= crew_.loops_to_end; });
  }
  if (packer != nullptr) last_notice(*packer);
  policy_.end(ending_.deadline.load(std::memory_order_relaxed));
  const std::lock_guard hold{mutex_};
  crew_.all_ended = true;
}

void Worker::rest_to_disk(Packer& packer) noexcept {
  while (Clock::now() < ending_.deadline.load(std::memory_order_relaxed)) {
    std::optional<Job> job = take_retry();
    if (!job) job = take_queued(packer, true);
    if (!job) return;
    job->to_disk = true;
    work(packer, *job);
  }
}

void Worker::last_notice(Packer& packer) noexcept {
  if (ending_.aborted.load(std::memory_order_acquire) ||
      ending_.gone.load(std::memory_order_acquire)) {
    return;
  }
  try {
    std::optional<Job> job = take_notice(Clock::now(), true);
    if (!job) return;
    {
      const std::lock_guard hold{mutex_};
      server_.begin_post();
    }
    work(packer, *job);
  } catch (...) {
    // No memory for one.
  }
}

void Worker::drop_rest() noexcept {
  while (std::optional<Job> job = take_retry())
    drop(*job, DropReason::kNetwork);
  Queues::Lanes all{};
  all.fill(true);
  while (const std::optional<Queues::Taken> taken = queues_.take(Queues::Order::kByRank, all)) {
    taken->cargo->count_dropped(DropReason::kNetwork);
    queues_.release(*taken);
    ending_.lost.store(true, std::memory_order_release);  // pairs with end()
  }
}

void Worker::save_without_threads() noexcept {
  if (!spool_) return;
  std::unique_ptr<Packer> packer;
  if (!make_packer(packer)) return;  // the rest is counted
  static_cast<void>(ask_sources(true));
  rest_to_disk(*packer);
}

bool Worker::wait_for_end(Time deadline) noexcept {
  const auto ended = [this] { return crew_.all_ended; };
  // A little before the deadline, so that what is left can still be put on disk or counted.
  const auto share = (deadline - Clock::now()) / (spool_ ? 4 : 10);
  const auto margin = std::clamp<Clock::duration>(share, std::chrono::milliseconds{0},
                                                  std::chrono::milliseconds{spool_ ? 400 : 100});
  if (wait_until(deadline - margin, ended)) return true;
  ending_.aborted.store(true, std::memory_order_release);
  ending_.lost.store(true, std::memory_order_release);
  if (transport_) transport_->cancel();
  wake_.now();
  constexpr std::chrono::milliseconds kGrace{150};
  if (wait_until(std::max(deadline, Clock::now() + kGrace), ended)) return true;
  // A transport that does not heed cancel(): it is left with what it holds, the rest is counted.
  drop_rest();
  return false;
}

void Worker::rescue(Time deadline) noexcept {
  ending_.rescuing.store(true, std::memory_order_release);  // pairs with is_last_chance()
  {
    const std::lock_guard hold{mutex_};
    raise_loops();
  }
  wake_.now();
  std::unique_ptr<Packer> packer;
  if (make_packer(packer)) {
    try {
      std::vector<const Parcel*> seen;
      copy_what_is_sent(seen, Patience::kLeft);
      // Other threads may capture on and on: what was there when it crashed, and what the sources
      // had.
      Queues::Marks marks = queues_.pushed();
      rescue_queued(*packer, marks, deadline);
      constexpr int kMostRounds = 4;  // of as much as the queue takes
      for (int round = 0; round < kMostRounds && Clock::now() < deadline; ++round) {
        const bool asked = ask_sources(true);
        marks[gatherers_.lane] = queues_.pushed()[gatherers_.lane];
        rescue_queued(*packer, marks, deadline);
        if (asked) break;
      }
      // For an answer, which a server that is there gives in that time.
      constexpr std::chrono::seconds kAnswerPatience{1};
      const Time patient = Clock::now() + kAnswerPatience;
      for (; Clock::now() < deadline; std::this_thread::sleep_for(std::chrono::milliseconds{1})) {
        copy_what_is_sent(seen, Clock::now() < patient ? Patience::kLeft : Patience::kOver);
        if (all_in_safety(marks, seen)) break;
      }
    } catch (...) {
      // No memory to do more.
    }
  }
  ending_.rescuing.store(false, std::memory_order_release);
}

void Worker::rescue_queued(Packer& packer, const Queues::Marks& marks, Time deadline) noexcept {
  const auto is_left = [&] {
    const Queues::Marks popped = queues_.popped();
    for (std::size_t lane = 0; lane < queues_.lanes(); ++lane) {
      if (popped[lane] < marks[lane]) return true;
    }
    return false;
  };
  while (Clock::now() < deadline) {
    std::optional<Job> job = take_retry();
    if (!job && is_left()) job = take_queued(packer, saves());
    if (!job) return;
    if (!job->to_disk) {
      const std::lock_guard hold{mutex_};
      server_.begin_post();
    }
    work(packer, *job);
  }
}

void Worker::copy_what_is_sent(std::vector<const Parcel*>& seen, Patience patience) noexcept {
  if (!spool_) return;
  const auto is_due = [&](const Parcel* one) {
    return (patience == Patience::kOver || one->twice == Twice::kOnce) &&
           std::find(seen.begin(), seen.end(), one) == seen.end();
  };
  while (true) {
    Parcel copy;
    try {
      const std::lock_guard hold{mutex_};
      const std::vector<const Parcel*>& sent = in_hand_.being_sent();
      const auto next = std::find_if(sent.begin(), sent.end(), is_due);
      if (next == sent.end()) return;
      seen.push_back(*next);
      if ((*next)->twice == Twice::kHarmful) continue;
      copy = **next;
    } catch (const std::bad_alloc&) {
      return;
    }
    static_cast<void>(spool_->put(copy));
  }
}

bool Worker::all_in_safety(const Queues::Marks& marks,
                           const std::vector<const Parcel*>& seen) noexcept {
  const std::lock_guard hold{mutex_};
  if (done_with(marks)) return true;
  const std::vector<const Parcel*>& sent = in_hand_.being_sent();
  return saves() && in_hand_.before(marks) <= sent.size() &&
         std::all_of(sent.begin(), sent.end(), [&seen](const Parcel* one) {
           return std::find(seen.begin(), seen.end(), one) != seen.end();
         });
}

}  // namespace vitals::delivery::detail

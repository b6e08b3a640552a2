#include <sys/resource.h>
#include <thread>

#include <algorithm>
#include <thread>
#include <utility>

#include "sentry/delivery/worker.h"
#include "sentry/runtime.h"

namespace vitals::sentry::detail {
namespace {

using Clock = std::chrono::steady_clock;

/// What Spotlight may take of the end when it is not all there is.
constexpr std::chrono::milliseconds kSpotlightEnd{300};

/// Whether a server that gets it twice takes it once: by its id, which a check-in has inside.
bool is_known_again(const Envelope& envelope) noexcept {
  return envelope.event_id || envelope.category == Category::kMonitor;
}

}  // namespace

bool Worker::done_with(const Queues::Marks& marks) const noexcept {
  const Queues::Marks popped = queues_.popped();
  for (std::size_t lane = 0; lane < Queues::kLanes; ++lane) {
    if (popped[lane] < marks[lane]) return false;
  }
  return std::none_of(open_.begin(), open_.end(),
                      [&](const Ticket& ticket) { return ticket.place < marks[ticket.lane]; });
}

bool Worker::flush(Time deadline) noexcept {
  waiters_.fetch_add(1, std::memory_order_relaxed);
  std::unique_lock hold{mutex_};
  if (!sources_.empty()) {
    const std::uint64_t round = ++rounds_wanted_;
    wake();
    progress_.wait_until(hold, deadline, [&] { return rounds_done_ >= round || ended_; });
  }
  const Queues::Marks marks = queues_.pushed();
  wake();
  // The loops say when the queues are empty, not after each item: that would wake this thread for
  // nothing a thousand times. Under a steady stream they never are, hence the look now and then.
  constexpr std::chrono::milliseconds kLook{20};
  bool done = done_with(marks);
  while (!done && !ended_ && Clock::now() < deadline) {
    progress_.wait_until(hold, std::min(deadline, Clock::now() + kLook));
    done = done_with(marks);
  }
  waiters_.fetch_sub(1, std::memory_order_relaxed);
  return done;
}

void Worker::raise_loops() noexcept {
  for (const int loop : loop_threads_) {
    setpriority(PRIO_PROCESS, static_cast<id_t>(loop), getpriority(PRIO_PROCESS, 0));
  }
}

void Worker::begin_close(std::size_t loops, Time deadline) noexcept {
  {
    const std::lock_guard hold{mutex_};
    raise_loops();
    loops_ = loops;
    deadline_.store(deadline, std::memory_order_relaxed);
    // Under the mutex: from now on nothing is put by for a retry.
    closing_.store(true, std::memory_order_release);  // pairs with next_job()
  }
  wake();
}

void Worker::drains_started(std::size_t count) noexcept {
  const std::lock_guard hold{mutex_};
  drains_ = count;
  progress_.notify_all();
}

void Worker::drain() noexcept {
  context::become_sending_thread();
  pthread_setname_np(pthread_self(), "vitals-drain");
  std::optional<Sender> sender;
  // Without memory for one, what waits is counted as lost.
  bool asked = !make_sender(sender);
  while (!asked && !gone_.load(std::memory_order_acquire) &&
         !aborted_.load(std::memory_order_acquire)) {  // pairs with close()
    asked = ask_sources(true);
    empty_queues(*sender);
  }
  end_of_drain(sender ? &*sender : nullptr);
}

void Worker::empty_queues(Sender& sender) noexcept {
  // The end is no time to wait for a server that is away, and each try may take its time-out.
  while (!aborted_.load(std::memory_order_acquire) && !gone_.load(std::memory_order_acquire)) {
    std::optional<Job> job = take_retry();
    if (!job) job = take_queued(sender, false);
    if (!job && queues_.depth() == 0) return;
    if (!job) {
      // Small items go one at a time, and one is on its way.
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
      continue;
    }
    {
      const std::lock_guard hold{mutex_};
      ++posting_;
    }
    work(sender, *job);
  }
}

void Worker::end_of_drain(Sender* sender) noexcept {
  {
    std::unique_lock hold{mutex_};
    progress_.wait(hold, [this] { return drains_ != 0; });
    if (++drains_ended_ < drains_) return;  // the last one does what is left
  }
  static_cast<void>(ask_sources(true));
  if (spool_ && sender != nullptr) rest_to_disk(*sender);
  discard_rest();
  {
    std::unique_lock hold{mutex_};
    progress_.wait(hold, [this] { return loops_ended_ >= loops_; });
  }
  if (sender != nullptr) last_report(*sender);
  const Time deadline = deadline_.load(std::memory_order_relaxed);
  const bool alone = outlet_.destinations().url.empty();
  outlet_.close_spotlight(alone ? deadline : std::min(deadline, Clock::now() + kSpotlightEnd));
  const std::lock_guard hold{mutex_};
  ended_ = true;
  progress_.notify_all();
}

void Worker::rest_to_disk(Sender& sender) noexcept {
  while (Clock::now() < deadline_.load(std::memory_order_relaxed)) {
    std::optional<Job> job = take_retry();
    if (!job) job = take_queued(sender, true);
    if (!job) return;
    job->to_disk = true;
    work(sender, *job);
  }
}

void Worker::last_report(Sender& sender) noexcept {
  if (aborted_.load(std::memory_order_acquire) || gone_.load(std::memory_order_acquire)) return;
  try {
    Job job;
    job.report = outlet_.report_alone();
    if (!job.report) return;
    job.envelope = sender.seal(*job.report);
    {
      const std::lock_guard hold{mutex_};
      ++posting_;
    }
    work(sender, job);
  } catch (...) {
    // No memory for a report.
  }
}

void Worker::discard_rest() noexcept {
  while (std::optional<Job> job = take_retry())
    finish(*job, Cause::kNetworkError);
  while (const std::optional<Queues::Taken> taken = queues_.take(Queues::Order::kErrorsFirst, {})) {
    Queues::count_lost(*taken, Cause::kNetworkError);
    queues_.release(*taken);
    lost_.store(true, std::memory_order_release);  // pairs with lost_any()
  }
}

void Worker::save_without_threads(Time deadline) noexcept {
  if (!spool_) return;
  deadline_.store(deadline, std::memory_order_relaxed);
  try {
    Sender sender{outlet_};
    static_cast<void>(ask_sources(true));
    rest_to_disk(sender);
  } catch (const std::bad_alloc&) {
    // The rest is counted.
  }
}

void Worker::rescue(Time deadline) noexcept {
  context::become_sending_thread();
  rescuing_.store(true, std::memory_order_release);  // pairs with is_last_chance()
  {
    const std::lock_guard hold{mutex_};
    raise_loops();
  }
  wake();
  try {
    Sender sender{outlet_};
    std::vector<const Envelope*> seen;
    copy_what_is_sent(seen, Patience::kLeft);
    // Other threads may capture on and on: what was there when it crashed, and what the sources
    // had.
    Queues::Marks marks = queues_.pushed();
    rescue_queued(sender, marks, deadline);
    constexpr int kMostRounds = 4;  // of as much as the queue takes
    for (int round = 0; round < kMostRounds && Clock::now() < deadline; ++round) {
      const bool asked = ask_sources(true);
      marks[Queues::kItems] = queues_.pushed()[Queues::kItems];
      rescue_queued(sender, marks, deadline);
      if (asked) break;
    }
    // For an answer to what has no id, which a server that is there gives in that time.
    constexpr std::chrono::seconds kAnswerPatience{1};
    const Time patient = Clock::now() + kAnswerPatience;
    for (; Clock::now() < deadline; std::this_thread::sleep_for(std::chrono::milliseconds{1})) {
      copy_what_is_sent(seen, Clock::now() < patient ? Patience::kLeft : Patience::kOver);
      if (all_in_safety(marks, seen)) break;
    }
  } catch (...) {
    // No memory to do more.
  }
  rescuing_.store(false, std::memory_order_release);
}

void Worker::rescue_queued(Sender& sender, const Queues::Marks& marks, Time deadline) noexcept {
  const auto is_left = [&] {
    const Queues::Marks popped = queues_.popped();
    for (std::size_t lane = 0; lane < Queues::kLanes; ++lane) {
      if (popped[lane] < marks[lane]) return true;
    }
    return false;
  };
  while (Clock::now() < deadline) {
    std::optional<Job> job = take_retry();
    if (!job && is_left()) job = take_queued(sender, saves());
    if (!job) return;
    if (!job->to_disk) {
      const std::lock_guard hold{mutex_};
      ++posting_;
    }
    work(sender, *job);
  }
}

void Worker::copy_what_is_sent(std::vector<const Envelope*>& seen, Patience patience) noexcept {
  if (!spool_) return;
  const auto is_due = [&](const Envelope* one) {
    return (patience == Patience::kOver || is_known_again(*one)) &&
           std::find(seen.begin(), seen.end(), one) == seen.end();
  };
  while (true) {
    Envelope copy;
    try {
      const std::lock_guard hold{mutex_};
      const auto next = std::find_if(being_sent_.begin(), being_sent_.end(), is_due);
      if (next == being_sent_.end()) return;
      seen.push_back(*next);
      // A line that is there twice is better than one that is lost; a session counted twice is not.
      if (!is_known_again(**next) && (*next)->category != Category::kLog) continue;
      copy = **next;
    } catch (const std::bad_alloc&) {
      return;
    }
    static_cast<void>(spool_->put(copy));
  }
}

bool Worker::all_in_safety(const Queues::Marks& marks,
                           const std::vector<const Envelope*>& seen) noexcept {
  const std::lock_guard hold{mutex_};
  if (done_with(marks)) return true;
  const auto under_way = std::count_if(open_.begin(), open_.end(), [&](const Ticket& ticket) {
    return ticket.place < marks[ticket.lane];
  });
  const auto is_seen = [&](const Envelope* one) {
    return std::find(seen.begin(), seen.end(), one) != seen.end();
  };
  return saves() && std::cmp_less_equal(under_way, being_sent_.size()) &&
         std::all_of(being_sent_.begin(), being_sent_.end(), is_seen);
}

bool Worker::close(Time deadline) noexcept {
  std::unique_lock hold{mutex_};
  const auto ended = [this] { return ended_; };
  // A little before the deadline, so that what is left can still be put on disk or counted.
  const auto share = (deadline - Clock::now()) / (spool_ ? 4 : 10);
  const auto margin = std::clamp<Clock::duration>(share, std::chrono::milliseconds{0},
                                                  std::chrono::milliseconds{spool_ ? 400 : 100});
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
  discard_rest();
  return false;
}

}  // namespace vitals::sentry::detail

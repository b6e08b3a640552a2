#include "delivery/worker.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <new>
#include <system_error>
#include <utility>

#include "base/background_thread.h"

namespace vitals::delivery::detail {
namespace {

using Clock = std::chrono::steady_clock;

/// Of what a lane may put on disk, see LaneLimits::to_disk_at_once.
constexpr std::chrono::milliseconds kDiskShareSpan{100};
/// Between two questions to the sources under load; without load it is Source::next_ask().
constexpr std::chrono::milliseconds kAskAgain{50};
/// How long the next parcel from disk may wait behind new ones.
constexpr std::chrono::milliseconds kReplayPatience{1000};
constexpr int kLowestPriority = 19;
constexpr std::size_t kMostThreads = 16;
constexpr std::size_t kMostRetries = 64;
constexpr std::uint64_t kRetryBytes = 4 * 1024 * 1024;
/// So that taking from the queues cannot fail.
constexpr std::size_t kMostInHand = 3 * kMostThreads + kMostRetries;

/// Waits a little for a lock that may be held for ever, as in a crash.
bool locked_soon(std::unique_lock<std::mutex>& lock) {
  constexpr std::chrono::milliseconds kLongest{200};
  constexpr std::chrono::milliseconds kStep{1};
  const Clock::time_point deadline = Clock::now() + kLongest;
  while (!lock.try_lock()) {
    if (Clock::now() >= deadline) return false;
    std::this_thread::sleep_for(kStep);
  }
  return true;
}

SendResult send_safely(Transport& transport, const SendRequest& request) noexcept {
  SendResult result;
  try {
    result = transport.send(request);
  } catch (const std::exception& exception) {
    try {
      result.error = exception.what();
    } catch (const std::bad_alloc&) {
      // No memory for its words.
    }
  } catch (...) {
    result.error = "it threw";  // short enough to need no memory
  }
  return result;
}

}  // namespace

Worker::Worker(Policy& policy, WorkerOptions options)
    : policy_(policy),
      pace_(usual_pace),
      name_(std::move(options.name)),
      most_tries_(options.most_tries),
      patience_(options.patience),
      threads_(std::clamp<std::size_t>(options.requests_in_flight, 1, kMostThreads)),
      transport_(std::move(options.transport)),
      spool_(std::move(options.spool)),
      queues_(options.lanes),
      gatherers_{std::move(options.sources), options.source_lane},
      next_{.pressure = Clock::now() + pace_.pressure, .rescan = Clock::now() + pace_.rescan},
      in_hand_(kMostInHand) {
  crew_.kernel_ids.reserve(threads_);
}

void Worker::start(const std::shared_ptr<void>& owner) {
  crew_.loops.reserve(threads_);
  for (std::size_t i = 0; i < threads_; ++i) {
    try {
      crew_.loops.push_back(base::start_background_thread([this, owner] { run(); }));
    } catch (const std::system_error&) {
      if (i == 0) throw;
      break;
    }
  }
}

bool Worker::push(std::size_t lane, std::unique_ptr<Cargo> cargo, bool urgent) noexcept {
  if (!queues_.push(lane, std::move(cargo))) return false;
  if (urgent) wake_.once();
  return true;
}

void Worker::ask_soon() noexcept {
  ask_now_.store(true, std::memory_order_relaxed);
  wake_.once();
}

void Worker::run() noexcept {
  policy_.begin_thread();
  pthread_setname_np(pthread_self(), name_.c_str());
  const auto thread = static_cast<int>(syscall(SYS_gettid));
  setpriority(PRIO_PROCESS, static_cast<id_t>(thread), kLowestPriority);
  {
    const std::lock_guard hold{mutex_};
    crew_.kernel_ids.push_back(thread);
  }
  std::unique_ptr<Packer> packer;
  while (!make_packer(packer) && !ending_.closing.load(std::memory_order_acquire))  // begin_end()
    sleep(Clock::now());
  while (std::optional<Job> job = packer ? next_job(*packer) : std::nullopt)
    work(*packer, *job);
  const std::lock_guard hold{mutex_};
  ++crew_.loops_ended;
  progress_.notify_all();
}

bool Worker::make_packer(std::unique_ptr<Packer>& packer) noexcept {
  try {
    packer = policy_.make_packer();
  } catch (...) {
    // No memory for it.
  }
  return packer != nullptr;
}

std::optional<Worker::Job> Worker::next_job(Packer& packer) noexcept {
  const std::lock_guard turn{turn_};
  while (!ending_.closing.load(std::memory_order_acquire)) {  // pairs with begin_end()
    const Time now = Clock::now();
    do_chores(now);
    const bool post = may_post(now);
    // While nothing can be done with what is urgent it must not wake this thread for nothing.
    if (post) wake_.look();
    try {
      if (std::optional<Job> job = look(packer, now, post)) return job;
    } catch (...) {
      // No memory to look at what waits: later.
    }
    sleep(now);
  }
  return std::nullopt;
}

std::optional<Worker::Job> Worker::look(Packer& packer, Time now, bool post) {
  std::optional<Job> job;
  if (post) job = take_retry();
  // What waits on disk goes behind what is new, but not for ever.
  if (!job && post && now >= next_.replay + kReplayPatience) job = take_replay(now);
  if (!job && (post || saves())) job = take_queued(packer, !post);
  if (!job && post) job = take_replay(now);
  // Limits do not hold for notices, which tell of what the limits held back.
  if (!job && post) job = take_notice(now, false);
  if (job && post) {
    const std::lock_guard hold{mutex_};
    server_.begin_post();
  }
  return job;
}

void Worker::do_chores(Time now) noexcept {
  std::uint64_t wanted = 0;
  bool everything = false;
  {
    const std::lock_guard hold{mutex_};
    wanted = gatherers_.rounds_wanted;
    everything = wanted > gatherers_.rounds_done;
  }
  if (everything || ask_now_.exchange(false, std::memory_order_relaxed) || now >= next_.ask) {
    next_.ask = now + kAskAgain;
    if (ask_sources(everything) && everything) {
      const std::lock_guard hold{mutex_};
      gatherers_.rounds_done = wanted;
    }
  }
  if (now >= next_.pressure) {
    next_.pressure = now + pace_.pressure;
    policy_.watch(queues_.nearly_full());
  }
  if (spool_ && now >= next_.rescan) {
    next_.rescan = now + pace_.rescan;
    spool_->rescan();
  }
}

bool Worker::ask_sources(bool everything) noexcept {
  std::unique_lock hold{gatherers_.asking, std::defer_lock};
  if (!ending_.rescuing.load(std::memory_order_acquire)) {
    hold.lock();
  } else if (!locked_soon(hold)) {
    return true;
  }
  for (Source* const source : gatherers_.sources) {
    for (;;) {
      if (!queues_.has_room(gatherers_.lane)) return false;
      auto cargo = source->take(Clock::now(), everything);
      if (!cargo) break;
      push(gatherers_.lane, std::move(cargo), false);
    }
  }
  return true;
}

std::optional<Worker::Job> Worker::take_retry() {
  const std::lock_guard hold{mutex_};
  if (retries_.empty()) return std::nullopt;
  std::optional<Job> job{std::move(retries_.front())};
  retries_.pop_front();
  return job;
}

bool Worker::may_spool(std::size_t lane, Time now) noexcept {
  if (queues_.limits(lane).to_disk_at_once == 0 || is_last_chance()) return true;
  if (now >= disk_share_.until) {
    disk_share_.until = now + kDiskShareSpan;
    for (std::size_t each = 0; each < queues_.lanes(); ++each)
      disk_share_.left[each] = queues_.limits(each).to_disk_at_once;
  }
  return disk_share_.left[lane] > 0;
}

Queues::Lanes Worker::open_lanes(bool to_disk) noexcept {
  Queues::Lanes open{};
  const Time now = Clock::now();
  for (std::size_t lane = 0; lane < queues_.lanes(); ++lane)
    open[lane] = to_disk ? may_spool(lane, now) : !in_hand_.holds_up(lane);
  return open;
}

std::optional<Worker::Job> Worker::take_queued(Packer& packer, bool to_disk) noexcept {
  for (;;) {
    Job job;
    job.to_disk = to_disk;
    {
      const std::lock_guard hold{mutex_};
      // At the end there may be no time for all of it.
      const auto order = is_last_chance() ? Queues::Order::kByRank : Queues::Order::kFair;
      job.taken = queues_.take(order, open_lanes(to_disk));
      if (!job.taken) return std::nullopt;
      if (queues_.limits(job.taken->lane).to_disk_at_once > 0 && to_disk)
        --disk_share_.left[job.taken->lane];
      in_hand_.add(*job.taken);
    }
    if (open(packer, job)) return job;
  }
}

bool Worker::open(Packer& packer, Job& job) noexcept {
  try {
    const Step step = packer.open(job.taken->lane, *job.taken->cargo);
    if (step == Step::kReady) return true;
    finish(job, step == Step::kLost);
  } catch (...) {
    policy_.say("what was captured could not be made ready to send");
    drop(job, DropReason::kInternal);
  }
  return false;
}

std::optional<Worker::Job> Worker::take_replay(Time now) {
  if (!spool_ || !spool_->any() || now < next_.replay || policy_.limited()) return std::nullopt;
  next_.replay = now + pace_.replay;
  Job job;
  job.claim = spool_->take();
  if (!job.claim) return std::nullopt;
  job.parcel = std::move(job.claim->parcel);
  return job;
}

std::optional<Worker::Job> Worker::take_notice(Time now, bool last) {
  std::optional<Notice> notice = policy_.notice(now, last);
  if (!notice) return std::nullopt;
  Job job;
  job.parcel = std::move(notice->parcel);
  job.receipt = std::move(notice->receipt);
  return job;
}

bool Worker::pack(Packer& packer, Job& job) noexcept {
  if (job.parcel) return true;
  try {
    Parcel parcel;
    const Step step = packer.pack(job.taken->lane, *job.taken->cargo, parcel);
    if (step == Step::kReady) {
      job.parcel = std::move(parcel);
      return true;
    }
    finish(job, step == Step::kLost);
  } catch (...) {
    policy_.say("what was captured could not be written");
    drop(job, DropReason::kInternal);
  }
  return false;
}

void Worker::work(Packer& packer, Job& job) noexcept {
  const bool packed = pack(packer, job);
  if (job.to_disk) {
    if (packed) finish_away(job);
    return;
  }
  Verdict verdict = Verdict::kRefused;
  if (packed) {
    try {
      verdict = send(packer, job);
      if (verdict == Verdict::kAway) {
        back_off(
            packer
                .pause());  // before end_post(), or another would try the server that has just failed
        finish_away(job);
      } else {
        if (job.receipt && verdict == Verdict::kDelivered) job.receipt->arrived();
        finish(job, verdict == Verdict::kRefused);
      }
    } catch (...) {
      policy_.say("a request could not be made");
      drop(job, DropReason::kInternal);
    }
  }
  const std::lock_guard hold{mutex_};
  if (server_.end_post(packed && verdict != Verdict::kAway)) wake_.now();
}

Verdict Worker::send(Packer& packer, Job& job) {
  // Not to be sent any more, but to be put on disk.
  if (saves() && ending_.rescuing.load(std::memory_order_acquire)) return Verdict::kAway;
  const SendRequest* const request = packer.address(*job.parcel);
  SendResult result{.status = 200};
  if (request != nullptr && transport_) {
    {
      const std::lock_guard hold{mutex_};
      if (job.taken) in_hand_.begin_send(*job.parcel);
    }
    result = send_safely(*transport_, *request);
    const std::lock_guard hold{mutex_};
    in_hand_.end_send(*job.parcel);
  }
  return packer.judge(*job.parcel, result);
}

void Worker::drop(Job& job, DropReason reason) noexcept {
  if (job.parcel) {
    policy_.count_dropped(&job.parcel->contents, reason);
  } else if (job.taken) {
    job.taken->cargo->count_dropped(reason);
  }
  finish(job, true);
}

void Worker::finish(Job& job, bool lost) noexcept {
  if (job.claim) spool_->done(*job.claim);
  if (lost && ending_.closing.load(std::memory_order_relaxed)) {
    ending_.lost.store(true, std::memory_order_release);  // pairs with end()
  }
  let_go(job);
}

void Worker::finish_away(Job& job) noexcept {
  if (job.claim) {
    spool_->give_back(*job.claim);
  } else if (job.receipt) {
    // A receipt that is destroyed says that the notice has not arrived.
  } else if (spool_ && spool_->put(*job.parcel)) {
    // It waits for the next start: not lost, but not delivered either.
    if (ending_.closing.load(std::memory_order_relaxed))
      ending_.lost.store(true, std::memory_order_release);
  } else if (!saves() && keep_for_retry(job)) {
    return;
  } else {
    return drop(job, spool_ ? DropReason::kDisk : DropReason::kNetwork);
  }
  let_go(job);
}

bool Worker::keep_for_retry(Job& job) noexcept {
  try {
    const std::lock_guard hold{mutex_};
    std::uint64_t bytes = job.parcel->text.size();
    for (const Job& other : retries_)
      bytes += other.parcel->text.size();
    if (ending_.closing.load(std::memory_order_relaxed) || ++job.parcel->tries >= most_tries_ ||
        retries_.size() >= kMostRetries || bytes > kRetryBytes) {
      return false;
    }
    job.to_disk = false;
    retries_.push_back(std::move(job));
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

void Worker::let_go(Job& job) noexcept {
  if (!job.taken) return;
  Queues::Taken& taken = *job.taken;
  const std::size_t lane = taken.lane;
  const std::size_t place = taken.place;
  taken.cargo->done();
  queues_.release(taken);
  if (ending_.rescuing.load(std::memory_order_acquire)) static_cast<void>(taken.cargo.release());
  job.taken.reset();  // a flush that waits for it finds what it held free
  const std::lock_guard hold{mutex_};
  in_hand_.remove(lane, place);
  if (queues_.depth() > 0 && lane == gatherers_.lane) wake_.now();  // the next one may go
}

bool Worker::may_post(Time now) noexcept {
  const std::lock_guard hold{mutex_};
  if (saves() && ending_.rescuing.load(std::memory_order_acquire)) return false;
  return server_.may_post(now);
}

void Worker::back_off(std::chrono::milliseconds at_least) noexcept {
  const std::lock_guard hold{mutex_};
  if (ending_.closing.load(std::memory_order_relaxed)) {
    ending_.gone.store(true, std::memory_order_release);  // pairs with empty_queues()
    return;
  }
  if (!server_.no_answer(Clock::now(), pace_, at_least)) return;
  wake_.defer();
  policy_.say("the server is away, what is to be sent waits");
}

void Worker::sleep(Time now) noexcept {
  Time end = now + patience_;
  {
    const std::lock_guard hold{mutex_};
    if (server_.paused_until() > now) end = std::min(end, server_.paused_until());
  }
  for (Source* const source : gatherers_.sources)
    end = std::min(end, std::max(source->next_ask(now), now + kAskAgain));
  if (spool_) {
    end = std::min(end, next_.rescan);
    if (spool_->any() && next_.replay > now) end = std::min(end, next_.replay);
  }
  wake_.sleep_until(end);
}

}  // namespace vitals::delivery::detail

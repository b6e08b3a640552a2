#include "sentry/delivery/worker.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "base/random.h"
#include "sentry/runtime.h"

namespace vitals::sentry::detail {
namespace {

using Clock = std::chrono::steady_clock;

/// How long a transaction may lie before it is picked up. Nobody waits for one, and waking a thread
/// for each would cost the request more than recording it.
constexpr std::chrono::milliseconds kPatience{100};
/// Between two questions to the sources under load; without load it is kPatience.
constexpr std::chrono::milliseconds kAskAgain{50};
/// How long the next envelope from disk may wait behind new ones.
constexpr std::chrono::milliseconds kReplayPatience{1000};
constexpr int kLowestPriority = 19;
constexpr std::size_t kMostThreads = 16;
constexpr int kMostTries = 5;
constexpr std::size_t kMostRetries = 64;
constexpr std::uint64_t kRetryBytes = 4 * 1024 * 1024;
constexpr int kMostHalvings = 10;
/// How many transactions go to disk within kPatience. Each is a file: at 200 a second a busy service
/// lost 40 % of a core to them, most of it inside ext4. The rest waits in the queue, and what the
/// queue has no room for is counted.
constexpr int kSpooledAtOnce = 2;

std::unique_ptr<Spool> open_spool(const Options& options, const std::string& dsn) {
  if (options.cache_dir.empty() || dsn.empty()) return nullptr;
  auto spool = std::make_unique<Spool>(options.cache_dir,
                                       Spool::Limits{options.spool_bytes, options.spool_age}, dsn);
  return spool->usable() ? std::move(spool) : nullptr;
}

bool is_loss(Cause cause) noexcept {
  const Outcome outcome = outcome_of(cause);
  return outcome == Outcome::kNetwork || outcome == Outcome::kRateLimited ||
         outcome == Outcome::kTooLarge || outcome == Outcome::kQueueFull;
}

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

}  // namespace

Worker::Worker(const Options& options, Destinations destinations, std::vector<ItemSource*> sources)
    : pace_(usual_pace),
      threads_(std::clamp<std::size_t>(options.requests_in_flight, 1, kMostThreads)),
      outlet_(options, std::move(destinations), pace_),
      queues_(options),
      spool_(open_spool(options, outlet_.destinations().dsn)),
      sources_(std::move(sources)),
      next_pressure_(Clock::now() + pace_.pressure),
      next_rescan_(Clock::now() + pace_.rescan) {
  loop_threads_.reserve(threads_);
  open_.reserve(3 * kMostThreads + kMostRetries);  // so that taking from the queues cannot fail
  being_sent_.reserve(3 * kMostThreads);
  sem_init(&wake_, 0, 0);
}

Worker::~Worker() {
  sem_destroy(&wake_);
}

bool Worker::push(std::unique_ptr<ErrorItem> item) noexcept {
  if (!queues_.push(std::move(item))) return false;
  // Only the first of a burst pays for waking a thread. Pairs with the exchange in next_job():
  // either it sees this item, or this sees that it must be woken.
  if (!wake_pending_.exchange(true, std::memory_order_acq_rel)) wake();
  return true;
}

bool Worker::push(TransactionItem item) noexcept {
  return queues_.push(std::move(item));
}

bool Worker::push(std::unique_ptr<ReadyItem> item) noexcept {
  return queues_.push(std::move(item));
}

void Worker::run() noexcept {
  context::become_sending_thread();
  pthread_setname_np(pthread_self(), "vitals-sentry");
  const auto thread = static_cast<int>(syscall(SYS_gettid));
  setpriority(PRIO_PROCESS, static_cast<id_t>(thread), kLowestPriority);
  {
    const std::lock_guard hold{mutex_};
    loop_threads_.push_back(thread);
  }
  std::optional<Sender> sender;
  while (!make_sender(sender) && !closing_.load(std::memory_order_acquire))  // with begin_close()
    sleep(Clock::now());
  while (std::optional<Job> job = sender ? next_job(*sender) : std::nullopt)
    work(*sender, *job);
  const std::lock_guard hold{mutex_};
  ++loops_ended_;
  progress_.notify_all();
}

bool Worker::make_sender(std::optional<Sender>& sender) noexcept {
  try {
    sender.emplace(outlet_);
  } catch (...) {
    // No memory for it.
  }
  return sender.has_value();
}

std::optional<Worker::Job> Worker::next_job(Sender& sender) noexcept {
  const std::lock_guard turn{turn_};
  while (!closing_.load(std::memory_order_acquire)) {  // pairs with begin_close()
    const Time now = Clock::now();
    chores(now);
    const bool post = may_post(now);
    // While nothing can be done with an error it must not wake this thread for nothing.
    if (post) wake_pending_.exchange(false, std::memory_order_acq_rel);
    try {
      if (std::optional<Job> job = look(sender, now, post)) return job;
    } catch (...) {
      // No memory to look at what waits: later.
    }
    sleep(now);
  }
  return std::nullopt;
}

std::optional<Worker::Job> Worker::look(Sender& sender, Time now, bool post) {
  std::optional<Job> job;
  if (post) job = take_retry();
  // What waits on disk goes behind what is new, but not for ever.
  if (!job && post && now >= next_replay_ + kReplayPatience) job = take_replay(now);
  if (!job && (post || saves())) job = take_queued(sender, !post);
  if (!job && post) job = take_replay(now);
  if (!job && post) job = take_report(sender, now);
  if (job && post) {
    const std::lock_guard hold{mutex_};
    ++posting_;
  }
  return job;
}

void Worker::chores(Time now) noexcept {
  std::uint64_t wanted = 0;
  bool everything = false;
  {
    const std::lock_guard hold{mutex_};
    wanted = rounds_wanted_;
    everything = wanted > rounds_done_;
  }
  if (everything || now >= next_ask_) {
    next_ask_ = now + kAskAgain;
    if (ask_sources(everything) && everything) {
      const std::lock_guard hold{mutex_};
      rounds_done_ = wanted;
      progress_.notify_all();
    }
  }
  if (now >= next_pressure_) {
    next_pressure_ = now + pace_.pressure;
    watch_pressure();
  }
  if (spool_ && now >= next_rescan_) {
    next_rescan_ = now + pace_.rescan;
    spool_->rescan();
  }
}

bool Worker::ask_sources(bool everything) noexcept {
  std::unique_lock hold{sources_mutex_, std::defer_lock};
  if (!rescuing_.load(std::memory_order_acquire)) {
    hold.lock();
  } else if (!locked_soon(hold)) {
    return true;
  }
  for (ItemSource* const source : sources_) {
    for (;;) {
      if (!queues_.room_for_items()) return false;
      auto item = source->take(Clock::now(), everything);
      if (!item) break;
      push(std::move(item));
    }
  }
  return true;
}

void Worker::watch_pressure() noexcept {
  const int before = context::detail::runtime.halvings.load(std::memory_order_relaxed);
  const bool pressed = queues_.nearly_full() || outlet_.limited();
  const int after = pressed ? std::min(before + 1, kMostHalvings) : 0;
  if (after == before) return;
  context::detail::runtime.halvings.store(after, std::memory_order_relaxed);
  outlet_.say(after == 0 ? "the pressure is gone, the traces' rate is whole again"
                         : "under pressure, the traces' rate is halved");
}

std::optional<Worker::Job> Worker::take_retry() {
  const std::lock_guard hold{mutex_};
  if (retries_.empty()) return std::nullopt;
  std::optional<Job> job{std::move(retries_.front())};
  retries_.pop_front();
  return job;
}

std::optional<Worker::Job> Worker::take_queued(Sender& sender, bool to_disk) noexcept {
  for (;;) {
    Job job;
    job.to_disk = to_disk;
    {
      const std::lock_guard hold{mutex_};
      // At the end there may be no time for all of it.
      const auto order = is_last_chance() ? Queues::Order::kErrorsFirst : Queues::Order::kFair;
      // The end of a check-in must not overtake its beginning.
      const bool check_in_in_hand = std::any_of(
          open_.begin(), open_.end(), [](const Ticket& ticket) { return ticket.check_in; });
      job.taken = queues_.take(order, {.transactions = !to_disk || may_spool_transaction(),
                                       .items = to_disk || !check_in_in_hand});
      if (!job.taken) return std::nullopt;
      if (to_disk && job.taken->lane() == Queues::kTransactions) --share_left_;
      const auto* const item = std::get_if<Queues::kItems>(&job.taken->item);
      open_.push_back({job.taken->lane(), job.taken->place,
                       item != nullptr && (*item)->category == Category::kMonitor});
    }
    if (make_draft(sender, job)) return job;
  }
}

bool Worker::may_spool_transaction() noexcept {
  if (is_last_chance()) return true;
  const Time now = Clock::now();
  if (now >= next_share_) {
    next_share_ = now + kPatience;
    share_left_ = kSpooledAtOnce;
  }
  return share_left_ > 0;
}

bool Worker::make_draft(Sender& sender, Job& job) noexcept {
  Cause cause = Cause::kInternalError;
  try {
    std::variant<Draft, Cause> made = Cause::kInternalError;
    if (const auto* error = std::get_if<Queues::kErrors>(&job.taken->item)) {
      made = sender.draft(**error);
    } else if (const auto* trace = std::get_if<Queues::kTransactions>(&job.taken->item)) {
      made = sender.draft(**trace);
    } else {
      return true;
    }
    if (auto* const draft = std::get_if<Draft>(&made)) {
      job.draft = std::move(*draft);
      return true;
    }
    cause = std::get<Cause>(made);
  } catch (...) {
    outlet_.say("an event could not be made");
  }
  finish(job, cause);
  return false;
}

std::optional<Worker::Job> Worker::take_replay(Time now) {
  if (!spool_ || !spool_->any() || now < next_replay_ || outlet_.limited()) return std::nullopt;
  next_replay_ = now + pace_.replay;
  Job job;
  job.claim = spool_->take();
  if (!job.claim) return std::nullopt;
  job.envelope = std::move(job.claim->envelope);
  return job;
}

std::optional<Worker::Job> Worker::take_report(Sender& sender, Time now) {
  // Limits do not hold for reports, which tell of what the limits held back.
  if (!outlet_.report_is_due(now)) return std::nullopt;
  Job job;
  job.report = outlet_.report_alone();
  if (!job.report) return std::nullopt;
  job.envelope = sender.seal(*job.report);
  return job;
}

bool Worker::seal(Sender& sender, Job& job) noexcept {
  if (job.envelope) return true;
  Cause cause = Cause::kInternalError;
  try {
    std::variant<Envelope, Cause> made =
        job.draft ? sender.seal(*job.draft)
                  : sender.seal(*std::get<Queues::kItems>(job.taken->item));
    job.draft.reset();
    if (auto* const envelope = std::get_if<Envelope>(&made)) {
      job.envelope = std::move(*envelope);
      return true;
    }
    cause = std::get<Cause>(made);
  } catch (...) {
    outlet_.say("an event could not be written");
  }
  finish(job, cause);
  return false;
}

void Worker::work(Sender& sender, Job& job) noexcept {
  const bool sealed = seal(sender, job);
  if (job.to_disk) {
    if (sealed) finish_away(job);
    return;
  }
  Answer answer{Cause::kInternalError, false};
  if (sealed) {
    try {
      answer = send(sender, job);
    } catch (...) {
      outlet_.say("a request could not be made");
    }
    if (answer.away) {
      back_off();  // before posting_ falls, or another would try the server that has just failed
      finish_away(job);
    } else {
      finish(job, answer.cause);
    }
  }
  const std::lock_guard hold{mutex_};
  --posting_;
  const bool known_away = failures_ > 0;
  if (sealed && !answer.away) failures_ = 0;
  if (known_away) wake();
}

Answer Worker::send(Sender& sender, Job& job) {
  // Not to be sent any more, but to be put on disk.
  if (saves() && rescuing_.load(std::memory_order_acquire)) return {Cause::kNetworkError, true};
  sender.make_request(*job.envelope);
  const Envelope* const envelope = &*job.envelope;
  {
    const std::lock_guard hold{mutex_};
    if (job.taken) being_sent_.push_back(envelope);
  }
  const Answer answer = sender.post(*envelope);
  const std::lock_guard hold{mutex_};
  std::erase(being_sent_, envelope);
  return answer;
}

void Worker::finish(Job& job, Cause cause) noexcept {
  if (job.envelope) {
    count_contents(job.envelope->contents, cause);
  } else if (job.taken) {
    Queues::count_lost(*job.taken, cause);
  }
  if (job.report && cause != Cause::kSent) outlet_.put_back(*job.report);
  if (job.claim) spool_->done(*job.claim);
  if (is_loss(cause) && closing_.load(std::memory_order_relaxed)) {
    lost_.store(true, std::memory_order_release);  // pairs with lost_any()
  }
  let_go(job);
}

void Worker::finish_away(Job& job) noexcept {
  if (job.claim) {
    spool_->give_back(*job.claim);
  } else if (job.report) {
    outlet_.put_back(*job.report);
  } else if (spool_ && spool_->put(*job.envelope)) {
    // It waits for the next start: not lost, but not delivered either.
    if (closing_.load(std::memory_order_relaxed)) lost_.store(true, std::memory_order_release);
  } else if (!saves() && keep_for_retry(job)) {
    return;
  } else {
    finish(job, spool_ ? Cause::kCacheOverflow : Cause::kNetworkError);
    return;
  }
  let_go(job);
}

bool Worker::keep_for_retry(Job& job) noexcept {
  try {
    const std::lock_guard hold{mutex_};
    std::uint64_t bytes = job.envelope->text.size();
    for (const Job& other : retries_)
      bytes += other.envelope->text.size();
    if (closing_.load(std::memory_order_relaxed) || ++job.envelope->tries >= kMostTries ||
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
  const Ticket done{job.taken->lane(), job.taken->place, false};
  if (const auto* error = std::get_if<Queues::kErrors>(&job.taken->item)) {
    if (!(*error)->crash_report.empty()) ::unlink((*error)->crash_report.c_str());
  }
  queues_.release(*job.taken);
  if (rescuing_.load(std::memory_order_acquire)) {
    std::visit([](auto& item) { static_cast<void>(item.release()); }, job.taken->item);
  }
  job.taken.reset();  // who waits for it finds what it held free
  const std::lock_guard hold{mutex_};
  const auto mine = std::find_if(open_.begin(), open_.end(), [&done](const Ticket& ticket) {
    return ticket.lane == done.lane && ticket.place == done.place;
  });
  *mine = open_.back();
  open_.pop_back();
  if (done.lane == Queues::kItems && queues_.depth() > 0) wake();  // the next one may go
  if (waiters_.load(std::memory_order_relaxed) > 0 && queues_.depth() == 0) progress_.notify_all();
}

bool Worker::may_post(Time now) noexcept {
  const std::lock_guard hold{mutex_};
  if (saves() && rescuing_.load(std::memory_order_acquire)) return false;
  // A server that was away is asked by one request until it answers.
  return now >= paused_until_ && (failures_ == 0 || posting_ == 0);
}

void Worker::back_off() noexcept {
  const std::lock_guard hold{mutex_};
  const Time now = Clock::now();
  if (closing_.load(std::memory_order_relaxed)) {
    gone_.store(true, std::memory_order_release);  // pairs with empty_queues()
    return;
  }
  if (now < paused_until_) return;  // it failed together with another
  const auto longest = std::min(pace_.longest_pause, pace_.first_pause * (1 << failures_));
  constexpr int kMostDoublings = 10;
  failures_ = std::min(failures_ + 1, kMostDoublings);
  // At least half of it, so that many processes do not come back at the same moment.
  paused_until_ = now + std::chrono::duration_cast<Clock::duration>(
                            longest * (0.5 + 0.5 * base::Random::unit()));
  wake_pending_.store(true, std::memory_order_release);  // pairs with push()
  outlet_.say("the server is away, what is to be sent waits");
}

void Worker::sleep(Time now) noexcept {
  Time end = now + kPatience;
  {
    const std::lock_guard hold{mutex_};
    if (paused_until_ > now) end = std::min(end, paused_until_);
  }
  if (spool_ && spool_->any() && next_replay_ > now) end = std::min(end, next_replay_);
  timespec until{};
  clock_gettime(CLOCK_MONOTONIC, &until);
  const std::int64_t total = until.tv_nsec + std::chrono::nanoseconds{end - now}.count();
  until.tv_sec += total / 1'000'000'000;
  until.tv_nsec = total % 1'000'000'000;
  sem_clockwait(&wake_, CLOCK_MONOTONIC, &until);
}

}  // namespace vitals::sentry::detail

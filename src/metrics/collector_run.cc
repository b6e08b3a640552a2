#include "metrics/collector_run.h"

#include <algorithm>
#include <chrono>
#include <new>
#include <span>
#include <thread>
#include <utility>

#include "vitals/metrics/detail/fork_gate.h"

namespace vitals::metrics::detail {
namespace {

/// How long a scrape waits for a collector that another scrape has called, before it goes on
/// without.
constexpr std::chrono::seconds kPatience{5};

}  // namespace

bool CollectorRun::is_wanted(SampleSink& sink, std::string_view prefix) noexcept {
  const UserCall call(calls_);
  if (!call) return false;
  try {
    const std::span<const FamilyInfo> families = collector_->families();
    return families.empty() || std::ranges::any_of(families, [&](FamilyInfo family) {
             const std::string name = std::string(prefix) + std::string(family.name);
             family.name = name;
             return sink.wants(family);
           });
  } catch (...) {
    return true;  // then it is asked, and what goes wrong is counted
  }
}

std::shared_ptr<const Recorded> CollectorRun::await(std::uint64_t run) {
  // Looks now and then: a condition variable that somebody waits at does not outlive a fork.
  constexpr std::chrono::milliseconds kPause{2};
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    std::this_thread::sleep_for(kPause);
    const RoomLock lock(mutex_);
    const bool ended = runs_ != run;
    if (!ended && std::chrono::steady_clock::now() < deadline) continue;
    std::shared_ptr<const Recorded> said = ended ? latest_ : nullptr;
    if (--waiting_ == 0) latest_ = nullptr;
    return said;
  }
}

std::shared_ptr<const Recorded> CollectorRun::run(const RecorderOptions& options) {
  try {
    Recorder recorder(options);
    Recorded recorded;
    {
      const UserCall call(calls_);
      try {
        if (call) collector_->collect(recorder);
      } catch (...) {
        recorder.drop_open();
        recorded.failed = true;
      }
    }
    recorded.duplicates = recorder.duplicates();
    recorded.unsound = recorder.unsound();
    recorded.families = recorder.take();
    return std::make_shared<const Recorded>(std::move(recorded));
  } catch (const std::bad_alloc&) {
    return nullptr;  // nothing of it this time
  }
}

std::shared_ptr<const Recorded> CollectorRun::recorded(const RecorderOptions& options) {
  std::uint64_t under_way = 0;
  bool wait = false;
  {
    const RoomLock lock(mutex_);
    under_way = runs_;
    wait = running_ && process_ == forks();
    if (wait) {
      ++waiting_;
    } else {
      if (process_ != forks()) waiting_ = 0;
      running_ = true;
      process_ = forks();
    }
  }
  if (wait) return await(under_way);
  std::shared_ptr<const Recorded> said = run(options);
  const RoomLock lock(mutex_);
  running_ = false;
  ++runs_;
  if (waiting_ > 0) latest_ = said;
  return said;
}

void CollectorRun::stop() noexcept {
  calls_.stop();
  // What it refers to may go now. Within itself, it goes with the last scrape that has seen it.
  if (!calls_.is_mine()) collector_ = nullptr;
}

}  // namespace vitals::metrics::detail

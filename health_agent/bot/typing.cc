#include "health_agent/bot/typing.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "vitals/context/scope.h"

namespace health_agent::bot {

Typing::Typing(Tell tell, Pauses pauses)
    : tell_(std::move(tell)), pauses_(pauses), thread_([this] { run(stop_.get_token()); }) {}

Typing::~Typing() {
  stop_.request_stop();
  thread_.join();
}

void Typing::run(const std::stop_token& stop) {
  const vitals::context::Scope scope = vitals::context::Scope::fork();
  const auto active = scope.activate();
  std::unique_lock lock{mutex_};
  while (!stop.stop_requested()) {
    const auto next = std::min_element(
        due_.begin(), due_.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    if (next == due_.end()) {
      changed_.wait(lock, stop, [this] { return !due_.empty(); });
      continue;
    }
    if (const auto when = next->second; when > Clock::now()) {
      // Woken by whatever changes, since that may be due before this one.
      changed_.wait_until(lock, stop, when, [this, seen = changes_] { return changes_ != seen; });
      continue;
    }
    const Place place = next->first;
    next->second = Clock::now() + pauses_.then;
    lock.unlock();
    try {
      tell_(place, stop);
    } catch (const std::exception&) {  // the answer itself is what counts
    }
    lock.lock();
  }
}

Typing::During::During(Typing& typing, const Place& place) : typing_(&typing), place_(place) {
  {
    const std::lock_guard lock{typing.mutex_};
    typing.due_[place] = Clock::now() + typing.pauses_.first;
    ++typing.changes_;
  }
  typing.changed_.notify_all();
}

Typing::During::~During() {
  {
    const std::lock_guard lock{typing_->mutex_};
    typing_->due_.erase(place_);
    ++typing_->changes_;
  }
  typing_->changed_.notify_all();
}

}  // namespace health_agent::bot

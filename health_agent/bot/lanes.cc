#include "health_agent/bot/lanes.h"

#include <algorithm>
#include <utility>

namespace health_agent::bot {

Lanes::Lanes(std::size_t threads, std::size_t most) : most_(most) {
  threads_.reserve(threads);
  try {
    for (std::size_t i = 0; i < threads; ++i)
      threads_.emplace_back([this] { work(); });
  } catch (...) {  // there is no thread to be had: those that there are must end
    end();
    throw;
  }
}

Lanes::~Lanes() {
  end();
}

void Lanes::end() noexcept {
  {
    const std::lock_guard lock{mutex_};
    closed_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_)
    thread.join();
}

bool Lanes::post(std::int64_t lane, Job job) {
  {
    const std::lock_guard lock{mutex_};
    if (closed_) return false;
    const auto [of, is_new] = lanes_.try_emplace(lane);
    try {
      of->second.waiting.push_back(std::move(job));
    } catch (...) {
      if (is_new) lanes_.erase(of);
      throw;
    }
    if (is_new) of->second.ready_since = ++turns_;
    ++jobs_;
  }
  changed_.notify_all();
  return true;
}

std::size_t Lanes::room() const {
  const std::lock_guard lock{mutex_};
  return jobs_ < most_ ? most_ - jobs_ : 0;
}

bool Lanes::wait_for_room(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  return changed_.wait(lock, stop, [this] { return jobs_ < most_; }) && !stop.stop_requested();
}

bool Lanes::close(std::chrono::milliseconds timeout) {
  std::unique_lock lock{mutex_};
  closed_ = true;
  changed_.notify_all();
  return changed_.wait_for(lock, timeout, [this] { return running_ == 0; });
}

std::map<std::int64_t, Lanes::Lane>::iterator Lanes::next() {
  const auto ready = [](const auto& lane) { return !lane.second.running; };
  const auto is_first = [&](const auto& a, const auto& b) {
    return ready(a) && (!ready(b) || a.second.ready_since < b.second.ready_since);
  };
  const auto first = std::min_element(lanes_.begin(), lanes_.end(), is_first);
  return first != lanes_.end() && ready(*first) ? first : lanes_.end();
}

// Nothing here takes memory: a thread that found none would be gone, and with it the process.
void Lanes::work() noexcept {
  std::unique_lock lock{mutex_};
  for (;;) {
    auto lane = lanes_.end();
    changed_.wait(lock, [&] { return closed_ || (lane = next()) != lanes_.end(); });
    if (closed_) return;
    Lane& of = lane->second;
    Job job = std::move(of.waiting.front());
    of.waiting.pop_front();
    of.running = true;
    ++running_;
    lock.unlock();
    try {
      job();
    } catch (...) {
      // The job has to say so itself, if it can.
    }
    job = nullptr;  // what it holds ends before it counts as done
    lock.lock();
    of.running = false;
    --running_;
    --jobs_;
    if (of.waiting.empty()) {
      lanes_.erase(lane);
    } else {
      of.ready_since = ++turns_;
    }
    changed_.notify_all();
  }
}

}  // namespace health_agent::bot

#include "health_agent/bot/lanes.h"

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
    Lane& of = lanes_[lane];
    of.waiting.push_back(std::move(job));
    ++jobs_;
    if (!of.running && of.waiting.size() == 1) ready_.push_back(lane);
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

void Lanes::work() {
  std::unique_lock lock{mutex_};
  for (;;) {
    changed_.wait(lock, [this] { return closed_ || !ready_.empty(); });
    if (closed_) return;
    const std::int64_t lane = ready_.front();
    ready_.pop_front();
    Lane& of = lanes_[lane];
    Job job = std::move(of.waiting.front());
    of.waiting.pop_front();
    of.running = true;
    ++running_;
    lock.unlock();
    job();
    job = nullptr;  // what it holds ends before it counts as done
    lock.lock();
    of.running = false;
    --running_;
    --jobs_;
    if (of.waiting.empty()) {
      lanes_.erase(lane);
    } else {
      ready_.push_back(lane);
    }
    changed_.notify_all();
  }
}

}  // namespace health_agent::bot

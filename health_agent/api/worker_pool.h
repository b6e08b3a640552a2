#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace health_agent::api {

/// Threads that work off jobs of one kind in the order of their arrival. Threads: post() from any;
/// the rest from one.
template <class Job>
class WorkerPool {
 public:
  /// `work` must not throw. Throws std::system_error when there is no thread to be had.
  WorkerPool(std::size_t threads, std::function<void(Job)> work) : work_(std::move(work)) {
    try {
      threads_.reserve(threads);
      for (std::size_t i = 0; i < threads; ++i)
        threads_.emplace_back([this] { run(); });
    } catch (...) {
      stop();
      throw;
    }
  }
  ~WorkerPool() { stop(); }
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// The jobs that may wait are as many as there are connections, so the queue needs no bound of
  /// its own. After stop() it drops the job. Throws std::bad_alloc.
  void post(Job job) {
    {
      const std::lock_guard lock{mutex_};
      if (stopping_) return;
      jobs_.push_back(std::move(job));
    }
    ready_.notify_one();
  }

  /// Waits for the jobs that run; those that still wait are dropped.
  void stop() {
    std::deque<Job> dropped;  // destroyed without the lock: that of a job may take others
    {
      const std::lock_guard lock{mutex_};
      stopping_ = true;
      dropped.swap(jobs_);
    }
    ready_.notify_all();
    for (std::thread& thread : threads_)
      thread.join();
    threads_.clear();
  }

 private:
  void run() {
    std::unique_lock lock{mutex_};
    for (;;) {
      ready_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      if (stopping_) return;
      Job job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      work_(std::move(job));
      lock.lock();
    }
  }

  const std::function<void(Job)> work_;
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace health_agent::api

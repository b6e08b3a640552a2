#include "exporting/answer_pool.h"

#include <pthread.h>
#include <unistd.h>

#include <utility>

#include "base/background_thread.h"

namespace vitals::exporting {

void wake_up(int eventfd) noexcept {
  const std::uint64_t one = 1;
  // An eventfd takes eight bytes or is full; either way it is readable.
  (void)!::write(eventfd, &one, sizeof one);
}

AnswerPool::AnswerPool(ExposedPages pages, HostRule hosts, OnRefused on_refused, int wake,
                       std::size_t max_jobs)
    : pages_(std::move(pages)),
      hosts_(std::move(hosts)),
      on_refused_(std::move(on_refused)),
      wake_(wake) {
  made_.reserve(max_jobs);
}

AnswerPool::~AnswerPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_)
    thread.join();
}

void AnswerPool::start(std::size_t threads) {
  threads_.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i)
    threads_.push_back(base::start_background_thread([this] { run(); }));
}

void AnswerPool::add(std::uint64_t connection, std::string head, std::string address) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back({connection, std::move(head), std::move(address)});
  }
  changed_.notify_one();
}

void AnswerPool::take(std::vector<Made>& into) {
  const std::lock_guard lock(mutex_);
  into.swap(made_);
}

void AnswerPool::run() noexcept {
  pthread_setname_np(pthread_self(), "vitals-scrape");
  for (;;) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      if (stopping_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    Made made{job.connection, {}};
    try {
      made.answer = answer_to(job.head, pages_, hosts_, job.address, on_refused_);
    } catch (...) {
      // No memory for a word; the loop closes the connection.
    }
    {
      const std::lock_guard lock(mutex_);
      // Its place was reserved, unless the loop has given up its connections for want of memory and
      // taken others since; then the answer has nobody to go to.
      if (made_.size() < made_.capacity()) made_.push_back(std::move(made));
    }
    wake_up(wake_);
  }
}

}  // namespace vitals::exporting

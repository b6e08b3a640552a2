#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "exporting/host_rule.h"
#include "exporting/http_answer.h"

namespace vitals::exporting {

/// Makes the descriptor of an eventfd readable.
void wake_up(int eventfd) noexcept;

/// The threads that make an exposer's answers, and what goes between them and its loop.
/// Threads: any.
class AnswerPool {
 public:
  struct Made {
    std::uint64_t connection = 0;
    HttpAnswer answer;  ///< without a head when there was no memory for it
  };

  /// `wake` is an eventfd, which is written to when an answer has been made. There are never more
  /// than `max_jobs` that were added and whose answers are not taken yet.
  AnswerPool(ExposedPages pages, HostRule hosts, OnRefused on_refused, int wake,
             std::size_t max_jobs);
  AnswerPool(const AnswerPool&) = delete;
  AnswerPool& operator=(const AnswerPool&) = delete;
  /// Finishes what is under way, and leaves what has not been begun.
  ~AnswerPool();

  /// Throws std::system_error when a thread cannot be had.
  void start(std::size_t threads);

  /// Adds the head of a request of that connection, which came from `address`.
  void add(std::uint64_t connection, std::string head, std::string address);
  /// Gives the answers that were made since the last call. `into` must be empty.
  void take(std::vector<Made>& into);

 private:
  struct Job {
    std::uint64_t connection = 0;
    std::string head;
    std::string address;
  };

  void run() noexcept;

  const ExposedPages pages_;
  const HostRule hosts_;
  const OnRefused on_refused_;
  const int wake_;
  std::mutex mutex_;  // guards the next four
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  std::vector<Made> made_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace vitals::exporting

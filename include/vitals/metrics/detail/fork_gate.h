#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>

#pragma GCC visibility push(default)

namespace vitals::metrics::detail {

// A child of fork() has one thread and a copy of everything, also of locks that other threads held
// and of what they were changing. So each change of the room's data stands in a ForkSection, and
// fork() waits until there is none. No section is held while a user's code runs, so that it waits
// for some microseconds, and for a table that grows some milliseconds.

/// Keeps fork() away while it lives. May be held more than once by a thread. Cost: two locked
/// instructions.
class ForkSection {
 public:
  ForkSection() noexcept { enter(); }
  ~ForkSection() { leave(); }
  ForkSection(const ForkSection&) = delete;
  ForkSection& operator=(const ForkSection&) = delete;

 private:
  static void enter() noexcept;
  static void leave() noexcept;
};

/// A lock of one of the room's mutexes.
class [[nodiscard]] RoomLock {
 public:
  explicit RoomLock(std::mutex& mutex) noexcept : lock_(mutex) {}

 private:
  ForkSection section_;
  std::lock_guard<std::mutex> lock_;
};

/// How many forks lie between the first process and this one.
[[nodiscard]] std::uint32_t forks() noexcept;

/// Seconds since 1970-01-01 UTC when this process came by fork(); 0 in one that did not. Everything
/// that is counted in it began then.
[[nodiscard]] double forked_at() noexcept;

/// A lock that may be held while a user's code runs. One whose holder stayed behind in another
/// process is free.
class LongLock {
 public:
  void lock() noexcept;
  void unlock() noexcept;

 private:
  std::atomic<std::uint32_t> holder_{0};  // forks() + 1 of the process that it is held in
};

}  // namespace vitals::metrics::detail

#pragma GCC visibility pop

#pragma once

#include <atomic>
#include <cstdint>

#pragma GCC visibility push(default)

namespace vitals::metrics::detail {

/// The calls of one function of the user's that are under way, so that it can be taken away. Those
/// of a parent of fork() stayed behind in that process and do not count. Threads: any.
class UserCalls {
 public:
  UserCalls() = default;
  UserCalls(const UserCalls&) = delete;
  UserCalls& operator=(const UserCalls&) = delete;

  /// No call begins from now on. Returns when those under way have ended, but for one that this
  /// thread is in.
  void stop() noexcept;
  /// Whether this thread is in a call.
  [[nodiscard]] bool is_mine() const noexcept;

 private:
  friend class UserCall;
  [[nodiscard]] bool begin() noexcept;
  void end() noexcept;

  // The upper half is forks() of the process that they are under way in, the lowest bit says that no
  // more may begin, and between them stands their number.
  std::atomic<std::uint64_t> state_{0};
};

/// One call, while it lives; none where it is false.
class UserCall {
 public:
  explicit UserCall(UserCalls& calls) noexcept;
  UserCall(const UserCall&) = delete;
  UserCall& operator=(const UserCall&) = delete;
  ~UserCall();

  [[nodiscard]] explicit operator bool() const noexcept { return begun_; }

 private:
  friend class UserCalls;
  UserCalls& calls_;
  const UserCall* outer_ = nullptr;
  const bool begun_;
};

}  // namespace vitals::metrics::detail

#pragma GCC visibility pop

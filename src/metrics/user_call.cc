#include "vitals/metrics/detail/user_call.h"

#include <chrono>
#include <thread>

#include "vitals/metrics/detail/fork_gate.h"

namespace vitals::metrics::detail {
namespace {

constexpr std::uint64_t kStopped = 1;
constexpr std::uint64_t kOne = 2;
constexpr int kProcessShift = 32;

/// The call that this thread is in, innermost first.
constinit thread_local const UserCall* t_call = nullptr;

/// The state with no call of another process in it.
std::uint64_t of_this_process(std::uint64_t state) noexcept {
  const std::uint64_t process = std::uint64_t{forks()} << kProcessShift;
  if (state >> kProcessShift == process >> kProcessShift) return state;
  return process | (state & kStopped);
}

std::uint64_t under_way(std::uint64_t state) noexcept {
  return (state & 0xffff'ffff) / kOne;
}

}  // namespace

bool UserCalls::begin() noexcept {
  std::uint64_t before = state_.load(std::memory_order_relaxed);
  for (;;) {
    const std::uint64_t state = of_this_process(before);
    if ((state & kStopped) != 0) return false;
    if (state_.compare_exchange_weak(before, state + kOne, std::memory_order_acquire)) return true;
  }
}

void UserCalls::end() noexcept {
  // It began in this process: what forks meanwhile is another one.
  state_.fetch_sub(kOne, std::memory_order_release);  // pairs with the acquire in stop()
}

void UserCalls::stop() noexcept {
  std::uint64_t before = state_.load(std::memory_order_relaxed);
  while (!state_.compare_exchange_weak(before, of_this_process(before) | kStopped,
                                       std::memory_order_relaxed)) {
  }
  const std::uint64_t mine = is_mine() ? 1 : 0;
  constexpr std::chrono::milliseconds kPause{1};
  while (under_way(state_.load(std::memory_order_acquire)) > mine)
    std::this_thread::sleep_for(kPause);
}

bool UserCalls::is_mine() const noexcept {
  for (const UserCall* call = t_call; call != nullptr; call = call->outer_)
    if (&call->calls_ == this) return true;
  return false;
}

UserCall::UserCall(UserCalls& calls) noexcept : calls_(calls), begun_(calls.begin()) {
  if (!begun_) return;
  outer_ = t_call;
  t_call = this;
}

UserCall::~UserCall() {
  if (!begun_) return;
  t_call = outer_;
  calls_.end();
}

}  // namespace vitals::metrics::detail

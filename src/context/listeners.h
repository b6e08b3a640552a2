#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "vitals/context/listener.h"

namespace vitals::context::detail {

/// A place for a listener. Constant-initialised and trivially destroyed, so that statics may
/// capture while the process starts and ends.
struct Slot {
  std::atomic<Listener*> listener{nullptr};
  std::atomic<Listener*> log_listener{nullptr};  // the same one, where it wants lines of logs
  std::atomic<const Settings*> settings{nullptr};
  std::atomic<Baggage*> baggage{nullptr};
  std::atomic<Listener::WorkEnded> work_ended{nullptr};
  std::atomic<std::uint32_t> leases{0};
  // Of who starts and stops listening alone.
  bool wants_breadcrumbs = false;
  bool captures_breadcrumbs = false;
};
inline constinit std::array<Slot, kMaxListeners> slots{};

/// Access to what a slot has, for the life of this object: until then stop_listening() waits.
/// Threads: any. Cost: two locked adds; two loads where there is nothing.
template <class T, std::atomic<T*> Slot::*kMember>
class Lease {
 public:
  // Where there is nothing, nothing is counted: threads that go on capturing would else keep
  // stop_listening() from ever seeing a zero. Else the counter goes up before the pointer is read
  // once more, and stop_listening() goes the other way round: with sequential consistency one of
  // both sees the other.
  explicit Lease(Slot& slot) noexcept : slot_(slot) {
    if ((slot.*kMember).load(std::memory_order_relaxed) == nullptr) return;
    slot.leases.fetch_add(1, std::memory_order_seq_cst);
    held_ = (slot.*kMember).load(std::memory_order_seq_cst);
    if (held_ == nullptr) end();
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease() {
    if (held_ != nullptr) end();
  }

  [[nodiscard]] explicit operator bool() const noexcept { return held_ != nullptr; }
  [[nodiscard]] T* operator->() const noexcept { return held_; }
  [[nodiscard]] T& operator*() const noexcept { return *held_; }

 private:
  void end() noexcept {
    slot_.leases.fetch_sub(1, std::memory_order_release);  // pairs with stop_listening()
  }
  Slot& slot_;
  T* held_ = nullptr;
};

using ListenerLease = Lease<Listener, &Slot::listener>;
using LogLease = Lease<Listener, &Slot::log_listener>;
using SettingsLease = Lease<const Settings, &Slot::settings>;
using BaggageLease = Lease<Baggage, &Slot::baggage>;

/// The first slot that has one, else the first of all.
template <class T>
[[nodiscard]] Slot& first_with(std::atomic<T*> Slot::*member) noexcept {
  for (Slot& slot : slots)
    if ((slot.*member).load(std::memory_order_relaxed) != nullptr) return slot;
  return slots.front();
}

/// Of all listeners, or with LogLease of those that want lines of logs.
template <class HeldLease = ListenerLease, class Tell>
void for_each_listener(Tell tell) noexcept {
  for (Slot& slot : slots) {
    const HeldLease listener{slot};
    if (listener) tell(*listener);
  }
}

/// In a child of fork(): nobody listens any more, and nobody holds a lease.
void forget_listeners() noexcept;

/// What is done on each thread that makes a scope current, before it does; null: nothing. The crash
/// handler prepares its stack there.
inline constinit std::atomic<void (*)() noexcept> on_thread{nullptr};
inline void prepare_thread() noexcept {
  if (void (*const prepare)() noexcept = on_thread.load(std::memory_order_acquire)) prepare();
}

}  // namespace vitals::context::detail

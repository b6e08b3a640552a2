#include "context/listeners.h"

#include <mutex>
#include <new>
#include <thread>

#include "context/runtime.h"

namespace vitals::context {
namespace {

constinit thread_local bool sending_thread = false;

/// Of who starts and stops listening, never of a capture. Never destroyed. A child of fork() gets a
/// new one: another thread of its parent may have held this.
std::mutex* new_registry_mutex = nullptr;

std::mutex& registry_mutex() {
  static auto* const mutex = new std::mutex;
  return new_registry_mutex != nullptr ? *new_registry_mutex : *mutex;
}

void use_first_settings() noexcept {
  const detail::SettingsLease settings{detail::first_with(&detail::Slot::settings)};
  if (settings) detail::use_settings(*settings);
}

/// Under the registry's mutex.
void use_wishes() noexcept {
  bool with_traces = false;
  bool with_errors = false;
  for (const detail::Slot& slot : detail::slots) {
    with_traces = with_traces || slot.wants_breadcrumbs;
    with_errors = with_errors || slot.captures_breadcrumbs;
  }
  detail::runtime.wants_breadcrumbs.store(with_traces, std::memory_order_relaxed);
  detail::breadcrumbs_captured.store(with_errors, std::memory_order_relaxed);
}

bool anybody_has(std::atomic<Listener*> detail::Slot::*member) noexcept {
  return (detail::first_with(member).*member).load(std::memory_order_relaxed) != nullptr;
}

}  // namespace

namespace detail {
constinit std::atomic<bool> listened_to{false};
constinit std::atomic<bool> logs_wanted{false};
constinit std::atomic<bool> breadcrumbs_captured{false};
}  // namespace detail

bool start_listening(Listener& listener, const Settings* settings) noexcept {
  const std::lock_guard hold{registry_mutex()};
  for (detail::Slot& slot : detail::slots) {
    // A slot that was left with a call under way is free once that call is over.
    if (slot.listener.load(std::memory_order_relaxed) != nullptr ||
        slot.leases.load(std::memory_order_relaxed) != 0) {
      continue;
    }
    slot.settings.store(settings, std::memory_order_seq_cst);
    use_first_settings();
    slot.baggage.store(listener.baggage(), std::memory_order_seq_cst);
    slot.work_ended.store(listener.work_ended(), std::memory_order_release);
    slot.wants_breadcrumbs = listener.wants_breadcrumbs();
    slot.captures_breadcrumbs = listener.captures_breadcrumbs();
    use_wishes();
    slot.listener.store(&listener, std::memory_order_seq_cst);
    detail::listened_to.store(true, std::memory_order_release);  // pairs with enabled()
    if (listener.wants_logs()) {
      slot.log_listener.store(&listener, std::memory_order_seq_cst);
      detail::logs_wanted.store(true, std::memory_order_release);  // pairs with takes_logs()
    }
    return true;
  }
  return false;
}

bool stop_listening(Listener& listener, std::chrono::steady_clock::time_point deadline) noexcept {
  const std::lock_guard hold{registry_mutex()};
  for (detail::Slot& slot : detail::slots) {
    if (slot.listener.load(std::memory_order_relaxed) != &listener) continue;
    slot.listener.store(nullptr, std::memory_order_seq_cst);
    slot.log_listener.store(nullptr, std::memory_order_seq_cst);
    slot.work_ended.store(nullptr, std::memory_order_release);
    slot.baggage.store(nullptr, std::memory_order_seq_cst);
    slot.settings.store(nullptr, std::memory_order_seq_cst);
    slot.wants_breadcrumbs = slot.captures_breadcrumbs = false;
    use_wishes();
    detail::listened_to.store(anybody_has(&detail::Slot::listener), std::memory_order_release);
    detail::logs_wanted.store(anybody_has(&detail::Slot::log_listener), std::memory_order_release);
    use_first_settings();
    while (slot.leases.load(std::memory_order_seq_cst) != 0) {
      if (std::chrono::steady_clock::now() >= deadline) return false;
      std::this_thread::sleep_for(std::chrono::microseconds{50});
    }
  }
  return true;
}

void become_sending_thread() noexcept {
  sending_thread = true;
}

bool is_sending_thread() noexcept {
  return sending_thread;
}

namespace detail {

void forget_listeners() noexcept {
  new_registry_mutex = new (std::nothrow) std::mutex;
  listened_to.store(false, std::memory_order_relaxed);
  logs_wanted.store(false, std::memory_order_relaxed);
  for (Slot& slot : slots) {
    slot.listener.store(nullptr, std::memory_order_relaxed);
    slot.log_listener.store(nullptr, std::memory_order_relaxed);
    slot.settings.store(nullptr, std::memory_order_relaxed);
    slot.baggage.store(nullptr, std::memory_order_relaxed);
    slot.work_ended.store(nullptr, std::memory_order_relaxed);
    slot.leases.store(0, std::memory_order_relaxed);
    slot.wants_breadcrumbs = slot.captures_breadcrumbs = false;
  }
  runtime.wants_breadcrumbs.store(false, std::memory_order_relaxed);
  breadcrumbs_captured.store(false, std::memory_order_relaxed);
}

}  // namespace detail
}  // namespace vitals::context

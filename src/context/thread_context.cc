#include "context/thread_context.h"

#include <atomic>
#include <utility>

#include "base/say_line.h"
#include "context/listeners.h"
#include "context/scope_state.h"
#include "context/trace.h"
#include "vitals/context/carrier.h"
#include "vitals/context/scope.h"

namespace vitals::context {
namespace detail {

constinit thread_local ThreadContext here;

void say_misplaced() noexcept {
  static constinit std::atomic<bool> said{false};
  if (said.exchange(true, std::memory_order_relaxed)) return;
  base::say_line("vitals",
                 "an activation was ended on another thread than it began on, or in another order:",
                 "what is current may be wrong since; in a coroutine see vitals::context::Carrier");
}

LogIds log_ids() noexcept {
  return here.log_ids.view();
}

namespace {

enum class Place {
  kInside,      // where it began, and the last one that did
  kOutOfOrder,  // where it began; another one began later and has not ended
  kLineIsOver,  // its line of work does not run: it was destroyed while it was suspended
  kElsewhere
};

Place place_of(const void* owner, bool in_line, bool is_last) noexcept {
  Place place = Place::kElsewhere;
  if (owner == owner_here()) {
    place = is_last ? Place::kInside : Place::kOutOfOrder;
  } else if (in_line) {
    place = Place::kLineIsOver;
  }
  if (place == Place::kOutOfOrder || place == Place::kElsewhere) say_misplaced();
  return place;
}

bool is_placed(Place place) noexcept {
  return place == Place::kInside || place == Place::kLineIsOver;
}

}  // namespace

LogIdsActivation::LogIdsActivation(const LogIds& ids) noexcept
    : before_(std::exchange(here.log_ids, KeptLogIds{ids})),
      before_of_(std::exchange(here.log_ids_of, this)),
      owner_(owner_here()),
      in_line_(here.owner != nullptr) {}

bool LogIdsActivation::leave() noexcept {
  const Place place = place_of(owner_, in_line_, here.log_ids_of == this);
  if (place == Place::kInside) {
    here.log_ids = before_;
    here.log_ids_of = before_of_;
  } else if (place == Place::kOutOfOrder) {
    here.log_ids = {};
    here.log_ids_of = nullptr;
  }
  return is_placed(place);
}

}  // namespace detail

using detail::here;
using detail::owner_here;

// The thread has the count of what is active on it, so that it never points to what is gone; an
// activation has that of what was there before. Where activations end out of order nobody can tell
// what is current: nothing is, so that no work gets what belongs to another.

void Activation::enter(Scope scope) noexcept {
  detail::prepare_thread();
  owner_ = owner_here();
  in_line_ = here.owner != nullptr;
  entered_ = scope.state_.get();
  previous_ = std::exchange(here.scope, scope.state_.detach());
}

bool Activation::leave() noexcept {
  const detail::Place place = detail::place_of(owner_, in_line_, here.scope == entered_);
  if (place == detail::Place::kInside) {
    std::swap(previous_, here.scope);
  } else if (place == detail::Place::kOutOfOrder && here.scope != nullptr) {
    detail::release(std::exchange(here.scope, nullptr));
  }
  if (previous_ != nullptr) detail::release(previous_);
  return detail::is_placed(place);
}

void SpanActivation::enter(Span span) noexcept {
  owner_ = owner_here();
  in_line_ = here.owner != nullptr;
  entered_ = span.trace_.get();
  entered_index_ = span.index_;
  previous_ = std::exchange(here.span, span.trace_.detach());
  previous_index_ = std::exchange(here.span_index, span.index_);
}

bool SpanActivation::leave() noexcept {
  const bool is_last = here.span == entered_ && here.span_index == entered_index_;
  const detail::Place place = detail::place_of(owner_, in_line_, is_last);
  if (place == detail::Place::kInside) {
    std::swap(previous_, here.span);
    std::swap(previous_index_, here.span_index);
  } else if (place == detail::Place::kOutOfOrder && here.span != nullptr) {
    detail::release(std::exchange(here.span, nullptr));
  }
  if (previous_ != nullptr) detail::release(previous_);
  return detail::is_placed(place);
}

namespace {

/// The same once more, with counts of its own.
detail::ThreadContext copy_of(const detail::ThreadContext& context) noexcept {
  if (context.scope != nullptr) detail::add_ref(context.scope);
  if (context.span != nullptr) detail::add_ref(context.span);
  return context;
}

void let_go(const detail::ThreadContext& context) noexcept {
  if (context.scope != nullptr) detail::release(context.scope);
  if (context.span != nullptr) detail::release(context.span);
}

}  // namespace

Snapshot::Snapshot(const void* line) noexcept : inside_(copy_of(here)) {
  inside_.owner = line;
}

Snapshot::Snapshot(const Snapshot& other) noexcept : inside_(copy_of(other.inside_)) {}

Snapshot::~Snapshot() {
  let_go(inside_);
}

bool Snapshot::runs_here(const void* line) noexcept {
  return here.owner == line;
}

Snapshot::InPlace::InPlace(const Snapshot& snapshot) noexcept
    : before_(std::exchange(here, copy_of(snapshot.inside_))) {}

Snapshot::InPlace::~InPlace() {
  let_go(std::exchange(here, before_));
}

Carrier::Carrier() noexcept : inside_(copy_of(here)) {
  inside_.owner = this;
}

Carrier::~Carrier() {
  // While it runs, what is its own lies on the thread, and the thread's in here.
  if (running_.load(std::memory_order_relaxed)) leave();
  let_go(inside_);
}

bool Carrier::enter() noexcept {
  if (running_.exchange(true, std::memory_order_acquire)) return false;
  std::swap(inside_, here);
  return true;
}

bool Carrier::runs_here() const noexcept {
  return here.owner == this;
}

bool Carrier::leave() noexcept {
  if (!runs_here()) {
    if (running_.load(std::memory_order_relaxed)) detail::say_misplaced();
    return false;
  }
  std::swap(inside_, here);
  running_.store(false, std::memory_order_release);
  return true;
}

}  // namespace vitals::context

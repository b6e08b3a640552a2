#pragma once

#include <atomic>
#include <cassert>
#include <coroutine>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "vitals/context/span.h"

#pragma GCC visibility push(default)

namespace vitals::context {

/// What is current in a line of work that runs on one thread, then on another, such as a coroutine:
/// the scope, the span and the ids that log lines bear. It begins with what is current where it is
/// made; from then on each of its segments finds what the one before has left, and its thread has
/// again, behind the segment, what it had before. So a RequestActivation, a Span's or a Scope's may
/// be held over a suspension, which is not allowed without a carrier.
///
/// Coroutines of your own take CarriesContext, which does what is written here; tasks take carry(),
/// Asio's executors `vitals/adapters/asio.h`.
///
///     context::Carrier carrier;
///     …
///     carrier.enter();   // on whatever thread the work goes on
///     …                  // a segment of it
///     carrier.leave();   // on the same thread, before anything else runs there
///
/// Threads: one at a time. Cost: a swap of some 150 bytes each way.
class Carrier {
 public:
  Carrier() noexcept;
  Carrier(const Carrier&) = delete;
  Carrier& operator=(const Carrier&) = delete;
  ~Carrier();

  /// False, and nothing changed, where a segment runs already on some thread.
  bool enter() noexcept;
  /// False, and nothing changed, where no segment of it runs on this thread.
  bool leave() noexcept;

  /// Whether a segment of it runs on this thread.
  [[nodiscard]] bool runs_here() const noexcept;

 private:
  detail::ThreadContext inside_;  // its own; while it runs, the thread's
  std::atomic<bool> running_{false};
};

/// What is current at one place of a line of work whose next segment may begin on another thread
/// before the last one has come to its end here, or whose segments run at once, as an executor's do:
/// a copy, which each segment has for itself. Activations are held over segments as with a Carrier.
///
/// Threads: any. Cost: a copy of some 150 bytes and two counts, each time.
class Snapshot {
 public:
  /// Of what is current here. `line` tells this line of work from all others; it is an address of
  /// its own and is never read.
  explicit Snapshot(const void* line) noexcept;
  /// Another one of the same.
  Snapshot(const Snapshot& other) noexcept;
  Snapshot& operator=(const Snapshot&) = delete;
  ~Snapshot();

  /// Whether a segment of the line runs on this thread.
  [[nodiscard]] static bool runs_here(const void* line) noexcept;

  /// Calls the function with this in place, and puts back what the thread had. Within a segment of
  /// the same line the function is a part of that one. What the function throws goes on.
  template <class F>
  void run(F& function) const {
    if (runs_here(inside_.owner)) return static_cast<void>(function());
    const InPlace placed{*this};
    function();
  }

 private:
  class InPlace {
   public:
    explicit InPlace(const Snapshot& snapshot) noexcept;
    InPlace(const InPlace&) = delete;
    InPlace& operator=(const InPlace&) = delete;
    ~InPlace();

   private:
    detail::ThreadContext before_;
  };

  detail::ThreadContext inside_;
};

namespace detail {

template <class Awaitable>
decltype(auto) awaiter_of(Awaitable&& awaitable) {
  if constexpr (requires { std::forward<Awaitable>(awaitable).operator co_await(); }) {
    return std::forward<Awaitable>(awaitable).operator co_await();
  } else if constexpr (requires { operator co_await(std::forward<Awaitable>(awaitable)); }) {
    return operator co_await(std::forward<Awaitable>(awaitable));
  } else {
    return std::forward<Awaitable>(awaitable);
  }
}

/// A function and what was current where it was given away.
template <class F>
struct Carried {
  Context context;
  F function;

  template <class... Arguments>
  requires std::is_invocable_v<F&, Arguments...>
  decltype(auto) operator()(Arguments&&... arguments) {
    const Context::Active active = context.activate();
    return std::invoke(function, std::forward<Arguments>(arguments)...);
  }
};

/// What a coroutine waits for, with its carrier left while it waits.
template <class Inner>
class CarriedAwaiter {
 public:
  CarriedAwaiter(Carrier& carrier, Inner&& inner)
      : carrier_(carrier), inner_(std::forward<Inner>(inner)) {}

  decltype(auto) await_ready() { return inner_.await_ready(); }

  template <class Promise>
  auto await_suspend(std::coroutine_handle<Promise> coroutine) {
    // Before the inner one is told: from then on the coroutine may run on another thread, and this
    // object may be gone.
    carrier_.leave();
    suspended_ = true;
    const Restore restore{*this};
    using Given = decltype(inner_.await_suspend(coroutine));
    if constexpr (std::is_same_v<Given, bool>) {
      const bool suspended = inner_.await_suspend(coroutine);
      restore.dismiss(suspended);
      return suspended;
    } else if constexpr (std::is_void_v<Given>) {
      inner_.await_suspend(coroutine);
      restore.dismiss(true);
    } else {
      Given next = inner_.await_suspend(coroutine);
      restore.dismiss(true);
      return next;
    }
  }

  decltype(auto) await_resume() {
    if (suspended_) carrier_.enter();
    return inner_.await_resume();
  }

 private:
  /// The coroutine goes on here where the inner one says so, or throws.
  class Restore {
   public:
    explicit Restore(CarriedAwaiter& awaiter) noexcept : awaiter_(awaiter) {}
    Restore(const Restore&) = delete;
    Restore& operator=(const Restore&) = delete;
    ~Restore() {
      if (dismissed_) return;
      awaiter_.carrier_.enter();
      awaiter_.suspended_ = false;
    }
    void dismiss(bool suspended) const noexcept { dismissed_ = suspended; }

   private:
    CarriedAwaiter& awaiter_;
    mutable bool dismissed_ = false;
  };

  Carrier& carrier_;
  Inner inner_;
  bool suspended_ = false;
};

/// The first suspension: the carrier is entered when it is over.
template <class Inner>
struct StartAwaiter {
  Carrier& carrier;
  Inner inner;

  decltype(auto) await_ready() noexcept(noexcept(inner.await_ready())) {
    return inner.await_ready();
  }
  template <class Promise>
  decltype(auto) await_suspend(std::coroutine_handle<Promise> coroutine) {
    return inner.await_suspend(coroutine);
  }
  decltype(auto) await_resume() {
    carrier.enter();
    return inner.await_resume();
  }
};

/// The last one: the carrier is left before it.
template <class Inner>
struct EndAwaiter {
  Carrier& carrier;
  Inner inner;

  bool await_ready() noexcept {
    carrier.leave();
    return inner.await_ready();
  }
  template <class Promise>
  decltype(auto) await_suspend(std::coroutine_handle<Promise> coroutine) noexcept {
    return inner.await_suspend(coroutine);
  }
  decltype(auto) await_resume() noexcept { return inner.await_resume(); }
};

}  // namespace detail

/// For the promise of a task type of your own: what is current in the coroutine goes with it from
/// thread to thread.
///
///     struct promise_type : vitals::context::CarriesContext {
///       auto initial_suspend() { return on_start(std::suspend_always{}); }
///       auto final_suspend() noexcept { return on_end(ResumeTheCaller{}); }
///       …
///     };
///
/// A promise with an await_transform of its own gives what it makes to `carried()`. The coroutine
/// begins with what was current where it was called. Cost: that of Carrier at each suspension.
class CarriesContext {
 public:
  /// What the compiler calls for each `co_await`.
  template <class Awaitable>
  auto await_transform(Awaitable&& awaitable) {
    return carried(std::forward<Awaitable>(awaitable));
  }

 protected:
  /// The awaitable, which takes the context off the thread at its suspension and puts it back
  /// after.
  template <class Awaitable>
  auto carried(Awaitable&& awaitable) {
    using Inner = decltype(detail::awaiter_of(std::forward<Awaitable>(awaitable)));
    return detail::CarriedAwaiter<Inner>{carrier_,
                                         detail::awaiter_of(std::forward<Awaitable>(awaitable))};
  }
  /// The same for the coroutine's first suspension.
  template <class Awaiter>
  auto on_start(Awaiter awaiter) {
    return detail::StartAwaiter<Awaiter>{carrier_, std::move(awaiter)};
  }
  /// The same for its last one.
  template <class Awaiter>
  auto on_end(Awaiter awaiter) noexcept {
    return detail::EndAwaiter<Awaiter>{carrier_, std::move(awaiter)};
  }

 private:
  Carrier carrier_;
};

/// The function with what is current here around it: for a thread, a pool's task, a callback. It may
/// be called several times, also at once; each call begins with what was current here.
///
///     std::jthread worker{context::carry([&] { … })};
///     pool.post(context::carry([&] { … }));
template <class F>
[[nodiscard]] detail::Carried<std::decay_t<F>> carry(F&& function) {
  return {Context::current(), std::forward<F>(function)};
}

}  // namespace vitals::context

#pragma GCC visibility pop

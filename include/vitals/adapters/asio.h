#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

#include "vitals/context/carrier.h"

/// Asio, Boost's and the standalone one, and vitals::context: what is current where a coroutine or a
/// chain of handlers begins goes with it from thread to thread. Header-only; includes neither of the
/// two.
///
///     asio::co_spawn(adapters::carry_context(pool.get_executor()), serve(std::move(socket)),
///                    asio::detached);
///
///     asio::awaitable<void> serve(tcp::socket socket) {
///       monitor::RequestScope request{…};
///       const monitor::RequestActivation active{request};   // held over each co_await below
///       co_await …
///     }
namespace vitals::adapters {

/// Names an executor's ContextExecutor. A class in a class, and with a constructor that converts
/// nothing: an executor of Asio's that can hold any other one would else be asked whether it can hold
/// this one wherever two of these are compared or copied, which asks for the same again.
template <class Executor>
struct ContextExecutorOf {
  /// An executor that runs what it is given on another one, with what was current where it was made;
  /// see carry_context(). Its copies carry the same line of work.
  class Type {
   public:
    /// Runs what it is given on `inner`, with what is current now around it.
    template <std::same_as<Executor> Inner>
    explicit Type(Inner inner)
        : inner_(std::move(inner)), line_(std::make_shared<char>()), snapshot_(line_.get()) {}
    /// The same with what another one has around it.
    Type(Executor inner, std::shared_ptr<const char> line, const context::Snapshot& snapshot)
        : inner_(std::move(inner)), line_(std::move(line)), snapshot_(snapshot) {}

    /// Runs the function on the inner executor, with what is current here where this line of work
    /// runs here, else with what was where the executor was last asked for a property, as it is when
    /// an operation begins.
    template <class F>
    void execute(F&& function) const {
      inner_.execute([line = line_, snapshot = now(),
                      function = std::decay_t<F>(std::forward<F>(function))]() mutable {
        snapshot.run(function);
      });
    }

    /// The inner executor's property, as Asio asks for it.
    template <class Property>
    requires requires(const Executor& inner, const Property& property) { inner.query(property); }
    [[nodiscard]] decltype(auto) query(const Property& property) const
        noexcept(noexcept(std::declval<const Executor&>().query(property))) {
      return inner_.query(property);
    }
    /// An executor in the same context that has the property.
    template <class Property>
    requires requires(const Executor& inner, const Property& property) { inner.require(property); }
    [[nodiscard]] auto require(const Property& property) const {
      return with(inner_.require(property));
    }
    /// The same where the inner executor can have it.
    template <class Property>
    requires(
        !requires(const Executor& inner, const Property& property) { inner.require(property); } &&
        requires(const Executor& inner, const Property& property) { inner.prefer(property); })
        [[nodiscard]] auto prefer(const Property& property) const {
      return with(inner_.prefer(property));
    }

    friend bool operator==(const Type& one, const Type& other) noexcept {
      return one.line_ == other.line_ && one.inner_ == other.inner_;
    }
    friend bool operator!=(const Type& one, const Type& other) noexcept { return !(one == other); }

   private:
    template <class Other>
    [[nodiscard]] typename ContextExecutorOf<Other>::Type with(Other inner) const {
      return {std::move(inner), line_, now()};
    }
    [[nodiscard]] context::Snapshot now() const noexcept {
      return context::Snapshot::runs_here(line_.get()) ? context::Snapshot{line_.get()} : snapshot_;
    }

    Executor inner_;
    std::shared_ptr<const char> line_;  // its address
    context::Snapshot snapshot_;
  };
};

/// See ContextExecutorOf.
template <class Executor>
using ContextExecutor = typename ContextExecutorOf<Executor>::Type;

/// The executor with what is current here: for co_spawn(), bind_executor(), post(). Cost: an
/// allocation; each time it runs something, that of context::Snapshot. Threads: any.
template <class Executor>
[[nodiscard]] ContextExecutor<Executor> carry_context(Executor executor) {
  return ContextExecutor<Executor>{std::move(executor)};
}

}  // namespace vitals::adapters

#pragma once

#include <memory>
#include <utility>

#pragma GCC visibility push(default)

namespace vitals::metrics {

namespace detail {

/// What a registry has and can let go of.
class Removable {
 public:
  Removable() = default;
  Removable(const Removable&) = delete;
  Removable& operator=(const Removable&) = delete;
  virtual ~Removable() = default;
  virtual void remove() noexcept = 0;
};

}  // namespace detail

/// A metric, a callback or a collector as its registry has it, to be taken out again. A small value
/// to copy and keep; an empty one does nothing, nor does one whose registry is gone.
class Definition {
 public:
  Definition() noexcept = default;
  /// For the registry alone.
  explicit Definition(std::weak_ptr<detail::Removable> what) noexcept : what_(std::move(what)) {}

  /// Takes it out: no scrape has it from now on, and its name is free. A callback or collector is not
  /// called any more when this returns, so what it refers to may go; called from within itself, this
  /// returns at once and the call under way is the last. A handle of a metric goes on counting where
  /// nobody sees it; its memory is kept, some hundred bytes for each label set each time. What comes
  /// and goes without end is better a label set than a definition.
  /// Threads: any. Cost: waits for the calls under way.
  void remove() const noexcept {
    if (const std::shared_ptr<detail::Removable> what = what_.lock()) what->remove();
  }

  /// Whether its registry has it still.
  [[nodiscard]] bool is_there() const noexcept { return !what_.expired(); }

 private:
  std::weak_ptr<detail::Removable> what_;
};

/// Takes a definition out of its registry when it goes out of scope: keep it beside what a callback
/// refers to.
///
///     class Pool {
///       …
///       metrics::ScopedDefinition size_ =
///           registry.gauge_callback("pool_size", "Connections.", [this] { … });
///     };
class [[nodiscard("dropping the guard takes the metric out of the registry")]] ScopedDefinition {
 public:
  ScopedDefinition() noexcept = default;
  /// Takes the definition out when it goes.
  ScopedDefinition(Definition definition) noexcept : definition_(std::move(definition)) {}
  /// The other one is empty then.
  ScopedDefinition(ScopedDefinition && other) noexcept : definition_(other.release()) {}
  /// Takes out what it had before. The other one is empty then.
  ScopedDefinition& operator=(ScopedDefinition&& other) noexcept {
    if (this != &other) {
      definition_.remove();
      definition_ = other.release();
    }
    return *this;
  }
  ~ScopedDefinition() {
    definition_.remove();
  }

  /// Gives the definition back, which then stays.
  Definition release() noexcept {
    return std::exchange(definition_, Definition{});
  }

 private:
  Definition definition_;
};

}  // namespace vitals::metrics

#pragma GCC visibility pop

#pragma once

#include <atomic>
#include <utility>

#pragma GCC visibility push(default)

/// What the inline parts of the public headers share. Nothing in this namespace is for users.
namespace vitals::context::detail {

class ScopeState;
class Trace;
class TransactionAccess;
struct Recording;

void add_ref(ScopeState* state) noexcept;
void release(ScopeState* state) noexcept;
void add_ref(Trace* trace) noexcept;
void release(Trace* trace) noexcept;

/// An intrusive counted pointer. Threads: as std::shared_ptr.
template <class T>
class Ref {
 public:
  constexpr Ref() noexcept = default;
  /// Takes over a count that the caller holds.
  static Ref adopt(T* object) noexcept {
    Ref ref;
    ref.object_ = object;
    return ref;
  }
  /// Adds a count of its own.
  static Ref share(T* object) noexcept {
    if (object != nullptr) add_ref(object);
    return adopt(object);
  }
  Ref(const Ref& other) noexcept : object_(other.object_) {
    if (object_ != nullptr) add_ref(object_);
  }
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_ != nullptr) release(object_);
  }

  /// Gives the count to the caller.
  [[nodiscard]] T* detach() noexcept { return std::exchange(object_, nullptr); }
  [[nodiscard]] T* get() const noexcept { return object_; }
  [[nodiscard]] T* operator->() const noexcept { return object_; }
  [[nodiscard]] T& operator*() const noexcept { return *object_; }
  [[nodiscard]] explicit operator bool() const noexcept { return object_ != nullptr; }

 private:
  T* object_ = nullptr;
};

// One for all shared objects of the process, hence not inline: clang would give each its own.
extern constinit std::atomic<bool> listened_to;

}  // namespace vitals::context::detail

namespace vitals::context {

/// Whether anybody listens, that is between a listener's start and its end, such as that of a
/// Sentry client. While it is false every call of this room returns at once and allocates nothing.
/// Threads: any. Cost: one load.
[[nodiscard]] inline bool enabled() noexcept {
  return detail::listened_to.load(std::memory_order_acquire);  // pairs with Registration
}

}  // namespace vitals::context

#pragma GCC visibility pop

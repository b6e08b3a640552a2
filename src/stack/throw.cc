#include "vitals/stack/throw.h"

#include <cxxabi.h>
#include <dlfcn.h>

#include <array>
#include <atomic>
#include <exception>
#include <string_view>

#include "stack/throw_table.h"
#include "vitals/stack/walk.h"

namespace vitals::stack::detail {
namespace {

enum class Method { kOff, kUnwind, kFramePointers };
constexpr auto kMethod = Method::VITALS_THROW_STACK;

constinit ThrowTable<256, 4, kMaxThrowDepth> throws;
constinit std::atomic<int> recordings{0};

/// Types are told apart by their names: the same one may have a type_info in each library, and one
/// may be gone with its library.
std::uint64_t hash_of(const std::type_info& type) noexcept {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const char c : std::string_view{type.name()}) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  }
  return hash;
}

}  // namespace

#if VITALS_INTERPOSE_THROW
namespace {

using Throw = decltype(&__cxxabiv1::__cxa_throw);
using InitPrimary = decltype(&__cxxabiv1::__cxa_init_primary_exception);

/// What stands behind ours: the language's runtime, or a sanitizer's own between the two.
struct Next {
  std::atomic<Throw> throw_object{nullptr};
  std::atomic<InitPrimary> init_primary{nullptr};
  std::atomic<std::uintptr_t> runtime_begin{0};
  std::atomic<std::uintptr_t> runtime_end{0};
};
constinit Next next;

// In a program that holds the runtime itself (-static-libstdc++, -static), this brings the runtime's
// own definition in, which stands before our weak one: then throws are not followed, and an exception
// has the stack of its capture.
[[gnu::used]] void (*const runtime_of_a_static_program)() = &__cxxabiv1::__cxa_rethrow;

/// Early, and not at the first throw, where the loader's lock may be held. Statics that throw before
/// this runs call it themselves.
[[gnu::constructor]] void find_next() noexcept {
  void* const throw_object = dlsym(RTLD_NEXT, "__cxa_throw");
  void* const init_primary = dlsym(RTLD_NEXT, "__cxa_init_primary_exception");
  if (throw_object == nullptr) return;  // ours is not in use
  dl_find_object runtime{};
  if (_dl_find_object(init_primary, &runtime) == 0) {
    next.runtime_begin.store(reinterpret_cast<std::uintptr_t>(runtime.dlfo_map_start),
                             std::memory_order_relaxed);
    next.runtime_end.store(reinterpret_cast<std::uintptr_t>(runtime.dlfo_map_end),
                           std::memory_order_relaxed);
  }
  next.init_primary.store(reinterpret_cast<InitPrimary>(init_primary), std::memory_order_relaxed);
  // Pairs with the acquire below: a thread that sees this sees the rest.
  next.throw_object.store(reinterpret_cast<Throw>(throw_object), std::memory_order_release);
}

void make_ready() noexcept {
  if (next.throw_object.load(std::memory_order_acquire) == nullptr) find_next();
}

void record(const void* object, const std::type_info* type, std::uintptr_t site,
            [[maybe_unused]] const void* frame) noexcept {
  if (recordings.load(std::memory_order_relaxed) == 0 || type == nullptr) return;
  std::array<std::uintptr_t, kMaxThrowDepth> stack;
  const std::size_t depth = kMethod == Method::kFramePointers ? walk_stack(site, frame, stack)
                                                              : unwind_stack(site, stack);
  throws.record(reinterpret_cast<std::uintptr_t>(object), hash_of(*type),
                std::span{stack}.first(depth));
}

}  // namespace
#endif

}  // namespace vitals::stack::detail

namespace vitals::stack {

ThrowRecording::ThrowRecording() noexcept {
  detail::recordings.fetch_add(1, std::memory_order_relaxed);
}

ThrowRecording::~ThrowRecording() {
  detail::recordings.fetch_sub(1, std::memory_order_relaxed);
}

std::size_t throw_stack(const void* exception, const std::type_info& type,
                        std::span<std::uintptr_t> out) noexcept {
  return detail::throws.find(reinterpret_cast<std::uintptr_t>(exception), detail::hash_of(type),
                             out);
}

std::uint64_t throw_stamp(const void* exception, const std::type_info& type) noexcept {
  return detail::throws.stamp(reinterpret_cast<std::uintptr_t>(exception), detail::hash_of(type));
}

}  // namespace vitals::stack

#if VITALS_INTERPOSE_THROW

// The language's own entry points, which the loader finds before the runtime's: what throws in this
// process, from any library, comes by here.

extern "C" [[gnu::weak]] void __cxxabiv1::__cxa_throw(void* object, std::type_info* type,
                                                      void (*destroy)(void*)) {
  namespace detail = vitals::stack::detail;
  detail::make_ready();
  detail::record(object, type, reinterpret_cast<std::uintptr_t>(__builtin_return_address(0)),
                 __builtin_frame_address(0));
  detail::next.throw_object.load(std::memory_order_relaxed)(object, type, destroy);
  __builtin_unreachable();
}

/// std::make_exception_ptr makes an exception that was never thrown. What throws comes by here as
/// well, from within the runtime, and is recorded already.
extern "C" [[gnu::weak]] __cxxabiv1::__cxa_refcounted_exception*
__cxxabiv1::__cxa_init_primary_exception(void* object, std::type_info* type,
                                         void (*destroy)(void*)) noexcept {
  namespace detail = vitals::stack::detail;
  detail::make_ready();
  const auto site = reinterpret_cast<std::uintptr_t>(__builtin_return_address(0));
  if (site < detail::next.runtime_begin.load(std::memory_order_relaxed) ||
      site >= detail::next.runtime_end.load(std::memory_order_relaxed)) {
    detail::record(object, type, site, __builtin_frame_address(0));
  }
  return detail::next.init_primary.load(std::memory_order_relaxed)(object, type, destroy);
}

#endif

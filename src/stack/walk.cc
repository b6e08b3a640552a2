#include "vitals/stack/walk.h"

#include <pthread.h>
#include <unwind.h>

#include <bit>

namespace vitals::stack {
namespace {

/// Frames of our own that may lie between here and the first that is wanted.
constexpr std::size_t kMaxOwnFrames = 16;

struct Walk {
  std::uintptr_t first;
  std::span<std::uintptr_t> out;
  std::size_t depth = 0;
  std::size_t skipped = 0;
};

_Unwind_Reason_Code visit(_Unwind_Context* context, void* argument) {
  Walk& walk = *static_cast<Walk*>(argument);
  const std::uintptr_t address = _Unwind_GetIP(context);
  if (walk.depth == 0 && address != walk.first) {
    return ++walk.skipped > kMaxOwnFrames ? _URC_END_OF_STACK : _URC_NO_REASON;
  }
  if (address == 0 || walk.depth == walk.out.size()) return _URC_END_OF_STACK;
  walk.out[walk.depth++] = address;
  return _URC_NO_REASON;
}

struct Limits {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
};

/// Nothing where the system will not say: then no frame lies within.
Limits ask_limits() noexcept {
  Limits limits;
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return limits;
  void* begin = nullptr;
  std::size_t size = 0;
  if (pthread_attr_getstack(&attributes, &begin, &size) == 0) {
    limits.begin = reinterpret_cast<std::uintptr_t>(begin);
    limits.end = limits.begin + size;
  }
  pthread_attr_destroy(&attributes);
  return limits;
}

constinit thread_local Limits own_limits{};

}  // namespace

std::size_t unwind_stack(std::uintptr_t first, std::span<std::uintptr_t> out) noexcept {
  if (out.empty()) return 0;
  Walk walk{first, out};
  _Unwind_Backtrace(&visit, &walk);
  if (walk.depth == 0) out[walk.depth++] = first;
  return walk.depth;
}

// A frame is two words: the caller's frame, and the return address. Neither is an object that a
// sanitizer knows.
__attribute__((no_sanitize("address", "thread", "undefined"))) std::size_t walk_stack(
    std::uintptr_t first, const void* frame, std::span<std::uintptr_t> out) noexcept {
  if (out.empty()) return 0;
  std::size_t depth = 0;
  out[depth++] = first;
  if (own_limits.end == 0) own_limits = ask_limits();
  auto here = reinterpret_cast<std::uintptr_t>(frame);
  constexpr std::size_t kFrame = 2 * sizeof(std::uintptr_t);
  if (here < own_limits.begin || own_limits.end < kFrame) return depth;
  while (depth < out.size() && here <= own_limits.end - kFrame && here % sizeof here == 0) {
    const auto* const words = std::bit_cast<const std::uintptr_t*>(here);
    const std::uintptr_t caller = words[0];
    // The first frame is the one that `first` returns from.
    if (words[1] == 0) break;
    if (words[1] != first || depth > 1) out[depth++] = words[1];
    if (caller <= here) break;
    here = caller;
  }
  return depth;
}

[[gnu::noinline]] std::size_t current_stack(std::span<std::uintptr_t> out) noexcept {
  return unwind_stack(reinterpret_cast<std::uintptr_t>(__builtin_return_address(0)), out);
}

}  // namespace vitals::stack

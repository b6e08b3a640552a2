#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#pragma GCC visibility push(default)

namespace vitals::stack {

/// Return addresses of the calls that lead here, from `first` (which must be one of them, see
/// __builtin_return_address) outwards, by the unwinder's tables; returns how many there are. Only
/// `first` where those do not lead to it.
/// Threads: any. Cost: about 0.15 us a frame, no allocation. Not for signal handlers.
[[nodiscard]] std::size_t unwind_stack(std::uintptr_t first,
                                       std::span<std::uintptr_t> out) noexcept;

/// The same by following the frame pointers from `frame`, a caller's __builtin_frame_address(0):
/// quicker, but it ends at, or skips, what was compiled without them. It reads nothing outside the
/// thread's own stack.
/// Threads: any. Cost: some ns a frame; the first on a thread asks for the stack's limits, which
/// may allocate.
[[nodiscard]] std::size_t walk_stack(std::uintptr_t first, const void* frame,
                                     std::span<std::uintptr_t> out) noexcept;

/// The stack of the calling thread, the innermost return address first: that into the caller.
/// Threads, cost: as unwind_stack().
[[nodiscard]] std::size_t current_stack(std::span<std::uintptr_t> out) noexcept;

}  // namespace vitals::stack

#pragma GCC visibility pop

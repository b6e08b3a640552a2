#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace vitals::sentry::detail {

/// The most return addresses that are kept of a throw.
inline constexpr std::size_t kMaxThrowDepth = 64;

/// Copies the stack of the place that threw the exception object at `exception` (what a catch
/// clause's reference or an exception_ptr points to), the innermost return address first, and
/// returns how many there were: 0 where none was kept.
/// Threads: any. Cost: a look and a copy, no lock, no allocation.
[[nodiscard]] std::size_t throw_stack(const void* exception,
                                      std::span<std::uintptr_t> out) noexcept;

}  // namespace vitals::sentry::detail

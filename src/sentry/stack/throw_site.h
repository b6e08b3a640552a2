#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <typeinfo>

namespace vitals::sentry::detail {

/// The most return addresses that are kept of a throw.
inline constexpr std::size_t kMaxThrowDepth = 64;

/// Copies the stack of the place that threw the exception object at `exception`, the innermost
/// return address first, and returns how many there were: 0 where none was kept. The address is
/// that of the whole object: of one caught by reference, dynamic_cast<const void*> gives it. `type`
/// is what was thrown; an address that was used again for another type finds nothing.
/// Threads: any. Cost: a look and a copy, no lock, no allocation.
[[nodiscard]] std::size_t throw_stack(const void* exception, const std::type_info& type,
                                      std::span<std::uintptr_t> out) noexcept;

/// A number of the throw that made the object, by the same rules: another object that comes to lie
/// at its address has another. 0: not known. Threads: any.
[[nodiscard]] std::uint64_t throw_stamp(const void* exception, const std::type_info& type) noexcept;

}  // namespace vitals::sentry::detail

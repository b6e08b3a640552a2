#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <vector>

#include "vitals/stack/symbolizer.h"

#pragma GCC visibility push(default)

namespace vitals::stack {

/// An exception as the thread that caught it sees it.
struct ThrownException {
  std::string mangled_type;  ///< `unknown` of one that is not C++'s own
  std::string value;  ///< what() of a std::exception, a thrown text, else empty; at most 8 KiB
  std::vector<std::uintptr_t> stack{};  ///< of the throw, the innermost return address first
  Innermost innermost = Innermost::kReturnAddress;  ///< what the first of `stack` is
};

/// The exception, and those nested in it by std::throw_with_nested(): what was caught first, its
/// cause after it; at most 32. A stack is empty where the throw was not recorded: see
/// ThrowRecording. Threads: any. Cost: some allocations; each nested one a rethrow. Throws
/// std::bad_alloc.
[[nodiscard]] std::vector<ThrownException> exception_chain(const std::exception& exception);
/// The same of any exception, also one that is no std::exception. The pointer must not be null.
/// Cost: a rethrow more.
[[nodiscard]] std::vector<ThrownException> exception_chain(const std::exception_ptr& exception);

/// The stamp (see throw_stamp()) of what was thrown; 0: not known.
[[nodiscard]] std::uint64_t throw_stamp(const std::exception& exception) noexcept;
/// The same of any exception.
[[nodiscard]] std::uint64_t throw_stamp(const std::exception_ptr& exception) noexcept;

}  // namespace vitals::stack

#pragma GCC visibility pop

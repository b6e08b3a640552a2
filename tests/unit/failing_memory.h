#pragma once

#include <cstddef>

namespace unit {

/// While it lives, `operator new` fails on the thread that made it, from its `after`-th call on. A
/// program that links it has an `operator new` of its own; what malloc() gives does not fail.
class FailingMemory {
 public:
  explicit FailingMemory(std::size_t after) noexcept;
  ~FailingMemory();
  FailingMemory(const FailingMemory&) = delete;
  FailingMemory& operator=(const FailingMemory&) = delete;

  /// Whether a call has failed.
  [[nodiscard]] bool failed() const noexcept;
};

}  // namespace unit

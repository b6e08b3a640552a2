#pragma once

#include <cstdint>

#pragma GCC visibility push(default)

namespace vitals::context {

/// How a piece of work ended, from the best to the worst.
enum class WorkStatus : std::uint8_t {
  kOk,
  kErrored,    ///< with an answer, but an error was captured on the way
  kAbandoned,  ///< nobody knows how: it was given up before its end
  kCrashed,    ///< by an exception that no code was ready for
};

}  // namespace vitals::context

#pragma GCC visibility pop

#pragma once

#include <chrono>

namespace vitals::sentry::detail {

/// How often the client does what it does by itself. Taken by each client at its start; tests set
/// other values before that, nothing else does.
struct Pace {
  std::chrono::milliseconds first_pause{1000};  // after a request that failed; then it doubles
  std::chrono::milliseconds longest_pause{60'000};
  std::chrono::milliseconds replay{100};       // between two envelopes from disk
  std::chrono::milliseconds ride{1000};        // between two reports beside something else
  std::chrono::milliseconds report{30'000};    // between two reports alone
  std::chrono::milliseconds pressure{10'000};  // between two looks at the pressure
  std::chrono::milliseconds rescan{30'000};    // between two looks at what others put on disk
};
inline Pace usual_pace;

}  // namespace vitals::sentry::detail

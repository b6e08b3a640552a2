#pragma once

#include <chrono>

namespace vitals::delivery::detail {

/// How often what is sent is looked at. Taken by each worker at its start; tests set other values
/// before that, nothing else does.
struct Pace {
  std::chrono::milliseconds first_pause{1000};  // after a request that failed; then it doubles
  std::chrono::milliseconds longest_pause{60'000};
  std::chrono::milliseconds replay{100};       // between two parcels from disk
  std::chrono::milliseconds pressure{10'000};  // between two looks at the pressure
  std::chrono::milliseconds rescan{30'000};    // between two looks at what others put on disk
};
inline Pace usual_pace;

}  // namespace vitals::delivery::detail

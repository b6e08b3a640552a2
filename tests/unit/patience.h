#pragma once

#include <chrono>

namespace vitals {

/// How long a test waits for what is sure to come: by threads of the lowest priority, on a machine
/// that is busy with other things.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr std::chrono::milliseconds kPlenty{240'000};
#else
inline constexpr std::chrono::milliseconds kPlenty{120'000};
#endif

/// What "at once" and "by its deadline" are on a machine that is busy with other things.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr std::chrono::milliseconds kSoon{24'000};
#else
inline constexpr std::chrono::milliseconds kSoon{8'000};
#endif

}  // namespace vitals

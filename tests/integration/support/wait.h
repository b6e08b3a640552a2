#pragma once

#include <chrono>
#include <functional>

#ifndef INTEGRATION_SLOWNESS
#define INTEGRATION_SLOWNESS 1
#endif

namespace integration {

using namespace std::chrono_literals;
using Milliseconds = std::chrono::milliseconds;

/// How many times slower than usual a build with sanitizers may be. Deadlines are multiplied by it.
inline constexpr int kSlowness = INTEGRATION_SLOWNESS;

/// A limit in seconds for what takes a moment on an idle machine. It leaves room for a load beside
/// the test, and for a disk or a machine that stands still for half a minute.
inline constexpr double kOnTime = 45.0 * kSlowness;

/// Asks `condition` every 10 ms until it is true; false when the deadline (times kSlowness) has
/// passed. The deadline is for what will never be: it is generous, since tests run beside a load.
[[nodiscard]] bool eventually(const std::function<bool()>& condition, Milliseconds deadline = 60s);

/// Time since `start` in seconds.
[[nodiscard]] double seconds_since(std::chrono::steady_clock::time_point start);

}  // namespace integration

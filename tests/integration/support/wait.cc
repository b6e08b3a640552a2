#include "integration/support/wait.h"

#include <algorithm>
#include <thread>

namespace integration {

bool eventually(const std::function<bool()>& condition, Milliseconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline * kSlowness;
  // What comes soon is seen soon; what takes long is not asked for a hundred times a second.
  for (auto pause = 4ms; !condition(); pause = std::min(pause * 5 / 4, 50ms)) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(pause);
  }
  return true;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace integration

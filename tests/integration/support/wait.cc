#include "integration/support/wait.h"

#include <thread>

namespace integration {

bool eventually(const std::function<bool()>& condition, Milliseconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline * kSlowness;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(10ms);
  }
  return true;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace integration

#pragma once

#include <algorithm>
#include <chrono>
#include <random>

namespace health_agent::bot {

/// Growing pauses between tries: each twice the one before, up to a most, and of each a random half
/// to whole, so that replicas do not knock together. Threads: one at a time.
class Backoff {
 public:
  using Pause = std::chrono::milliseconds;

  Backoff(Pause first, Pause most) : first_(first), most_(most), next_(first) {}

  [[nodiscard]] Pause next() {
    const Pause whole = next_;
    next_ = std::min(most_, next_ * 2);
    std::uniform_int_distribution<Pause::rep> share{whole.count() / 2, whole.count()};
    return Pause{share(random_)};
  }

  void reset() noexcept { next_ = first_; }

 private:
  Pause first_;
  Pause most_;
  Pause next_;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace health_agent::bot

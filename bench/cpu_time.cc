#include "bench/cpu_time.h"

#include <time.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>

namespace vitals::bench {

double cpu_seconds_of(pid_t pid) {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &time) != 0)
    throw std::runtime_error("the processor time of " + std::to_string(pid) + " cannot be read");
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double cpu_seconds_at_rest(pid_t pid) {
  constexpr double kRest = 0.001;
  double before = cpu_seconds_of(pid);
  for (int i = 0, quiet = 0; i < 100 && quiet < 2; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
    const double now = cpu_seconds_of(pid);
    quiet = now - before < kRest ? quiet + 1 : 0;
    before = now;
  }
  return before;
}

}  // namespace vitals::bench

#pragma once

#include <sys/types.h>

namespace vitals::bench {

/// The processor time of a running process, all its threads, in seconds: in nanoseconds, for the
/// ticks of /proc are 10 ms. Throws when it has gone.
[[nodiscard]] double cpu_seconds_of(pid_t pid);

/// The same once it has nothing left to do, so that its work is counted and not only put off.
[[nodiscard]] double cpu_seconds_at_rest(pid_t pid);

}  // namespace vitals::bench

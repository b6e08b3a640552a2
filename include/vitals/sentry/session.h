#pragma once

#include <cstdint>

#include "vitals/sentry/enabled.h"

#pragma GCC visibility push(default)

namespace vitals::sentry {

/// How a session ended, from the best to the worst. Source: Sentry developer documentation,
/// "Sessions".
enum class SessionStatus : std::uint8_t {
  kExited,    ///< well
  kErrored,   ///< with an answer, but an error was captured on the way
  kAbnormal,  ///< nobody knows how: it was given up before its end
  kCrashed,   ///< by an exception that no code was ready for
};

namespace detail {
void record_session(SessionStatus status) noexcept;
}  // namespace detail

/// Counts one session that ends now: a request, an update, a job. From these Sentry tells how much
/// of a release's work goes well. For work that has a scope use context::Scope::end_work(), which
/// knows the status by itself.
///
/// Sessions are counted by the minute and sent once a minute, as long as Options::track_sessions is
/// set and Options::release says whose they are; else nothing is counted.
/// Threads: any. Cost: about 10 ns, no lock, no allocation.
inline void record_session(SessionStatus status = SessionStatus::kExited) noexcept {
  if (enabled()) detail::record_session(status);
}

}  // namespace vitals::sentry

#pragma GCC visibility pop

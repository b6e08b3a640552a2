#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

#include "sentry/items.h"
#include "vitals/sentry/options.h"
#include "vitals/sentry/session.h"

namespace vitals::sentry::detail {

inline constexpr std::size_t kSessionStatuses = 4;

/// What was counted since it was asked last, as an item once a minute. The counts are the
/// process' own, so that a request adds to them without holding the client.
class SessionSource final : public delivery::detail::Source {
 public:
  /// `options` must outlive it. What was left of a former client is forgotten.
  explicit SessionSource(const Options& options) noexcept;

  [[nodiscard]] std::unique_ptr<delivery::detail::Cargo> take(
      std::chrono::steady_clock::time_point now, bool everything) noexcept override;

 private:
  const Options& options_;
  std::mutex taking_;  // of the client's two threads, never of who counts
  std::optional<std::chrono::steady_clock::time_point> due_;
  bool gave_ = false;
};

/// An item of one session that ended at `time`; null without a release. Throws std::bad_alloc.
[[nodiscard]] std::unique_ptr<ReadyItem> session_item(Timestamp time, SessionStatus status,
                                                      std::string_view release,
                                                      std::string_view environment);

/// Hands over a session of another process than this one: of one that crashed, found at the next
/// start. Nothing without a release, or with Options::track_sessions off. Threads: any.
void record_session_at(Timestamp time, SessionStatus status, std::string_view release,
                       std::string_view environment) noexcept;

}  // namespace vitals::sentry::detail

#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "delivery/cargo.h"
#include "vitals/sentry/client.h"

namespace vitals::sentry::detail {

/// What the hot paths need of the options, as plain atomics of the process. Constant-initialised
/// and trivially destroyed, so that statics may capture while the process starts and ends.
struct Runtime {
  std::atomic<double> sample_rate{1.0};
  std::atomic<bool> track_sessions{false};
};
inline constinit Runtime runtime;

/// Access to the client that is active, for the life of this object: until then end() waits before
/// it tears the client down. Null when there is none. Threads: any. Cost: two locked adds.
class Lease {
 public:
  Lease() noexcept;
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  ~Lease();

  [[nodiscard]] explicit operator bool() const noexcept { return client_ != nullptr; }
  [[nodiscard]] Client* operator->() const noexcept { return client_; }

 private:
  Client* client_;
};

/// In a child of fork(): there is no client any more, and nobody holds a lease.
void forget_client() noexcept;

/// Makes `client` the active one; false when there is one already.
[[nodiscard]] bool publish(Client* client) noexcept;
/// Takes the active client away and waits until no lease on it is left. False when `deadline` came
/// first: then somebody still uses it, and it must not be freed.
[[nodiscard]] bool retract(std::chrono::steady_clock::time_point deadline) noexcept;

/// An Outcome in the detail that client reports need. Each belongs to one Outcome.
enum class Cause : std::uint8_t {
  kSent,
  kSampleRate,
  kBackpressure,   // sampled less while the client could not keep up
  kLimited,        // held back here, as the server had asked
  kAnswered429,    // known to the server: never reported
  kQueueOverflow,  // captured faster than sent
  kNetworkError,
  kSendError,      // the server answered, and refused it
  kCacheOverflow,  // pushed off the disk by what came later, or too old, or never fit
  kInternalError,
  kRefusedAsTooLarge,  // by the server
  kTooLarge,           // not even tried
  kBeforeSend,
  kEventProcessor,
  kBufferOverflow,  // more spans than a transaction may have
};
inline constexpr std::size_t kCauses = 15;
[[nodiscard]] Outcome outcome_of(Cause cause) noexcept;
[[nodiscard]] Cause cause_of(delivery::detail::DropReason reason) noexcept;

/// Adds to a count of the process. Threads: any. Cost: one locked add on a line shared by few.
void count(Category category, Cause cause, std::uint64_t quantity = 1) noexcept;
void count(Category category, Outcome outcome, std::uint64_t quantity = 1) noexcept;
[[nodiscard]] std::uint64_t counted(Category category, Cause cause) noexcept;
[[nodiscard]] std::uint64_t counted(Category category, Outcome outcome) noexcept;

/// What is counted by its bytes, beside its number: the server wants to be told of these.
enum class Bulk : std::uint8_t { kLog, kAttachment, kTraceMetric };
inline constexpr std::size_t kBulks = 3;
void count_bytes(Bulk bulk, Cause cause, std::uint64_t bytes) noexcept;
[[nodiscard]] std::uint64_t counted_bytes(Bulk bulk, Cause cause) noexcept;
/// Number and bytes at once.
inline void count_attachment(Cause cause, std::uint64_t bytes) noexcept {
  count(Category::kAttachment, cause);
  count_bytes(Bulk::kAttachment, cause, bytes);
}
/// Under which bytes the payload of an item of this category is counted; nothing: under none.
[[nodiscard]] constexpr std::optional<Bulk> payload_bulk(Category category) noexcept {
  if (category == Category::kLog) return Bulk::kLog;
  if (category == Category::kTraceMetric) return Bulk::kTraceMetric;
  return std::nullopt;
}

}  // namespace vitals::sentry::detail

#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "vitals/otlp/options.h"
#include "vitals/result.h"

#pragma GCC visibility push(default)

namespace vitals::otlp {

class Client;

/// What is sent. Source: OpenTelemetry, "Signals".
enum class Signal : std::uint8_t { kTraces, kMetrics, kLogs };
inline constexpr std::size_t kSignals = 3;  ///< how many there are

/// The signal's name: `traces`, `metrics`, `logs`.
[[nodiscard]] std::string_view to_string(Signal signal) noexcept;

/// What became of an item: a span, a metric's point or a log record.
enum class Outcome : std::uint8_t {
  kSent,           ///< the server took it
  kRejected,       ///< the server took the request, and not this item (`partial_success`)
  kRefused,        ///< the server refused the request, for good
  kQueueFull,      ///< it came faster than it was sent
  kNetworkError,   ///< no answer, or not now, until there was no more time or room to wait
  kCacheOverflow,  ///< pushed off the disk by what came later, too old, or no room there
  kInternalError,  ///< no memory for it
};
inline constexpr std::size_t kOutcomes = 7;  ///< how many there are

/// The outcome's name: `sent`, `rejected`, `refused`, `queue_full`, `network_error`,
/// `cache_overflow`, `internal_error`.
[[nodiscard]] std::string_view to_string(Outcome outcome) noexcept;

/// What all clients of this process have come to, since it began.
struct Stats {
  std::array<std::array<std::uint64_t, kOutcomes>, kSignals> counts{};  ///< by signal and outcome

  /// One of them.
  [[nodiscard]] std::uint64_t of(Signal signal, Outcome outcome) const noexcept {
    return counts[static_cast<std::size_t>(signal)][static_cast<std::size_t>(outcome)];
  }
};

/// Keeps a client going. Its end sends what waits, for at most Options::shutdown_timeout. Dropped
/// by its destructor, as a local of main() should be.
class [[nodiscard]] Guard {
 public:
  Guard() noexcept = default;
  /// The other keeps nothing any more.
  Guard(Guard&& other) noexcept = default;
  Guard& operator=(Guard&& other) noexcept;
  ~Guard();

  /// Whether a client runs. False where no signal is sent at all.
  [[nodiscard]] explicit operator bool() const noexcept { return client_ != nullptr; }
  /// Waits until all that was handed over before is sent, on disk or lost; the metrics are read once
  /// more. False when `timeout` came first. Threads: any but those that send.
  bool flush(std::chrono::milliseconds timeout) noexcept;
  /// Ends it now. True when all was delivered. The second call does nothing and returns true.
  bool end(std::optional<std::chrono::milliseconds> timeout = std::nullopt) noexcept;

 private:
  friend Result<Guard> init(Options options);
  explicit Guard(std::shared_ptr<Client> client) noexcept;

  std::shared_ptr<Client> client_;
};

/// Starts sending to OpenTelemetry's receivers what the context tells and the registries hold: one
/// thread for each signal, at the lowest priority. At most four listeners of the context may be
/// active, of whatever kind. What is wrong with the options is said on stderr too.
/// Threads: any. Nothing of it ever blocks or throws into the service.
[[nodiscard]] Result<Guard> init(Options options);

/// Whether a client runs in this process. Threads: any. Cost: a load.
[[nodiscard]] bool enabled() noexcept;

/// Counts of this process. Threads: any.
[[nodiscard]] Stats stats() noexcept;

}  // namespace vitals::otlp

#pragma GCC visibility pop

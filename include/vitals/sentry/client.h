#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "vitals/result.h"
#include "vitals/sentry/enabled.h"
#include "vitals/sentry/event.h"
#include "vitals/sentry/options.h"
#include "vitals/value.h"

#pragma GCC visibility push(default)

namespace vitals::sentry {

class Client;

/// What is counted apart. Source: Sentry developer documentation, "Rate Limiting", data categories.
enum class Category : std::uint8_t {
  kError,
  kTransaction,
  kSpan,  ///< of a transaction that was lost: its spans, and itself; or past max_spans
  kSession,
  kMonitor,  ///< check-ins
  kLog,
  kAttachment,
  kTraceMetric,  ///< see metric.h
};
/// What became of something captured.
enum class Outcome : std::uint8_t {
  kSent,         ///< the server took it
  kSampled,      ///< left out by a sample rate
  kRateLimited,  ///< the server asked for fewer
  kQueueFull,    ///< captured faster than sent
  kNetwork,      ///< no answer, or one that refused it
  kTooLarge,     ///< over 1 MiB, or so the server said
  kBeforeSend,   ///< refused by a hook
};
inline constexpr std::size_t kCategories = 8;
inline constexpr std::size_t kOutcomes = 7;

/// `error`, `transaction`, `span`, `session`, `monitor`, `log_item`, `attachment`, `trace_metric`.
[[nodiscard]] std::string_view to_string(Category category) noexcept;
/// `sent`, `sampled`, `rate_limited`, `queue_full`, `network`, `too_large`, `before_send`.
[[nodiscard]] std::string_view to_string(Outcome outcome) noexcept;

/// The client's own counts. They belong to the process: they go on over a later init(), and no one
/// of them ever falls but `queue_depth` and `spool_bytes`.
struct Stats {
  /// By category and outcome, see count().
  std::array<std::array<std::uint64_t, kOutcomes>, kCategories> counts{};
  std::size_t queue_depth = 0;    ///< waiting to be sent, of all categories
  std::uint64_t spool_bytes = 0;  ///< waiting on disk

  /// How many of that category came to that outcome.
  [[nodiscard]] std::uint64_t count(Category category, Outcome outcome) const noexcept {
    return counts[static_cast<std::size_t>(category)][static_cast<std::size_t>(outcome)];
  }
};

/// Owns the client that init() started. While it is there the client listens to the context (see
/// vitals/context/scope.h, span.h and capture.h), by which a program says what it does. Keep it in
/// `main` until everything that may fail is done: dropping it sends what is waiting, for at most
/// Options::shutdown_timeout, and disables the client. So does std::exit(), which does not drop it;
/// _exit() and std::quick_exit() end the process at once, so call flush() before these. A crash is
/// handled as Options::handle_crashes says.
class [[nodiscard("dropping the guard ends the client at once")]] Guard {
 public:
  Guard() noexcept = default;
  /// For init() alone.
  explicit Guard(std::shared_ptr<Client> client) noexcept : client_(std::move(client)) {}
  Guard(Guard &&) noexcept = default;
  /// Ends its own client, and takes the other's over.
  Guard& operator=(Guard&& other) noexcept {
    if (this != &other) {
      end();
      client_ = std::move(other.client_);
    }
    return *this;
  }
  ~Guard() {
    end();
  }

  /// Whether it owns a client: false of one without a DSN, one that was moved from, and after end().
  [[nodiscard]] bool active() const noexcept {
    return client_ != nullptr;
  }

  /// Sends what is waiting and disables the client; returns by `timeout` (unset:
  /// Options::shutdown_timeout; any length will do, below zero it is zero) whatever the server
  /// does. True when all of it was delivered, also when there was nothing; what was not waits in
  /// Options::cache_dir for the next start, or is counted. What waits there from before, of an earlier
  /// run too, is not delivered either. Threads that capture meanwhile are safe.
  bool end(std::optional<std::chrono::milliseconds> timeout = std::nullopt) noexcept;

 private:
  std::shared_ptr<Client> client_;
};

/// Starts the client: Options::requests_in_flight threads, at the lowest priority. With an empty
/// DSN and no Spotlight the guard is empty, the client disabled, and nothing is started or
/// allocated after. In a child of fork() the client is disabled: what waits is the parent's to
/// send, and a guard there does nothing. The child may call init() for itself. Errors: a malformed
/// DSN, a rate out of range, faulty grouping rules, a client that is active already. An error is
/// also said on stderr, whatever Options::debug is, as is a release or environment that Sentry
/// would not take: it is easy never to look at the result. Threads: any, but at most one client is
/// active in a process.
[[nodiscard("without its guard the client ends at once, and an error is not seen")]] Result<Guard>
init(Options options);

/// Waits until what was captured before the call has been sent, put on disk or dropped. False when
/// `timeout` came first; any length will do, below zero it is zero. Not for the hot path: the
/// client sends by itself. In a signal handler it does not hang; it is false at once where it
/// interrupts a flush or a capture.
bool flush(std::chrono::milliseconds timeout) noexcept;

/// Threads: any. Cost: some tens of loads.
[[nodiscard]] Stats stats() noexcept;

/// Changes Options::sample_rate and Options::traces_sample_rate of the running client. Values that
/// are no number from 0 to 1 are ignored. Threads: any.
void set_sample_rates(double errors, double traces) noexcept;

/// How many grouping rules there are in a text, without using them. Errors: each fault with its
/// line and column. Threads: any.
[[nodiscard]] Result<std::size_t> check_fingerprint_rules(std::string_view text);

/// Changes Options::fingerprint_rules of the running client and returns how many there are now.
/// Errors: each fault with its line and column; the rules stay as they were. Threads: any.
Result<std::size_t> set_fingerprint_rules(std::string_view text);

/// Whether this is the client's own thread. A sink that turns log lines into breadcrumbs or events
/// must leave that thread's lines alone, or the client would feed itself.
[[nodiscard]] bool is_sentry_thread() noexcept;

}  // namespace vitals::sentry

#pragma GCC visibility pop

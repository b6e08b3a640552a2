#include "sentry/runtime.h"

#include <chrono>
#include <limits>
#include <thread>

#include "base/shard.h"
#include "sentry/client_core.h"
#include "sentry/context_names.h"

namespace vitals::sentry::detail {
namespace {

constinit std::atomic<Client*> active_client{nullptr};
constinit std::atomic<std::uint32_t> leases{0};

struct alignas(64) Shard {
  std::array<std::array<std::atomic<std::uint64_t>, kCauses>, kCategories> counts{};
  std::array<std::array<std::atomic<std::uint64_t>, kCauses>, kBulks> bytes{};
};
constinit std::array<Shard, base::kShards> shards{};

/// How many of the transactions that the context left out were none to the server, since their spans
/// were streamed. The context's own counts do not know for whom they are.
class StreamedLosses {
 public:
  constexpr explicit StreamedLosses(Loss loss) noexcept : loss_(loss) {}

  /// From now on they are, or no longer.
  void stream(bool streams) noexcept {
    if (streams == (frozen_.load(std::memory_order_relaxed) != kNone)) return;
    if (streams) return frozen_.store(transactions(), std::memory_order_release);
    streamed_.store(context::detail::losses(loss_) - transactions(), std::memory_order_relaxed);
    frozen_.store(kNone, std::memory_order_release);  // pairs with transactions()
  }
  /// The others.
  [[nodiscard]] std::uint64_t transactions() const noexcept {
    const std::uint64_t frozen = frozen_.load(std::memory_order_acquire);
    if (frozen != kNone) return frozen;
    return context::detail::losses(loss_) - streamed_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t streamed() const noexcept {
    return context::detail::losses(loss_) - transactions();
  }

 private:
  static constexpr std::uint64_t kNone = std::numeric_limits<std::uint64_t>::max();
  const Loss loss_;
  std::atomic<std::uint64_t> frozen_{kNone};  // transactions(), while spans are streamed
  std::atomic<std::uint64_t> streamed_{0};
};
constinit StreamedLosses not_sampled{Loss::kTransactionNotSampled};
constinit StreamedLosses by_pressure{Loss::kTransactionByPressure};
constinit StreamedLosses no_memory{Loss::kTransactionNoMemory};

/// Under the mutex of a client's start and end.
void stream_losses(bool streams) noexcept {
  for (StreamedLosses* const one : {&not_sampled, &by_pressure, &no_memory})
    one->stream(streams);
}

/// What was lost before it came to the client.
std::uint64_t counted_by_context(Category category, Cause cause) noexcept {
  using context::detail::losses;
  switch (category) {
    case Category::kTransaction:
      if (cause == Cause::kSampleRate) return not_sampled.transactions();
      if (cause == Cause::kBackpressure) return by_pressure.transactions();
      return cause == Cause::kQueueOverflow ? no_memory.transactions() : 0;
    case Category::kSpan:
      if (cause == Cause::kSampleRate) return not_sampled.streamed();
      if (cause == Cause::kBackpressure) return by_pressure.streamed();
      if (cause == Cause::kQueueOverflow) return no_memory.streamed();
      return cause == Cause::kBufferOverflow ? losses(Loss::kSpanOverLimit) : 0;
    case Category::kAttachment:
      if (cause == Cause::kTooLarge) return losses(Loss::kAttachmentTooLarge);
      return cause == Cause::kQueueOverflow ? losses(Loss::kAttachmentNoMemory) : 0;
    default:
      return 0;
  }
}

}  // namespace

constinit std::atomic<bool> client_active{false};

// Without a client nothing is counted: threads that go on capturing would else keep retract() from
// ever seeing a zero. With one, the counter goes up before the pointer is read once more, and
// retract() goes the other way round: with sequential consistency one of both sees the other.
Lease::Lease() noexcept : client_(nullptr) {
  if (active_client.load(std::memory_order_relaxed) == nullptr) return;
  leases.fetch_add(1, std::memory_order_seq_cst);
  client_ = active_client.load(std::memory_order_seq_cst);
  if (client_ == nullptr) leases.fetch_sub(1, std::memory_order_release);  // pairs with retract()
}

Lease::~Lease() {
  if (client_ != nullptr) leases.fetch_sub(1, std::memory_order_release);  // pairs with retract()
}

bool publish(Client* client) noexcept {
  Client* none = nullptr;
  if (!active_client.compare_exchange_strong(none, client, std::memory_order_seq_cst)) return false;
  client_active.store(true, std::memory_order_release);  // pairs with enabled()
  metrics_wanted.store(client->metrics() != nullptr, std::memory_order_release);
  stream_losses(client->options().trace_lifecycle == TraceLifecycle::kStream);
  return true;
}

bool retract(std::chrono::steady_clock::time_point deadline) noexcept {
  client_active.store(false, std::memory_order_release);
  metrics_wanted.store(false, std::memory_order_release);
  stream_losses(false);
  active_client.store(nullptr, std::memory_order_seq_cst);
  while (leases.load(std::memory_order_seq_cst) != 0) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::microseconds{50});
  }
  return true;
}

void forget_client() noexcept {
  client_active.store(false, std::memory_order_relaxed);
  metrics_wanted.store(false, std::memory_order_relaxed);
  stream_losses(false);
  active_client.store(nullptr, std::memory_order_relaxed);
  leases.store(0, std::memory_order_relaxed);
}

Outcome outcome_of(Cause cause) noexcept {
  switch (cause) {
    case Cause::kSent:
      return Outcome::kSent;
    case Cause::kSampleRate:
    case Cause::kBackpressure:
      return Outcome::kSampled;
    case Cause::kLimited:
    case Cause::kAnswered429:
      return Outcome::kRateLimited;
    case Cause::kQueueOverflow:
    case Cause::kBufferOverflow:
      return Outcome::kQueueFull;
    case Cause::kRefusedAsTooLarge:
    case Cause::kTooLarge:
      return Outcome::kTooLarge;
    case Cause::kBeforeSend:
    case Cause::kEventProcessor:
      return Outcome::kBeforeSend;
    case Cause::kNetworkError:
    case Cause::kSendError:
    case Cause::kCacheOverflow:
    case Cause::kInternalError:
      break;
  }
  return Outcome::kNetwork;
}

Cause cause_of(delivery::detail::DropReason reason) noexcept {
  using delivery::detail::DropReason;
  switch (reason) {
    case DropReason::kQueueFull:
      return Cause::kQueueOverflow;
    case DropReason::kNetwork:
      return Cause::kNetworkError;
    case DropReason::kDisk:
      return Cause::kCacheOverflow;
    case DropReason::kInternal:
    case DropReason::kDamaged:
      break;
  }
  return Cause::kInternalError;
}

void count(Category category, Cause cause, std::uint64_t quantity) noexcept {
  shards[base::own_shard()]
      .counts[static_cast<std::size_t>(category)][static_cast<std::size_t>(cause)]
      .fetch_add(quantity, std::memory_order_relaxed);
}

void count(Category category, Outcome outcome, std::uint64_t quantity) noexcept {
  constexpr std::array<Cause, kOutcomes> kUsual{
      Cause::kSent,         Cause::kSampleRate, Cause::kLimited,   Cause::kQueueOverflow,
      Cause::kNetworkError, Cause::kTooLarge,   Cause::kBeforeSend};
  count(category, kUsual[static_cast<std::size_t>(outcome)], quantity);
}

std::uint64_t counted(Category category, Cause cause) noexcept {
  std::uint64_t sum = 0;
  for (const Shard& shard : shards) {
    sum += shard.counts[static_cast<std::size_t>(category)][static_cast<std::size_t>(cause)].load(
        std::memory_order_relaxed);
  }
  sum += counted_by_context(category, cause);
  // A transaction that was not sampled recorded no spans, so that it alone is what was lost of
  // them; counting that apart would cost the request.
  if (category == Category::kSpan &&
      (cause == Cause::kSampleRate || cause == Cause::kBackpressure)) {
    sum += counted(Category::kTransaction, cause);
  }
  return sum;
}

std::uint64_t counted(Category category, Outcome outcome) noexcept {
  std::uint64_t sum = 0;
  for (std::size_t cause = 0; cause < kCauses; ++cause) {
    if (outcome_of(static_cast<Cause>(cause)) != outcome) continue;
    sum += counted(category, static_cast<Cause>(cause));
  }
  return sum;
}

void count_bytes(Bulk bulk, Cause cause, std::uint64_t bytes) noexcept {
  shards[base::own_shard()]
      .bytes[static_cast<std::size_t>(bulk)][static_cast<std::size_t>(cause)]
      .fetch_add(bytes, std::memory_order_relaxed);
}

std::uint64_t counted_bytes(Bulk bulk, Cause cause) noexcept {
  std::uint64_t sum = 0;
  if (bulk == Bulk::kAttachment && cause == Cause::kTooLarge)
    sum += context::detail::lost_bytes(Loss::kAttachmentTooLarge);
  if (bulk == Bulk::kAttachment && cause == Cause::kQueueOverflow)
    sum += context::detail::lost_bytes(Loss::kAttachmentNoMemory);
  for (const Shard& shard : shards) {
    sum += shard.bytes[static_cast<std::size_t>(bulk)][static_cast<std::size_t>(cause)].load(
        std::memory_order_relaxed);
  }
  return sum;
}

}  // namespace vitals::sentry::detail

namespace vitals::sentry {

bool is_sentry_thread() noexcept {
  return context::is_sending_thread();
}

std::string_view to_string(Category category) noexcept {
  constexpr std::array<std::string_view, kCategories> kNames{
      "error",   "transaction", "span",       "session",
      "monitor", "log_item",    "attachment", "trace_metric"};
  return kNames[static_cast<std::size_t>(category)];
}

std::string_view to_string(Outcome outcome) noexcept {
  constexpr std::array<std::string_view, kOutcomes> kNames{
      "sent", "sampled", "rate_limited", "queue_full", "network", "too_large", "before_send"};
  return kNames[static_cast<std::size_t>(outcome)];
}

}  // namespace vitals::sentry

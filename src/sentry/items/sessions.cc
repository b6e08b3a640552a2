#include "sentry/items/sessions.h"

#include <array>
#include <atomic>
#include <utility>

#include "base/clock.h"
#include "base/json_writer.h"
#include "base/shard.h"
#include "sentry/client_core.h"
#include "sentry/delivery/envelope.h"
#include "sentry/runtime.h"

namespace vitals::sentry::detail {
namespace {

constexpr std::chrono::seconds kInterval{60};

/// The last minutes' counts, a row each. Which minute a row stands for is not written down: it is
/// the last one of its remainder. So nothing has to be swept before a thread can count, and one
/// that looked at the clock just before its minute ended still counts in the right row.
constexpr std::size_t kMinutes = 4;
struct alignas(64) Tally {
  std::array<std::array<std::atomic<std::uint32_t>, kSessionStatuses>, kMinutes> rows{};
};
static_assert(sizeof(Tally) == 64);
constinit std::array<Tally, base::kShards> tallies{};

/// How many sessions ended in one minute, by status.
using Row = std::array<std::uint64_t, kSessionStatuses>;

constexpr std::int64_t kMinuteNs = 60'000'000'000;

std::int64_t minute_of(std::int64_t time) noexcept {
  return time / kMinuteNs;
}

std::size_t row_of(std::int64_t minute) noexcept {
  return static_cast<std::size_t>(minute) % kMinutes;
}

Row take_row(std::size_t index) noexcept {
  Row row{};
  for (Tally& tally : tallies) {
    for (std::size_t status = 0; status < kSessionStatuses; ++status) {
      std::atomic<std::uint32_t>& count = tally.rows[index][status];
      // Most are zero, and a line that is only read stays with the thread that counts in it.
      if (count.load(std::memory_order_relaxed) == 0) continue;
      row[status] += count.exchange(0, std::memory_order_relaxed);
    }
  }
  return row;
}

std::uint64_t sum_of(const Row& row) noexcept {
  std::uint64_t sum = 0;
  for (const std::uint64_t count : row)
    sum += count;
  return sum;
}

/// Writes an item's payload, minute by minute.
class AggregateWriter {
 public:
  AggregateWriter() : item_(std::make_unique<ReadyItem>()), json_(item_->payload) {
    item_->category = Category::kSession;
    item_->type = "sessions";
    item_->quantity = 0;
    json_.begin_object().key("aggregates").begin_array();
  }

  void add(std::int64_t minute, const Row& row) {
    constexpr std::array<std::string_view, kSessionStatuses> kNames{"exited", "errored", "abnormal",
                                                                    "crashed"};
    json_.begin_object().member("started",
                                rfc3339(Timestamp{std::chrono::nanoseconds{minute * kMinuteNs}}));
    for (std::size_t status = 0; status < kSessionStatuses; ++status) {
      if (row[status] != 0) json_.key(kNames[status]).unsigned_integer(row[status]);
    }
    json_.end_object();
    item_->quantity += static_cast<std::uint32_t>(sum_of(row));
  }

  [[nodiscard]] std::unique_ptr<ReadyItem> finish(std::string_view release,
                                                  std::string_view environment) && {
    json_.end_array().key("attrs").begin_object();
    json_.member("release", release).member("environment", environment).end_object().end_object();
    return std::move(item_);
  }

 private:
  std::unique_ptr<ReadyItem> item_;
  base::JsonWriter json_;
};

}  // namespace

void record_session(SessionStatus status) noexcept {
  if (!runtime.track_sessions.load(std::memory_order_relaxed)) return;
  tallies[base::own_shard()]
      .rows[row_of(minute_of(base::coarse_wall_clock()))][static_cast<std::size_t>(status)]
      .fetch_add(1, std::memory_order_relaxed);
}

SessionSource::SessionSource(const Options& options) noexcept : options_(options) {
  for (std::size_t index = 0; index < kMinutes; ++index)
    static_cast<void>(take_row(index));
}

std::unique_ptr<delivery::detail::Cargo> SessionSource::take(
    std::chrono::steady_clock::time_point now, bool everything) noexcept {
  const std::lock_guard hold{taking_};
  // An item holds all there is. A caller that asks until it gets nothing would ask for ever while
  // requests go on.
  if (std::exchange(gave_, false)) return nullptr;
  if (!due_) due_ = now + kInterval;
  if (!everything && now < *due_) return nullptr;
  due_ = now + kInterval;

  const std::int64_t oldest = minute_of(base::coarse_wall_clock()) + 1 - std::int64_t{kMinutes};
  std::array<Row, kMinutes> rows{};
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < kMinutes; ++i) {
    rows[i] = take_row(row_of(oldest + static_cast<std::int64_t>(i)));
    total += sum_of(rows[i]);
  }
  if (total == 0) return nullptr;
  try {
    AggregateWriter writer;
    for (std::size_t i = 0; i < kMinutes; ++i) {
      if (sum_of(rows[i]) != 0) writer.add(oldest + static_cast<std::int64_t>(i), rows[i]);
    }
    gave_ = true;
    return std::move(writer).finish(options_.release, options_.environment);
  } catch (...) {
    count(Category::kSession, Outcome::kQueueFull, total);  // no memory to wait in
    return nullptr;
  }
}

std::unique_ptr<ReadyItem> session_item(Timestamp time, SessionStatus status,
                                        std::string_view release, std::string_view environment) {
  if (release.empty()) return nullptr;
  Row row{};
  row[static_cast<std::size_t>(status)] = 1;
  AggregateWriter writer;
  writer.add(minute_of(time.time_since_epoch().count()), row);
  return std::move(writer).finish(release, environment);
}

void record_session_at(Timestamp time, SessionStatus status, std::string_view release,
                       std::string_view environment) noexcept {
  const Lease client;
  if (!client || !client->options().track_sessions) return;
  try {
    if (auto item = session_item(time, status, release, environment)) {
      client->submit(std::move(item));
    }
  } catch (...) {
    count(Category::kSession, Outcome::kQueueFull);  // no memory to wait in
  }
}

}  // namespace vitals::sentry::detail

#include "vitals/monitor/endpoint.h"

#include <array>
#include <atomic>
#include <mutex>

#include "monitor/families.h"
#include "monitor/status_text.h"
#include "vitals/metrics/detail/fork_gate.h"

namespace vitals::monitor {

/// Handles that were looked up once. Readers take no lock: a flag beside each handle says whether
/// it is there.
struct Endpoint::Metrics {
  /// An API answers with few statuses; those past these are looked up each time.
  static constexpr std::size_t kStatuses = 8;
  struct Answers {
    std::atomic<int> status{0};  // 0: free, and so is all behind it
    metrics::Counter count;
  };

  // Whose the handles are. They are of use as long as the metrics are not turned off and on again.
  std::atomic<const detail::Families*> families{nullptr};
  std::mutex mutex;  // for writing
  std::atomic<bool> has_duration{false};
  metrics::Histogram duration;
  std::array<Answers, kStatuses> answers;

  /// Whether the handles are those of `asked`; the first who asks makes them so.
  bool belongs_to(const detail::Families& asked) noexcept {
    const detail::Families* held = families.load(std::memory_order_relaxed);
    if (held == nullptr && families.compare_exchange_strong(held, &asked)) return true;
    return held == &asked;
  }

  template <class LookUp>
  metrics::Counter counter_of(int status, const LookUp& look_up) noexcept {
    if (status == 0) return look_up();  // which marks a free place here
    for (const Answers& known : answers) {
      const int held = known.status.load(std::memory_order_acquire);  // pairs with the release
      if (held == status) return known.count;
      if (held == 0) break;
    }
    const metrics::Counter found = look_up();
    const metrics::detail::RoomLock hold{mutex};
    for (Answers& place : answers) {
      const int held = place.status.load(std::memory_order_relaxed);
      if (held == status) break;
      if (held != 0) continue;
      place.count = found;
      place.status.store(status, std::memory_order_release);
      break;
    }
    return found;
  }

  template <class LookUp>
  metrics::Histogram histogram(const LookUp& look_up) noexcept {
    if (has_duration.load(std::memory_order_acquire)) return duration;  // pairs with the release
    const metrics::Histogram found = look_up();
    const metrics::detail::RoomLock hold{mutex};
    if (!has_duration.load(std::memory_order_relaxed)) {
      duration = found;
      has_duration.store(true, std::memory_order_release);
    }
    return found;
  }
};

Endpoint::Endpoint(Method method, std::string_view route, std::string_view operation)
    : method_(method),
      name_(to_string(method)),
      operation_(operation.empty() ? route : operation),
      metrics_(std::make_unique<Metrics>()) {
  name_ += ' ';
  route_at_ = name_.size();
  name_ += route;
}

Endpoint::Endpoint(Endpoint&&) noexcept = default;
Endpoint& Endpoint::operator=(Endpoint&&) noexcept = default;
Endpoint::~Endpoint() = default;

void Endpoint::count(detail::Families& families, int status, double seconds) const noexcept {
  const auto counter = [&] {
    return families.http.requests.with(method_, route(), StatusText{status}.view());
  };
  const auto histogram = [&] { return families.http.duration.with(method_, route()); };
  const bool known = metrics_->belongs_to(families);
  (known ? metrics_->counter_of(status, counter) : counter()).inc();
  (known ? metrics_->histogram(histogram) : histogram()).observe(seconds);
}

}  // namespace vitals::monitor

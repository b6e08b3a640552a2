#include "metrics/quantile_window.h"

#include <time.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>

#include "vitals/metrics/detail/fork_gate.h"

namespace vitals::metrics::detail {
namespace {

constexpr double kGamma = (1.0 + QuantileWindow::kAccuracy) / (1.0 - QuantileWindow::kAccuracy);
/// Below this a value counts as 0.
constexpr double kSmallest = 1e-9;

double log_gamma() noexcept {
  static const double value = std::log(kGamma);
  return value;
}

/// The bucket that kSmallest falls into; all are counted from there.
std::int32_t first_index() noexcept {
  static const auto value = static_cast<std::int32_t>(std::ceil(std::log(kSmallest) / log_gamma()));
  return value;
}

/// Moved on by far in a child of fork(), where what the parent observed is of long ago.
std::int64_t coarse_seconds() noexcept {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return now.tv_sec + (static_cast<std::int64_t>(forks()) << 40);
}

}  // namespace

QuantileWindow::QuantileWindow(std::chrono::seconds window) noexcept
    : step_seconds_(std::max<std::int64_t>(1, window.count() / static_cast<int>(kSteps))) {
  // Now, since a static that is made on the hot path could be half made in a child of fork().
  static_cast<void>(first_index());
}

QuantileWindow::~QuantileWindow() {
  for (Step& step : steps_) {
    for (std::atomic<Page*>& page : step.pages)
      delete page.load(std::memory_order_relaxed);
  }
}

std::size_t QuantileWindow::bucket_of(double value) noexcept {
  const double magnitude = std::fabs(value);
  if (magnitude < kSmallest) return kSide;
  const double index = std::ceil(std::log(magnitude) / log_gamma()) - first_index();
  const auto distance =
      static_cast<std::int32_t>(std::clamp(index, 0.0, static_cast<double>(kSide - 1))) + 1;
  return static_cast<std::size_t>(value > 0 ? kSide + distance : kSide - distance);
}

double QuantileWindow::value_of(std::size_t bucket) noexcept {
  const std::int32_t distance = static_cast<std::int32_t>(bucket) - kSide;
  if (distance == 0) return 0.0;
  // The point that is as far, in relation, from both ends of the bucket.
  const int index = std::abs(distance) - 1 + first_index();
  const double middle = 2.0 * std::exp(index * log_gamma()) / (kGamma + 1.0);
  return distance > 0 ? middle : -middle;
}

void QuantileWindow::begin(Step& step, std::int64_t epoch) noexcept {
  std::int64_t before = step.epoch.load(std::memory_order_relaxed);
  // The thread that changes the epoch clears. What another adds in that moment may be cleared too: a
  // few observations in a step of minutes.
  while (before < epoch) {
    if (!step.epoch.compare_exchange_weak(before, epoch, std::memory_order_acq_rel)) continue;
    for (std::atomic<Page*>& held : step.pages) {
      Page* const page = held.load(std::memory_order_acquire);
      if (page == nullptr) continue;
      for (std::atomic<std::uint32_t>& count : *page)
        count.store(0, std::memory_order_relaxed);
    }
    return;
  }
}

void QuantileWindow::observe(double value, std::uint64_t times) noexcept {
  observe_at(value, coarse_seconds(), times);
}

void QuantileWindow::read(std::span<SummaryView::Quantile> quantiles) const {
  read_at(quantiles, coarse_seconds());
}

void QuantileWindow::observe_at(double value, std::int64_t seconds, std::uint64_t times) noexcept {
  const std::int64_t epoch = seconds / step_seconds_;
  Step& step = steps_[static_cast<std::size_t>(epoch) % steps_.size()];
  if (step.epoch.load(std::memory_order_acquire) != epoch) begin(step, epoch);
  const std::size_t bucket = bucket_of(value);
  std::atomic<Page*>& held = step.pages[bucket / kPageSize];
  Page* page = held.load(std::memory_order_acquire);
  if (page == nullptr) {
    auto* made = new (std::nothrow) Page{};
    if (made == nullptr) return;
    if (held.compare_exchange_strong(page, made, std::memory_order_acq_rel)) {
      page = made;
    } else {
      delete made;
    }
  }
  // A cell has 32 bits: of more observations than that in a fifth of the window the ranks are wrong.
  (*page)[bucket % kPageSize].fetch_add(static_cast<std::uint32_t>(std::min<std::uint64_t>(
                                            times, std::numeric_limits<std::uint32_t>::max())),
                                        std::memory_order_relaxed);
}

void QuantileWindow::read_at(std::span<SummaryView::Quantile> quantiles,
                             std::int64_t seconds) const {
  const std::int64_t now = seconds / step_seconds_;
  std::vector<std::uint64_t> counts(kPages * kPageSize);
  std::uint64_t total = 0;
  for (const Step& step : steps_) {
    const std::int64_t epoch = step.epoch.load(std::memory_order_acquire);
    if (epoch < 0 || epoch > now || epoch + static_cast<std::int64_t>(kSteps) <= now) continue;
    for (std::size_t p = 0; p < kPages; ++p) {
      const Page* const page = step.pages[p].load(std::memory_order_acquire);
      if (page == nullptr) continue;
      for (std::size_t i = 0; i < kPageSize; ++i) {
        const std::uint32_t count = (*page)[i].load(std::memory_order_relaxed);
        counts[p * kPageSize + i] += count;
        total += count;
      }
    }
  }
  for (SummaryView::Quantile& wanted : quantiles) {
    wanted.value = std::numeric_limits<double>::quiet_NaN();
    if (total == 0) continue;
    const auto rank = static_cast<std::uint64_t>(wanted.quantile * static_cast<double>(total - 1));
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      below += counts[i];
      if (below > rank) {
        wanted.value = value_of(i);
        break;
      }
    }
  }
}

}  // namespace vitals::metrics::detail

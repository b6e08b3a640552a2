#include <array>
#include <chrono>
#include <numeric>
#include <span>

#include "metrics/exact.h"
#include "vitals/metrics/counter.h"
#include "vitals/metrics/gauge.h"
#include "vitals/metrics/histogram.h"
#include "vitals/metrics/sample_sink.h"
#include "vitals/metrics/summary.h"

namespace vitals::metrics {

double CounterView::value() const noexcept {
  std::uint64_t count = whole;
  double rest = fraction;
  detail::settle(count, rest);
  if (count < std::uint64_t{1} << 53 || !(rest > 0.0 && rest < 1.0)) {
    return static_cast<double>(count) + rest;
  }
  // The fraction is below the last bit that a double of this size has: it only decides between two
  // neighbours of which neither would be nearer without it.
  if (count < std::uint64_t{1} << 54) return static_cast<double>(count + (count & 1));
  return static_cast<double>(count | 1);
}

double Counter::value() const noexcept {
  if (slot_ == detail::kNoSlot) return 0.0;
  std::uint64_t whole = 0;
  double fraction = 0.0;
  detail::read_totals({&slot_, 1}, 1, {&whole, 1}, {&fraction, 1});
  return CounterView{whole, fraction, {}}.value();
}

void Gauge::set_to_current_time() const noexcept {
  set(std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count());
}

std::uint64_t Histogram::count() const noexcept {
  if (layout_ == nullptr) return 0;
  std::array<std::uint64_t, detail::kPageCells> counts;
  double total = 0.0;
  const std::span<std::uint64_t> cells(counts.data(), layout_->count + 1);
  detail::read_totals({&slot_, 1}, cells.size(), cells, {&total, 1});
  return std::accumulate(cells.begin(), cells.end(), std::uint64_t{0});
}

double Histogram::sum() const noexcept {
  if (layout_ == nullptr) return 0.0;
  std::uint64_t first = 0;
  double total = 0.0;
  detail::read_totals({&slot_, 1}, 1, {&first, 1}, {&total, 1});
  return total;
}

std::uint64_t Summary::count() const noexcept {
  if (slot_ == detail::kNoSlot) return 0;
  std::uint64_t count = 0;
  double total = 0.0;
  detail::read_totals({&slot_, 1}, 1, {&count, 1}, {&total, 1});
  return count;
}

double Summary::sum() const noexcept {
  if (slot_ == detail::kNoSlot) return 0.0;
  std::uint64_t count = 0;
  double total = 0.0;
  detail::read_totals({&slot_, 1}, 1, {&count, 1}, {&total, 1});
  return total;
}

std::vector<std::uint64_t> Histogram::buckets() const {
  if (layout_ == nullptr) return {};
  std::vector<std::uint64_t> counts(layout_->count + 1);
  double total = 0.0;
  detail::read_totals({&slot_, 1}, counts.size(), counts, {&total, 1});
  return counts;
}

std::vector<double> Histogram::bounds() const {
  if (layout_ == nullptr) return {};
  return {layout_->bounds, layout_->bounds + layout_->count};
}

}  // namespace vitals::metrics

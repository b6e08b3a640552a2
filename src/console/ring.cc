#include "console/ring.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>

#include "console/counts16.h"
#include "vitals/metrics/registry.h"

namespace vitals::console::detail {
namespace {

using metrics::MetricType;

constexpr float kNothing = std::numeric_limits<float>::quiet_NaN();
constexpr std::uint32_t kScalarWidth = sizeof(float) / sizeof(std::uint16_t);

std::size_t second_row(std::int64_t second) noexcept {
  return static_cast<std::size_t>(second % static_cast<std::int64_t>(kSecondRows));
}
std::size_t minute_row(std::int64_t minute) noexcept {
  return kSecondRows + static_cast<std::size_t>(minute % static_cast<std::int64_t>(kMinuteRows));
}

std::size_t cost_of(std::string_view text, std::uint32_t width, bool histogram) noexcept {
  // The labels twice, as text and taken apart, and what the allocator and the maps add.
  constexpr std::size_t kOverhead = 256;
  const std::size_t counts =
      histogram ? width * (sizeof(std::uint64_t) + sizeof(std::uint32_t)) : 0;
  return sizeof(RingSeries) + kOverhead + 4 * text.size() + counts +
         kRows * width * sizeof(std::uint16_t);
}

}  // namespace

std::string_view RingSeries::label(std::string_view name) const noexcept {
  for (const auto& [key, value] : decoded_) {
    if (key == name) return value;
  }
  return {};
}

float RingSeries::scalar(std::size_t row) const noexcept {
  float value = 0;
  std::memcpy(&value, &cells_[row * width_], sizeof value);
  return value;
}

std::uint32_t RingSeries::bucket(std::size_t row, std::size_t column) const noexcept {
  return column < width_ ? unpack_count(cells_[row * width_ + column]) : 0;
}

Ring::Ring(std::size_t budget_bytes) : budget_(budget_bytes) {}

void Ring::sample(const metrics::Registry& registry, double time) {
  const std::lock_guard hold{mutex_};
  if (static_cast<std::int64_t>(time) <= second_) return;
  const auto began = std::chrono::steady_clock::now();
  advance(time);
  ++pass_;
  not_kept_ = 0;
  open_ = nullptr;
  registry.collect(*this);
  blank_unseen();
  counts_.not_kept = not_kept_;
  counts_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

void Ring::advance(double time) {
  const auto second = static_cast<std::int64_t>(time);
  before_ = time_;
  const float passed = before_ == 0 ? 1.0F : static_cast<float>(time - before_);
  if (before_ == 0) {
    first_second_ = second;
  } else {
    if (second / 60 != second_ / 60) {
      settle_minute();
      for (const auto& family : families_) {
        for (const auto& series : family->series) {
          series->minute_sum_ = 0;
          series->minute_readings_ = 0;
          if (series->minute_) std::fill_n(series->minute_.get(), series->width_, 0U);
        }
      }
    }
    // What nobody sampled stays a gap.
    for (std::int64_t missed = std::max(second_ + 1, second - 899); missed < second; ++missed)
      elapsed_[second_row(missed)] = 0;
    for (std::int64_t missed = std::max(second_ / 60 + 1, second / 60 - 1439);
         missed <= second / 60; ++missed) {
      elapsed_[minute_row(missed)] = 0;
    }
  }
  second_ = second;
  time_ = time;
  elapsed_[second_row(second)] = passed;
  elapsed_[minute_row(second / 60)] += passed;
}

bool Ring::wants(const metrics::FamilyInfo& family) {
  if (family.type == MetricType::kInfo || family.type == MetricType::kStateSet ||
      family.type == MetricType::kSummary || family.type == MetricType::kGaugeHistogram) {
    return false;
  }
  // A series a family, of which the page asks the registry itself.
  return family.name != "vitals_metrics_series" &&
         family.name != "vitals_metrics_series_overflow_total";
}

void Ring::begin_family(const metrics::FamilyInfo& family) {
  open_ = nullptr;
  if (!wants(family)) return;  // a collector may not have asked
  auto place = by_name_.find(family.name);
  if (place == by_name_.end()) {
    auto made = std::make_unique<RingFamily>();
    made->name = family.name;
    made->type = family.type == MetricType::kUnknown ? MetricType::kGauge : family.type;
    families_.push_back(std::move(made));
    place = by_name_.emplace(families_.back()->name, families_.size() - 1).first;
  }
  open_ = families_[place->second].get();
  open_->cursor = 0;
}

RingSeries* Ring::find_or_make(const metrics::SeriesInfo& info, std::uint32_t width) {
  if (open_ == nullptr) return nullptr;
  // They come in the same order as the last time, but for what has come or gone.
  if (open_->cursor < open_->series.size()) {
    RingSeries* const next = open_->series[open_->cursor].get();
    if (next->text_ == info.labels && next->width_ == width) {
      ++open_->cursor;
      return next;
    }
  }
  const auto found = open_->by_text.find(info.labels);
  if (found != open_->by_text.end()) {
    const auto place =
        std::find_if(open_->series.begin(), open_->series.end(),
                     [&found](const auto& candidate) { return candidate.get() == found->second; });
    open_->cursor = static_cast<std::size_t>(place - open_->series.begin()) + 1;
    return found->second->width_ == width ? found->second : nullptr;
  }
  return make(info, width);
}

RingSeries* Ring::make(const metrics::SeriesInfo& info, std::uint32_t width) {
  const bool histogram = open_->type == MetricType::kHistogram;
  const std::size_t cost = cost_of(info.labels, width, histogram);
  if (counts_.bytes + cost > budget_ && !evict_one(cost)) {
    ++not_kept_;
    return nullptr;
  }
  auto series = std::make_unique<RingSeries>();
  series->text_ = info.labels;
  series->decoded_ = metrics::decode_labels(info.labels);
  series->width_ = width;
  series->cells_ = std::make_unique<std::uint16_t[]>(kRows * width);
  if (histogram) {
    series->counts_ = std::make_unique<std::uint64_t[]>(width);
    series->minute_ = std::make_unique<std::uint32_t[]>(width);
  } else if (open_->type == MetricType::kGauge) {
    for (std::size_t row = 0; row < kRows; ++row)
      std::memcpy(&series->cells_[row * width], &kNothing, sizeof kNothing);
  }
  RingSeries* const made = series.get();
  open_->by_text.emplace(made->text_, made);
  const auto at = open_->series.begin() +
                  static_cast<std::ptrdiff_t>(std::min(open_->cursor, open_->series.size()));
  open_->cursor = static_cast<std::size_t>(at - open_->series.begin()) + 1;
  open_->series.insert(at, std::move(series));
  counts_.bytes += cost;
  ++counts_.series;
  return made;
}

bool Ring::evict_one(std::size_t wanted) {
  while (counts_.bytes + wanted > budget_) {
    RingFamily* from = nullptr;
    std::size_t place = 0;
    std::uint64_t oldest = pass_ - std::min<std::uint64_t>(pass_, 1);  // seen then: still there
    for (const auto& family : families_) {
      for (std::size_t i = 0; i < family->series.size(); ++i) {
        if (family->series[i]->seen_ >= oldest) continue;
        oldest = family->series[i]->seen_;
        from = family.get();
        place = i;
      }
    }
    if (from == nullptr) return false;
    const RingSeries& gone = *from->series[place];
    counts_.bytes -= cost_of(gone.text_, gone.width_, gone.counts_ != nullptr);
    --counts_.series;
    from->by_text.erase(gone.text_);
    from->series.erase(from->series.begin() + static_cast<std::ptrdiff_t>(place));
    if (from->cursor > place) --from->cursor;
  }
  return true;
}

bool Ring::is_old_total(const RingSeries& series, const metrics::SeriesInfo& info) const noexcept {
  // What a series had counted when the ring first saw it did not happen in this second, unless it
  // was made since the last one.
  return series.seen_ == 0 && (before_ == 0 || info.created < before_ - 1);
}

void Ring::counter(const metrics::SeriesInfo& info, const metrics::CounterView& value) {
  RingSeries* const series = find_or_make(info, kScalarWidth);
  if (series == nullptr) return;
  const double now = value.value();
  // One that fell was removed and made again: all of it is new.
  const double before = now < series->last_ ? 0 : series->last_;
  const double grown = is_old_total(*series, info) ? 0 : now - before;
  series->last_ = now;
  series->seen_ = pass_;
  series->minute_sum_ += grown;
  write_scalar(*series, static_cast<float>(grown));
}

void Ring::gauge(const metrics::SeriesInfo& info, double value) {
  RingSeries* const series = find_or_make(info, kScalarWidth);
  if (series == nullptr) return;
  series->last_ = value;
  series->seen_ = pass_;
  if (!std::isnan(value)) {
    series->minute_sum_ += value;
    ++series->minute_readings_;
  }
  write_scalar(*series, static_cast<float>(value));
}

void Ring::read_buckets(const metrics::HistogramView& value) {
  readings_.assign(open_->splits, 0);
  if (value.native != nullptr && open_->splits > 0) {
    readings_[0] = value.native->zero_count;
    std::size_t column = 0;
    for (const auto& bucket : value.native->positive) {
      // By the middle of the native bucket, which may lie across a bound of ours.
      const double middle = std::exp2(std::ldexp(bucket.key - 0.5, -value.native->schema));
      while (column < open_->splits && middle > open_->bounds[column])
        ++column;
      if (column == open_->splits) break;
      readings_[column] += bucket.count;
    }
  }
  readings_.insert(readings_.end(), value.counts.begin(), value.counts.end());
}

void Ring::histogram(const metrics::SeriesInfo& info, const metrics::HistogramView& value) {
  if (open_ == nullptr || value.counts.empty()) return;
  if (open_->bounds.empty() && !value.bounds.empty()) {
    if (value.native != nullptr && value.bounds[0] > 0) open_->splits = kSplits;
    for (std::size_t i = 0; i < open_->splits; ++i)
      open_->bounds.push_back(std::ldexp(value.bounds[0], static_cast<int>(i) - int{kSplits}));
    open_->bounds.insert(open_->bounds.end(), value.bounds.begin(), value.bounds.end());
  }
  read_buckets(value);
  const auto width = static_cast<std::uint32_t>(readings_.size());
  RingSeries* const series = find_or_make(info, width);
  if (series == nullptr) return;
  const auto total = static_cast<double>(value.count());
  if (is_old_total(*series, info)) {
    std::copy(readings_.begin(), readings_.end(), series->counts_.get());
  } else if (total < series->last_) {
    std::fill_n(series->counts_.get(), width, std::uint64_t{0});
  }
  std::uint16_t* const cells = &series->cells_[second_row(second_) * width];
  const auto growth_of = [&](std::size_t i) {
    const std::uint64_t before = std::min(series->counts_[i], readings_[i]);
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(readings_[i] - before, std::numeric_limits<std::int32_t>::max()));
  };
  // What the splits get is what the first bucket grew by, also when the native buckets have been
  // joined meanwhile and old counts lie elsewhere.
  std::uint32_t left = growth_of(open_->splits);
  for (std::uint32_t i = 0; i < width; ++i) {
    std::uint32_t grown = growth_of(i);
    if (i < open_->splits) {
      grown = std::min(grown, left);
      left -= grown;
    } else if (i == open_->splits) {
      grown = left;
    }
    cells[i] = pack_count(grown);
    series->minute_[i] += grown;
    series->counts_[i] = readings_[i];
  }
  series->last_ = total;
  series->seen_ = pass_;
}

void Ring::write_scalar(RingSeries& series, float value) noexcept {
  std::memcpy(&series.cells_[second_row(second_) * series.width_], &value, sizeof value);
}

void Ring::blank_unseen() noexcept {
  for (const auto& family : families_) {
    for (const auto& series : family->series) {
      if (series->seen_ == pass_) continue;
      if (family->type == MetricType::kHistogram) {
        std::fill_n(&series->cells_[second_row(second_) * series->width_], series->width_,
                    std::uint16_t{0});
      } else {
        write_scalar(*series, family->type == MetricType::kGauge ? kNothing : 0.0F);
      }
    }
  }
}

void Ring::settle_minute() noexcept {
  if (second_ == 0) return;
  const std::size_t row = minute_row(second_ / 60);
  for (const auto& family : families_) {
    for (const auto& series : family->series) {
      std::uint16_t* const cells = &series->cells_[row * series->width_];
      if (series->minute_) {
        for (std::uint32_t i = 0; i < series->width_; ++i)
          cells[i] = pack_count(series->minute_[i]);
        continue;
      }
      float value = static_cast<float>(series->minute_sum_);
      if (family->type == MetricType::kGauge) {
        value = series->minute_readings_ == 0
                    ? kNothing
                    : static_cast<float>(series->minute_sum_ / series->minute_readings_);
      }
      std::memcpy(cells, &value, sizeof value);
    }
  }
}

std::size_t Ring::length(Window window) const noexcept {
  if (second_ == 0) return 0;
  const bool seconds = window == Window::kQuarterHour;
  const std::int64_t since = seconds ? second_ - first_second_ : second_ / 60 - first_second_ / 60;
  return std::min(static_cast<std::size_t>(since) + 1, seconds ? kSecondRows : kMinuteRows);
}

std::size_t Ring::row(Window window, std::size_t i) const noexcept {
  const auto back = static_cast<std::int64_t>(length(window) - 1 - i);
  return window == Window::kQuarterHour ? second_row(second_ - back)
                                        : minute_row(second_ / 60 - back);
}

std::int64_t Ring::newest(Window window) const noexcept {
  return window == Window::kQuarterHour ? second_ : second_ / 60 * 60;
}

const RingFamily* Ring::find(std::string_view name) const noexcept {
  const auto place = by_name_.find(name);
  return place == by_name_.end() ? nullptr : families_[place->second].get();
}

RingCounts Ring::counts() const noexcept {
  return counts_;
}

}  // namespace vitals::console::detail

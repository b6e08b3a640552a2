#include "otlp/encode/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "otlp/encode/attributes.h"
#include "vitals/base/ascii.h"

namespace vitals::otlp::detail {
namespace {

using metrics::CounterView;
using metrics::ExemplarView;
using metrics::FamilyInfo;
using metrics::HistogramView;
using metrics::MetricType;
using metrics::NativeView;
using metrics::SeriesInfo;
using metrics::SummaryView;
using Bucket = NativeView::Bucket;

constexpr std::uint32_t kDeltaNumber = 1;       // AGGREGATION_TEMPORALITY_DELTA
constexpr std::uint32_t kCumulativeNumber = 2;  // AGGREGATION_TEMPORALITY_CUMULATIVE

std::uint64_t nanoseconds_of(double seconds) noexcept {
  constexpr double kMost = 9e9;  // the year 2255: past it the nanoseconds have no room
  return seconds > 0 && seconds < kMost ? static_cast<std::uint64_t>(seconds * 1e9) : 0;
}

/// Prometheus spells units out, OpenTelemetry has the codes of UCUM. Source: OpenTelemetry,
/// "Prometheus and OpenMetrics Compatibility", "Metric Metadata".
std::string unit_code(std::string_view unit) {
  constexpr std::pair<std::string_view, std::string_view> kCodes[] = {
      {"seconds", "s"}, {"milliseconds", "ms"}, {"bytes", "By"}, {"ratio", "1"},
      {"percent", "%"}, {"meters", "m"},        {"volts", "V"},  {"amperes", "A"},
      {"joules", "J"},  {"grams", "g"},         {"watts", "W"},  {"celsius", "Cel"},
      {"hertz", "Hz"},  {"minutes", "min"},     {"hours", "h"},  {"days", "d"}};
  for (const auto& [word, code] : kCodes)
    if (unit == word) return std::string{code};
  return unit.empty() ? std::string{} : '{' + std::string{unit} + '}';
}

template <std::size_t N>
bool read_id(std::string_view hex, std::array<std::uint8_t, N>& id) noexcept {
  if (hex.size() != 2 * N) return false;
  for (std::size_t i = 0; i < N; ++i) {
    const int high = base::hex_digit(hex[2 * i]);
    const int low = base::hex_digit(hex[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    id[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return true;
}

/// Buckets of one side of a point; the SDKs of OpenTelemetry have 160 at most.
constexpr std::size_t kMostBuckets = 320;

/// How many there are with those between them.
std::size_t width_of(const std::vector<Bucket>& side) noexcept {
  if (side.empty()) return 0;
  return static_cast<std::size_t>(std::int64_t{side.back().key} - side.front().key + 1);
}

/// Puts each two of the buckets together, as the schema below has them.
void halve(std::vector<Bucket>& side) noexcept {
  std::size_t kept = 0;
  for (const Bucket& bucket : side) {
    // Upwards, also below zero: a bucket holds its upper end.
    const std::int32_t key = (bucket.key + 1) >> 1;
    if (kept > 0 && side[kept - 1].key == key) {
      side[kept - 1].count += bucket.count;
    } else {
      side[kept++] = {key, bucket.count};
    }
  }
  side.resize(kept);
}

/// What a histogram said before, as it would say it now that it is coarser: with a wider zero bucket
/// or at a lower schema. The zero bucket comes first, as it ends where one of the finer buckets does.
/// False when it is finer now: the series began anew.
bool coarsen(SentBefore::Series& held, const NativeView& now) {
  if (held.schema < now.schema || held.zero_threshold > now.zero_threshold) return false;
  if (held.zero_threshold < now.zero_threshold) {
    for (std::vector<Bucket>* const side : {&held.positive, &held.negative}) {
      std::erase_if(*side, [&](const Bucket& bucket) {
        const double end = std::exp2(std::ldexp(static_cast<double>(bucket.key), -held.schema));
        if (end > now.zero_threshold) return false;
        held.zero_count += bucket.count;
        return true;
      });
    }
  }
  for (; held.schema > now.schema; --held.schema) {
    halve(held.positive);
    halve(held.negative);
  }
  return true;
}

/// `now` less `before`, bucket by bucket. False when one has gone back: the series began anew.
bool subtract(std::span<const Bucket> now, const std::vector<Bucket>& before,
              std::vector<Bucket>& difference) {
  difference.clear();
  std::size_t at = 0;
  for (const Bucket& bucket : now) {
    while (at < before.size() && before[at].key < bucket.key) {
      if (before[at].count > 0) return false;  // it is gone
      ++at;
    }
    std::uint64_t held = 0;
    if (at < before.size() && before[at].key == bucket.key) held = before[at++].count;
    if (bucket.count < held) return false;
    if (bucket.count > held) difference.push_back({bucket.key, bucket.count - held});
  }
  return std::all_of(before.begin() + static_cast<std::ptrdiff_t>(at), before.end(),
                     [](const Bucket& bucket) { return bucket.count == 0; });
}

}  // namespace

SentBefore::Series& SentBefore::of(std::string_view family, const SeriesInfo& series,
                                   std::uint64_t before) {
  key_.assign(family);
  key_ += '{';  // which no name has
  key_ += series.labels;
  Series& held = series_[key_];
  // Both are asked for: a collector may work the time out anew at each reading, and a series that was
  // made while a reading was under way may have been in that reading.
  if (held.created != series.created && nanoseconds_of(series.created) > before) held = {};
  held.created = series.created;
  held.reading = reading_;
  return held;
}

void SentBefore::end_reading() noexcept {
  std::erase_if(series_, [this](const auto& entry) { return entry.second.reading != reading_; });
}

template <class Message>
void MetricsEncoder<Message>::begin_family(const FamilyInfo& family) {
  end_metric();
  name_ = family.name;
  help_ = family.help;
  unit_ = unit_code(family.unit);
  type_ = family.type;
}

template <class Message>
template <class Write>
void MetricsEncoder<Message>::add_point(Shape shape, Write write) {
  if (shape != shape_) end_metric();
  shape_ = shape;
  if constexpr (kHasBraces<Message>)
    if (!points_.empty()) points_ += ',';
  Message message{points_};
  if constexpr (kHasBraces<Message>) {
    typename Message::List{message}.add(write);
  } else {
    typename Message::List{message, 1}.add(write);
  }
  if (++page_points_ < most_points_) return;
  end_metric();
  end_page();
}

template <class Message>
void MetricsEncoder<Message>::end_metric() {
  if (shape_ == Shape::kNone) return;
  const Shape shape = std::exchange(shape_, Shape::kNone);
  const std::uint32_t temporality = before_ != nullptr ? kDeltaNumber : kCumulativeNumber;
  if constexpr (kHasBraces<Message>)
    if (!metrics_.empty()) metrics_ += ',';
  const auto write = [&](Message& metric) {
    metric.text({1, "name"}, name_);
    metric.text({2, "description"}, help_);
    if (!unit_.empty()) metric.text({3, "unit"}, unit_);
    const auto data = [&](Field field, auto more) {
      metric.message(field, [&](Message& message) {
        message.raw_list({1, "dataPoints"}, points_);
        more(message);
      });
    };
    switch (shape) {
      case Shape::kSum: {
        const bool counter = type_ == MetricType::kCounter;
        data({7, "sum"}, [&](Message& sum) {
          sum.small({2, "aggregationTemporality"}, counter ? temporality : kCumulativeNumber);
          sum.boolean({3, "isMonotonic"}, counter);
        });
        break;
      }
      case Shape::kHistogram:
        data({9, "histogram"}, [&](Message& histogram) {
          histogram.small({2, "aggregationTemporality"}, temporality);
        });
        break;
      case Shape::kExponential:
        data({10, "exponentialHistogram"}, [&](Message& histogram) {
          histogram.small({2, "aggregationTemporality"}, temporality);
        });
        break;
      case Shape::kSummary:
        data({11, "summary"}, [](Message&) {});
        break;
      case Shape::kGauge:
      case Shape::kNone:
        data({5, "gauge"}, [](Message&) {});
    }
  };
  Message message{metrics_};
  if constexpr (kHasBraces<Message>) {
    typename Message::List{message}.add(write);
  } else {
    typename Message::List{message, 2}.add(write);
  }
  points_.clear();
}

template <class Message>
void MetricsEncoder<Message>::end_page() {
  if (page_points_ == 0) return;
  Page page;
  page.points = std::exchange(page_points_, 0);
  write_request_of<Message>(page.text, Signal::kMetrics, resource_, metrics_);
  metrics_.clear();
  pages_.push_back(std::move(page));
}

template <class Message>
std::vector<typename MetricsEncoder<Message>::Page> MetricsEncoder<Message>::finish() {
  end_metric();
  end_page();
  return std::move(pages_);
}

template <class Message>
void MetricsEncoder<Message>::write_attributes(Message& point, unsigned field,
                                               std::string_view labels) {
  if (labels.empty()) return;
  point.list({field, "attributes"}, [&](auto& list) {
    for (const auto& [name, value] : metrics::decode_labels(labels))
      if (!value.empty()) add_attribute<Message>(list, name, value);
  });
}

template <class Message>
std::uint64_t MetricsEncoder<Message>::start_of(const SeriesInfo& series) const noexcept {
  const std::uint64_t created = nanoseconds_of(series.created);
  if (before_ != nullptr) return std::min(std::max(created, times_.before), times_.now);
  return std::min(created == 0 ? times_.start : created, times_.now);
}

template <class Message>
void MetricsEncoder<Message>::write_times(Message& point, const SeriesInfo& series) {
  point.fixed64({2, "startTimeUnixNano"}, start_of(series));
  point.fixed64({3, "timeUnixNano"}, times_.now);
}

template <class Message>
void MetricsEncoder<Message>::write_exemplar(typename Message::List& list,
                                             const ExemplarView& exemplar) {
  list.add([&](Message& message) {
    std::array<std::uint8_t, 16> trace{};
    std::array<std::uint8_t, 8> span{};
    const auto labels = metrics::decode_labels(exemplar.labels);
    bool has_trace = false;
    bool has_span = false;
    message.list({7, "filteredAttributes"}, [&](auto& attributes) {
      for (const auto& [name, value] : labels) {
        if (name == "trace_id" && read_id(value, trace)) {
          has_trace = true;
        } else if (name == "span_id" && read_id(value, span)) {
          has_span = true;
        } else {
          add_attribute<Message>(attributes, name, value);
        }
      }
    });
    message.fixed64({2, "timeUnixNano"}, nanoseconds_of(exemplar.timestamp));
    message.real({3, "asDouble"}, exemplar.value);
    if (has_span) message.id({4, "spanId"}, span);
    if (has_trace) message.id({5, "traceId"}, trace);
  });
}

template <class Message>
void MetricsEncoder<Message>::counter(const SeriesInfo& series, const CounterView& value) {
  // Always a double, as a count with a fraction is one: a receiver may keep the type of the first
  // point that it saw.
  double sent = value.value();
  if (before_ != nullptr) {
    double& last = before_->of(name_, series, times_.before).value;
    const double now = std::exchange(last, sent);
    if (sent == now) return;
    if (sent > now) sent -= now;  // else it began anew, and all of it is new
  }
  add_point(Shape::kSum, [&](Message& point) {
    write_attributes(point, 7, series.labels);
    write_times(point, series);
    point.real({4, "asDouble"}, sent);
    if (!value.exemplar) return;
    point.list({5, "exemplars"}, [&](auto& list) { write_exemplar(list, value.exemplar); });
  });
}

template <class Message>
void MetricsEncoder<Message>::gauge(const SeriesInfo& series, double value) {
  const bool sum = type_ == MetricType::kInfo || type_ == MetricType::kStateSet;
  add_point(sum ? Shape::kSum : Shape::kGauge, [&](Message& point) {
    write_attributes(point, 7, series.labels);
    if (sum) point.fixed64({2, "startTimeUnixNano"}, times_.start);
    point.fixed64({3, "timeUnixNano"}, times_.now);
    point.real({4, "asDouble"}, value);
  });
}

template <class Message>
void MetricsEncoder<Message>::histogram(const SeriesInfo& series, const HistogramView& value) {
  // One whose counts may fall is none for OpenTelemetry, whose rule is to leave it out.
  if (type_ == MetricType::kGaugeHistogram) return;
  if (value.native != nullptr && (exponential_ || value.bounds.empty())) {
    exponential_histogram(series, value);
  } else {
    explicit_histogram(series, value);
  }
}

template <class Message>
void MetricsEncoder<Message>::explicit_histogram(const SeriesInfo& series,
                                                 const HistogramView& value) {
  bounds_.assign(value.bounds.begin(), value.bounds.end());
  counts_.assign(value.counts.begin(), value.counts.end());
  if (!bounds_.empty() && std::isinf(bounds_.back())) {
    // The last bucket ends there by itself.
    bounds_.pop_back();
    if (counts_.size() > bounds_.size() + 1) {
      counts_[bounds_.size()] += counts_.back();
      counts_.pop_back();
    }
  }
  double sum = value.sum;
  if (before_ != nullptr) {
    SentBefore::Series& last = before_->of(name_, series, times_.before);
    const bool anew =
        last.counts.size() != counts_.size() ||
        !std::equal(counts_.begin(), counts_.end(), last.counts.begin(), std::greater_equal<>{});
    const std::vector<std::uint64_t> held = std::exchange(last.counts, counts_);
    const double held_sum = std::exchange(last.value, sum);
    if (!anew) {
      for (std::size_t i = 0; i < counts_.size(); ++i)
        counts_[i] -= held[i];
      sum -= held_sum;
    }
    if (std::all_of(counts_.begin(), counts_.end(), [](std::uint64_t n) { return n == 0; })) return;
  }
  std::uint64_t count = 0;
  for (const std::uint64_t each : counts_)
    count += each;
  add_point(Shape::kHistogram, [&](Message& point) {
    write_attributes(point, 9, series.labels);
    write_times(point, series);
    point.fixed64({4, "count"}, count);
    if (!std::isnan(sum)) point.real({5, "sum"}, sum);
    point.packed_fixed64({6, "bucketCounts"}, counts_);
    point.packed_reals({7, "explicitBounds"}, bounds_);
    if (std::none_of(value.exemplars.begin(), value.exemplars.end(),
                     [](const ExemplarView& one) { return static_cast<bool>(one); })) {
      return;
    }
    point.list({8, "exemplars"}, [&](auto& list) {
      for (const ExemplarView& one : value.exemplars)
        if (one) write_exemplar(list, one);
    });
  });
}

template <class Message>
void MetricsEncoder<Message>::write_side(Message& point, Field field,
                                         const std::vector<Bucket>& side) {
  if (side.empty()) return;
  counts_.assign(width_of(side), 0);
  for (const Bucket& bucket : side)
    counts_[static_cast<std::size_t>(bucket.key - side.front().key)] = bucket.count;
  point.message(field, [&](Message& buckets) {
    // A bucket's key is its upper end here, its lower end there.
    buckets.zigzag({1, "offset"}, side.front().key - 1);
    buckets.packed_integers({2, "bucketCounts"}, counts_);
  });
}

template <class Message>
void MetricsEncoder<Message>::exponential_histogram(const SeriesInfo& series,
                                                    const HistogramView& value) {
  const NativeView& native = *value.native;
  std::vector<Bucket> positive{native.positive.begin(), native.positive.end()};
  std::vector<Bucket> negative{native.negative.begin(), native.negative.end()};
  std::uint64_t zero_count = native.zero_count;
  double sum = value.sum;
  if (before_ != nullptr) {
    SentBefore::Series& last = before_->of(name_, series, times_.before);
    SentBefore::Series held =
        std::exchange(last, SentBefore::Series{.created = last.created,
                                               .value = sum,
                                               .positive = positive,
                                               .negative = negative,
                                               .zero_count = zero_count,
                                               .schema = native.schema,
                                               .zero_threshold = native.zero_threshold,
                                               .reading = last.reading});
    std::vector<Bucket> more;
    std::vector<Bucket> less;
    if (coarsen(held, native) && zero_count >= held.zero_count &&
        subtract(native.positive, held.positive, more) &&
        subtract(native.negative, held.negative, less)) {
      positive = std::move(more);
      negative = std::move(less);
      zero_count -= held.zero_count;
      sum -= held.value;
    }
    if (positive.empty() && negative.empty() && zero_count == 0) return;
  }
  // Here the counts between two buckets are sent as well, however far apart they are.
  std::int32_t schema = native.schema;
  while (width_of(positive) > kMostBuckets || width_of(negative) > kMostBuckets) {
    halve(positive);
    halve(negative);
    --schema;
  }
  std::uint64_t count = zero_count;
  for (const auto* const side : {&positive, &negative})
    for (const Bucket& bucket : *side)
      count += bucket.count;
  add_point(Shape::kExponential, [&](Message& point) {
    write_attributes(point, 1, series.labels);
    write_times(point, series);
    point.fixed64({4, "count"}, count);
    if (!std::isnan(sum)) point.real({5, "sum"}, sum);
    point.zigzag({6, "scale"}, schema);
    point.fixed64({7, "zeroCount"}, zero_count);
    write_side(point, {8, "positive"}, positive);
    write_side(point, {9, "negative"}, negative);
    if (std::any_of(value.exemplars.begin(), value.exemplars.end(),
                    [](const ExemplarView& one) { return static_cast<bool>(one); })) {
      point.list({11, "exemplars"}, [&](auto& list) {
        for (const ExemplarView& one : value.exemplars)
          if (one) write_exemplar(list, one);
      });
    }
    point.real({14, "zeroThreshold"}, native.zero_threshold);
  });
}

template <class Message>
void MetricsEncoder<Message>::summary(const SeriesInfo& series, const SummaryView& value) {
  add_point(Shape::kSummary, [&](Message& point) {
    write_attributes(point, 7, series.labels);
    const std::uint64_t created = nanoseconds_of(series.created);
    point.fixed64({2, "startTimeUnixNano"}, created == 0 ? times_.start : created);
    point.fixed64({3, "timeUnixNano"}, times_.now);
    point.fixed64({4, "count"}, value.count);
    point.real({5, "sum"}, value.sum);
    if (value.quantiles.empty()) return;
    point.list({6, "quantileValues"}, [&](auto& list) {
      for (const SummaryView::Quantile& each : value.quantiles) {
        list.add([&](Message& quantile) {
          quantile.real({1, "quantile"}, each.quantile);
          quantile.real({2, "value"}, each.value);
        });
      }
    });
  });
}

template class MetricsEncoder<ProtobufMessage>;
template class MetricsEncoder<JsonMessage>;

}  // namespace vitals::otlp::detail

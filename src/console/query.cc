#include "console/query.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

namespace vitals::console::detail {
namespace {

constexpr float kNoValue = std::numeric_limits<float>::quiet_NaN();

/// Quantiles of one second of a quiet service jump from bucket to bucket; those of ten do not.
constexpr std::size_t kQuantileRows = 10;
/// Lines of a chart that come from a label's values; the rest is added up in one.
constexpr std::size_t kMostLines = 8;

enum class How : std::uint8_t {
  kRate,       // a counter's growth a second, or a histogram's count's
  kGauge,      // added up over the series
  kQuantiles,  // p50, p95 and p99
};

struct Spec {
  std::string_view panel;
  std::string_view family;
  How how;
  std::string_view by{};  // a line for each value of this label; empty: one line
  bool http = false;      // follows the endpoint filter
  /// Of the client's items those that somebody waits for: sessions go by the thousand.
  bool events_only = false;
};

/// The lines of the page. Families that a service does not have are left out.
constexpr std::array kSpecs{
    Spec{"http.status", "http_requests_total", How::kRate, "status", true},
    Spec{"http.latency", "http_request_duration_seconds", How::kQuantiles, {}, true},
    Spec{"http.errors", "http_errors_total", How::kRate, "error_type", true},
    Spec{"http.active", "http_requests_in_progress", How::kGauge},
    Spec{"db.queries", "db_queries_total", How::kRate, "query_type"},
    Spec{"db.errors", "db_query_errors_total", How::kRate},
    Spec{"db.latency", "db_query_duration_seconds", How::kQuantiles},
    Spec{"pool.size", "db_connection_pool_size", How::kGauge},
    Spec{"pool.available", "db_connection_pool_available", How::kGauge},
    Spec{"pool.wait", "db_connection_pool_wait_seconds", How::kQuantiles},
    Spec{"cache.ops", "cache_operations_total", How::kRate, "result"},
    Spec{"cache.hit_rate", "cache_hit_rate", How::kGauge},
    Spec{"agent.calls", "agent_calls_total", How::kRate, "status"},
    Spec{"agent.latency", "agent_call_duration_seconds", How::kQuantiles},
    Spec{"agent.tokens", "agent_tokens_used_total", How::kRate, "token_type"},
    Spec{"agent.cost", "agent_cost_usd_total", How::kRate, "model"},
    Spec{"agent.fallbacks", "agent_fallbacks_total", How::kRate},
    Spec{"bot.updates", "bot_updates_total", How::kRate, "status"},
    Spec{"bot.latency", "bot_update_duration_seconds", How::kQuantiles},
    Spec{"process.cpu", "process_cpu_seconds_total", How::kRate},
    Spec{"process.memory", "process_resident_memory_bytes", How::kGauge},
    Spec{"process.fds", "process_open_fds", How::kGauge},
    Spec{"process.threads", "process_threads", How::kGauge},
    Spec{"sentry.events", "vitals_sentry_events_total", How::kRate, "outcome", false, true},
    Spec{"sentry.queue", "vitals_sentry_queue_depth", How::kGauge},
    Spec{"sentry.spool", "vitals_sentry_spool_bytes", How::kGauge},
    Spec{"scrape.duration", "vitals_scrape_duration_seconds", How::kQuantiles},
};

bool passes(const RingSeries& series, const Spec& spec, const EndpointFilter& filter) noexcept {
  if (spec.events_only) {
    const std::string_view category = series.label("category");
    return category == "error" || category == "transaction";
  }
  if (!spec.http || filter.endpoint.empty()) return true;
  return series.label("endpoint") == filter.endpoint &&
         (filter.method.empty() || series.label("method") == filter.method);
}

/// A status by its class, as 4xx; other labels as they are.
std::string line_of(const Spec& spec, const RingSeries& series) {
  if (spec.by.empty()) return {};
  const std::string_view value = series.label(spec.by);
  if (spec.by == "status" && value.size() == 3 && value[0] >= '1' && value[0] <= '5') {
    return std::string{value[0]} + "xx";
  }
  return std::string{value};
}

/// The rows of a query, in the order of time.
class Frame {
 public:
  Frame(const Ring& ring, Rows rows) : ring_(ring), window_(rows.window) {
    length_ = ring.length(rows.window);
    count_ = std::min(rows.count, length_);
    first_ = length_ - count_;
  }

  [[nodiscard]] std::size_t size() const noexcept { return count_; }
  /// How many rows there are before the first.
  [[nodiscard]] std::size_t before() const noexcept { return first_; }
  /// The cells' row of point `i`; of those before the first with a negative number.
  [[nodiscard]] std::size_t row(std::ptrdiff_t i) const noexcept {
    return ring_.row(window_, static_cast<std::size_t>(static_cast<std::ptrdiff_t>(first_) + i));
  }
  [[nodiscard]] float elapsed(std::ptrdiff_t i) const noexcept { return ring_.elapsed(row(i)); }

 private:
  const Ring& ring_;
  Window window_;
  std::size_t length_;
  std::size_t count_;
  std::size_t first_;
};

float grown(const RingFamily& family, const RingSeries& series, std::size_t row) noexcept {
  if (family.type != metrics::MetricType::kHistogram) return series.scalar(row);
  std::uint64_t total = 0;
  for (std::size_t i = 0; i <= family.bounds.size(); ++i)
    total += series.bucket(row, i);
  return static_cast<float>(total);
}

void add_rates(const RingFamily& family, const Spec& spec, const Frame& frame,
               const EndpointFilter& filter, std::vector<Track>& out) {
  std::map<std::string, std::vector<float>> lines;
  for (const auto& series : family.series) {
    if (!passes(*series, spec, filter)) continue;
    std::string name = line_of(spec, *series);
    if (!lines.contains(name) && lines.size() >= kMostLines) name = "(other)";
    std::vector<float>& values = lines[name];
    values.resize(frame.size(), 0.0F);
    for (std::size_t i = 0; i < frame.size(); ++i)
      values[i] += grown(family, *series, frame.row(static_cast<std::ptrdiff_t>(i)));
  }
  for (auto& [name, values] : lines) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      const float seconds = frame.elapsed(static_cast<std::ptrdiff_t>(i));
      values[i] = seconds > 0 ? values[i] / seconds : kNoValue;
    }
    std::string key{spec.panel};
    if (!name.empty()) key.append(".").append(name);
    out.push_back({std::move(key), std::move(values)});
  }
}

void add_gauge(const RingFamily& family, const Spec& spec, const Frame& frame,
               std::vector<Track>& out) {
  std::vector<float> values(frame.size(), kNoValue);
  for (const auto& series : family.series) {
    for (std::size_t i = 0; i < frame.size(); ++i) {
      const auto at = static_cast<std::ptrdiff_t>(i);
      if (frame.elapsed(at) == 0) continue;
      const float value = series->scalar(frame.row(at));
      if (std::isnan(value)) continue;
      values[i] = std::isnan(values[i]) ? value : values[i] + value;
    }
  }
  out.push_back({std::string{spec.panel}, std::move(values)});
}

void add_quantiles(const RingFamily& family, const Spec& spec, const Frame& frame,
                   const EndpointFilter& filter, std::size_t over, std::vector<Track>& out) {
  if (family.bounds.empty()) return;
  const std::size_t columns = family.bounds.size() + 1;
  const auto lead = static_cast<std::ptrdiff_t>(std::min(over - 1, frame.before()));
  const std::size_t rows = frame.size() + static_cast<std::size_t>(lead);
  std::vector<std::uint64_t> sums(rows * columns, 0);
  bool any = false;
  for (const auto& series : family.series) {
    if (!passes(*series, spec, filter)) continue;
    any = true;
    for (std::size_t i = 0; i < rows; ++i) {
      const auto at = static_cast<std::ptrdiff_t>(i) - lead;
      if (frame.elapsed(at) == 0) continue;
      const std::size_t row = frame.row(at);
      for (std::size_t column = 0; column < columns; ++column)
        sums[i * columns + column] += series->bucket(row, column);
    }
  }
  if (!any) return;
  constexpr std::array<std::pair<const char*, double>, 3> kQuantiles{
      {{"p50", 0.5}, {"p95", 0.95}, {"p99", 0.99}}};
  const std::size_t first = out.size();
  for (const auto& [name, q] : kQuantiles) {
    out.push_back({std::string{spec.panel}.append(".").append(name),
                   std::vector<float>(frame.size(), kNoValue)});
  }
  std::vector<std::uint64_t> window(columns, 0);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t column = 0; column < columns; ++column) {
      window[column] += sums[i * columns + column];
      if (i >= over) window[column] -= sums[(i - over) * columns + column];
    }
    if (i < static_cast<std::size_t>(lead)) continue;
    const std::size_t point = i - static_cast<std::size_t>(lead);
    for (std::size_t line = 0; line < kQuantiles.size(); ++line) {
      out[first + line].values[point] =
          static_cast<float>(quantile(kQuantiles[line].second, family.bounds, window));
    }
  }
}

}  // namespace

double quantile(double q, std::span<const double> bounds,
                std::span<const std::uint64_t> counts) noexcept {
  std::uint64_t total = 0;
  for (const std::uint64_t count : counts)
    total += count;
  if (total == 0 || bounds.empty()) return std::nan("");
  const double rank = q * static_cast<double>(total);
  double below = 0;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    const auto here = static_cast<double>(counts[i]);
    if (below + here >= rank && here > 0) {
      const double low = i == 0 ? std::min(0.0, bounds[0]) : bounds[i - 1];
      return low + (bounds[i] - low) * (rank - below) / here;
    }
    below += here;
  }
  return bounds.back();
}

std::vector<Track> tracks(const Ring& ring, Rows rows, EndpointFilter filter) {
  std::vector<Track> out;
  const Frame frame{ring, rows};
  if (frame.size() == 0) return out;
  for (const Spec& spec : kSpecs) {
    const RingFamily* const family = ring.find(spec.family);
    if (family == nullptr || family->series.empty()) continue;
    switch (spec.how) {
      case How::kRate:
        add_rates(*family, spec, frame, filter, out);
        break;
      case How::kGauge:
        add_gauge(*family, spec, frame, out);
        break;
      case How::kQuantiles:
        add_quantiles(*family, spec, frame, filter,
                      rows.window == Window::kQuarterHour ? kQuantileRows : 1, out);
        break;
    }
  }
  return out;
}

EndpointTable endpoints(const Ring& ring, Window window, std::size_t most) {
  EndpointTable table;
  const std::size_t length = ring.length(window);
  for (std::size_t i = 0; i < length; ++i)
    table.seconds += static_cast<double>(ring.elapsed(ring.row(window, i)));
  struct Sums {
    EndpointRow row;
    std::vector<std::uint64_t> buckets;
  };
  std::map<std::pair<std::string_view, std::string_view>, Sums> all;
  const RingFamily* const durations = ring.find("http_request_duration_seconds");
  const RingFamily* const requests = ring.find("http_requests_total");
  const auto sums_of = [&all](const RingSeries& series) -> Sums& {
    Sums& sums = all[{series.label("endpoint"), series.label("method")}];
    sums.row.method = series.label("method");
    sums.row.endpoint = series.label("endpoint");
    return sums;
  };
  const auto each_row = [&](const auto& use) {
    for (std::size_t i = 0; i < length; ++i) {
      const std::size_t row = ring.row(window, i);
      if (ring.elapsed(row) > 0) use(row);
    }
  };
  if (requests != nullptr) {
    for (const auto& series : requests->series) {
      double count = 0;
      each_row([&](std::size_t row) { count += static_cast<double>(series->scalar(row)); });
      const auto whole = static_cast<std::uint64_t>(std::llround(count));
      Sums& sums = sums_of(*series);
      sums.row.requests += whole;
      const std::string_view status = series->label("status");
      if (status.starts_with('4')) sums.row.client_errors += whole;
      if (status.starts_with('5')) sums.row.server_errors += whole;
    }
  }
  if (durations != nullptr) {
    for (const auto& series : durations->series) {
      Sums& sums = sums_of(*series);
      sums.buckets.resize(durations->bounds.size() + 1, 0);
      each_row([&](std::size_t row) {
        for (std::size_t column = 0; column < sums.buckets.size(); ++column)
          sums.buckets[column] += series->bucket(row, column);
      });
    }
  }
  for (auto& [name, sums] : all) {
    if (sums.row.requests == 0) continue;
    const std::span<const double> bounds =
        durations == nullptr ? std::span<const double>{} : std::span{durations->bounds};
    sums.row.p50 = quantile(0.5, bounds, sums.buckets);
    sums.row.p95 = quantile(0.95, bounds, sums.buckets);
    sums.row.p99 = quantile(0.99, bounds, sums.buckets);
    table.rows.push_back(sums.row);
  }
  std::stable_sort(
      table.rows.begin(), table.rows.end(),
      [](const EndpointRow& a, const EndpointRow& b) { return a.requests > b.requests; });
  if (table.rows.size() > most) {
    table.left_out = table.rows.size() - most;
    table.rows.resize(most);
  }
  return table;
}

std::vector<StepRow> journeys(const Ring& ring, Window window) {
  std::vector<StepRow> rows;
  const RingFamily* const family = ring.find("user_journey_steps_total");
  if (family == nullptr) return rows;
  for (const auto& series : family->series) {
    double count = 0;
    for (std::size_t i = 0; i < ring.length(window); ++i) {
      const std::size_t row = ring.row(window, i);
      if (ring.elapsed(row) > 0) count += static_cast<double>(series->scalar(row));
    }
    rows.push_back({series->label("journey"), series->label("step"),
                    static_cast<std::uint64_t>(std::llround(count)),
                    static_cast<std::uint64_t>(std::llround(series->last()))});
  }
  return rows;
}

}  // namespace vitals::console::detail

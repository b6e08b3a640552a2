#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "console/ring.h"

namespace vitals::console::detail {

/// The value below which the share `q` of what the buckets hold lies, as Prometheus'
/// histogram_quantile() has it: even within a bucket, and the last bound for what is past it. NaN
/// where they are empty or have no bounds.
[[nodiscard]] double quantile(double q, std::span<const double> bounds,
                              std::span<const std::uint64_t> counts) noexcept;

/// One endpoint of the HTTP families; empty: all.
struct EndpointFilter {
  std::string_view method{};
  std::string_view endpoint{};
};

/// One line of a chart: a value for each row of a window, NaN where there is none.
struct Track {
  std::string key;  ///< `panel.line`, as `http.status.2xx`
  std::vector<float> values;
};

/// Which rows: the last `count` of a window.
struct Rows {
  Window window = Window::kQuarterHour;
  std::size_t count = kSecondRows;
};

/// Every line of every chart that has data. Under Ring::lock().
[[nodiscard]] std::vector<Track> tracks(const Ring& ring, Rows rows, EndpointFilter filter);

/// What a window saw of one endpoint.
struct EndpointRow {
  std::string_view method;
  std::string_view endpoint;
  std::uint64_t requests = 0;
  std::uint64_t client_errors = 0;  ///< answered 4xx
  std::uint64_t server_errors = 0;  ///< answered 5xx
  double p50 = 0;                   ///< in seconds
  double p95 = 0;
  double p99 = 0;
};

struct EndpointTable {
  std::vector<EndpointRow> rows;  ///< those asked for most first; views live under the lock
  double seconds = 0;             ///< that the window covers
  std::size_t left_out = 0;
};

/// The busiest endpoints of a window. Under Ring::lock().
[[nodiscard]] EndpointTable endpoints(const Ring& ring, Window window, std::size_t most);

/// A step of a journey.
struct StepRow {
  std::string_view journey;
  std::string_view step;
  std::uint64_t reached = 0;  ///< in the window
  std::uint64_t total = 0;    ///< since the process began
};

/// Every step, in the order in which they were first reached. Under Ring::lock().
[[nodiscard]] std::vector<StepRow> journeys(const Ring& ring, Window window);

}  // namespace vitals::console::detail

#pragma once

#include <span>
#include <string>
#include <string_view>

namespace vitals::metrics {
class Registry;
}

namespace vitals::exporting {

/// How a page of metrics is written.
enum class Format {
  kText,         ///< Prometheus text 0.0.4: no exemplars, no native histograms
  kOpenMetrics,  ///< OpenMetrics text 1.0.0: with units, `_created` and exemplars
  kProtobuf,     ///< delimited io.prometheus.client.MetricFamily: with native histograms too
};

/// The Content-Type of a page. Static storage. Sources: Prometheus, "Exposition formats";
/// OpenMetrics 1.0.0, "Protocol Negotiation".
[[nodiscard]] std::string_view content_type(Format format) noexcept;

/// Appends every metric of the registry. `only`, when not empty, names the families (or samples of
/// them, `x_bucket`) to write; the rest is left out. Threads: any. Cost: a copy and a number
/// printed for each sample; clear the string and give it again, and next to nothing is allocated.
void write_metrics(const metrics::Registry& registry, Format format, std::string& out,
                   std::span<const std::string> only = {});

}  // namespace vitals::exporting

#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#pragma GCC visibility push(default)

namespace vitals::metrics {
class Registry;
}

namespace vitals::exporting {

/// How a page of metrics is written.
enum class Format {
  kText,         ///< Prometheus text 0.0.4: no exemplars, no native histograms
  kOpenMetrics,  ///< OpenMetrics text 1.0.0: with units, `_created` and exemplars
  kProtobuf,     ///< delimited io.prometheus.client.MetricFamily: with native histograms too
  kText1,        ///< Prometheus text 1.0.0: as 0.0.4, and names may be any UTF-8
};

/// How names that are not `[a-zA-Z_][a-zA-Z0-9_]*` are written (see Registry::allow_utf8_names()).
/// Source: Prometheus, "UTF-8 escaping schemes".
enum class Escaping {
  kUnderscores,  ///< `_` for every other character: `http_requests`
  kDots,         ///< `_dot_` for a dot, `__` for an underscore and for what else there is
  kValues,       ///< `U__` before it and `_2e_` for a dot, so that nothing is lost
  kAllowUtf8,    ///< as they are, in quotes; kText does not know that and takes kUnderscores
};

/// The Content-Type of a page, without its escaping. Static storage. Sources: Prometheus,
/// "Exposition formats"; OpenMetrics 1.0.0, "Protocol Negotiation".
[[nodiscard]] std::string_view content_type(Format format) noexcept;
/// The same with `escaping=…`. Source: Prometheus, "Scrape protocol content negotiation".
[[nodiscard]] std::string content_type(Format format, Escaping escaping);

/// Appends every metric of the registry. `only`, when not empty, names the families to write, by
/// the name that they have in any of the formats or by that of one of their samples (`x_bucket`,
/// `x_created`); the rest is left out, and collectors that declare their families do not run for
/// it.
///
/// Gives how many samples and exemplars were left out because a strict reader would refuse the
/// whole page for them: a counter that is NaN or below 0, an info that is not 1, a state that is
/// neither 0 nor 1, a quantile outside of 0 to 1, an exemplar of more than 128 characters; and in
/// OpenMetrics, where they may not be, sums that are NaN or below 0 and quantiles' values below 0.
/// Sources: OpenMetrics 1.0.0, "Metric Types" and "Exemplars".
///
/// Throws std::logic_error inside a collector of the same registry. Threads: any. Cost: a copy and
/// a number printed for each sample; clear the string and give it again, and next to nothing is
/// allocated.
std::size_t write_metrics(const metrics::Registry& registry, Format format, std::string& out,
                          std::span<const std::string> only = {},
                          Escaping escaping = Escaping::kUnderscores);

}  // namespace vitals::exporting

#pragma GCC visibility pop

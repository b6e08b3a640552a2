#pragma once

#include <span>
#include <string>
#include <string_view>

namespace vitals::metrics {
class Registry;
}

namespace vitals::exporting {

/// Source: Prometheus, "Exposition formats".
inline constexpr std::string_view kTextContentType = "text/plain; version=0.0.4; charset=utf-8";

/// Appends every metric of the registry in the Prometheus text format 0.0.4. `only`, when not
/// empty, names the families (or samples of them, `x_bucket`) to write; the rest is left out.
/// Threads: any. Cost: a copy and a number printed for each sample; clear the string and give it
/// again, and nothing is allocated.
void write_text(const metrics::Registry& registry, std::string& out,
                std::span<const std::string> only = {});

}  // namespace vitals::exporting

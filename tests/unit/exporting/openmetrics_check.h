#pragma once

#include <string>
#include <string_view>

namespace vitals::exporting {

/// What a strict reader of OpenMetrics 1.0.0 finds wrong with a page, names in quotes allowed: the
/// first fault with its line; empty when there is none. Source: OpenMetrics 1.0.0, all of it that
/// begins with MUST and can be seen in a page.
[[nodiscard]] std::string fault_in_openmetrics(std::string_view page);

}  // namespace vitals::exporting

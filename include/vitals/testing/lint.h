#pragma once

#include <string>
#include <vector>

#pragma GCC visibility push(default)

namespace vitals::metrics {
class Registry;
}

namespace vitals::testing {

/// What `promtool check metrics` would say of the registry's names, units and labels, one line for
/// each: `wait_milliseconds: use the base unit seconds in place of milliseconds`. Empty when there
/// is nothing to say. What a scrape could not show at all has been refused at the definition.
///
///     EXPECT_THAT(vitals::testing::lint(registry), IsEmpty());
///
/// Threads: any. Source: Prometheus, "Metric and label naming", and promtool's own rules.
[[nodiscard]] std::vector<std::string> lint(const metrics::Registry& registry);

}  // namespace vitals::testing

#pragma GCC visibility pop
